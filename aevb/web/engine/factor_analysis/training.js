/**
 * Stochastic gradient ascent on the ELBO by reparametrised one-sample estimates (tutorial sections 5.1 and
 * 5.2.3): both sets of parameters at once, which is AEVB, or φ and θ in turn. The oracle is aevb/training.py.
 */

import { Adam } from "../adam.js";
import { shuffle } from "../random.js";
import { phaseAt } from "../schedule.js";
import { order } from "./matrices.js";
import { Moments, sampledMoment } from "./moments.js";

/**
 * @typedef {import("./data.js").Points} Points
 * @typedef {import("./matrices.js").Matrix} Matrix
 * @typedef {import("./model.js").FactorAnalysis} FactorAnalysis
 * @typedef {import("../random.js").Noise} Noise
 * @typedef {import("../schedule.js").Phase} Phase
 * @typedef {import("../schedule.js").Schedule} Schedule
 *
 * @typedef {object} Training
 * @property {number} steps gradient steps in all
 * @property {number} learningRate of Adam
 * @property {Schedule} schedule
 */

/**
 * Raises the ELBO of a model, which is changed in place.
 * @param {FactorAnalysis} model
 * @param {Moments} batches those of u at each step
 * @param {Training} training
 * @returns {Generator<{ step: number, phase: Phase }, void>} after every step, counted from 1
 */
export function* ascend(model, batches, { steps, learningRate, schedule }) {
  const ofTheta = new Adam(model.theta, learningRate), ofPhi = new Adam(model.phi, learningRate);
  for (let step = 1; step <= steps; step++) {
    const phase = phaseAt(schedule, step), { theta, phi } = model.gradient(batches.at(step - 1));
    if (phase !== "M") ofPhi.ascend(phi);
    if (phase !== "E") ofTheta.ascend(theta);
    yield { step, phase };
  }
}

/**
 * The moments of u = (x, ε) over mini-batches without end, with one sample of ε for each of their points.
 * They go through the points in a new order in each epoch; a last, short batch is dropped.
 * @param {Points} points
 * @param {number} latentDim L
 * @param {number} batchSize
 * @param {Noise} random
 */
export function miniBatches({ values, count, moment }, latentDim, batchSize, random) {
  const size = Math.min(batchSize, count), inOrder = Uint32Array.from({ length: count }, (_, i) => i);
  let used = count;
  return new Moments(() => {
    if (used + size > count) {
      shuffle(inOrder, random);
      used = 0;
    }
    const chosen = inOrder.subarray(used, used += size);
    return sampledMoment(values, chosen, random.normal(size * latentDim), order(moment));
  });
}
