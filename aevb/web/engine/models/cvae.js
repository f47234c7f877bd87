import { oneHot } from "../arithmetic.js";
import { standardNormal } from "../densities.js";
import { ImageModel } from "./base.js";

/**
 * The conditional VAE (tutorial section 5.4); see aevb/models/cvae.py.
 * @typedef {import("./base.js").Choice} Choice
 */
export class CVAE extends ImageModel {
  /** @param {import("./base.js").Header} header */
  constructor(header) {
    super(header);
    this.choices = header.config.classes;
    this.labelled = true;
    /** @type {string} which densities of the generative model see the label: "x and z", "x" or "z" */
    this.conditioned = header.config.conditioned;
  }

  get decoder() {
    return this.pixelNet("p_x_given_zy");
  }

  /** @param {Choice} y */
  prior(y) {
    if (!this.conditioned.includes("z")) return standardNormal(this.latentDim);
    return this.normalNet("p_z_given_y").normal(oneHot(y, this.choices));
  }

  /**
   * @param {Float32Array} x
   * @param {Choice} y
   */
  encode(x, y) {
    return this.normalNet("q_z_given_xy").normal(x, oneHot(y, this.choices));
  }

  /**
   * @param {Float32Array} z
   * @param {Choice} y
   */
  inputs(z, y) {
    return this.conditioned.includes("x") ? [z, oneHot(y, this.choices)] : [z];
  }
}
