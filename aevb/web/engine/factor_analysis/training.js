/**
 * Stochastic gradient ascent on the ELBO by reparametrised one-sample estimates (tutorial sections 5.1 and
 * 5.2.3): both sets of parameters at once, which is AEVB, or φ and θ in turn. The oracle is aevb/training.py.
 */

import { Adam } from "../adam.js";
import { shuffle } from "../random.js";
import { order } from "./matrices.js";
import { Moments, sampledMoment } from "./moments.js";

/**
 * @typedef {import("./data.js").Points} Points
 * @typedef {import("./matrices.js").Matrix} Matrix
 * @typedef {import("./model.js").FactorAnalysis} FactorAnalysis
 * @typedef {import("../random.js").Noise} Noise
 *
 * What a step moves: φ (E), θ (M), or both.
 * @typedef {"E" | "M" | "EM"} Phase
 *
 * So many steps in φ alone, then so many in θ alone, and again; one of the two may be 0. Null: both at every
 * step.
 * @typedef {{ eSteps: number, mSteps: number } | null} Schedule
 *
 * @typedef {object} Training
 * @property {number} steps gradient steps in all
 * @property {number} learningRate of Adam
 * @property {Schedule} schedule
 */

/**
 * The phase of a step, counted from 1.
 * @param {Schedule} schedule
 * @param {number} step
 * @returns {Phase}
 */
export function phaseAt(schedule, step) {
  if (!schedule) return "EM";
  return (step - 1) % (schedule.eSteps + schedule.mSteps) < schedule.eSteps ? "E" : "M";
}

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
