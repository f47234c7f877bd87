/**
 * The ELBO of one point by one draw of z, its KL in closed form or sampled too (tutorial section 5.2.3 and its note 10), where
 * the posterior is known: of the true model of factor analysis. The oracle is the scene's cell in Python.
 */

import { Random } from "../random.js";
import { DATA_DIM, trueModel } from "./data.js";
import { cholesky, dot, identity, logDeterminant, multiply, solve } from "./matrices.js";
import { generate } from "./model.js";
import { secondMoment } from "./moments.js";

/**
 * @typedef {import("./matrices.js").Matrix} Matrix
 *
 * One estimator's draws: the ELBO in nats, and its gradient in q's mean, (L,) each.
 * @typedef {{ elbo: number[], gradient: number[][] }} Estimates
 */

const L = 2;

/** A point x of the true model, its posterior N(μ, C Cᵀ), and q(z) = N(m, s² C Cᵀ): as the posterior is but for m and s. */
export class SampledKl {
  /**
   * @param {number} seed of x and of the draws of z
   * @param {number} draws of z
   */
  constructor(seed, draws) {
    const model = trueModel(), random = new Random(seed);
    const x = generate(model, random.normal(L + DATA_DIM)), { V, covariance } = model.exactPosterior();
    /** The posterior's mean, (L,), and covariance, (L, L). */
    this.mean = multiply(V, x, DATA_DIM);
    this.covariance = covariance;
    this.scaleTril = cholesky(covariance);
    this.precision = solve(this.scaleTril, identity(L));
    /** log p(x) in nats. */
    this.evidence = model.evidence(secondMoment(x, DATA_DIM));
    this.noise = Array.from({ length: draws }, () => random.normal(L));
  }

  /**
   * The ELBO at q, exactly: the evidence less KL(q ‖ p(z | x)).
   * @param {number[]} m (L,)
   * @param {number} s
   */
  elbo(m, s) {
    const off = Float64Array.from(m, (value, k) => value - this.mean[k]);
    const distance = dot(off, multiply(this.precision, off, L));
    return this.evidence - 0.5 * (L * s ** 2 + distance - L - 2 * L * Math.log(s));
  }

  /**
   * The draws z = m + s C ε, and what each says of the ELBO.
   * @param {number[]} m (L,)
   * @param {number} s
   * @returns {{ z: number[][], closed: Estimates, sampled: Estimates }}
   */
  estimates(m, s) {
    const { mean, scaleTril: C, precision, evidence, noise } = this, ln2pi = Math.log(2 * Math.PI);
    const ofDeterminant = logDeterminant(C), spread = s ** 2 * dot(C, C);
    const kl = 0.5 * (dot(Float64Array.from(m), Float64Array.from(m)) + spread - L - ofDeterminant) -
      L * Math.log(s);
    /** @type {Estimates[]} */
    const [closed, sampled] = [0, 1].map(() => ({ elbo: [], gradient: [] }));
    const z = noise.map(([a, b]) => [m[0] + s * C[0] * a, m[1] + s * (C[2] * a + C[3] * b)]);
    z.forEach((place, i) => {
      const off = Float64Array.from(place, (value, k) => value - mean[k]), pull = multiply(precision, off, L);
      const squares = place[0] ** 2 + place[1] ** 2, epsilons = noise[i][0] ** 2 + noise[i][1] ** 2;
      // log p(x, z) = log p(x) + log p(z | x)
      const joint = evidence - 0.5 * (L * ln2pi + ofDeterminant + dot(off, pull));
      const logPrior = -0.5 * (L * ln2pi + squares);
      const logQ = -0.5 * (L * ln2pi + ofDeterminant + epsilons) - L * Math.log(s);
      closed.elbo.push(joint - logPrior - kl);
      sampled.elbo.push(joint - logQ);
      // Along z = m + s C ε: log q has none.
      sampled.gradient.push(Array.from(pull, (value) => -value));
      closed.gradient.push(Array.from(pull, (value, k) => -value + place[k] - m[k]));
    });
    return { z, closed, sampled };
  }
}

/**
 * How far one draw lies from their mean: the standard deviation, of vectors in their length.
 * @param {(number | number[])[]} values
 */
export function noiseOf(values) {
  const rows = values.map((value) => [value].flat());
  let sum = 0;
  for (const k of rows[0].keys()) {
    const mean = rows.reduce((total, row) => total + row[k], 0) / rows.length;
    for (const row of rows) sum += (row[k] - mean) ** 2;
  }
  return Math.sqrt(sum / rows.length);
}
