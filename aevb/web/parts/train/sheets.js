// The pictures of a run whose data are images: fixed ones, each above its reconstruction, and draws from the prior.

import { h } from "../../kit/elements.js";
import { Sheet } from "../../kit/pictures.js";

/** @typedef {import("./record.js").About} About */
/** @typedef {import("./frames.js").Frame} Frame */

const SIXTEEN = 16, ACROSS = 8; // images in a row
const GROWTH = 1400; // ms in which a draw grows, row by row

export class Sheets {
  /** @param {About} about */
  constructor({ shape: [side], map, rows }) {
    this.side = side;
    this.rows = rows;
    this.pairs = new Sheet({
      columns: ACROSS,
      rows: 2 * SIXTEEN / ACROSS,
      label: "Sixteen images of the validation, each above its reconstruction",
    });
    const columns = map ? ACROSS / 2 : ACROSS;
    this.draws = new Sheet({ columns, rows: SIXTEEN / columns, label: "Sixteen draws from the prior" });
    this.elements = [
      h("figure.pairs", {}, this.pairs.canvas, h("figcaption", {}, "images, each above its reconstruction")),
      h("figure.draws", {}, this.draws.canvas, h("figcaption", {}, "drawn from the prior")),
    ];
    /** @type {Float32Array[]} */
    this.grown = []; // what was drawn last, or is growing
    this.latest = this.grown; // what is to grow after that
    this.growing = 0;
    /** @type {Float32Array[] | null} */
    this.originals = null;
  }

  end() {
    cancelAnimationFrame(this.growing);
  }

  fit() {}

  /** @param {Float32Array[]} images */
  take(images) {
    if (images === this.originals) return; // they are there
    this.originals = images;
    images.forEach((x, i) => this.pairs.put(i % ACROSS, 2 * Math.floor(i / ACROSS), x));
  }

  /** @param {import("../../kit/panel.js").Theme} _theme @param {Frame} frame @param {boolean} newest */
  show(_theme, { reconstructions, draws }, newest) {
    reconstructions.forEach((x, i) => this.pairs.put(i % ACROSS, 2 * Math.floor(i / ACROSS) + 1, x));
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (this.rows && newest && !still) return this.grow(draws);
    this.end();
    this.growing = 0;
    this.grown = draws;
    this.draw(draws, this.side);
  }

  /**
   * What is drawn row after row grows that way. What is growing does so to its end; then the latest of what came.
   * @param {Float32Array[]} draws
   */
  grow(draws) {
    this.latest = draws;
    if (this.growing || draws === this.grown) return;
    this.grown = draws;
    const { side } = this, begun = performance.now();
    let shown = 0;
    const tick = (/** @type {number} */ now) => {
      const rows = Math.min(side, 1 + Math.floor((side * Math.max(0, now - begun)) / GROWTH));
      if (rows > shown) this.draw(draws, shown = rows);
      this.growing = rows < side ? requestAnimationFrame(tick) : 0;
      if (!this.growing) this.grow(this.latest);
    };
    tick(begun);
  }

  /** @param {Float32Array[]} draws @param {number} rows of each, from above */
  draw(draws, rows) {
    const { draws: { columns, canvas }, side } = this;
    draws.forEach((x, i) => {
      const part = rows < side ? x.map((value, k) => (k < rows * side ? value : 0)) : x;
      this.draws.put(i % columns, Math.floor(i / columns), part);
    });
    canvas.dataset.rows = String(rows);
  }

  /** @param {string} spoken of what step this is */
  say(spoken) {
    this.draws.canvas.setAttribute("aria-label", `Sixteen draws from the prior, ${spoken}`);
  }
}
