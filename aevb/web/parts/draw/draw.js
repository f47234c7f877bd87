// Draw a digit, and four models answer while it is drawn. Each is fetched when it is first asked. A drawing is the
// subject of every page: it stands in the link, and each panel leads on with it.

import { button, digitChooser, follow, subjectOf } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { loadAbout, loadModel } from "../../kit/loading.js";
import { onDemand, whenLoaded } from "../../kit/notice.js";
import { onLayout } from "../../kit/panel.js";
import { number, within } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { picture } from "../../kit/pictures.js";
import { MOST, seed } from "../../kit/rows.js";
import { atLeisure, inSlices, onNextFrame } from "../../kit/slices.js";
import { source } from "../../kit/source.js";
import { LONGEST, parse, prepare, write } from "../../engine/ink.js";
import { Continued } from "./continued.js";
import { Paper } from "./paper.js";
import { Rebuilt } from "./rebuilt.js";
import { Rewritten } from "./rewritten.js";
import { Sorted } from "./sorted.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("./answer.js").Answer} Answer
 * @typedef {import("./answer.js").Seen} Seen
 * @typedef {import("../../engine/ink.js").Stroke} Stroke
 */

const BUDGET = 4; // ms of a frame for the models
const DONE = 100; // changes that can be undone

export const params = { seed, keep: number({ initial: null, least: 0, most: MOST }) };

export default part((model, el) => new Draw(model, el));

class Draw {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    const rebuilt = new Rebuilt(model), rewritten = new Rewritten(model, rebuilt);
    const continued = new Continued(model);
    rebuilt.places.push(rewritten.verdict); // no guess is seen without what qualifies it
    /** @type {Answer[]} */
    this.answers = [rebuilt, rewritten, new Sorted(model, rebuilt), continued];
    this.paper = new Paper({
      begin: () => this.begin(),
      change: () => this.frame(),
      done: (strokes) => this.put(strokes),
    });
    this.prepared = picture();
    this.undoButton = button("Undo", () => this.undo(), { "data-sets": "strokes" });
    this.clearButton = button("Clear", () => this.clear(), { "data-sets": "strokes" });
    this.chooser = digitChooser(model);
    this.tooLong = h("p", { hidden: true }, "This drawing is too long for a link. It can still be read.");
    this.spoken = h("p.spoken", { role: "status", "aria-busy": "true" }); // while it says what was there before
    this.hand = h(
      "div.hand",
      {},
      this.paper.canvas,
      h("div.seen", { "data-instrument": "" }, this.prepared.element, rewritten.verdict),
      h("div.controls", {}, this.undoButton, this.clearButton, this.chooser.element),
      rebuilt.errors,
      this.tooLong,
      this.spoken,
    );
    el.append(this.hand, h("div.answers", {}, ...this.answers.map(({ element }) => element)));
    /** What the link said when it was last read or written here. */
    this.noted = { strokes: model.get("strokes"), digit: model.get("digit") };
    this.noting = false;
    /** What was there before, for Undo. @type {{ strokes: Stroke[], digit: number }[]} */
    this.past = [];
    /** The test digit that is shown where there are no strokes. @type {Float32Array | null} */
    this.digit = null;
    this.title = "";
    /** @type {Seen | null} */
    this.seen = null;
    this.asked = false; // whether `seen` has changed since the answers were begun
    this.answering = false;
    this.wanted = false; // whether there was anything to ask the models
    /** @type {Set<Element>} */
    this.inView = new Set();
    /** The fetching of models, one after the other, so that the first answers soon. @type {Promise<any>} */
    this.turn = Promise.resolve();
    this.unspoken = false; // whether a screen reader has yet to be told
    this.ended = new AbortController();
    document.addEventListener("keydown", (event) => this.key(event), { signal: this.ended.signal });
    this.frame = onNextFrame(() => this.draw());
    this.again = onNextFrame(() => this.read());
    this.tell = atLeisure(() => this.write());
    this.unload = () => {};
    const watch = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.inView.add(target);
        else this.inView.delete(target);
      }
      this.ask();
    });
    for (const place of this.answers.flatMap(({ places }) => places)) watch.observe(place);
    this.ends = [
      () => watch.disconnect(),
      this.chooser.end,
      onLayout(this.paper.canvas, () => this.paper.panel.fit() && this.paper.draw(this.digit)),
      ...this.answers.map((answer) => this.load(answer)),
      follow(model, ["digit", "strokes"], () => this.followLink()),
      follow(model, ["keep"], () => within(model, el, "keep", params.keep, continued.length)),
      follow(model, ["keep", "seed"], () => this.tell()),
    ];
  }

  end() {
    this.ended.abort();
    for (const end of [...this.ends, this.unload, this.frame.cancel, this.again.cancel, this.tell.cancel]) {
      end();
    }
    for (const answer of this.answers) answer.end();
  }

  /** How a panel's model is asked for. One that is missing costs its own panel alone. @param {Answer} answer */
  load(answer) {
    const { element, link, name, needs, page } = answer, checkpoint = this.model.get("checkpoints")[name];
    if (checkpoint.problem) {
      link.remove();
      element.append(h("p", { role: "alert" }, checkpoint.problem));
      return () => {};
    }
    const fetch = () => {
      this.ended.signal.throwIfAborted();
      return Promise.all([loadModel(checkpoint, needs), loadAbout(checkpoint.about)]);
    };
    const inTurn = (/** @type {import("../../kit/notice.js").Count} */ count) => {
      const mine = this.turn.then(() => count(fetch));
      this.turn = mine.catch(() => {});
      return mine;
    };
    const need = onDemand(element, inTurn, ([engine, about]) => {
      answer.start(engine, about);
      this.frame();
    }, `Loading the ${page} …`);
    answer.ask = () => {
      idle.remove();
      need();
    };
    const now = button("Ask about this digit", answer.ask, {
      "aria-label": `Ask the ${page} about this digit`,
    });
    const idle = h("div.idle", {}, h("p", {}, "Draw a digit, and it answers."), now);
    element.append(idle);
    return need.end;
  }

  /** Asks the models whose panels are in view. */
  ask() {
    if (!this.wanted) return;
    for (const { places, ask } of this.answers) {
      if (places.some((place) => this.inView.has(place))) ask();
    }
  }

  // What is looked at

  /** Shows what the link says, unless it is what was drawn here. */
  followLink() {
    if (this.noting) return;
    const { model, noted } = this, now = { strokes: model.get("strokes"), digit: model.get("digit") };
    const same = now.strokes === noted.strokes && now.digit === noted.digit;
    this.unload();
    if (same && this.paper.strokes.length) return;
    if (!same) this.save();
    this.noted = now;
    this.spoken.ariaBusy = "true";
    this.unload = whenLoaded(this.hand, () => subjectOf(model), ({ pixels, title }) => {
      this.paper.show(parse(now.strokes) ?? []);
      this.digit = pixels;
      this.title = title;
      this.tooLong.hidden = true;
      this.frame();
    }, "Loading the digit …");
  }

  /** A stroke begins. */
  begin() {
    this.unload();
    this.save();
    this.title = "your drawing";
  }

  /** Shows strokes, or the digit where there are none, and notes it in the link. @param {Stroke[]} strokes @param {number} [digit] */
  put(strokes, digit = this.noted.digit) {
    const { model } = this, text = write(strokes), fits = text.length <= LONGEST;
    this.noted = { strokes: fits ? text : "", digit };
    this.noting = true;
    model.set("digit", digit);
    model.set("strokes", this.noted.strokes);
    model.save_changes();
    this.noting = false;
    this.paper.show(strokes);
    this.spoken.ariaBusy = "true";
    this.tooLong.hidden = fits;
    if (!strokes.length) return this.followLink();
    this.title = "your drawing";
    this.frame();
  }

  save() {
    this.past = [...this.past.slice(1 - DONE), { strokes: this.paper.strokes, digit: this.noted.digit }];
  }

  undo() {
    const before = this.past[this.past.length - 1];
    if (!before || this.paper.stroke) return;
    this.past = this.past.slice(0, -1);
    this.unload();
    this.put(before.strokes, before.digit);
  }

  clear() {
    this.save();
    this.put([]);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.key.toLowerCase() !== "z") return;
    if (/** @type {HTMLElement} */ (event.composedPath()[0]).matches?.("input[type=number]")) return;
    if (!this.undoButton.checkVisibility()) return; // a lesson has left drawing out
    event.preventDefault();
    this.undo();
  }

  // What is answered

  draw() {
    const { paper, digit } = this, { strokes } = paper, pixels = strokes.length ? prepare(strokes) : digit;
    paper.draw(digit);
    if (!pixels) return;
    this.seen = { pixels, strokes };
    this.spoken.ariaBusy = "true";
    this.wanted ||= strokes.length > 0 || this.noted.digit > 0; // not where the link said nothing
    this.ask();
    this.prepared.show(pixels);
    for (const answer of this.answers) answer.change(this.seen);
    this.asked = true;
    this.unspoken = !paper.stroke; // only from here on: until now the answers were another's
    this.read();
  }

  /** Has all models answer, one after the other, in slices of frames; and again where the drawing has changed. */
  read() {
    this.tell();
    const { seen } = this, { signal } = this.ended;
    if (!seen || this.answering) return;
    this.asked = false;
    this.answering = true;
    inSlices(this.round(seen), { budget: BUDGET, signal }).then(() => {
      this.answering = false;
      if (this.asked && !signal.aborted) this.again();
    });
  }

  /** @param {Seen} seen */
  *round(seen) {
    for (const answer of this.answers) {
      yield* answer.answer(seen);
      this.tell();
    }
  }

  write() {
    const { past, paper, noted, tooLong, title } = this, drawn = Boolean(paper.strokes.length);
    this.undoButton.disabled = !past.length;
    this.clearButton.disabled = !drawn;
    this.prepared.show(null, drawn ? "as in MNIST" : title);
    for (const answer of this.answers) {
      const { scene, name, link } = answer;
      /** @type {Record<string, any>} */
      const subject = noted.strokes
        ? { strokes: noted.strokes }
        : answer.at === this.model.get("digits")
        ? { digit: noted.digit }
        : {};
      if (answer.answered) answer.write();
      link.hidden = drawn && !tooLong.hidden; // where it could not go along
      const said = { ...answer.named, scene, ...subject, ...answer.linked };
      link.href = source.address(name, `?${new URLSearchParams(said)}`);
    }
    if (this.unspoken && !this.asked && !this.answering && !paper.stroke) this.say();
  }

  say() {
    const { answers, title } = this;
    const said = answers.filter(({ answered }) => answered).map((answer) => answer.say()).join(" ");
    this.unspoken = false;
    this.spoken.ariaBusy = "false";
    this.paper.canvas.setAttribute("aria-label", `Canvas with ${title}. ${said}`);
    setText(this.spoken, `${title[0].toUpperCase()}${title.slice(1)}. ${said}`);
  }
}
