/**
 * Functions of numbers that the models share. Conventions are those of aevb/distributions.py and
 * aevb/models/nets.py.
 */

/**
 * A label or a cluster: a whole number from 0, or weights of all of them, (C,), to stand between them; null
 * for a model that has neither.
 * @typedef {number | Float32Array | null} Choice
 */

/** The largest |logit| of a pixel: that of float32's epsilon, see aevb/distributions.py. */
export const MAX_LOGIT = Math.log((1 - 2 ** -23) / 2 ** -23);

/**
 * max(0, value) of each value, in place.
 * @param {Float32Array} values
 */
export function relu(values) {
  for (let i = 0; i < values.length; i++) if (values[i] < 0) values[i] = 0;
  return values;
}

/** @param {number} value */
export function sigmoid(value) {
  return 1 / (1 + Math.exp(-value));
}

/**
 * log(1 + exp(value)), as torch has it.
 * @param {number} value
 */
export function softplus(value) {
  return value > 20 ? value : Math.log1p(Math.exp(value));
}

/**
 * log Σ exp(values), without overflow; -Infinity for no values.
 * @param {ArrayLike<number>} values
 */
export function logSumExp(values) {
  let most = -Infinity, sum = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, values[i]);
  if (most === -Infinity) return most;
  for (let i = 0; i < values.length; i++) sum += Math.exp(values[i] - most);
  return most + Math.log(sum);
}

/**
 * Probabilities in proportion to exp(logits), same length.
 * @param {ArrayLike<number>} logits
 */
export function softmax(logits) {
  const total = logSumExp(logits);
  return Float32Array.from(logits, (value) => Math.exp(value - total));
}

/**
 * The place of the largest value, the first of several; -1 for no values.
 * @param {ArrayLike<number>} values
 */
export function argmax(values) {
  let best = -1;
  for (let i = 0; i < values.length; i++) if (best < 0 || values[i] > values[best]) best = i;
  return best;
}

/** The places of values, the largest first. @param {number[]} values */
export function argsort(values) {
  return Array.from(values.keys()).sort((a, b) => values[b] - values[a]);
}

/** @param {Iterable<number>} values */
export function sum(values) {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/**
 * Logits bent smoothly into ±MAX_LOGIT.
 * @param {Float32Array} logits
 */
export function cap(logits) {
  return logits.map((value) => MAX_LOGIT * Math.tanh(value / MAX_LOGIT));
}

/**
 * A choice as weights, (count,): 1 at a whole number and 0 elsewhere; weights as they are.
 * @param {Choice} y
 * @param {number} count
 * @throws {RangeError} for null or a number outside 0 … count-1
 */
export function oneHot(y, count) {
  if (y instanceof Float32Array) return y;
  if (y === null || !(y >= 0 && y < count)) throw new RangeError(`${y} is none of ${count} choices.`);
  const weights = new Float32Array(count);
  weights[y] = 1;
  return weights;
}
