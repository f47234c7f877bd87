/**
 * A VAE that learns: stochastic gradient ascent on the ELBO by reparametrised one-sample estimates (tutorial sections 5.1
 * to 5.3), with gradients by backpropagation through both nets. The oracle is torch's autograd, in
 * tests/test_parity_training.py.
 */

import { Adam } from "./adam.js";
import { sigmoid, sum } from "./arithmetic.js";
import { klNormal, place } from "./densities.js";
import { LIKELIHOODS, normalOf, preScaleOf } from "./layers.js";
import { VAE } from "./models/vae.js";

/**
 * @typedef {import("./schedule.js").Phase} Phase
 * @typedef {import("./layers.js").Dense} Dense
 * @typedef {import("./layers.js").Net} Net
 * @typedef {import("./random.js").Noise} Noise
 *
 * The ELBO in nats, a mean over images: log p(x | z), and the KL that is taken from it.
 * @typedef {{ log: number, kl: number }} Terms
 *
 * A VAE's sizes, its likelihood, and how an image is presented to it, by their names in a checkpoint; and a Gaussian's
 * deviation at first.
 * @typedef {{ dataDim: number, latentDim: number, hiddenDim: number, likelihood: string, observation: string,
 *   scale?: number }} Sizes
 */

const BLOCK = 8; // examples that a gradient takes in at once: memory is read and written an eighth as often

/**
 * A VAE that has learnt nothing, with one hidden layer in each net. Its weights are drawn as torch draws those of linear
 * layers.
 * @param {Sizes} sizes
 * @param {Noise} random
 */
export function untrained({ dataDim, latentDim, hiddenDim, likelihood, observation, scale = 1 }, random) {
  /** @type {import("./layers.js").Arrays} */
  const arrays = {};
  const linear = (
    /** @type {string} */ name,
    /** @type {number} */ inputs,
    /** @type {number} */ outputs,
  ) => {
    const most = 1 / Math.sqrt(inputs), draw = () => most * (2 * random.uniform() - 1);
    arrays[`${name}.weight`] = new Float32Array(inputs * outputs).map(draw);
    arrays[`${name}.bias`] = new Float32Array(outputs).map(draw);
  };
  linear("q_z_given_x.hidden.0", dataDim, hiddenDim);
  linear("q_z_given_x.loc", hiddenDim, latentDim);
  linear("q_z_given_x.pre_scale", hiddenDim, latentDim);
  linear("p_x_given_z.hidden.0", latentDim, hiddenDim);
  const { output, scaled } = LIKELIHOODS[likelihood];
  linear(`p_x_given_z.${output}`, hiddenDim, dataDim);
  if (scaled) arrays["p_x_given_z.pre_scale"] = Float32Array.of(preScaleOf(scale));
  const config = { data_dim: dataDim, latent_dim: latentDim, hidden_dims: [hiddenDim], likelihood };
  const model = new VAE({ model: "vae", config, observation, arrays: [] });
  model.learn(arrays);
  return model;
}

/** Weights that are changed in place, the gradient in them, and their Adam. */
class Weights {
  /** @param {Float32Array} values @param {number} learningRate */
  constructor(values, learningRate) {
    this.gradient = new Float32Array(values.length);
    this.adam = new Adam(values, learningRate);
  }

  /** A step of Adam along the gradient. */
  ascend() {
    this.adam.ascend(this.gradient);
  }

  clear() {
    this.gradient.fill(0);
  }
}

/** A linear layer's weights and bias. */
class Learnt {
  /** @param {Dense} layer @param {number} learningRate */
  constructor(layer, learningRate) {
    this.of = [layer.weight, layer.bias].map((values) => new Weights(values, learningRate));
    /** @type {Float32Array[]} */
    this.inputs = [];
    /** @type {Float32Array[]} */
    this.slopes = [];
  }

  /**
   * Adds one example's gradient.
   * @param {Float32Array} input what the layer was given
   * @param {Float32Array} slope the gradient at what it gave
   */
  add(input, slope) {
    this.inputs.push(input);
    this.slopes.push(slope);
    if (this.inputs.length === BLOCK) this.gather();
  }

  /** Adds what came since into the gradient. */
  gather() {
    const { inputs, slopes, of: [{ gradient: ofWeight }, { gradient: ofBias }] } = this;
    if (!inputs.length) return;
    const nothing = new Float32Array(slopes[0].length);
    while (inputs.length < BLOCK) {
      inputs.push(new Float32Array(inputs[0].length));
      slopes.push(nothing);
    }
    const [a, b, c, d, e, f, g, h] = slopes, [x0, x1, x2, x3, x4, x5, x6, x7] = inputs, outputs = a.length;
    for (let o = 0; o < outputs; o++) ofBias[o] += a[o] + b[o] + c[o] + d[o] + e[o] + f[o] + g[o] + h[o];
    for (let i = 0, k = 0; i < x0.length; i++) {
      const p = x0[i], q = x1[i], r = x2[i], s = x3[i], t = x4[i], u = x5[i], v = x6[i], w = x7[i];
      for (let o = 0; o < outputs; o++, k++) {
        ofWeight[k] += p * a[o] + q * b[o] + r * c[o] + s * d[o] + t * e[o] + u * f[o] + v * g[o] + w * h[o];
      }
    }
    inputs.length = slopes.length = 0;
  }

  ascend() {
    this.gather();
    for (const weights of this.of) weights.ascend();
  }

  clear() {
    this.inputs.length = this.slopes.length = 0;
    for (const weights of this.of) weights.clear();
  }
}

/** What learns of a net: its layers, in order. */
class LearntNet {
  /** @param {Net} net @param {number} learningRate */
  constructor(net, learningRate) {
    this.hidden = net.hidden.map((layer) => new Learnt(layer, learningRate));
    this.outputs = net.outputs.map((layer) => new Learnt(layer, learningRate));
  }

  /**
   * Adds one example's gradient.
   * @param {Float32Array} input
   * @param {Float32Array[]} hidden what the hidden layers gave
   * @param {Float32Array[]} slopes at them, before their ReLUs
   * @param {Float32Array[]} atOutputs
   */
  add(input, hidden, slopes, atOutputs) {
    const given = [input, ...hidden];
    this.hidden.forEach((layer, k) => layer.add(given[k], slopes[k]));
    this.outputs.forEach((layer, k) => layer.add(given[hidden.length], atOutputs[k]));
  }

  ascend() {
    for (const layer of [...this.hidden, ...this.outputs]) layer.ascend();
  }

  clear() {
    for (const layer of [...this.hidden, ...this.outputs]) layer.clear();
  }
}

/** Raises the ELBO of a VAE, whose weights are changed in place. */
export class Learner {
  /** @param {VAE} model @param {number} learningRate of Adam */
  constructor(model, learningRate) {
    this.model = model;
    this.phi = new LearntNet(model.encoder, learningRate);
    this.theta = new LearntNet(model.decoder.net, learningRate);
    this.preScale = new Weights(model.decoder.preScale, learningRate);
  }

  /**
   * One step: in φ (E), in θ (M), or in both. It yields after each image; one that is left half done has changed nothing.
   * @param {Float32Array[]} batch
   * @param {Float32Array[]} noise an ε for each
   * @param {Phase} phase
   * @returns {Generator<undefined, Terms>} of the batch before the step
   */
  *step(batch, noise, phase) {
    const total = { log: 0, kl: 0 };
    for (const each of [this.phi, this.theta, this.preScale]) each.clear();
    for (const [n, x] of batch.entries()) {
      const { log, kl } = this.add(x, noise[n], phase, 1 / batch.length);
      total.log += log / batch.length;
      total.kl += kl / batch.length;
      yield;
    }
    if (phase !== "M") this.phi.ascend();
    if (phase !== "E") {
      this.theta.ascend();
      this.preScale.ascend();
      this.model.decoder.rescale();
    }
    return total;
  }

  /**
   * Adds the gradient of one image's estimate, weighed.
   * @param {Float32Array} x
   * @param {Float32Array} epsilon
   * @param {Phase} phase
   * @param {number} weight
   * @returns {Terms}
   */
  add(x, epsilon, phase, weight) {
    const { model: { encoder, decoder }, phi, theta } = this, p = this.model.prior();
    const { hidden, outputs } = encoder.pass(x), q = normalOf(outputs), z = place(q, epsilon);
    const judged = decoder.judge(x, z), slope = judged.slope.map((value) => weight * value);
    const below = decoder.net.slopes(judged.hidden, slope);
    if (phase !== "E") {
      theta.add(z, judged.hidden, below, [slope]);
      judged.ofPreScale.forEach((value, k) => this.preScale.gradient[k] += weight * value);
    }
    if (phase !== "M") {
      const ofZ = decoder.net.hidden[0].back(below[0]);
      const ofLoc = ofZ.map((value, l) => value - weight * (q.loc[l] - p.loc[l]) / p.scale[l] ** 2);
      const ofScale = ofZ.map((value, l) =>
        value * epsilon[l] + weight * (1 / q.scale[l] - q.scale[l] / p.scale[l] ** 2)
      );
      const ofPreScale = ofScale.map((value, l) => value * sigmoid(outputs[1][l]));
      phi.add(x, hidden, encoder.slopes(hidden, ofLoc, ofPreScale), [ofLoc, ofPreScale]);
    }
    return { log: judged.log, kl: sum(klNormal(q, p)) };
  }
}
