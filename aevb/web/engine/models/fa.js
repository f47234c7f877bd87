import { softplus } from "../arithmetic.js";
import { standardNormal } from "../densities.js";
import { get } from "../layers.js";
import { Model } from "./base.js";

/** Factor analysis (tutorial section 5.2), as far as it generates; see aevb/models/factor_analysis.py. */
export class FactorAnalysis extends Model {
  prior() {
    return standardNormal(this.latentDim);
  }

  /**
   * p(x | z) = N(W z + μ, diag σ²).
   * @param {Float32Array} z
   * @returns {import("./base.js").Normal}
   */
  decode(z) {
    const W = get(this.arrays, "p_x_given_z.W"), L = this.latentDim;
    const mu = this.arrays["p_x_given_z.mu"] ?? new Float32Array(this.dataDim); // of centred data it is left out
    const loc = mu.map((mean, d) => z.reduce((sum, value, l) => sum + W[d * L + l] * value, mean));
    return { loc, scale: get(this.arrays, "p_x_given_z.pre_sigma").map(softplus) };
  }
}
