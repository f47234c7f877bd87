/**
 * The smallest factor analysis: x = θ z + ε of one number z and one x, whose noise ε has variance 1. So that q has
 * one number too, it is the exact posterior of weight φ in place of θ; at φ = θ the gap is 0.
 *
 * Exact, by the engine's model. All are means over x of mean square `SECOND_MOMENT`, in nats.
 */

import { FactorAnalysis } from "../../engine/factor_analysis/model.js";
import { expectedMoment } from "../../engine/factor_analysis/moments.js";

/** θ and φ. @typedef {[number, number]} Place */

const SECOND_MOMENT = 5; // the evidence is highest at θ² + 1 = 5
const SIGMA = Float64Array.of(1);
const ofX = Float64Array.of(SECOND_MOMENT), ofU = expectedMoment(ofX, 1);

/** The weight of the highest evidence. */
export const BEST = Math.sqrt(SECOND_MOMENT - 1);

const model = new FactorAnalysis(1, 1);

/** @param {Place} place */
function at([theta, phi]) {
  model.setTheta([phi], SIGMA);
  model.eStep();
  model.setTheta([theta], SIGMA);
  return model;
}

/** @param {Place} place */
export function elbo(place) {
  return at(place).elbo(ofU);
}

/** The evidence and the ELBO, and the gap between them. @param {Place} place */
export function worth(place) {
  const evidence = at(place).evidence(ofX), elbo = model.elbo(ofU);
  return { evidence, elbo, gap: Math.max(0, evidence - elbo) };
}

/** The φ of the highest ELBO: q is the posterior. @param {Place} place @returns {Place} */
export function eStep([theta]) {
  return [theta, theta];
}

/** The θ of the highest ELBO: W = E[x z] / E[z²], whatever σ is. @param {Place} place @returns {Place} */
export function mStep([theta, phi]) {
  at([theta, phi]).mStep(ofX);
  return [model.W[0], phi];
}

const RATE = 0.05, STEPS = 10, H = 1e-4;

/** The way of a few gradient steps in both. @param {Place} place @returns {Place[]} */
export function ascent([theta, phi]) {
  /** @type {Place[]} */
  const way = [];
  for (let step = 0; step < STEPS; step++) {
    const up = (elbo([theta + H, phi]) - elbo([theta - H, phi])) / (2 * H);
    const across = (elbo([theta, phi + H]) - elbo([theta, phi - H])) / (2 * H);
    theta += RATE * up;
    phi += RATE * across;
    way.push([theta, phi]);
  }
  return way;
}
