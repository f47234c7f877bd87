import { softplus } from "../arithmetic.js";
import { standardNormal } from "../densities.js";
import { get } from "../layers.js";
import { Model } from "./base.js";

/** Factor analysis (tutorial section 5.2); see aevb/models/factor_analysis.py. */
export class FactorAnalysis extends Model {
  prior() {
    return standardNormal(this.latentDim);
  }

  /** μ, (D,): 0 of centred data, which leave it out. */
  get center() {
    return this.arrays["p_x_given_z.mu"] ?? new Float32Array(this.dataDim);
  }

  /**
   * p(x | z) = N(W z + μ, diag σ²).
   * @param {Float32Array} z
   * @returns {import("./base.js").Normal}
   */
  decode(z) {
    const W = get(this.arrays, "p_x_given_z.W"), L = this.latentDim;
    const loc = this.center.map((mean, d) => z.reduce((sum, value, l) => sum + W[d * L + l] * value, mean));
    return { loc, scale: get(this.arrays, "p_x_given_z.pre_sigma").map(softplus) };
  }

  /**
   * The mean of q(z | x), V (x - μ).
   * @param {Float32Array} x
   */
  infer(x) {
    const V = get(this.arrays, "q_z_given_x.V"), D = this.dataDim, { center } = this;
    const mean = (/** @type {number} */ _, /** @type {number} */ l) =>
      x.reduce((sum, value, d) => sum + V[l * D + d] * (value - center[d]), 0);
    return Float32Array.from({ length: this.latentDim }, mean);
  }

  /** @param {Float32Array} x */
  // deno-lint-ignore require-yield
  *reconstruct(x) {
    return this.decode(this.infer(x)).loc;
  }
}
