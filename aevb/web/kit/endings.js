// Endings of an image whose first rows are kept.

import { h } from "./elements.js";
import { paintRows } from "./rows.js";
import { asDrawn, inkedRows, UNITS } from "../engine/ink.js";

const AHEAD = 0.3; // opacity of rows of an earlier ending that have not grown again yet

/**
 * A digit or drawing as a model sees it, and the rows that there are of it: a drawing within the upper half is a beginning,
 * which stays where it was drawn.
 * @param {any} engine
 * @param {number} length rows of an image
 * @param {Float32Array} pixels
 * @param {import("../engine/ink.js").Stroke[]} strokes that made them, if any did
 * @returns {{ x: Float32Array, rows: number }}
 */
export function beginningOf(engine, length, pixels, strokes) {
  const begun = strokes.length > 0 && strokes.flat().every(([, y]) => y < UNITS / 2);
  const x = engine.observe(begun ? asDrawn(strokes) : pixels);
  return { x, rows: begun ? inkedRows(x, length) : length };
}

/** An image with a line below the rows that are kept of it. */
export class Ruled {
  /** @param {string} said what it is @param {number} length rows of it */
  constructor(said, length) {
    this.length = length;
    this.canvas = h("canvas.pixels.live", { role: "img", "aria-label": said, width: length, height: length });
    this.line = h("i.line", { hidden: true });
    this.element = h("div.ending", {}, this.canvas, this.line);
  }

  /** @param {Float32Array} x @param {number} kept rows @param {number} grown rows that are as they are wanted */
  show(x, kept, grown) {
    paintRows(this.canvas, x, grown, AHEAD);
    this.line.hidden = kept === 0 || kept === this.length;
    this.line.style.top = `${100 * kept / this.length}%`;
  }
}

/** Several of them, which grow. */
export class Endings {
  /** @param {number} count @param {number} length rows of each */
  constructor(count, length) {
    this.tiles = Array.from({ length: count }, (_, n) => new Ruled(`Ending ${n + 1}`, length));
    this.images = this.tiles.map(() => new Float32Array(length * length));
    this.length = length;
    this.kept = this.grown = 0; // rows
  }

  get elements() {
    return this.tiles.map(({ element }) => element);
  }

  /**
   * What is kept is there at once; of the endings of before, what has yet to grow again is dimmed until it has.
   * @param {Float32Array} given the pixels of those rows
   */
  begin(given) {
    for (const image of this.images) image.set(given);
    this.kept = given.length / this.length;
    this.show(this.kept);
  }

  /** They have grown by a row. @param {{ images: Float32Array[], row: number }} found */
  take({ images, row }) {
    const grown = row + 1;
    this.images.forEach((image, n) => image.set(images[n].subarray(0, grown * this.length)));
    this.show(grown);
  }

  /** @param {number} grown */
  show(grown) {
    this.grown = grown;
    this.tiles.forEach((tile, n) => tile.show(this.images[n], this.kept, grown));
  }
}
