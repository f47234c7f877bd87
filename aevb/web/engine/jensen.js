/** Jensen's inequality and equation 2 (tutorial section 2) where z has a few values, so that every mean is a sum. */

import { sum } from "./arithmetic.js";

/**
 * What a q says of the evidence, in nats; `ratios` are p(x, z) / q(z), whose mean under q is p(x).
 * @typedef {{ ratios: number[], evidence: number, elbo: number, gap: number }} Bounded
 */

/**
 * @param {number[]} joint p(x, z) for each z, above 0
 * @param {number[]} q q(z) for each z, above 0, of sum 1
 * @returns {Bounded}
 */
export function bounded(joint, q) {
  const ratios = joint.map((p, k) => p / q[k]), evidence = Math.log(sum(joint));
  const elbo = sum(q.map((share, k) => share * Math.log(ratios[k])));
  return { ratios, evidence, elbo, gap: sum(q.map((share, k) => share * (evidence - Math.log(ratios[k])))) };
}
