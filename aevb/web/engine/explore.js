/**
 * What can be asked of a trained image model, by the interface alone. The oracle is aevb/explore in Python.
 *
 * What takes longer than a part of a frame are generators, which pause often: whoever asks takes as many
 * steps as there is time for.
 */

import { logSumExp, oneHot, sum } from "./arithmetic.js";
import { draw, klNormal, logNormal, place, quantileCategorical, standardise } from "./densities.js";

/**
 * @typedef {import("./arithmetic.js").Choice} Choice
 * @typedef {import("./densities.js").Normal} Normal
 * @typedef {import("./models/base.js").ImageModel} ImageModel
 * @typedef {import("./random.js").Noise} Noise
 *
 * A part of a posterior: its choice, the probability of that given x, and q(z | x, y).
 * @typedef {{ y: Choice, weight: number, q: Normal }} Component
 *
 * The signed terms of an ELBO in nats, named as in Python, and their sum. Only a model that infers y has
 * `minus_kl_y`.
 * @typedef {{ reconstruction: number, minus_kl_z: number, minus_kl_y?: number, elbo: number }} Terms
 */

// ---- One image ----

/**
 * The posterior of an image as a mixture of normals: one for a model that observes its y or has none, one for
 * each y for a model that infers it, under q(y | x).
 * @param {ImageModel} model
 * @param {Float32Array} x
 * @param {Choice} [y] where it is observed
 * @returns {Component[]}
 */
export function components(model, x, y = null) {
  const weights = model.weigh(x);
  if (!weights) return [{ y, weight: 1, q: model.encode(x, y) }];
  return Array.from(weights, (weight, y) => ({ y, weight, q: model.encode(x, y) }));
}

/**
 * The component of the largest weight.
 * @param {Component[]} mixture
 */
export function mostProbable(mixture) {
  return mixture.reduce((best, each) => (each.weight > best.weight ? each : best));
}

/**
 * The one-sample estimate of the ELBO (tutorial sections 5.3 to 5.5): one z for each component, in their
 * order, and the rest in closed form.
 * @param {ImageModel} model
 * @param {Float32Array} x
 * @param {Choice} y
 * @param {Noise} random
 * @param {Component[]} [mixture] spares encoding x again
 * @returns {Terms}
 */
export function terms(model, x, y, random, mixture = components(model, x, y)) {
  let reconstruction = 0, minusKl = 0;
  for (const { y, weight, q } of mixture) {
    const z = draw(q, random);
    if (weight < NEGLIGIBLE) continue;
    reconstruction += weight * model.logLikelihood(model.outputs(z, y), x);
    minusKl -= weight * sum(klNormal(q, model.prior(y)));
  }
  const found = { reconstruction, minus_kl_z: minusKl };
  if (mixture.length === 1) return { ...found, elbo: reconstruction + minusKl };
  const minusKlY = sum(mixture.map(({ weight }) => -weight * (weight && Math.log(weight * mixture.length))));
  return { ...found, minus_kl_y: minusKlY, elbo: reconstruction + minusKl + minusKlY };
}

const NEGLIGIBLE = 1e-9; // of a component's weight: some thousand nats times it are below any digit shown

/**
 * The importance bound log (1/K) Σ p(x, z) / q(z | x) of K samples, in nats (Burda, Grosse and Salakhutdinov,
 * 2016): on log p(x), or on log p(x | y) where y is observed. Yields the bound of the samples so far.
 * @param {ImageModel} model
 * @param {Float32Array} x
 * @param {Choice} y
 * @param {number} samples K
 * @param {Noise} random
 * @returns {Generator<number, number, void>}
 */
export function* bound(model, x, y, samples, random) {
  const mixture = components(model, x, y), weights = mixture.map(({ weight }) => weight);
  let total = -Infinity;
  for (let k = 1; k <= samples; k++) {
    yield total - Math.log(k - 1 || 1);
    // All y are as probable a priori.
    const chosen = mixture.length > 1 ? quantileCategorical(weights, random.uniform()) : 0;
    const { y, weight, q } = mixture[chosen], choosing = -Math.log(mixture.length * weight);
    total = logSumExp([total, choosing + logWeight(model, x, y, q, random.normal(model.latentDim))]);
  }
  return total - Math.log(samples);
}

/**
 * log p(x, z | y) - log q(z) in nats at z = μ + σ ε.
 * @param {ImageModel} model
 * @param {Float32Array} x
 * @param {Choice} y
 * @param {Normal} q
 * @param {Float32Array} epsilon
 */
export function logWeight(model, x, y, q, epsilon) {
  const z = place(q, epsilon);
  return model.logLikelihood(model.outputs(z, y), x) + logNormal(model.prior(y), z) - logNormal(q, z);
}

/**
 * A normal that is `p` in some dimensions and `q` in the others.
 * @param {Normal} q
 * @param {Normal} p
 * @param {number[]} dimensions those of p, from 0
 * @returns {Normal}
 */
export function blend(q, p, dimensions) {
  const loc = q.loc.slice(), scale = q.scale.slice();
  for (const l of dimensions) {
    loc[l] = p.loc[l];
    scale[l] = p.scale[l];
  }
  return { loc, scale };
}

/**
 * The importance bound on log p(x | y) in nats for each choice y, (C,), all with the same noise. By Bayes' rule
 * their softmax is p(y | x) under p(y) = 1/C, as far as they are tight.
 * @param {ImageModel} model
 * @param {Float32Array} x
 * @param {number} samples
 * @param {Noise} random
 * @returns {Generator<void, Float32Array, void>}
 */
export function* labelBounds(model, x, samples, random) {
  const epsilons = Array.from({ length: samples }, () => random.normal(model.latentDim));
  const bounds = new Float32Array(model.choices);
  for (let y = 0; y < model.choices; y++) {
    const q = model.encode(x, y), weights = [];
    for (const epsilon of epsilons) {
      yield;
      weights.push(logWeight(model, x, y, q, epsilon));
    }
    bounds[y] = logSumExp(weights) - Math.log(samples);
  }
  return bounds;
}

// ---- Styles ----

/**
 * Where z lies in the prior of its choice, ε: N(0, I) a priori under every choice, so that it means the same.
 * @param {ImageModel} model
 * @param {Float32Array} z
 * @param {Choice} [y]
 */
export function style(model, z, y = null) {
  return standardise(model.prior(y), z);
}

/**
 * The pixels' probabilities of a style ε under a choice, (D,).
 * @param {ImageModel} model
 * @param {Float32Array} epsilon
 * @param {Choice} [y]
 */
export function write(model, epsilon, y = null) {
  return model.decode(place(model.prior(y), epsilon), y);
}

// ---- Ways through the latent space ----

/**
 * From one z to another, both included, along an arc whose length changes evenly: under N(0, I) a straight
 * line's middle lies where the decoder has hardly been trained. Straight where the arc is not defined (an end
 * at 0, or exact opposites).
 * @param {Float32Array} start
 * @param {Float32Array} end
 * @param {number} steps at least 2
 * @returns {Float32Array[]}
 */
export function walk(start, end, steps) {
  const dot = (/** @type {Float32Array} */ a, /** @type {Float32Array} */ b) =>
    sum(a.map((v, i) => v * b[i]));
  const from = Math.sqrt(dot(start, start)), to = Math.sqrt(dot(end, end));
  const cosine = dot(start, end) / (from * to); // NaN where an end is 0
  const angle = Math.abs(cosine) < 0.9999 ? Math.acos(cosine) : 0;
  return Array.from({ length: steps }, (_, step) => {
    const t = step / (steps - 1);
    const length = (1 - t) * from + t * to;
    const a = angle ? Math.sin((1 - t) * angle) / Math.sin(angle) * length / from : 1 - t;
    const b = angle ? Math.sin(t * angle) / Math.sin(angle) * length / to : t;
    return start.map((value, i) => a * value + b * end[i]);
  });
}

/**
 * Copies of z with one dimension, from 0, set to each of `values`.
 * @param {Float32Array} z
 * @param {number} dimension
 * @param {Iterable<number>} values
 */
export function along(z, dimension, values) {
  return Array.from(values, (value) => {
    const copy = z.slice();
    copy[dimension] = value;
    return copy;
  });
}

/**
 * Weights of the labels on the straight way from one to another, both included, (C,) each. They lie on the
 * simplex; only its corners are labels that a model has seen.
 * @param {number} start
 * @param {number} end
 * @param {number} steps at least 2
 * @param {number} classes C
 */
export function betweenLabels(start, end, steps, classes) {
  const from = oneHot(start, classes), to = oneHot(end, classes);
  return Array.from({ length: steps }, (_, step) => {
    const t = step / (steps - 1);
    return from.map((value, y) => (1 - t) * value + t * to[y]);
  });
}

/**
 * The numbers of the `count` images whose latent means, (N · L,), are nearest to z: the nearest first, and of
 * the `wanted` ones alone.
 * @param {Float32Array} means
 * @param {Float32Array} z
 * @param {number} count
 * @param {(image: number) => boolean} [wanted]
 */
export function nearest(means, z, count, wanted = () => true) {
  /** @type {{ image: number, distance: number }[]} */
  const found = [], latentDim = z.length; // by squared distance
  for (let image = 0; image < means.length / latentDim; image++) {
    if (!wanted(image)) continue;
    let distance = 0;
    for (let l = 0, k = image * latentDim; l < latentDim; l++, k++) distance += (means[k] - z[l]) ** 2;
    if (found.length === count && distance >= found[count - 1].distance) continue;
    let at = found.length < count ? found.length : count - 1;
    for (; at > 0 && found[at - 1].distance > distance; at--) found[at] = found[at - 1];
    found[at] = { image, distance };
  }
  return found.map(({ image }) => image);
}
