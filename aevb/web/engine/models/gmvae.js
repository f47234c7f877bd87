import { oneHot, relu, softmax } from "../arithmetic.js";
import { Dense } from "../layers.js";
import { ImageModel } from "./base.js";

/**
 * The Gaussian mixture VAE (tutorial section 5.5); see aevb/models/gmvae.py.
 * @typedef {import("./base.js").Choice} Choice
 */
export class GMVAE extends ImageModel {
  /** @param {import("./base.js").Header} header */
  constructor(header) {
    super(header);
    this.choices = header.config.clusters;
  }

  get decoder() {
    return this.pixelNet("p_x_given_z");
  }

  /** @param {Float32Array} x */
  weigh(x) {
    return softmax(this.logitsNet("q_y_given_x").logits(x));
  }

  /** @param {Choice} y */
  prior(y) {
    return this.normalNet("p_z_given_y").normal(oneHot(y, this.choices));
  }

  /**
   * @param {Float32Array} x
   * @param {Choice} y
   */
  encode(x, y) {
    const dense = (/** @type {string} */ name) => this.part(name, (arrays) => new Dense(arrays, name));
    const h = dense("q_z_given_xy.from_x").apply(x);
    dense("q_z_given_xy.from_y").add(h, oneHot(y, this.choices));
    return this.normalNet("q_z_given_xy.rest").normal(relu(h));
  }
}
