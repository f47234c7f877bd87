// Discs by the thousand, written pixel by pixel: 10,000 take a few milliseconds on any machine, with or without a GPU, a
// tenth of what as many arcs on a canvas would.

/** Red, green and blue in 0 … 255. @typedef {number[]} Color */

const FADED = 0.15; // how opaque; other points are solid, as the colours ask for
const SPARE = 0.25; // of the canvas, painted beyond each of its sides

/**
 * @typedef {object} Look
 * @property {Int32Array} offsets x, y, … from the origin in the canvas' own pixels; never changed in place
 * @property {Uint8Array} classes of the points, which choose among the colours; never changed in place
 * @property {Color[]} colors
 * @property {Uint8Array | null} faded 1 for points that are hardly seen; never changed in place
 * @property {number} radius
 * @property {Color} background
 */

/**
 * What was painted is kept, with a margin around the canvas: while all points move alike, as under a drag, another part
 * of it is shown, and nothing is painted.
 */
export class Scatter {
  image = new ImageData(1, 1);
  pixels = new Uint32Array(1);
  /** Where the origin lies in the image. */
  origin = [0, 0];
  /** @type {Look | null} */
  painted = null;

  /** @param {CanvasRenderingContext2D} context @param {number[]} origin where it lies on the canvas @param {Look} look */
  show(context, origin, look) {
    const { width, height } = context.canvas;
    if (!this.holds(origin, look, width, height)) this.paint(origin, look, width, height);
    const [left, top] = origin.map((value, axis) => value - this.origin[axis]);
    context.putImageData(this.image, left, top, -left, -top, width, height);
  }

  /**
   * Whether the image has all that the canvas is to show.
   * @param {number[]} origin
   * @param {Look} look
   * @param {number} width
   * @param {number} height
   */
  holds(origin, look, width, height) {
    const { image, painted } = this;
    if (
      !painted ||
      Object.entries(look).some(([name, value]) => painted[/** @type {keyof Look} */ (name)] !== value)
    ) {
      return false;
    }
    const [left, top] = this.origin.map((value, axis) => value - origin[axis]), edge = brim(look.radius);
    return left >= edge && top >= edge && left + width + edge <= image.width &&
      top + height + edge <= image.height;
  }

  /**
   * @param {number[]} origin
   * @param {Look} look
   * @param {number} width
   * @param {number} height
   */
  paint(origin, look, width, height) {
    const { offsets, classes, colors, faded, radius, background } = look, reach = Math.ceil(radius);
    const margins = [width, height].map((size) => brim(radius) + Math.round(SPARE * size));
    this.fit(width + 2 * margins[0], height + 2 * margins[1]);
    this.painted = look;
    this.origin = origin.map((value, axis) => value + margins[axis]);
    const { pixels, image: { width: row, height: rows }, origin: [left, top] } = this;
    pixels.fill(packed(background));
    const full = colors.map(packed), masks = [disc(radius, 1, row), disc(radius, FADED, row)];
    for (let i = 0; i < classes.length; i++) {
      const x = left + offsets[2 * i], y = top + offsets[2 * i + 1];
      if (x < reach || y < reach || x + reach >= row || y + reach >= rows) continue;
      const { solid, partly, shares } = masks[faded ? faded[i] : 0],
        color = full[classes[i]],
        at = y * row + x;
      for (let k = 0; k < solid.length; k++) pixels[at + solid[k]] = color;
      const even = color & 0xff00ff, odd = color & 0xff00;
      for (let k = 0; k < partly.length; k++) {
        const share = shares[k], rest = 256 - share, below = pixels[at + partly[k]];
        // Red and blue at once, then green, each with 8 bits of room to the next.
        pixels[at + partly[k]] = 0xff000000 |
          (((even * share + (below & 0xff00ff) * rest) >>> 8) & 0xff00ff) |
          (((odd * share + (below & 0xff00) * rest) >>> 8) & 0xff00);
      }
    }
  }

  /** @param {number} width @param {number} height */
  fit(width, height) {
    if (this.image.width === width && this.image.height === height) return;
    this.image = new ImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }
}

/** How far the image goes beyond what is shown at least, so that no disc need be cut. @param {number} radius */
const brim = (radius) => 2 * Math.ceil(radius) + 1;

/**
 * The pixels of a disc by their distance from its middle within an image of so many pixels in a row: those that it covers,
 * and those of which it covers a share of 256.
 * @param {number} radius
 * @param {number} opacity
 * @param {number} row
 */
function disc(radius, opacity, row) {
  const reach = Math.ceil(radius), solid = [], partly = [], shares = [];
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      const share = Math.round(256 * opacity * Math.min(1, radius + 0.5 - Math.hypot(x, y)));
      if (share >= 256) solid.push(y * row + x);
      else if (share > 0) {
        partly.push(y * row + x);
        shares.push(share);
      }
    }
  }
  return { solid: Int32Array.from(solid), partly: Int32Array.from(partly), shares: Int32Array.from(shares) };
}

/** @param {Color} color */
function packed([red, green, blue]) {
  return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
}

/** A colour of CSS as red, green and blue. @param {string} color @returns {Color} */
export function rgb(color) {
  const context =
    /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(1, 1).getContext("2d"));
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
}
