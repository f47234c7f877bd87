/**
 * Evidence and ELBO of a model of two latent numbers, without noise. The oracle are the same integrals in torch, by finer
 * rules, in tests/test_parity_training.py.
 */

import { sum } from "./arithmetic.js";
import { klNormal, logNormal, place } from "./densities.js";
import { Dense } from "./layers.js";

/** @typedef {import("./models/base.js").ImageModel} ImageModel */

const REACH = 4.2, FARTHEST = 9; // deviations of the prior, at least and at most
const AROUND = 4; // deviations of each q, which lies far from the prior at first
const FINEST = 0.1, COARSEST = 0.3; // between two places of the grid
const WIDE = 1.25; // deviations of the narrowest q, that is fine enough for

// Gauss and Hermite's five places for a mean under N(0, 1), and their weights: exact for polynomials up to degree 9.
const PLACES = [-2.8569700138728056, -1.3556261799742657, 0, 1.3556261799742657, 2.8569700138728056];
const WEIGHTS = [
  0.011257411327720688,
  0.22207592200561266,
  0.5333333333333333,
  0.22207592200561266,
  0.011257411327720688,
];

/**
 * log p(x) = log ∫ p(x | z) p(z) dz of each image, in nats, by the trapezoid rule: of densities as smooth as these it is
 * exact to a hundredth where a step of the grid is no wider than twice a posterior's deviation. The grid covers the prior
 * and each image's q. It yields after each z.
 * @param {ImageModel} model of (continuous) Bernoullis, whose log density is a sum of x times logits, and what it is at 0
 * @param {Float32Array[]} images
 * @returns {Generator<undefined, Float64Array>}
 * @throws {RangeError} for a model of more or fewer latent numbers
 */
export function* logEvidence(model, images) {
  if (model.latentDim !== 2) {
    throw new RangeError(`A plane has two latent numbers, and not ${model.latentDim}.`);
  }
  const count = images.length, pixels = model.pixelCount, nothing = new Float32Array(pixels);
  const weight = new Float32Array(pixels * count);
  images.forEach((x, n) => x.forEach((value, i) => weight[i * count + n] = value));
  const products = new Dense({ "images.weight": weight, "images.bias": new Float32Array(count) }, "images");
  const most = new Float64Array(count).fill(-Infinity), sums = new Float64Array(count);
  const [across, up] = lines(images.map((x) => model.encode(x))), prior = model.prior();
  const area = (across[1] - across[0]) * (up[1] - up[0]);
  for (let k = 0; k < across.length * up.length; k++) {
    const z = Float32Array.of(across[k % across.length], up[Math.floor(k / across.length)]);
    const logits = model.outputs(z), dots = products.apply(logits);
    const at = model.logLikelihood(logits, nothing) + logNormal(prior, z);
    for (let n = 0; n < count; n++) {
      const log = at + dots[n];
      if (log > most[n]) {
        sums[n] = sums[n] * Math.exp(most[n] - log) + 1;
        most[n] = log;
      } else sums[n] += Math.exp(log - most[n]);
    }
    yield;
  }
  return most.map((log, n) => log + Math.log(sums[n] * area));
}

/**
 * The grid's places along both axes.
 * @param {import("./densities.js").Normal[]} qs
 */
function lines(qs) {
  const narrowest = Math.min(...qs.flatMap(({ scale }) => [...scale]));
  const apart = Math.max(FINEST, Math.min(COARSEST, WIDE * narrowest));
  return [0, 1].map((axis) => {
    const ends = qs.flatMap(({ loc, scale }) =>
      [-1, 1].map((side) => loc[axis] + side * AROUND * scale[axis])
    );
    const low = Math.max(-FARTHEST, Math.min(-REACH, ...ends)),
      high = Math.min(FARTHEST, Math.max(REACH, ...ends));
    const steps = Math.ceil((high - low) / apart);
    return Array.from({ length: steps + 1 }, (_, k) => low + k * (high - low) / steps);
  });
}

/**
 * An image's ELBO in nats: the mean of log p(x | z) under q, and the KL in closed form.
 * @param {ImageModel} model
 * @param {Float32Array} x
 */
export function exactElbo(model, x) {
  const q = model.encode(x);
  let log = 0;
  for (const [i, across] of PLACES.entries()) {
    for (const [k, up] of PLACES.entries()) {
      const z = place(q, Float32Array.of(across, up));
      log += WEIGHTS[i] * WEIGHTS[k] * model.logLikelihood(model.outputs(z), x);
    }
  }
  return log - sum(klNormal(q, model.prior()));
}
