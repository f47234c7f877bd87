// Images on canvases, crisp, and sheets of many.

import { h, setText } from "./elements.js";

/**
 * Paints an image, D numbers in [0, 1], on a square canvas of as many pixels; CSS enlarges it, crisp.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} x
 */
export function paint(canvas, x) {
  const side = Math.round(Math.sqrt(x.length));
  if (canvas.width !== side || canvas.height !== side) canvas.width = canvas.height = side;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.putImageData(imageData(x, side), 0, 0);
  if (!canvas.dataset.painted) canvas.dataset.painted = "yes";
}

/** @param {ArrayLike<number>} x @param {number} side */
export function imageData(x, side) {
  const image = new ImageData(side, side), pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < x.length; i++) {
    const level = Math.round(255 * Math.min(1, Math.max(0, x[i])));
    pixels[i] = 0xff000000 | (level << 16) | (level << 8) | level;
  }
  return image;
}

/**
 * A picture over its caption: `show(x, caption)` paints it, null for nothing.
 * @param {string} [kind] more classes, "large"
 */
export function picture(kind = "") {
  const settings = { role: "img", "aria-label": "image", width: 28, height: 28 }; // the label until it is told
  const canvas = h("canvas.pixels.live", settings);
  const caption = h("figcaption");
  const element = h("figure.picture", {}, canvas, caption);
  if (kind) element.classList.add(...kind.split(" "));
  return {
    element,
    canvas,
    caption,
    /** @param {ArrayLike<number> | null} x @param {string} [said] */
    show(x, said) {
      if (x) paint(canvas, x);
      if (said !== undefined && setText(caption, said)) canvas.setAttribute("aria-label", said);
    },
    /** What cannot be redrawn in the frame is dimmed until it is. @param {boolean} stale */
    dim(stale) {
      element.classList.toggle("stale", stale);
    },
  };
}

/** Many images of one size, that of the first, in rows and columns on one canvas, a gap of one pixel between them. */
export class Sheet {
  /** @param {{ columns: number, rows: number, label: string }} settings */
  constructor({ columns, rows, label }) {
    this.columns = columns;
    this.rows = rows;
    this.side = 28; // until there is one
    this.canvas = h("canvas.pixels.live.sheet", { role: "img", "aria-label": label });
    this.fit(columns, rows);
  }

  /** @param {number} columns @param {number} rows */
  fit(columns, rows) {
    Object.assign(this, { columns, rows });
    this.canvas.width = columns * (this.side + 1) - 1;
    this.canvas.height = rows * (this.side + 1) - 1;
    this.canvas.style.setProperty("--columns", String(columns));
    this.canvas.style.setProperty("--rows", String(rows));
    this.canvas.style.aspectRatio = `${this.canvas.width} / ${this.canvas.height}`;
  }

  /** @param {number} column @param {number} row @param {ArrayLike<number>} x */
  put(column, row, x) {
    const side = Math.round(Math.sqrt(x.length));
    if (side !== this.side) {
      this.side = side;
      this.fit(this.columns, this.rows);
    }
    const step = side + 1, context = this.canvas.getContext("2d");
    context.putImageData(imageData(x, side), column * step, row * step);
    if (!this.canvas.dataset.painted) this.canvas.dataset.painted = "yes";
  }

  /** Which tile a pointer is at, [column, row]. @param {PointerEvent | MouseEvent} event */
  tileAt(event) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const within = (/** @type {number} */ share, /** @type {number} */ count) =>
      Math.max(0, Math.min(count - 1, Math.floor(share * count)));
    return [
      within((event.clientX - left) / width, this.columns),
      within((event.clientY - top) / height, this.rows),
    ];
  }
}
