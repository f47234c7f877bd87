// Discs by the thousand, written pixel by pixel: 10,000 take a few milliseconds on any machine, with or without a GPU, a
// tenth of what as many arcs on a canvas would.

/** Red, green and blue in 0 … 255. @typedef {number[]} Color */

const FADED = 0.15; // how opaque; other points are solid, as the colours ask for

/**
 * @typedef {object} Look
 * @property {Int32Array} places x, y, … in the canvas' own pixels
 * @property {Uint8Array} classes of the points, which choose among the colours
 * @property {Color[]} colors
 * @property {Uint8Array | null} faded 1 for points that are hardly seen
 * @property {number} radius
 * @property {Color} background
 */

export class Scatter {
  /** What was painted last, with a margin around the canvas, so that no disc need be cut. */
  image = new ImageData(1, 1);
  pixels = new Uint32Array(1);
  margin = 0;

  /** @param {CanvasRenderingContext2D} context */
  show(context) {
    context.putImageData(this.image, -this.margin, -this.margin);
  }

  /** @param {{ width: number, height: number }} canvas @param {Look} look */
  paint({ width, height }, { places, classes, colors, faded, radius, background }) {
    const reach = Math.ceil(radius), margin = 2 * reach + 1;
    this.fit(width + 2 * margin, height + 2 * margin, margin);
    const { pixels, image: { width: row, height: rows } } = this;
    pixels.fill(packed(background));
    const full = colors.map(packed), masks = [disc(radius, 1, row), disc(radius, FADED, row)];
    for (let i = 0; i < classes.length; i++) {
      const x = places[2 * i] + margin, y = places[2 * i + 1] + margin;
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

  /** @param {number} width @param {number} height @param {number} margin */
  fit(width, height, margin) {
    this.margin = margin;
    if (this.image.width === width && this.image.height === height) return;
    this.image = new ImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }
}

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
