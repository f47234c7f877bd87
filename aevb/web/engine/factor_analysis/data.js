/** The tutorial's synthetic data (section 5.2.1), and where all randomness of an experiment comes from. */

import { Random } from "../random.js";
import { FactorAnalysis, generate } from "./model.js";
import { secondMoment } from "./moments.js";

/**
 * Observed points: their values, (N, D), how many they are, and their second moment S, (D, D). Shared, and
 * not to be changed.
 * @typedef {{ values: Float64Array<ArrayBuffer>, count: number, moment: Float64Array<ArrayBuffer> }} Points
 */

export const DATA_DIM = 3;
const EXAMPLES = 1000;

/** The ground truth: W = [[-0.5, -1], [-1, -1], [2, 0.5]], σ = (0.4, 0.2, 0.3). Its q is the posterior. */
export function trueModel() {
  const model = new FactorAnalysis(DATA_DIM, 2);
  model.setTheta([-0.5, -1, -1, -1, 2, 0.5], Float64Array.of(0.4, 0.2, 0.3));
  model.eStep();
  return model;
}

/** What a seed is used for. Each use has its own stream, so that another L or batch size keeps the data. */
export const STREAMS = { data: 0, start: 1, batches: 2, estimates: 3, moves: 4 };

/**
 * @param {number} seed
 * @param {number} stream below 64
 */
export function randomOf(seed, stream) {
  return new Random(64 * seed + stream);
}

/** 1,000 training and 1,000 test points of the true model. */
export const synthetic = remembered((/** @type {number} */ seed) => {
  const random = randomOf(seed, STREAMS.data), model = trueModel();
  const draw = () =>
    pointsOf(generate(model, random.normal(EXAMPLES * (model.latentDim + DATA_DIM))), DATA_DIM);
  return { train: draw(), test: draw() };
});

/**
 * @param {Float64Array<ArrayBuffer>} values (N, D)
 * @param {number} D
 * @returns {Points}
 */
export function pointsOf(values, D) {
  return { values, count: values.length / D, moment: secondMoment(values, D) };
}

/**
 * The evidence of the test points under the model that they were drawn from, in nats: the height to reach.
 * @param {number} seed
 */
export function trueEvidence(seed) {
  return trueModel().evidence(synthetic(seed).test.moment);
}

/**
 * A function of numbers, words and objects of those that keeps its latest few results, which are shared.
 * @template {any[]} Values
 * @template Result
 * @param {(...values: Values) => Result} f
 * @param {number} [most] so many of them
 * @returns {(...values: Values) => Result}
 */
export function remembered(f, most = 4) {
  /** @type {Map<string, Result>} */
  const known = new Map();
  return (...values) => {
    const key = JSON.stringify(values), result = known.get(key) ?? f(...values);
    known.delete(key); // the latest stands last
    known.set(key, result);
    if (known.size > most) known.delete(/** @type {string} */ (known.keys().next().value));
    return result;
  };
}
