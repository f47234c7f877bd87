/**
 * A q of one image's own, N(μ, diag σ²), raised to its ELBO by gradients that pass through the decoder (tutorial sections
 * 3.1 and 5.2.3): what an encoder spares. The oracle is torch's autograd, in tests/test_parity.py.
 */

import { Adam } from "./adam.js";
import { sum } from "./arithmetic.js";
import { klNormal, place } from "./densities.js";

/**
 * @typedef {import("./arithmetic.js").Choice} Choice
 * @typedef {import("./densities.js").Normal} Normal
 * @typedef {import("./models/base.js").ImageModel} ImageModel
 * @typedef {import("./random.js").Noise} Noise
 */

/**
 * The one-sample estimate of the ELBO in nats at z = μ + σ ε, and its gradient in μ and log σ, (L,) each.
 * @param {ImageModel} model
 * @param {Float32Array} x
 * @param {Choice} y
 * @param {Normal} q
 * @param {Float32Array} epsilon
 */
export function estimate(model, x, y, q, epsilon) {
  const p = model.prior(y), { log, gradient } = model.pull(x, place(q, epsilon), y);
  return {
    elbo: log - sum(klNormal(q, p)),
    loc: gradient.map((pull, l) => pull - (q.loc[l] - p.loc[l]) / p.scale[l] ** 2),
    logScale: gradient.map((pull, l) => pull * epsilon[l] * q.scale[l] - (q.scale[l] / p.scale[l]) ** 2 + 1),
  };
}

/**
 * Raises an image's ELBO in μ and log σ by Adam, whose rate falls evenly to 0.
 * @param {ImageModel} model
 * @param {Float32Array} x
 * @param {Choice} y
 * @param {Normal} start
 * @param {{ steps: number, learningRate: number, random: Noise }} settings
 * @returns {Generator<Normal, void>} q after each step
 */
export function* ascend(model, x, y, start, { steps, learningRate, random }) {
  const L = model.latentDim, parameters = new Float64Array(2 * L), adam = new Adam(parameters, learningRate);
  const gradient = new Float64Array(2 * L);
  parameters.set(start.loc);
  parameters.set(start.scale.map(Math.log), L);
  for (let step = 0, q = start; step < steps; step++) {
    const found = estimate(model, x, y, q, random.normal(L));
    gradient.set(found.loc);
    gradient.set(found.logScale, L);
    adam.learningRate = learningRate * (1 - step / steps);
    adam.ascend(gradient);
    q = {
      loc: Float32Array.from(parameters.subarray(0, L)),
      scale: Float32Array.from(parameters.subarray(L), Math.exp),
    };
    yield q;
  }
}

/**
 * The ELBO of a q in nats, over given noise: the mean of log p(x | z), and the KL in closed form.
 * @param {ImageModel} model
 * @param {Float32Array} x
 * @param {Choice} y
 * @param {Normal} q
 * @param {Float32Array[]} noise one ε for each z
 */
export function elbo(model, x, y, q, noise) {
  const logs = noise.map((epsilon) => model.logLikelihood(model.outputs(place(q, epsilon), y), x));
  return sum(logs) / logs.length - sum(klNormal(q, model.prior(y)));
}
