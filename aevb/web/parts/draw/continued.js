// A variational RNN continues a drawing.

import { follow, seedButton, slider } from "../../kit/controls.js";
import { h } from "../../kit/elements.js";
import { beginningOf, Endings } from "../../kit/endings.js";
import { inSlices } from "../../kit/slices.js";
import { Random } from "../../engine/random.js";
import { endings } from "../../engine/rows.js";
import { Answer } from "./answer.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("./answer.js").Seen} Seen
 */

const ENDINGS = 6;
const KEPT = 1 / 2; // of the rows of a whole digit: its upper half
const STILL = 200; // ms without a change before it begins
const BUDGET = 4; // ms of a frame

/** What is kept of the drawing, and endings that grow once it does not change for a moment. */
export class Continued extends Answer {
  /** @param {Model} model */
  constructor(model) {
    const keep = slider({
      label: "Rows to keep",
      sets: "keep",
      least: 0,
      most: 28, // until the model is there
      step: 1,
      input: (value) => model.set("keep", value),
      done: () => model.save_changes(),
    });
    const grown = h("div.grown", { role: "group", "aria-label": "Endings" });
    super(
      model,
      { name: "vrnn", title: "VRNN: continued", page: "Variational RNN", scene: "endings" },
      grown,
      h("p", {}, "Below the line it goes on, each time in its own way."),
      h("div.controls", {}, keep.element, seedButton(model, "Others")),
    );
    this.model = model;
    this.keep = keep;
    const length = this.length = this.at.side;
    keep.range.max = String(length);
    this.endings = new Endings(ENDINGS, length);
    grown.append(...this.endings.elements);
    this.growing = new AbortController();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.waiting = undefined;
    /** The drawing as the model sees it. @type {Float32Array | null} */
    this.x = null;
    this.usual = Math.round(KEPT * length); // rows that are kept where the link does not say
    this.unfollow = () => {};
  }

  /** @param {any} engine @param {any} about */
  start(engine, about) {
    super.start(engine, about);
    this.unfollow = follow(this.model, ["keep", "seed"], () => this.grow());
  }

  end() {
    this.unfollow();
    this.stop();
  }

  stop() {
    clearTimeout(this.waiting);
    this.growing.abort();
  }

  get kept() {
    return Math.min(this.model.get("keep") ?? this.usual, this.length);
  }

  /** @param {Seen} seen */
  change(seen) {
    super.change(seen);
    if (!this.engine) return;
    this.stop();
    const { x, rows } = beginningOf(this.engine, this.length, seen.pixels, seen.strokes);
    this.x = x;
    this.usual = rows < this.length ? rows : Math.round(KEPT * this.length); // all of a beginning
    if (this.endings.grown) this.endings.show(0);
    this.waiting = setTimeout(() => this.grow(), STILL);
  }

  grow() {
    const { engine, kept, model, x, length } = this;
    if (!x) return;
    this.stop();
    const { signal } = this.growing = new AbortController(), given = x.subarray(0, kept * length);
    this.endings.begin(given);
    this.write();
    inSlices(endings(engine, given, ENDINGS, new Random(model.get("seed"))), {
      budget: BUDGET,
      signal,
      each: (found) => this.endings.take(found),
    });
  }

  write() {
    this.keep.show(this.kept);
  }

  get linked() {
    const seed = this.model.get("seed");
    return this.engine ? { keep: this.kept, seed } : { seed };
  }
}
