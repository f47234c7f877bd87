/**
 * What the engine's factor analysis says, for tests/test_parity_fa.py, which compares it with torch.
 *
 *     deno run parity_fa.js < QUESTION > ANSWER
 *
 * QUESTION is JSON: `question` names a function here, which is given the rest; arrays stand flat, row by row.
 */

import { pointsOf } from "../../aevb/web/engine/factor_analysis/data.js";
import { FactorAnalysis } from "../../aevb/web/engine/factor_analysis/model.js";
import {
  expectedMoment,
  Moments,
  sampledMoment,
  secondMoment,
} from "../../aevb/web/engine/factor_analysis/moments.js";
import { ascend } from "../../aevb/web/engine/factor_analysis/training.js";

/**
 * @typedef {{ W: number[], pre_sigma: number[], V: number[], cholesky: number[] }} Parameters
 * @typedef {import("../../aevb/web/engine/factor_analysis/model.js").Family} Family
 * @typedef {{ data_dim: number, latent_dim: number, family: Family, parameters: Parameters, x: number[] }} Given
 * @typedef {import("../../aevb/web/engine/schedule.js").Schedule} Schedule
 *
 * How to train, and the batches and the noise to do it with.
 * @typedef {object} Asked
 * @property {number} learningRate
 * @property {Schedule} schedule
 * @property {{ x: number[], noise: number[] }[]} batches
 */

/** @param {Given} given */
function begin({ data_dim, latent_dim, family, parameters, x }) {
  const model = new FactorAnalysis(data_dim, latent_dim, family);
  model.W.set(parameters.W);
  model.preSigma.set(parameters.pre_sigma);
  model.V.set(parameters.V);
  model.preTril.set(parameters.cholesky);
  return { model, points: pointsOf(Float64Array.from(x), data_dim) };
}

/** 0 … count-1. @param {number} count */
function inOrder(count) {
  return Uint32Array.from({ length: count }, (_, n) => n);
}

/** @param {FactorAnalysis} model */
function state({ W, sigma, V, scaleTril }) {
  return [...W, ...sigma, ...V, ...scaleTril];
}

const questions = {
  /** @param {Given & { noise: number[] }} given one ε for each x */
  measure(given) {
    const { model, points } = begin(given), D = model.dataDim, L = model.latentDim;
    const each = Array.from({ length: points.count }, (_, n) => points.values.slice(n * D, (n + 1) * D));
    const moments = each.map((x) => secondMoment(x, D));
    const sampled = each.map((x, n) => sampledMoment(x, [0], given.noise.slice(n * L, (n + 1) * L), D));
    const exact = model.exactPosterior();
    return {
      evidence: moments.map((moment) => model.evidence(moment)),
      gap: moments.map((moment) => model.gap(moment)),
      exact_elbo: moments.map((moment) => model.elbo(expectedMoment(moment, L))),
      elbo: sampled.map((moment) => model.elbo(moment)),
      V_exact: [...exact.V],
      covariance_exact: [...exact.covariance],
      ...gradient(model, sampledMoment(points.values, inOrder(points.count), given.noise, D)),
    };
  },

  /** @param {Given} given */
  steps(given) {
    const answers = [];
    for (const step of ["e_step", "m_step"]) {
      const { model, points } = begin(given);
      if (step === "e_step") model.eStep();
      else model.mStep(points.moment);
      answers.push([step, state(model)]);
    }
    return Object.fromEntries(answers);
  },

  /** @param {Given & { iterations: number }} given */
  em(given) {
    const { model, points } = begin(given), states = [], evidence = [];
    for (let iteration = 0; iteration < given.iterations; iteration++) {
      model.eStep();
      model.mStep(points.moment);
      states.push(...state(model));
      evidence.push(model.evidence(points.moment));
    }
    return { states, evidence };
  },

  /**
   * @param {Given & Asked} given
   */
  train(given) {
    const { model } = begin(given), states = [];
    const moments = given.batches.map(({ x, noise }) => {
      const points = pointsOf(Float64Array.from(x), model.dataDim);
      return sampledMoment(points.values, inOrder(points.count), noise, model.dataDim);
    });
    const batches = new Moments(() => /** @type {Float64Array<ArrayBuffer>} */ (moments.shift()));
    for (const _ of ascend(model, batches, { ...given, steps: moments.length })) states.push(...state(model));
    return { states };
  },
};

/**
 * @param {FactorAnalysis} model
 * @param {Float64Array<ArrayBuffer>} moment
 */
function gradient(model, moment) {
  const { theta, phi } = model.gradient(moment), W = model.W.length, V = model.V.length;
  return {
    "p_x_given_z.W": [...theta.subarray(0, W)],
    "p_x_given_z.pre_sigma": [...theta.subarray(W)],
    "q_z_given_x.V": [...phi.subarray(0, V)],
    "q_z_given_x.cholesky": [...phi.subarray(V)],
  };
}

const { question, ...given } = await new Response(Deno.stdin.readable).json();
console.log(JSON.stringify(questions[/** @type {keyof typeof questions} */ (question)](given)));
