/** Densities in nats, and draws from them. The oracle is aevb/distributions.py with torch.distributions. */

import { sigmoid, sum } from "./arithmetic.js";

/**
 * N(loc, diag scale²), (L,) each.
 * @typedef {{ loc: Float32Array, scale: Float32Array }} Normal
 *
 * A pixel's distribution by one number, its output: the logit, or a Gaussian's mean. Below 1 a temperature makes
 * it bolder: it divides the logit, or is a factor of the deviation.
 * @typedef {object} Pixels
 * @property {(outputs: ArrayLike<number>, x: ArrayLike<number>) => number} log log p of all D pixels in nats
 * @property {(output: number, u: number, temperature?: number) => number} draw the pixel that a uniform number draws
 * @property {(output: number, x: number) => number} slope d log p / d output of one pixel
 * @property {(output: number) => number} natural what x is multiplied with in log p, which is a sum of that product, of
 *   what depends on the output alone, and of what depends on x alone
 * @property {(output: number, temperature?: number) => number} shown what is shown of it: its probability of being 1,
 *   λ of a continuous Bernoulli, the mean of a Gaussian
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
 * The number at which N(0, 1)'s distribution function reaches u, to 9 digits: rational functions by P. J. Acklam,
 * one for the middle and one for each tail.
 * @param {number} u in (0, 1)
 */
export function quantileNormal(u) {
  const tail = Math.min(u, 1 - u);
  if (tail < 0.02425) {
    const r = Math.sqrt(-2 * Math.log(tail));
    return (u < 0.5 ? 1 : -1) * polynomial(TAIL, r) / polynomial(TAIL_DIVISOR, r);
  }
  const r = u - 0.5;
  return r * polynomial(MIDDLE, r * r) / polynomial(MIDDLE_DIVISOR, r * r);
}

// Coefficients of falling powers.
const MIDDLE = [
  -3.969683028665376e1,
  2.209460984245205e2,
  -2.759285104469687e2,
  1.38357751867269e2,
  -3.066479806614716e1,
  2.506628277459239,
];
const MIDDLE_DIVISOR = [
  -5.447609879822406e1,
  1.615858368580409e2,
  -1.556989798598866e2,
  6.680131188771972e1,
  -1.328068155288572e1,
  1,
];
const TAIL = [
  -7.784894002430293e-3,
  -3.223964580411365e-1,
  -2.400758277161838,
  -2.549732539343734,
  4.374664141464968,
  2.938163982698783,
];
const TAIL_DIVISOR = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1];

/**
 * @param {number[]} coefficients
 * @param {number} x
 */
function polynomial(coefficients, x) {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
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

/** E[x] of a continuous Bernoulli. @param {number} logit */
function meanContinuousBernoulli(logit) {
  return Math.abs(logit) < 1e-3 ? 0.5 + logit / 12 : -1 / Math.expm1(-logit) - 1 / logit;
}

const probability = (/** @type {number} */ logit, temperature = 1) => sigmoid(logit / temperature);

/** @type {Pixels} */
export const bernoulli = {
  log: logBernoulli,
  draw: (logit, u, temperature) => (u < probability(logit, temperature) ? 1 : 0),
  slope: (logit, x) => x - sigmoid(logit),
  natural: (logit) => logit,
  shown: probability,
};

/** @type {Pixels} */
export const continuousBernoulli = {
  log: logContinuousBernoulli,
  draw: (logit, u, temperature = 1) => quantileContinuousBernoulli(logit / temperature, u),
  slope: (logit, x) => x - meanContinuousBernoulli(logit),
  natural: (logit) => logit,
  shown: probability,
};

/**
 * N(mean, scale²), the scale shared by all pixels.
 * @param {number} scale
 * @returns {Pixels}
 */
export function gaussian(scale) {
  return {
    log(means, x) {
      let squares = 0;
      for (let i = 0; i < x.length; i++) squares += ((x[i] - means[i]) / scale) ** 2;
      return -0.5 * squares - x.length * (Math.log(scale) + 0.5 * Math.log(2 * Math.PI));
    },
    draw: (mean, u, temperature = 1) => mean + scale * temperature * quantileNormal(u),
    slope: (mean, x) => (x - mean) / scale ** 2,
    natural: (mean) => mean / scale ** 2,
    shown: (mean) => mean,
  };
}

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
