// Predict, then see: a scene's questions, asked before it shows what answers them. What is right is computed by the
// part's `asks` when the answer is there, of what is in view.
//
// A question lies over what would give its answer away. Whoever uses the scene instead has begun to look, and it folds
// to a button in the head line. None is asked twice, unless the visitor asks for it.

import { ANSWERS } from "../kit/asks.js";
import { button } from "../kit/controls.js";
import { h, holdRules, setText } from "../kit/elements.js";
import { choice } from "../kit/params.js";
import { onNextFrame } from "../kit/slices.js";
import { recall, remember } from "./predictions.js";

/**
 * @typedef {{ id: string, text: string, why: string, hides: string }} Question as a page tells it
 * @typedef {import("../kit/asks.js").Asked} Asked
 * @typedef {import("../kit/asks.js").Asks} Asks
 */

/** Whether scenes ask: as the visitor wants, always ("true", of a lecturer's link) or never ("false"). */
export const params = { ask: choice({ initial: "", of: ["true", "false"] }) };

const LEAST = 22; // em that a question is wide, at least

const FIRST = ":is(button, input, canvas[tabindex])"; // of an answer's controls

/** What was asked since the document was opened: a link with ask=true asks all of it once more, and once. @type {Set<string>} */
const asked = new Set();

export class Asking {
  /**
   * Asks what is due at once.
   * @param {object} view
   * @param {HTMLElement} view.root of the explorer, `presenting` while it is shown to a class
   * @param {HTMLElement} view.scene
   * @param {HTMLElement} view.says the sentence above the instrument, in whose place the answer stands
   * @param {HTMLElement} view.instrument
   * @param {import("./link.js").Link} view.link
   * @param {import("./link.js").SceneModel} view.model
   * @param {string[]} view.keys of the part's own parameters
   * @param {string} view.name of the scene, "page/scene"
   * @param {Question[]} view.questions
   * @param {Asks} view.asks
   */
  constructor(view) {
    this.view = view;
    const { says, root, link, instrument } = view;
    /** The one that is open. @type {Question | null} */
    this.question = null;
    /** The one that was open last. @type {Question | null} */
    this.last = null;
    /** What it asks of what is in view, once that is known. @type {Asked | null} */
    this.asked = null;
    /** @type {import("../kit/asks.js").Answer | null} */
    this.answer = null;
    this.settling = false; // whether the link changes by what was answered, and not by the visitor
    this.number = 0; // counts what was asked, so that what arrives late is passed over
    this.showHidden = () => {};
    this.opener = button("Predict", () => this.toggle(), {
      className: "button predict",
      title: "Predict what it shows (k)",
      "aria-keyshortcuts": "k",
    });
    this.opener.append(" ", h("kbd", {}, "k"));
    this.told = h("p.told", { role: "status", tabIndex: -1, hidden: true });
    this.spoken = h("p.announced", { role: "status" });
    says.after(this.told, this.opener, this.spoken);
    this.text = h("p.asks");
    this.body = h("div.body");
    this.foot = h("div.controls.foot");
    this.card = h("section.question", { "aria-label": "Predict, then see" }, this.text, this.body, this.foot);
    this.veils = h("div.veils", { "aria-hidden": "true" });
    this.place = onNextFrame(() => this.lay());
    const arriving = new MutationObserver(this.place), resizing = new ResizeObserver(this.place);
    arriving.observe(instrument, { childList: true, subtree: true });
    resizing.observe(instrument);
    const presented = () => root.classList.contains("presenting");
    let before = presented();
    const presenting = new MutationObserver(() => {
      if (presented() && !before && !this.wanted) this.fold();
      before = presented();
    });
    presenting.observe(root, { attributes: true, attributeFilter: ["class"] });
    const listeners = ["digit", "strokes", ...view.keys].map((key) => ({ key, f: () => this.changed(key) }));
    for (const { key, f } of listeners) link.on(key, f);
    this.end = () => {
      this.number++;
      for (const { key, f } of listeners) link.off(key, f);
      for (const observer of [arriving, resizing, presenting]) observer.disconnect();
      this.place.cancel();
      this.uncover();
      this.showTold(false);
      for (const element of [this.told, this.opener, this.spoken]) element.remove();
    };
    /** What the answer that is told was asked of. @type {Question | null} */
    this.toldOf = null;
    const due = this.wanted && this.due;
    if (due) this.pose(due);
  }

  /** Whether a scene is to ask by itself. */
  get wanted() {
    const asks = this.view.link.get("ask");
    return asks === "true" ||
      (!asks && !recall().off && !this.view.root.classList.contains("presenting"));
  }

  /** The first question that has not been asked yet. */
  get due() {
    const again = this.view.link.get("ask") === "true", { answers } = recall();
    return this.view.questions.find((one) =>
      !(again ? asked.has(this.idOf(one)) : this.idOf(one) in answers)
    );
  }

  /** @param {Question} question */
  idOf({ id }) {
    return `${this.view.name}/${id}`;
  }

  /** Skips what is open; else asks what is due, or the next one again. */
  toggle() {
    if (this.question) return this.fold();
    const { questions } = this.view, at = this.last ? questions.indexOf(this.last) + 1 : 0;
    remember({ off: false });
    this.pose(this.due ?? questions[at % questions.length], true);
  }

  /** @param {Question} question @param {boolean} [wished] by the visitor, who goes on with the keyboard within it */
  pose(question, wished = false) {
    const id = this.idOf(question), { answers } = recall();
    this.question = this.last = question;
    this.showTold(false);
    const skip = button("Skip", () => this.fold(), { "aria-keyshortcuts": "k" });
    skip.append(" ", h("kbd", {}, "k"));
    const before = answers[id],
      stop = button("No more questions", () => {
        remember({ off: true });
        this.fold();
      });
    this.text.innerHTML = question.text;
    this.body.replaceChildren();
    this.foot.replaceChildren(skip, stop, before ? `Before, you said ${before}.` : "");
    this.opener.hidden = true;
    this.cover(question.hides);
    this.ask().then(() =>
      wished && /** @type {HTMLElement | null} */ (this.body.querySelector(FIRST))?.focus()
    );
  }

  /** Asks of what is in view. */
  async ask() {
    const { question } = this, mine = ++this.number;
    if (!question) return;
    this.asked = null;
    this.card.removeAttribute("aria-busy"); // what was being judged is passed over
    this.body.inert = true;
    let found;
    try {
      found = await this.view.asks[question.id].ask(this.view.model);
    } catch (error) {
      console.error(error); // the part says what could not be loaded
    }
    if (mine !== this.number) return;
    if (!found) return this.fold();
    const id = this.idOf(question);
    asked.add(id);
    remember({ answers: { [id]: recall().answers[id] ?? null } });
    this.asked = found;
    this.text.innerHTML = question.text;
    if (found.of) this.text.append(" ", h("span.of", {}, `(${found.of})`));
    this.answer?.end?.();
    this.answer = ANSWERS[found.kind](/** @type {any} */ (found), (said) => this.judge(said));
    this.body.replaceChildren(this.answer.element);
    this.body.inert = false;
    setText(this.spoken, `A question lies over the scene: ${this.text.textContent} Press k to skip it.`);
    this.lay();
  }

  /** Says what is right, and shows it. @param {any} said */
  async judge(said) {
    const { question, asked, answer, view: { link } } = this, mine = ++this.number;
    if (!question || !asked || !answer) return;
    this.body.inert = true;
    this.card.setAttribute("aria-busy", "true");
    let found, fault = "";
    try {
      found = await asked.judge(said);
    } catch (error) {
      fault = /** @type {Error} */ (error).message;
    }
    if (mine !== this.number) return;
    this.card.removeAttribute("aria-busy");
    if (!found) {
      this.text.textContent = fault;
      this.body.inert = false; // what did not come can be asked for again
      return;
    }
    const mineIs = answer.say(said), rightIs = answer.say(found.right);
    remember({ answers: { [this.idOf(question)]: mineIs } });
    this.settling = true;
    // Set by the question, not by the visitor: in a lesson too it shows what it was about.
    for (const [key, value] of Object.entries(found.then ?? {})) link.set(key, value);
    if (found.then) link.save();
    this.settling = false;
    this.asked = null;
    const verdict = mineIs === rightIs ? `Right: ${rightIs}.` : `You said ${mineIs}; it is ${rightIs}.`;
    if (answer.reveal) { // on the question itself, which stays until it is closed
      answer.reveal(found.right);
      this.text.textContent = verdict;
      const see = button("See the scene", () => this.fold(), { "aria-keyshortcuts": "k" });
      see.append(" ", h("kbd", {}, "k"));
      this.foot.replaceChildren(see);
    } else this.fold();
    this.tell(verdict, found.found, question);
  }

  /** In the place of the scene's sentence. @param {string} verdict @param {string} found @param {Question} question */
  tell(verdict, found, question) {
    const { due } = this;
    const why = h("span");
    why.innerHTML = question.why;
    this.told.replaceChildren(
      h("b", {}, verdict),
      ` ${found} `,
      why,
      " ",
      due ? button("Next question", () => this.toggle()) : "",
      h("button.close", { type: "button", "aria-label": "Close", onclick: () => this.showTold(false) }, "×"),
    );
    setText(this.spoken, "");
    this.showTold(true);
    this.toldOf = question;
    this.told.focus({ preventScroll: true });
  }

  /** Whether the answer stands in the place of the scene's words. @param {boolean} told */
  showTold(told) {
    this.told.hidden = !told;
    this.view.says.hidden = told;
    this.view.scene.classList.toggle("telling", told);
  }

  /** To one line: the scene is seen. */
  fold() {
    if (!this.question) return;
    this.number++;
    const within = this.card.contains(
      /** @type {Document | ShadowRoot} */ (this.card.getRootNode()).activeElement,
    );
    this.question = this.asked = null;
    setText(this.spoken, "");
    this.uncover();
    this.opener.hidden = false;
    if (within) this.opener.focus({ preventScroll: true });
  }

  /** A value of the link has changed. @param {string} key */
  changed(key) {
    if (this.settling) return;
    const another = (/** @type {Question | null} */ one) =>
      one && this.view.asks[one.id].follows?.includes(key);
    if (!this.told.hidden) { // what is told was said of what is in view, and has been read
      if (another(this.toldOf)) this.showTold(false);
      this.fold();
    } else if (another(this.question)) this.ask();
    else if (this.asked) this.fold();
  }

  // Over the instrument

  /** @param {string} hides */
  cover(hides) {
    const { scene, instrument } = this.view;
    this.uncover();
    const tree = /** @type {Document | ShadowRoot} */ (scene.getRootNode());
    this.showHidden = holdRules(
      tree,
      `.asking > .instrument :is(${hides}) { visibility: hidden !important; }`,
    );
    scene.classList.add("asking");
    instrument.before(this.card);
    instrument.after(this.veils);
    this.lay();
  }

  uncover() {
    this.showHidden();
    this.view.scene.classList.remove("asking");
    this.answer?.end?.();
    this.card.remove();
    this.veils.remove();
  }

  /** A veil where anything is hidden; the question over the largest, and around it where that is too small. */
  lay() {
    const { question, card, view: { scene, instrument } } = this;
    if (!question) return;
    const whole = instrument.getBoundingClientRect(), from = scene.getBoundingClientRect();
    const boxes = Array.from(
      instrument.querySelectorAll(question.hides),
      (each) => each.getBoundingClientRect(),
    );
    const area = (/** @type {DOMRect} */ { width, height }) => width * height;
    const box = boxes.reduce((most, each) => (area(each) > area(most) ? each : most), boxes[0] ?? whole);
    const em = parseFloat(getComputedStyle(card).fontSize), set = card.style;
    const width = Math.min(whole.width, Math.max(box.width, LEAST * em));
    this.veils.replaceChildren(...boxes.map(({ left, top, width, height }) => {
      const at = { left: left - from.left, top: top - from.top + scene.scrollTop, width, height };
      return h("i", { style: Object.fromEntries(Object.entries(at).map(([name, px]) => [name, `${px}px`])) });
    }));
    set.setProperty("--width", `${width}px`);
    set.setProperty("--height", `${Math.min(box.height, whole.height)}px`);
    set.setProperty("--most", `${whole.height}px`);
    const within = (/** @type {number} */ at, /** @type {number} */ least, /** @type {number} */ most) =>
      Math.max(least, Math.min(at, most));
    set.setProperty("--left", `${within(box.left, whole.left, whole.right - width) - from.left}px`);
    const top = within(box.top, whole.top, whole.bottom - card.offsetHeight);
    set.setProperty("--top", `${top - from.top + scene.scrollTop}px`);
  }
}
