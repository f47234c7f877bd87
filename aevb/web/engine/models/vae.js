import { standardNormal } from "../densities.js";
import { ImageModel } from "./base.js";

/** The variational auto-encoder (tutorial section 5.3); see aevb/models/vae.py. */
export class VAE extends ImageModel {
  get decoder() {
    return this.pixelNet("p_x_given_z");
  }

  get encoder() {
    return this.normalNet("q_z_given_x");
  }

  prior() {
    return standardNormal(this.latentDim);
  }

  /** @param {Float32Array} x */
  encode(x) {
    return this.encoder.normal(x);
  }
}
