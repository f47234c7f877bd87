/** Whether an image is like any digit, by what was measured with the checkpoint: the twin of aevb/explore/likeness.py. */

import { sum } from "./arithmetic.js";

/**
 * Gaussians of a class each: their means, (C, F), and the rows of what whitens them, up to the diagonal, (C, F, …); above
 * the threshold, in nats, an image is unlike any digit; of how many images that is wrong, and of how many there were.
 * @typedef {{ means: number[][], whitening: number[][][], threshold: number,
 *   wrong: Record<"digits" | "turned" | "drawings", [wrong: number, of: number]> }} Likeness
 */

/**
 * How far an image is from the nearest class, in nats: minus the log density, but for a constant, of its code and of what
 * is not given back.
 * @param {Float32Array} x square
 * @param {Float32Array} mean of q(z | x)
 * @param {Float32Array} rebuilt from that
 * @param {Likeness} likeness
 */
export function strangeness(x, mean, rebuilt, { means, whitening }) {
  const look = [...mean, rest(x, rebuilt)];
  return Math.min(...means.map((centre, k) => {
    let distance = 0;
    whitening[k].forEach((row, i) => {
      let white = 0;
      for (let j = 0; j <= i; j++) white += row[j] * (look[j] - centre[j]);
      distance += white * white / 2 - Math.log(row[i]);
    });
    return distance;
  }));
}

/**
 * The root of the ink that is missing or too much, squared, over the image's own: of means over 3 × 3 pixels, so that a
 * pen of another width is forgiven.
 * @param {Float32Array} x
 * @param {Float32Array} rebuilt
 */
function rest(x, rebuilt) {
  const side = Math.round(Math.sqrt(x.length)), missed = x.map((value, i) => value - rebuilt[i]);
  let squares = 0;
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      let total = 0;
      for (let r = Math.max(0, row - 1); r <= Math.min(side - 1, row + 1); r++) {
        for (let c = Math.max(0, column - 1); c <= Math.min(side - 1, column + 1); c++) {
          total += missed[r * side + c];
        }
      }
      squares += (total / 9) ** 2;
    }
  }
  return Math.sqrt(squares / Math.max(1, sum(x)));
}
