import { cap } from "../arithmetic.js";
import { continuousBernoulli, standardNormal } from "../densities.js";
import { ImageModel } from "./base.js";

/** The variational auto-encoder (tutorial section 5.3); see aevb/models/vae.py. */
export class VAE extends ImageModel {
  pixels = continuousBernoulli;

  prior() {
    return standardNormal(this.latentDim);
  }

  /** @param {Float32Array} x */
  encode(x) {
    return this.normalNet("q_z_given_x").normal(x);
  }

  /** @param {Float32Array} z */
  logits(z) {
    return cap(this.logitsNet("p_x_given_z").logits(z));
  }
}
