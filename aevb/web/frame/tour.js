// A tour: a bar below the scene with a sentence, where one is, and perhaps a question. Which tour and which of its steps
// stand in the link, beside what the step's scene says: so Back, a reload and a link of one's own work as everywhere.

import { adoptStyle, h } from "../kit/elements.js";
import { loadJson } from "../kit/loading.js";
import { source } from "../kit/source.js";
import { pack, parse, unpack } from "./tour_file.js";

/** @typedef {import("./explorer.js").Explorer} Explorer */
/** @typedef {import("./tour_file.js").TourFile & { text: string }} TourFile */

/** What of a link is not the scene's: it goes along from step to step. */
const CARRIED = ["present"];

/**
 * The tour that a link names: a shipped one, or one that stands in the link itself. Throws a sentence.
 * @param {Explorer} explorer
 * @param {string} name
 */
async function find(explorer, name) {
  const known = await loadJson(explorer.page.tours, "The tours");
  const own = name.startsWith("~");
  if (!own && !Object.hasOwn(known.tours, name)) {
    throw new Error(`There is no tour “${name}”: the tours are ${Object.keys(known.tours).join(", ")}.`);
  }
  const text = own ? await unpack(name) : known.tours[name];
  return { ...parse(text, known.scenes), text };
}

/**
 * Shows the tour that the explorer's link names. A link that says nothing else leads to its first step.
 * @param {Explorer} explorer
 * @returns {Promise<Tour | null>}
 */
export async function follow(explorer) {
  const { link } = explorer, name = link.get("tour");
  let file;
  try {
    file = await find(explorer, name);
  } catch (error) {
    link.set("stop", 1);
    link.set("tour", "");
    link.save();
    explorer.warnings.tell(/** @type {Error} */ (error).message);
    return null;
  }
  if (explorer.ended.signal.aborted || link.get("tour") !== name) return null;
  const said = new URLSearchParams(explorer.host.address.read());
  for (const key of ["tour", "stop", "ask", ...CARRIED]) said.delete(key);
  const tour = new Tour(explorer, name, file);
  if (!said.size) tour.go(tour.number, false);
  return tour;
}

/**
 * Begins a tour: a shipped one by its name, or a lecturer's own by its file, whose faults are told by their lines.
 * @param {Explorer} explorer
 * @param {string | File} chosen
 */
export async function begin(explorer, chosen) {
  try {
    let name = chosen;
    if (typeof name !== "string") {
      const { tours, scenes } = await loadJson(explorer.page.tours, "The tours");
      const text = await name.text();
      parse(text, scenes);
      const known = Object.keys(tours).find((key) => tours[key] === text);
      name = known ?? await pack(text);
    }
    new Tour(explorer, name, await find(explorer, name)).go(1, true);
    explorer.warnings.forget();
  } catch (error) {
    const file = typeof chosen === "string" ? "" : `${chosen.name}: `;
    explorer.warnings.tell(file + /** @type {Error} */ (error).message);
  }
}

export class Tour {
  /** @param {Explorer} explorer @param {string} name as the link says it @param {TourFile} file */
  constructor(explorer, name, file) {
    this.explorer = explorer;
    this.name = name;
    this.file = file;
    this.answered = false;
    const arrow = (/** @type {string} */ label, /** @type {string} */ sign, /** @type {number} */ by) =>
      h("button.step", { type: "button", "aria-label": label, onclick: () => this.step(by) }, sign);
    this.previous = arrow("Previous step", "‹", -1);
    this.next = arrow("Next step", "›", 1);
    this.where = h("span.at");
    this.sentence = h("p");
    this.reveal = h("button.button", {
      type: "button",
      "data-key": "a",
      title: "Answer (a)",
      onclick: () => this.show(true),
    }, "Answer");
    this.question = h("p.question");
    this.element = h(
      "aside.tour",
      { "aria-label": `Tour: ${file.title}` },
      h("div.way", { title: file.title }, this.previous, this.where, this.next),
      h("div.words", { "aria-live": "polite" }, this.sentence, this.question),
      this.save = h("a.step.save", {
        download: `${name.startsWith("~") ? "tour" : name}.txt`,
        "aria-label": "This tour as a text file",
        title: "This tour as a text file, to make one of your own of it",
      }, "⤓"),
      h("button.close", { type: "button", "aria-label": "Leave the tour", onclick: () => this.leave() }, "×"),
    );
    this.follow = () => this.show(false);
  }

  /** Puts the bar below the scene, once its style is there. */
  async open() {
    const { explorer } = this;
    await adoptStyle(explorer.tree, "style/tour.css");
    if (explorer.tour !== this) return;
    this.save.href = URL.createObjectURL(new Blob([this.file.text], { type: "text/plain;charset=utf-8" }));
    explorer.beside.append(this.element);
    explorer.root.classList.add("touring");
    explorer.link.on("stop", this.follow);
    this.show(false);
    if (explorer.came === "tour" && explorer.tree.activeElement === explorer.scene) this.takeFocus();
    explorer.came = "";
  }

  /** What leads on gets the focus, or what leads back. */
  takeFocus() {
    (this.next.disabled ? this.previous : this.next).focus({ preventScroll: true });
  }

  close() {
    URL.revokeObjectURL(this.save.href);
    this.element.remove();
    this.explorer.root.classList.remove("touring");
    this.explorer.link.off("stop", this.follow);
  }

  /** Which step one is at, from 1. */
  get number() {
    return Math.min(this.explorer.link.get("stop"), this.file.steps.length);
  }

  get current() {
    return this.file.steps[this.number - 1];
  }

  /** For whoever speaks. */
  get notes() {
    return this.current.notes;
  }

  /** Forward (1) shows the answer first, where a question waits for one. False where there is nothing more. @param {number} by */
  step(by) {
    if (by > 0 && this.current.asks && !this.answered) {
      this.show(true);
      return true;
    }
    const to = this.number + by;
    if (to < 1 || to > this.file.steps.length) return false;
    this.go(to, true);
    return true;
  }

  /** To a step: its scene as the file says it, on whichever page. @param {number} number @param {boolean} entry */
  go(number, entry) {
    const { host, link, page } = this.explorer, step = this.file.steps[number - 1];
    const said = new URLSearchParams(step.search);
    if (!said.has("ask")) said.set("ask", "false"); // a tour has questions of its own
    said.set("tour", this.name);
    if (number > 1) said.set("stop", String(number));
    const now = new URLSearchParams(host.address.read());
    for (const key of CARRIED) if (now.has(key)) said.set(key, String(now.get(key)));
    const search = `?${said.toString().replaceAll("%2C", ",").replaceAll("%7E", "~")}`;
    link.flush();
    if (step.page !== page.page && host.navigate) {
      if (!entry) host.address.write("", false); // Back passes over what only led here
      host.navigate(new URL(source.address(step.page, search), document.baseURI).href);
    } else {
      host.address.write(search, entry);
      link.read();
    }
  }

  /** The scene stays, without the tour. */
  leave() {
    const { link } = this.explorer;
    link.set("stop", 1);
    link.set("tour", "");
    link.write(true);
    this.explorer.take();
  }

  /** @param {boolean} answered */
  show(answered) {
    const { number, current } = this, count = this.file.steps.length;
    const within = this.element.contains(this.explorer.tree.activeElement);
    this.answered = answered;
    this.where.textContent = `${number} of ${count}`;
    this.element.style.setProperty("--done", String(number / count));
    this.previous.disabled = number === 1;
    this.next.disabled = number === count && (answered || !current.asks);
    this.sentence.textContent = current.says;
    this.question.hidden = !current.asks;
    this.question.replaceChildren(
      h("b", {}, current.asks),
      " ",
      answered ? h("span.answer", {}, current.answer) : this.reveal,
    );
    this.explorer.root.dataset.stop = String(number);
    const now = /** @type {HTMLButtonElement | null} */ (this.explorer.tree.activeElement);
    if (within && (!now || !this.element.contains(now) || now.disabled)) this.takeFocus();
  }
}
