// What a VAE of points knows, looked at along its one latent number: the decoder's curve, each point's q, and what follows
// exactly from both.

import { sum } from "../../engine/arithmetic.js";
import { gaussian, logNormal } from "../../engine/densities.js";
import { EDGE } from "./shapes.js";

/**
 * @typedef {import("../../engine/densities.js").Normal} Normal
 *
 * The points, the decoder's means at the places of LINE and its σ, and each point's q.
 * @typedef {{ points: Float32Array[], curve: Float32Array[], scale: number, qs: Normal[] }} Known
 */

const END = 6; // of z, each way
export const LINE = Array.from({ length: 801 }, (_, k) => END * (k / 400 - 1));
const APART = LINE[1] - LINE[0];
export const CELLS = 50; // of the density over the plane, each way

/**
 * It yields after each net's pass.
 * @param {import("./pupil.js").Pupil} pupil
 * @returns {Generator<undefined, Known>}
 */
export function* knownBy({ model, shown }) {
  /** @type {Float32Array[]} */
  const curve = [];
  for (const z of LINE) {
    curve.push(model.outputs(Float32Array.of(z)));
    yield;
  }
  /** @type {Normal[]} */
  const qs = [];
  for (const x of shown) {
    qs.push(model.encode(x));
    yield;
  }
  return { points: shown, curve, scale: model.decoder.scale, qs };
}

/** The curve's place at a z. @param {Known} known @param {number} z */
export function placeAt({ curve }, z) {
  return curve[Math.max(0, Math.min(LINE.length - 1, Math.round((z + END) / APART)))];
}

/**
 * p(x) over the plane at the corners of its cells, from the lowest row: a sum of Gaussians along the curve.
 * @param {Known} known
 */
export function density({ curve, scale }) {
  const corners = CELLS + 1, heights = new Float32Array(corners ** 2);
  const axis = Array.from({ length: corners }, (_, i) => EDGE * (2 * i / CELLS - 1));
  curve.forEach((middle, k) => {
    const weight = Math.exp(-0.5 * LINE[k] ** 2);
    const [across, up] = [0, 1].map((d) =>
      axis.map((value) => Math.exp(-0.5 * ((value - middle[d]) / scale) ** 2))
    );
    for (let row = 0, i = 0; row < corners; row++) {
      const factor = weight * up[row];
      if (factor < 1e-9) i += corners;
      else for (let column = 0; column < corners; column++, i++) heights[i] += factor * across[column];
    }
  });
  return heights;
}

/**
 * p(z | x) of a point at the places of LINE.
 * @param {Known} known
 * @param {number} chosen
 */
export function posteriorOf({ points, curve, scale }, chosen) {
  const pixels = gaussian(scale);
  const logs = Float64Array.from(LINE, (z, k) => pixels.log(curve[k], points[chosen]) - 0.5 * z ** 2);
  const most = Math.max(...logs),
    weights = logs.map((log) => Math.exp(log - most)),
    whole = APART * sum(weights);
  return weights.map((weight) => weight / whole);
}

/**
 * KL(q ‖ p) in nats.
 * @param {Normal} q
 * @param {Float64Array} p at the places of LINE
 */
export function divergence(q, p) {
  return APART * sum(LINE.map((z, k) => {
    const log = logNormal(q, Float32Array.of(z));
    return Math.exp(log) * (log - Math.log(Math.max(p[k], 1e-300)));
  }));
}
