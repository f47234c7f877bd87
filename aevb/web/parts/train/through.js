// One test image through every run that is compared, by the weights that each has ended with: computed here.

import { digitChooser } from "../../kit/controls.js";
import { digitsAt } from "../../kit/digits.js";
import { h } from "../../kit/elements.js";
import { inSlices } from "../../kit/slices.js";
import { finished } from "./wire.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("./contender.js").Contender} Contender
 *
 * What goes through a run, as its model sees it, and what comes of it: those of before until `key` is no longer under
 * way; or why nothing comes.
 * @typedef {{ key: string, ready: string, x: Float32Array, rebuilt: Float32Array, problem: string }} Pair
 */

const BUDGET = 6; // ms of each frame
const NOTHING = new Float32Array();

export class Through {
  /** @param {Model} model @param {() => void} changed called when there is something new to be seen */
  constructor(model, changed) {
    this.model = model;
    this.changed = changed;
    this.element = h("div.any", { hidden: true });
    /** The largest test images of the runs. @type {import("../../kit/digits.js").DigitsAt | null} */
    this.at = null;
    /** @type {ReturnType<typeof digitChooser> | null} */
    this.chooser = null;
    /** @type {WeakMap<Contender, Pair>} */
    this.pairs = new WeakMap();
    this.title = "";
    this.ended = new AbortController();
  }

  end() {
    this.ended.abort();
    this.chooser?.end();
  }

  /** Whether it is a test image that goes through, and none of the film's. */
  get chosen() {
    return this.model.get("through") === "test";
  }

  /**
   * Asks for what is missing of these runs.
   * @param {Contender[]} contenders
   */
  follow(contenders) {
    this.element.hidden = !this.chosen;
    if (!this.chosen) return;
    for (const one of contenders) one.load();
    const known = contenders.flatMap(({ digits }) => digits ?? []);
    if (!known.length) return;
    const at = known.reduce((largest, one) => one.side > largest.side ? one : largest);
    if (this.at?.labels !== at.labels) this.offer(at);
    for (const one of contenders) this.send(one);
  }

  /** Another set of test images to choose from. @param {import("../../kit/digits.js").DigitsAt} at */
  offer(at) {
    this.at = at;
    this.chooser?.end();
    this.chooser = digitChooser(this.model, { label: "Test image", key: "test", at });
    this.element.replaceChildren(this.chooser.element);
  }

  /** Which image it is: where there are fewer, the last one. */
  get number() {
    return Math.min(this.model.get("test"), (this.at?.count ?? 1) - 1);
  }

  /** Why nothing goes through a run, if that is so. @param {Contender} one */
  lacksOf(one) {
    const { told, engine, weights } = one, problem = this.pairs.get(one)?.problem;
    if (engine || !told) return problem ?? "";
    return told.checkpoint
      ? weights ?? ""
      : finished(told)
      ? "No weights were kept."
      : "No test image until it has ended.";
  }

  /**
   * Sends the image through a run, once for each image. One of another size is resampled; its label is given to a model
   * that is told labels of the same names.
   * @param {Contender} one
   */
  async send(one) {
    const { number, pairs } = this, { engine } = one;
    const at = /** @type {import("../../kit/digits.js").DigitsAt} */ (this.at);
    const key = `${at.labels} ${number}`, before = pairs.get(one);
    if (!engine || before?.key === key) return;
    const nothing = { key, ready: "", x: NOTHING, rebuilt: NOTHING, problem: "" };
    pairs.set(one, { ...nothing, ...before, key });
    const { labelled } = engine, digits = digitsAt(at);
    try {
      const [pixels, labels] = await Promise.all([digits.load(number), digits.loadLabels()]);
      if (labelled && String(one.digits?.classes) !== String(at.classes)) {
        throw new Error("It is told labels of other names.");
      }
      const x = engine.observe(pixels), y = labelled ? labels[number] : null;
      const rebuilt = await inSlices(engine.reconstruct(x, y), { budget: BUDGET, signal: this.ended.signal });
      if (!rebuilt || pairs.get(one)?.key !== key) return;
      this.title = digits.title(number);
      pairs.set(one, { ...nothing, ready: key, x, rebuilt });
    } catch (error) {
      if (pairs.get(one)?.key === key) {
        pairs.set(one, { ...nothing, problem: /** @type {Error} */ (error).message });
      }
    }
    this.changed();
  }
}
