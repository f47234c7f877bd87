// What a model says of a drawing, in a panel of its own: pictures on the frame, words and bars at leisure.

import { h } from "../../kit/elements.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../engine/ink.js").Stroke} Stroke
 *
 * What is looked at: 784 pixels in [0, 1], and the strokes that made them; a test digit has none.
 * @typedef {{ pixels: Float32Array, strokes: Stroke[] }} Seen
 */

const LATE = 250; // ms after which an answer to an earlier drawing is dimmed

/** A panel: what its model is asked, and the scene of that model's page where there is more of it. */
export class Answer {
  /**
   * @param {Model} model
   * @param {{ name: string, title: string, page: string, scene: string, needs?: ("p" | "q")[] }} about its
   *   checkpoint, what the model does, what the page is called, and which of its nets it answers with
   * @param {...HTMLElement} body
   */
  constructor(model, { name, title, page, scene, needs = ["p", "q"] }, ...body) {
    const checkpoint = model.get("checkpoints")[name];
    /** The test digits that it was measured on. @type {import("../../kit/digits.js").DigitsAt} */
    this.at = checkpoint.digits ?? model.get("digits");
    /** What its page is told of another checkpoint than the shipped one. @type {Record<string, string>} */
    this.named = checkpoint.name === name ? {} : { checkpoint: checkpoint.name };
    this.name = name;
    this.page = page;
    this.scene = scene;
    this.needs = needs;
    const more = "Explore on its page";
    this.link = h("a", { hidden: true, "data-page": "", "aria-label": `${more}: ${page}` }, `${more} →`);
    this.body = h("div.body.blank", {}, ...body);
    this.element = h(
      "section.answer",
      { "data-model": name, "aria-label": page },
      h("header", {}, h("h3", {}, title), this.link),
      this.body,
    );
    /** Where it is seen. @type {HTMLElement[]} */
    this.places = [this.element];
    this.ask = () => {}; // fetches its model
    /** @type {any} */
    this.engine = null;
    /** What it is to answer. @type {Seen | null} */
    this.latest = null;
    this.due = 0; // since when there is a drawing that it has not answered; 0 where it has
  }

  /** It can answer now. @param {any} engine @param {any} _about what is known of the checkpoint */
  start(engine, _about) {
    this.engine = engine;
  }

  /** Whether it has any answer, be it an old one. */
  get answered() {
    return !this.body.classList.contains("blank");
  }

  /** There is another drawing. @param {Seen} seen */
  change(seen) {
    this.latest = seen;
    this.due ||= performance.now();
  }

  /** Answers in steps, a picture at a time. @param {Seen} seen @returns {Generator<void, void>} */
  *answer(seen) {
    if (!this.engine) return;
    const begun = performance.now();
    yield* this.read(seen);
    this.due = seen === this.latest ? 0 : begun; // another may have come meanwhile
    this.body.classList.remove("blank");
  }

  /** @param {Seen} _seen @returns {Generator<void, void>} */
  *read(_seen) {}

  /** Writes words and bars. What is late is dimmed until it is there. */
  write() {
    this.body.classList.toggle("stale", this.due > 0 && performance.now() - this.due > LATE);
  }

  /** The answer in words, for a screen reader. */
  say() {
    return "";
  }

  /** What its page is told beside the drawing. @returns {Record<string, any>} */
  get linked() {
    return {};
  }

  end() {}
}
