/**
 * Evidence and ELBO of a model of one latent number or two, without noise. The oracle are the same integrals in torch, by
 * finer rules, in tests/test_parity_training.py.
 */

import { sum } from "./arithmetic.js";
import { klNormal, logNormal, place } from "./densities.js";
import { Dense } from "./layers.js";

/** @typedef {import("./models/base.js").ImageModel} ImageModel */

const REACH = 4.2, FARTHEST = 9; // deviations of the prior, at least and at most
const AROUND = 4; // deviations of each q, which lies far from the prior at first
const FINEST = [NaN, 0.005, 0.1], COARSEST = [NaN, 0.02, 0.3]; // between two places of the grid, by its dimensions
const WIDE = 1.25; // deviations of the narrowest q, that is fine enough for

/**
 * Places and weights for a mean under N(0, 1): Gauss and Hermite's five, exact for polynomials up to degree 9.
 */
const HERMITE = {
  places: [-2.8569700138728056, -1.3556261799742657, 0, 1.3556261799742657, 2.8569700138728056],
  weights: [
    0.011257411327720688,
    0.22207592200561266,
    0.5333333333333333,
    0.22207592200561266,
    0.011257411327720688,
  ],
};
/** Many, evenly spaced, which one number can afford: a net of ReLUs has a kink anywhere. */
const EVEN = evenly(41, 4.5);

/** Places and weights for a mean under N(0, I) of so many numbers. */
const RULES = [[], [EVEN], [HERMITE, HERMITE]].map((rules) => {
  const weights = product(rules.map((rule) => rule.weights));
  return product(rules.map((rule) => rule.places)).map((place, k) => ({
    epsilon: Float32Array.from(place),
    weight: weights[k].reduce((whole, factor) => whole * factor, 1),
  }));
});
const MOST = RULES.length - 1; // latent numbers

/** @param {number} count @param {number} reach */
function evenly(count, reach) {
  const places = Array.from({ length: count }, (_, k) => reach * (2 * k / (count - 1) - 1));
  const densities = places.map((place) => Math.exp(-0.5 * place ** 2));
  return { places, weights: densities.map((density) => density / sum(densities)) };
}

/** All places with a number of each line. @param {number[][]} lines */
function product(lines) {
  let places = [/** @type {number[]} */ ([])];
  for (const line of lines) places = line.flatMap((value) => places.map((place) => [...place, value]));
  return places;
}

/**
 * log p(x) = log ∫ p(x | z) p(z) dz of each image, in nats, by the trapezoid rule: of densities as smooth as these it is
 * exact to a hundredth where a step of the grid is no wider than twice a posterior's deviation. The grid covers the prior
 * and each image's q. It yields after each z.
 * @param {ImageModel} model
 * @param {Float32Array[]} images
 * @returns {Generator<undefined, Float64Array>}
 * @throws {RangeError} for a model of more latent numbers
 */
export function* logEvidence(model, images) {
  const { latentDim, decoder: { pixels: { natural } } } = model;
  if (latentDim > MOST) throw new RangeError(`No grid is fine enough for ${latentDim} latent numbers.`);
  const count = images.length, pixels = model.pixelCount, nothing = new Float32Array(pixels);
  const weight = new Float32Array(pixels * count);
  images.forEach((x, n) => x.forEach((value, i) => weight[i * count + n] = value));
  const products = new Dense({ "images.weight": weight, "images.bias": new Float32Array(count) }, "images");
  // log p(x | z) is that of x = 0, a product with x, and what depends on x alone, which outputs of 0 show.
  const ofNothing = model.logLikelihood(nothing, nothing);
  const own = images.map((x) => model.logLikelihood(nothing, x) - ofNothing);
  const most = new Float64Array(count).fill(-Infinity), sums = new Float64Array(count);
  const axes = lines(images.map((x) => model.encode(x)), latentDim), prior = model.prior();
  const cell = axes.reduce((size, line) => size * (line[1] - line[0]), 1);
  for (const place of product(axes)) {
    const z = Float32Array.from(place);
    const outputs = model.outputs(z), dots = products.apply(outputs.map(natural));
    const at = model.logLikelihood(outputs, nothing) + logNormal(prior, z);
    for (let n = 0; n < count; n++) {
      const log = at + dots[n] + own[n];
      if (log > most[n]) {
        sums[n] = sums[n] * Math.exp(most[n] - log) + 1;
        most[n] = log;
      } else sums[n] += Math.exp(log - most[n]);
    }
    yield;
  }
  return most.map((log, n) => log + Math.log(sums[n] * cell));
}

/**
 * The grid's places along each axis.
 * @param {import("./densities.js").Normal[]} qs
 * @param {number} dimensions
 */
function lines(qs, dimensions) {
  const narrowest = Math.min(...qs.flatMap(({ scale }) => [...scale]));
  const apart = Math.max(FINEST[dimensions], Math.min(COARSEST[dimensions], WIDE * narrowest));
  return Array.from({ length: dimensions }, (_, axis) => {
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
  const log = sum(
    RULES[q.loc.length].map(({ epsilon, weight }) =>
      weight * model.logLikelihood(model.outputs(place(q, epsilon)), x)
    ),
  );
  return log - sum(klNormal(q, model.prior()));
}
