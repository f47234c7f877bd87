/** Densities in nats, and draws from them. The oracle is aevb/distributions.py with torch.distributions. */

import { sigmoid, sum } from "./arithmetic.js";

/**
 * N(loc, diag scale²), (L,) each.
 * @typedef {{ loc: Float32Array, scale: Float32Array }} Normal
 *
 * A pixel's distribution by its logit: log p of all D pixels in nats, and the draw of one of them that a
 * uniform number makes.
 * @typedef {object} Pixels
 * @property {(logits: ArrayLike<number>, x: ArrayLike<number>) => number} log
 * @property {(logit: number, u: number) => number} draw
 */

// ---- Normal ----

/**
 * N(0, I).
 * @param {number} size
 * @returns {Normal}
 */
export function standardNormal(size) {
  return { loc: new Float32Array(size), scale: new Float32Array(size).fill(1) };
}

/**
 * z = loc + scale ε (tutorial section 5.2.3).
 * @param {Normal} normal
 * @param {Float32Array} epsilon
 */
export function place({ loc, scale }, epsilon) {
  return loc.map((value, i) => value + scale[i] * epsilon[i]);
}

/**
 * ε = (z - loc) / scale, which undoes `place`.
 * @param {Normal} normal
 * @param {Float32Array} z
 */
export function standardise({ loc, scale }, z) {
  return z.map((value, i) => (value - loc[i]) / scale[i]);
}

/**
 * One draw.
 * @param {Normal} normal
 * @param {import("./random.js").Noise} random
 */
export function draw(normal, random) {
  return place(normal, random.normal(normal.loc.length));
}

/**
 * log N(z; loc, diag scale²) in nats.
 * @param {Normal} normal
 * @param {Float32Array} z
 */
export function logNormal({ loc, scale }, z) {
  let total = -0.5 * z.length * Math.log(2 * Math.PI);
  for (let i = 0; i < z.length; i++) {
    const epsilon = (z[i] - loc[i]) / scale[i];
    total -= 0.5 * epsilon * epsilon + Math.log(scale[i]);
  }
  return total;
}

/**
 * KL(q ‖ p) dimension by dimension, in nats; their sum is the KL.
 * @param {Normal} q
 * @param {Normal} p
 */
export function klNormal(q, p) {
  return q.loc.map((loc, i) => {
    const ratio = (q.scale[i] / p.scale[i]) ** 2, shift = ((loc - p.loc[i]) / p.scale[i]) ** 2;
    return 0.5 * (ratio + shift - 1 - Math.log(ratio));
  });
}

// ---- Pixels ----

/**
 * log p(x) of a product of Bernoullis, in nats.
 * @param {ArrayLike<number>} logits
 * @param {ArrayLike<number>} x
 */
export function logBernoulli(logits, x) {
  let total = 0;
  for (let i = 0; i < x.length; i++) {
    total += x[i] * logits[i] - Math.max(logits[i], 0) - Math.log1p(Math.exp(-Math.abs(logits[i])));
  }
  return total;
}

/**
 * log p(x) of a product of continuous Bernoullis, in nats, with its normaliser (section 5.3.1).
 * @param {ArrayLike<number>} logits
 * @param {ArrayLike<number>} x
 */
export function logContinuousBernoulli(logits, x) {
  let total = 0;
  for (let i = 0; i < x.length; i++) {
    const size = Math.abs(logits[i]);
    const partition = size < 1e-2
      ? logits[i] / 2 + logits[i] ** 2 / 24 // the formula cancels there
      : Math.log(-Math.expm1(-size) / size) + Math.max(logits[i], 0);
    total += x[i] * logits[i] - partition;
  }
  return total;
}

/**
 * The x in [0, 1] at which a continuous Bernoulli's distribution function reaches u.
 * @param {number} logit
 * @param {number} u
 */
export function quantileContinuousBernoulli(logit, u) {
  const size = Math.abs(logit);
  if (size < 1e-3) return u + logit * u * (1 - u) / 2;
  const x = Math.log1p((logit < 0 ? u : 1 - u) * Math.expm1(-size)) / -size;
  return Math.min(1, Math.max(0, logit < 0 ? x : 1 - x));
}

/** @type {Pixels} */
export const bernoulli = { log: logBernoulli, draw: (logit, u) => (u < sigmoid(logit) ? 1 : 0) };

/** @type {Pixels} */
export const continuousBernoulli = { log: logContinuousBernoulli, draw: quantileContinuousBernoulli };

// ---- Categories ----

/**
 * The category whose share of [0, 1) holds u.
 * @param {ArrayLike<number> & Iterable<number>} weights that sum to 1, but for rounding
 * @param {number} u
 */
export function quantileCategorical(weights, u) {
  const wanted = u * sum(weights); // so that no category of weight 0 is left to be the last
  let y = 0;
  for (let reached = weights[0]; reached <= wanted && y + 1 < weights.length; reached += weights[y]) y++;
  return y;
}
