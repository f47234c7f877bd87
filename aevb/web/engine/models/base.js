/** What the models share: one interface, by which everything else asks them. */

import { argmax } from "../arithmetic.js";
import { resampled } from "../ink.js";
import { Net, PixelNet } from "../layers.js";

/**
 * @typedef {import("../arithmetic.js").Choice} Choice
 * @typedef {import("../densities.js").Normal} Normal
 * @typedef {import("../layers.js").Arrays} Arrays
 * @typedef {import("../random.js").Noise} Noise
 * @typedef {import("../weights.js").Header} Header
 */

// How an image is presented to a model, from grey levels in [0, 1]; see `PRESENTATIONS` in aevb/data/.
const level = (/** @type {number} */ value) => Math.round(255 * value);
const grey = (/** @type {number} */ value) => (level(value) + 0.5) / 256; // the mean of what dequantises
const binary = (/** @type {number} */ value) => (level(value) >= 128 ? 1 : 0);

/** @type {Record<string, (value: number) => number>} */
const PRESENTATIONS = { continuous: grey, binary, rows: binary, vector: (value) => value };

/**
 * Grey levels made continuous, (k + u) / 256 with u uniform (tutorial section 5.3.1): what a model of densities is trained
 * on. `observe` takes its mean.
 * @param {Float32Array} pixels in [0, 1], whole levels over 255
 * @param {Noise} random
 */
export function dequantised(pixels, random) {
  return pixels.map((value) => (level(value) + random.uniform()) / 256);
}

/** A model by its header, whose weights arrive later: those of p, and apart from them those of q. */
export class Model {
  /** @param {Header} header */
  constructor({ model, config, observation }) {
    this.name = model;
    this.config = config;
    /** @type {number} L */
    this.latentDim = config.latent_dim;
    /** @type {number} D */
    this.dataDim = config.data_dim;
    /** How many labels or clusters there are; 0 for a model without. */
    this.choices = 0;
    /** Whether the choice y is observed with x, as a label is; a cluster is not. */
    this.labelled = false;
    this.present = PRESENTATIONS[observation];
    /** @type {Arrays} */
    this.arrays = {};
    /** @type {Map<string, any>} */
    this.built = new Map();
  }

  /**
   * Adds weights by their names.
   * @param {Arrays} arrays
   */
  learn(arrays) {
    Object.assign(this.arrays, arrays);
    this.built.clear();
  }

  /** How many pixels an image has. */
  get pixelCount() {
    return this.dataDim;
  }

  /**
   * Grey levels in [0, 1], a number for each pixel, as the model sees them; of an image of another size, resampled.
   * @param {Float32Array} pixels
   */
  observe(pixels) {
    return resampled(pixels, this.pixelCount).map((value) => this.present(value));
  }

  /**
   * What the model makes of an image, the pixels' probabilities or means, at the mean of q(z | x). In steps: that of one
   * with many rows takes longer than a frame.
   * @abstract
   * @param {Float32Array} _x
   * @param {Choice} [_y] where it is observed
   * @returns {Generator<unknown, Float32Array, void>}
   */
  // deno-lint-ignore require-yield
  *reconstruct(_x, _y) {
    throw new Error("not implemented");
  }

  /**
   * What `build` makes of the weights `name`, when it is first asked for.
   * @template T
   * @param {string} name
   * @param {(arrays: Arrays, name: string) => T} build
   * @returns {T}
   * @throws {Error} where its weights have not arrived
   */
  part(name, build) {
    if (!this.built.has(name)) this.built.set(name, build(this.arrays, name));
    return this.built.get(name);
  }

  /**
   * A net with outputs "loc" and "pre_scale".
   * @param {string} name
   */
  normalNet(name) {
    return this.part(name, (arrays) => new Net(arrays, name, "loc", "pre_scale"));
  }

  /**
   * A net with the output "logits".
   * @param {string} name
   */
  logitsNet(name) {
    return this.part(name, (arrays) => new Net(arrays, name, "logits"));
  }

  /**
   * A net of p(x | …), by the likelihood.
   * @param {string} name
   */
  pixelNet(name) {
    return this.part(name, (arrays) => new PixelNet(arrays, name, this.config.likelihood));
  }
}

/**
 * A model p(x, z) of images x of D pixels, for a model with choices p(x, z | y) or p(x, z, y). A y that a
 * method has no use for is passed over.
 * @abstract
 */
export class ImageModel extends Model {
  /**
   * The generative net.
   * @abstract
   * @returns {PixelNet}
   */
  get decoder() {
    throw new Error("not implemented");
  }

  /**
   * p(z), or p(z | y).
   * @abstract
   * @param {Choice} [_y]
   * @returns {Normal}
   */
  prior(_y) {
    throw new Error("not implemented");
  }

  /**
   * q(z | x), or q(z | x, y).
   * @abstract
   * @param {Float32Array} _x
   * @param {Choice} [_y]
   * @returns {Normal}
   */
  encode(_x, _y) {
    throw new Error("not implemented");
  }

  /**
   * What the generative net is given, one after the other; z first.
   * @param {Float32Array} z
   * @param {Choice} [_y]
   */
  inputs(z, _y) {
    return [z];
  }

  /**
   * What says of each pixel how it is distributed, (D,): its logit, or its mean.
   * @param {Float32Array} z
   * @param {Choice} [y]
   * @returns {Float32Array}
   */
  outputs(z, y) {
    return this.decoder.outputs(...this.inputs(z, y));
  }

  /**
   * log p(x | z) in nats, and its gradient in z, (L,).
   * @param {Float32Array} x
   * @param {Float32Array} z
   * @param {Choice} [y]
   */
  pull(x, z, y) {
    const { log, gradient } = this.decoder.pull(x, ...this.inputs(z, y));
    return { log, gradient: gradient.subarray(0, z.length) };
  }

  /**
   * q(y | x), (C,), of a model that infers its y; null of others.
   * @param {Float32Array} _x
   * @returns {Float32Array | null}
   */
  weigh(_x) {
    return null;
  }

  /**
   * The pixels' probabilities, (D,): λ of continuous Bernoullis; of Gaussians their means.
   * @param {Float32Array} z
   * @param {Choice} [y]
   */
  decode(z, y) {
    const { pixels } = this.decoder;
    return this.outputs(z, y).map((output) => pixels.shown(output));
  }

  /**
   * @param {Float32Array} x
   * @param {Choice} [y]
   */
  // deno-lint-ignore require-yield
  *reconstruct(x, y = null) {
    const weights = this.weigh(x), chosen = weights ? argmax(weights) : y;
    return this.decode(this.encode(x, chosen).loc, chosen);
  }

  /**
   * log p(x | z) in nats by the outputs that z has.
   * @param {Float32Array} outputs
   * @param {Float32Array} x
   */
  logLikelihood(outputs, x) {
    return this.decoder.pixels.log(outputs, x);
  }

  /**
   * One draw of x from p(x | z), or p(x | z, y).
   * @param {Float32Array} z
   * @param {Choice} y
   * @param {Noise} random
   */
  sample(z, y, random) {
    const { pixels } = this.decoder;
    return this.outputs(z, y).map((output) => pixels.draw(output, random.uniform()));
  }
}
