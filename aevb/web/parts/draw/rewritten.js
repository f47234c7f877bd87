// A conditional VAE names a drawing, and rewrites it.

import { FEW_SAMPLES } from "../../kit/choices.js";
import { h, setText } from "../../kit/elements.js";
import { one, signed, stated } from "../../kit/format.js";
import { paint } from "../../kit/pictures.js";
import { argmax, softmax } from "../../engine/arithmetic.js";
import { labelBounds, style, write } from "../../engine/explore.js";
import { Random } from "../../engine/random.js";
import { Answer } from "./answer.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("./answer.js").Seen} Seen
 * @typedef {import("./rebuilt.js").Rebuilt} Rebuilt
 */

/** The guess, which stands beside the canvas; in the panel the drawing's style in each class. */
export class Rewritten extends Answer {
  /** @param {Model} model @param {Rebuilt} rebuilt which says whether it is like any digit */
  constructor(model, rebuilt) {
    const columns = h("div.columns"), unless = h("b");
    super(
      model,
      { name: "cvae", title: "CVAE: rewritten", page: "Conditional VAE", scene: "guess" },
      columns,
      h(
        "p",
        {},
        unless,
        "Its style in each class; below it the bound on log p(x | y), in nats below the best.",
      ),
    );
    this.rebuilt = rebuilt;
    this.unless = unless;
    this.columns = columns;
    this.best = h("b", {}, "?");
    this.share = h("span");
    this.caption = h("figcaption", {}, "guess");
    this.unlike = h("strong");
    const figure = h("div", {}, this.best, h("p", {}, this.unlike, this.share));
    this.verdict = h("figure.picture.verdict", {}, figure, this.caption);
    this.places = [this.element, this.verdict];
    /** By label. @type {{ element: any, canvas: any, bar: any, value: any }[]} */
    this.tiles = [];
    /** On log p(x | y), by label, in nats. @type {Float32Array} */
    this.bounds = new Float32Array(0);
  }

  /** @param {any} engine @param {any} about */
  start(engine, about) {
    this.tiles = Array.from({ length: engine.choices }, (_, y) => {
      const canvas = h("canvas.pixels.live", {
        width: 28,
        height: 28,
        role: "img",
        "aria-label": `as ${one(y)}`,
      });
      const bar = h("i"), value = h("span");
      const element = h("div", {}, canvas, h("div.bar", {}, bar), h("p", {}, h("b", {}, String(y)), value));
      return { element, canvas, bar, value };
    });
    this.columns.replaceChildren(...this.tiles.map(({ element }) => element));
    super.start(engine, about);
  }

  /** @param {Seen} seen @returns {Generator<void, void>} */
  *read({ pixels }) {
    const { engine } = this, x = engine.observe(pixels);
    this.bounds = yield* labelBounds(engine, x, FEW_SAMPLES, new Random(0));
    const label = argmax(this.bounds), epsilon = style(engine, engine.encode(x, label).loc, label);
    for (const [y, { canvas }] of this.tiles.entries()) {
      yield;
      paint(canvas, write(engine, epsilon, y));
    }
  }

  write() {
    super.write();
    const { bounds, label, rebuilt: { unlike } } = this, best = bounds[label], least = Math.min(...bounds);
    this.tiles.forEach(({ element, bar, value }, y) => {
      element.classList.toggle("best", y === label);
      bar.style.width = `${100 * (bounds[y] - least) / (best - least || 1)}%`;
      setText(value, y === label ? "best" : signed(bounds[y] - best, 0));
    });
    setText(this.best, String(label));
    setText(this.share, `p ${stated(this.probability)}`);
    setText(this.caption, unlike ? "if it had to be a digit" : "guess");
    setText(this.unlike, unlike ? "unlike any digit" : "");
    setText(this.unless, unlike ? `Unlike any digit: if it had to be one, ${label}. ` : "");
  }

  get label() {
    return argmax(this.bounds);
  }

  /** p(y | x) of the guess. */
  get probability() {
    return softmax(this.bounds)[this.label];
  }

  say() {
    const unless = this.rebuilt.unlike ? "If it had to be a digit: it" : "It";
    return `${unless} looks like ${one(this.label)}, p ${stated(this.probability)}.`;
  }
}
