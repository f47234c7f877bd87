// A small VAE of test images, with two latent numbers: a map of where the encoder puts them, and what the decoder draws
// over the same plane.

import { resampled } from "../../engine/ink.js";
import { dequantised } from "../../engine/models/base.js";
import { digitsAt } from "../../kit/digits.js";
import { h } from "../../kit/elements.js";
import { DATA, DIGITS, NO_CLASS } from "../../kit/palette.js";
import { Panel } from "../../kit/panel.js";
import { Sheet } from "../../kit/pictures.js";
import { Axes, ellipse, Notes } from "../../kit/plot.js";

/**
 * @typedef {import("./pupil.js").Pupil} Pupil
 * @typedef {import("../../kit/panel.js").Theme} Theme
 */

export const IMAGES = 1000; // of the test set, which a page has at hand
const SIDE = 14; // pixels: a quarter of MNIST's, so that a step takes a few milliseconds
const LEAST = 3, FARTHEST = 8; // of the plane of z, either way: as far as the images lie, and no farther than
const TILES = 9; // pictures of it, each way
const SPARSE = 0.6; // numerals on the map at most, for each square of their size

/**
 * What a VAE learns of images.
 * @param {Float32Array[]} images in [0, 1]
 * @returns {import("./pupil.js").Task}
 */
export function taskOf(images) {
  const count = Math.min(SIDE * SIDE, images[0].length);
  return {
    sizes: {
      dataDim: count,
      latentDim: 2,
      hiddenDim: 64,
      likelihood: "continuous bernoulli",
      observation: "continuous",
    },
    rate: 0.004,
    examples: images.map((pixels) => resampled(pixels, count)),
    seen: dequantised,
    shown: 200,
    measured: 60,
  };
}

export class Images {
  /** @param {import("../../kit/controls.js").Model} model */
  constructor(model) {
    this.digits = digitsAt(model.get("digits"));
    this.panel = new Panel(h("canvas.live", { role: "img", "aria-label": "Where the encoder puts images" }));
    this.sheet = new Sheet({
      columns: TILES,
      rows: TILES,
      label: "What the decoder draws over the same plane",
    });
    this.course = "course"; // in the link
    /** What is learnt from, and what is shown of it, by their names there. */
    this.keys = { learnt: /** @type {string[]} */ ([]), shown: /** @type {string[]} */ ([]) };
    this.controls = /** @type {HTMLElement[]} */ ([]);
    this.planes = [
      h("figure", {}, this.panel.canvas, h("figcaption", {}, "encoder: images at μ(x)")),
      h("figure", {}, this.sheet.canvas, h("figcaption", {}, "decoder: the same plane")),
    ];
    this.panels = [this.panel];
    this.reach = LEAST;
    /** @type {Float32Array[]} */
    this.places = [];
  }

  end() {}

  /** What they are told by, so that what was learnt of them is found again. */
  get of() {
    return this.digits;
  }

  async load() {
    const { digits } = this, count = Math.min(IMAGES, digits.count);
    await Promise.all([digits.loadAll(Array(count).keys()), digits.loadLabels()]);
    this.images = Array.from({ length: count }, (_, i) => /** @type {Float32Array} */ (digits.peek(i)));
  }

  task() {
    return taskOf(/** @type {Float32Array[]} */ (this.images));
  }

  /** @param {Pupil} pupil */
  *look({ model, shown, phase }) {
    /** @type {Float32Array[]} */
    const places = []; // of the means of q
    for (const x of shown) {
      places.push(model.encode(x).loc);
      yield;
    }
    const farthest = Math.max(...places.map((z) => Math.max(...z.map(Math.abs))));
    const fitting = Math.min(FARTHEST, Math.max(LEAST, Math.ceil(farthest)));
    const reach = phase === "E" && this.places.length ? this.reach : fitting; // in E-steps pictures stand still
    const at = (/** @type {number} */ k) => reach * ((2 * k + 1) / TILES - 1);
    /** @type {Float32Array[]} */
    const tiles = [];
    for (let row = 0; row < TILES; row++) {
      for (let column = 0; column < TILES; column++) {
        tiles.push(model.decode(Float32Array.of(at(column), -at(row))));
        yield;
      }
    }
    tiles.forEach((x, k) => this.sheet.put(k % TILES, Math.floor(k / TILES), x));
    Object.assign(this, { places, reach });
  }

  /** @param {Theme} theme */
  paint(theme) {
    const { panel, places, reach, digits } = this, { size } = theme;
    const axes = new Axes(
      { left: 1, top: 1, width: panel.width - 2, height: panel.height - 2 },
      [-reach, reach],
      [-reach, reach],
    );
    const inside = (/** @type {number} */ value) => Math.max(-0.97 * reach, Math.min(0.97 * reach, value));
    panel.show((context) => {
      axes.draw(context, theme, { xTicks: false, yTicks: false, xCount: 1 });
      context.fillStyle = theme.border;
      context.fillRect(axes.left, axes.y(0) - 0.5, axes.width, 1);
      Object.assign(context, { strokeStyle: theme.text, lineWidth: 1.5 });
      context.setLineDash([3, 5]);
      ellipse(context, axes, [0, 0], [1, 0, 1], 2);
      context.stroke();
      context.setLineDash([]);
      Object.assign(context, {
        font: `700 ${size}px ${theme.font}`,
        textAlign: "center",
        textBaseline: "middle",
      });
      const room = Math.floor(SPARSE * (axes.width / size) ** 2);
      places.slice(0, room).forEach((z, i) => {
        const label = digits.label(i), y = Number(label);
        context.fillStyle = label === "" ? DATA : DIGITS[y] ?? NO_CLASS;
        context.fillText(label || "•", axes.x(inside(z[0])), axes.y(inside(z[1])));
      });
      new Notes(context, theme, axes).write("prior, 2 σ", [[axes.x(0) + 2.6 * size, axes.y(2) - 2]]);
    });
  }
}
