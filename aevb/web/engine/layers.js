/** The layers of the nets in aevb/models/nets.py and of torch.nn.LSTM, by the names of their weights. */

import { cap, MAX_LOGIT, relu, sigmoid, softplus, sum } from "./arithmetic.js";
import { bernoulli, continuousBernoulli, gaussian } from "./densities.js";

/**
 * Weights by name.
 * @typedef {Record<string, Float32Array>} Arrays
 *
 * What one layer of an LSTM remembers, (H,) each.
 * @typedef {{ h: Float32Array, c: Float32Array }} Cell
 */

const MIN_SCALE = 1e-6; // these two as in aevb/models/nets.py
const MIN_DATA_SCALE = Math.exp(-6);

/**
 * x ↦ W x + b. W is stored input by input, so that inputs of 0 (blank pixels, silent ReLUs) cost nothing,
 * and eight of the others are added at a time, which saves most of the traffic to y.
 */
export class Dense {
  /**
   * @param {Arrays} arrays with `name`.weight and, if `add` is not all that is used of it, `name`.bias
   * @param {string} name
   */
  constructor(arrays, name) {
    this.weight = get(arrays, `${name}.weight`);
    this.bias = arrays[`${name}.bias`];
  }

  /**
   * W x + b for inputs that stand one after the other, as if concatenated.
   * @param {...Float32Array} inputs
   */
  apply(...inputs) {
    const y = this.bias.slice();
    let first = 0;
    for (const x of inputs) {
      this.add(y, x, first);
      first += x.length;
    }
    return y;
  }

  /**
   * Wᵀ y: the gradient at the layer's inputs by that at its outputs.
   * @param {Float32Array} y
   */
  back(y) {
    const { weight } = this, outputs = y.length, x = new Float32Array(weight.length / outputs);
    for (let i = 0, k = 0; i < x.length; i++) {
      let a = 0, b = 0, c = 0, d = 0, o = 0; // four sums: none waits for what another adds
      for (; o + 3 < outputs; o += 4, k += 4) {
        a += weight[k] * y[o];
        b += weight[k + 1] * y[o + 1];
        c += weight[k + 2] * y[o + 2];
        d += weight[k + 3] * y[o + 3];
      }
      for (; o < outputs; o++) a += weight[k++] * y[o];
      x[i] = a + b + c + d;
    }
    return x;
  }

  /**
   * Adds to y what x brings, whose first number is the layer's input `first`.
   * @param {Float32Array} y
   * @param {Float32Array} x
   */
  add(y, x, first = 0) {
    const { weight } = this, outputs = y.length, rows = [], values = [];
    for (let i = 0; i < x.length; i++) {
      if (x[i] === 0) continue;
      rows.push((first + i) * outputs);
      values.push(x[i]);
    }
    while (rows.length % 8) {
      rows.push(0);
      values.push(0);
    }
    for (let k = 0; k < rows.length; k += 8) {
      const x0 = values[k], x1 = values[k + 1], x2 = values[k + 2], x3 = values[k + 3];
      const x4 = values[k + 4], x5 = values[k + 5], x6 = values[k + 6], x7 = values[k + 7];
      const a = rows[k], b = rows[k + 1], c = rows[k + 2], d = rows[k + 3];
      const e = rows[k + 4], f = rows[k + 5], g = rows[k + 6], h = rows[k + 7];
      for (let o = 0; o < outputs; o++) {
        y[o] += x0 * weight[a + o] + x1 * weight[b + o] + x2 * weight[c + o] + x3 * weight[d + o] +
          x4 * weight[e + o] + x5 * weight[f + o] + x6 * weight[g + o] + x7 * weight[h + o];
      }
    }
  }
}

/** Linear layers and ReLUs, then one linear layer for each named output. */
export class Net {
  /**
   * @param {Arrays} arrays
   * @param {string} name
   * @param {...string} outputs
   */
  constructor(arrays, name, ...outputs) {
    const pattern = new RegExp(`^${name}\\.hidden\\.(\\d+)\\.weight$`);
    const places = Object.keys(arrays).flatMap((key) => pattern.exec(key)?.[1] ?? []).map(Number);
    this.hidden = places.sort((a, b) => a - b).map((place) => new Dense(arrays, `${name}.hidden.${place}`));
    this.outputs = outputs.map((output) => new Dense(arrays, `${name}.${output}`));
  }

  /**
   * Each output at the inputs, which stand one after the other.
   * @param {...Float32Array} inputs
   */
  apply(...inputs) {
    return this.pass(...inputs).outputs;
  }

  /**
   * As `apply`, and what each hidden layer gives.
   * @param {...Float32Array} inputs
   */
  pass(...inputs) {
    /** @type {Float32Array[]} */
    const hidden = [];
    for (const layer of this.hidden) {
      hidden.push(relu(layer.apply(...(hidden.length ? hidden.slice(-1) : inputs))));
    }
    const last = hidden.length ? hidden.slice(-1) : inputs;
    return { hidden, outputs: this.outputs.map((output) => output.apply(...last)) };
  }

  /**
   * The gradient at the inputs, which stand one after the other, by that at the first output (backpropagation).
   * @param {Float32Array[]} hidden what the hidden layers gave
   * @param {Float32Array} slope
   */
  back(hidden, slope) {
    if (!hidden.length) return this.outputs[0].back(slope);
    return this.hidden[0].back(this.slopes(hidden, slope)[0]);
  }

  /**
   * The gradient at what each hidden layer gives, before its ReLU, by those at the outputs.
   * @param {Float32Array[]} hidden what the hidden layers gave
   * @param {...Float32Array} outputs
   */
  slopes(hidden, ...outputs) {
    const found = [...hidden];
    for (let k = hidden.length - 1; k >= 0; k--) {
      const above = k + 1 < hidden.length
        ? [this.hidden[k + 1].back(found[k + 1])]
        : outputs.map((slope, i) => this.outputs[i].back(slope));
      // In place: to make an array takes longer than to go through one as short as these.
      const [gradient, ...more] = above;
      for (const one of more) one.forEach((value, i) => gradient[i] += value);
      hidden[k].forEach((value, i) => gradient[i] = value > 0 ? gradient[i] : 0);
      found[k] = gradient;
    }
    return found;
  }

  /**
   * The only output of a net that has one.
   * @param {...Float32Array} inputs
   */
  logits(...inputs) {
    return this.apply(...inputs)[0];
  }

  /**
   * The normal distribution of a net whose outputs are "loc" and "pre_scale".
   * @param {...Float32Array} inputs
   * @returns {import("./densities.js").Normal}
   */
  normal(...inputs) {
    return normalOf(this.apply(...inputs));
  }
}

/**
 * The normal distribution that outputs "loc" and "pre_scale" stand for.
 * @param {Float32Array[]} outputs
 * @returns {import("./densities.js").Normal}
 */
export function normalOf([loc, preScale]) {
  return { loc, scale: preScale.map((value) => softplus(value) + MIN_SCALE) };
}

/**
 * What p(x | …) is a product of, and the output of its net that says it of each pixel, by the name of the likelihood.
 * A deviation that all pixels share, as a Gaussian's is, is a weight too.
 * @typedef {{ output: string, scaled: boolean, pixels: (scale: number) => import("./densities.js").Pixels }} Likelihood
 */

/** @type {Record<string, Likelihood>} */
export const LIKELIHOODS = {
  "bernoulli": { output: "logits", scaled: false, pixels: () => bernoulli },
  "continuous bernoulli": { output: "logits", scaled: false, pixels: () => continuousBernoulli },
  "gaussian": { output: "loc", scaled: true, pixels: gaussian },
};

/** The weight that stands for a deviation of the data. @param {number} scale */
export const preScaleOf = (scale) => Math.log(Math.expm1(scale - MIN_DATA_SCALE));

/** A net that says of each pixel how it is distributed. */
export class PixelNet {
  /**
   * @param {Arrays} arrays
   * @param {string} name
   * @param {string} likelihood
   * @throws {Error} for a likelihood that is not known here
   */
  constructor(arrays, name, likelihood) {
    if (!Object.hasOwn(LIKELIHOODS, likelihood)) throw new Error(`There is no likelihood ${likelihood}.`);
    this.likelihood = LIKELIHOODS[likelihood];
    this.net = new Net(arrays, name, this.likelihood.output);
    /** What the deviation is computed from; empty where there is none. */
    this.preScale = this.likelihood.scaled ? get(arrays, `${name}.pre_scale`) : new Float32Array();
    this.pixels = this.likelihood.pixels(this.scale);
  }

  /** The deviation that all pixels share; NaN where there is none. */
  get scale() {
    return softplus(this.preScale[0]) + MIN_DATA_SCALE;
  }

  /** Takes another deviation, whose weight has been changed in place. */
  rescale() {
    this.pixels = this.likelihood.pixels(this.scale);
  }

  /**
   * A number for each pixel, (D,), at the inputs, which stand one after the other.
   * @param {...Float32Array} inputs
   */
  outputs(...inputs) {
    const [outputs] = this.net.apply(...inputs);
    return this.pixels === continuousBernoulli ? cap(outputs) : outputs;
  }

  /**
   * log p(x | …) in nats at the inputs, its gradient at the net's output and at what a deviation is computed from, and what
   * each hidden layer gives.
   * @param {Float32Array} x
   * @param {...Float32Array} inputs
   */
  judge(x, ...inputs) {
    const { pixels } = this, { hidden, outputs: [raw] } = this.net.pass(...inputs);
    const capped = pixels === continuousBernoulli, outputs = capped ? cap(raw) : raw;
    const slope = outputs.map((output, i) =>
      pixels.slope(output, x[i]) * (capped ? 1 - (output / MAX_LOGIT) ** 2 : 1)
    );
    const { scale } = this;
    const ofPreScale = this.preScale.map((value) =>
      // of (x - mean)² / scale³ - 1 / scale for each pixel
      sigmoid(value) * sum(slope.map((one) => scale * one ** 2 - 1 / scale))
    );
    return { log: pixels.log(outputs, x), slope, ofPreScale, hidden };
  }

  /**
   * log p(x | …) in nats at the inputs, and its gradient there.
   * @param {Float32Array} x
   * @param {...Float32Array} inputs
   */
  pull(x, ...inputs) {
    const { log, slope, hidden } = this.judge(x, ...inputs);
    return { log, gradient: this.net.back(hidden, slope) };
  }
}

/** Layers of LSTM cells; a state is a cell for each layer. */
export class LSTM {
  /**
   * @param {Arrays} arrays
   * @param {string} name
   */
  constructor(arrays, name) {
    /** @type {Dense[]} */
    this.layers = [];
    do {
      const layer = new Dense(arrays, `${name}.l${this.layers.length}`);
      const more = get(arrays, `${name}.l${this.layers.length}.memory_bias`);
      layer.bias = layer.bias.map((value, i) => value + more[i]);
      this.layers.push(layer);
    } while (arrays[`${name}.l${this.layers.length}.weight`]);
    this.width = this.layers[0].bias.length / 4;
  }

  /** @returns {Cell[]} */
  start() {
    return this.layers.map(() => ({ h: new Float32Array(this.width), c: new Float32Array(this.width) }));
  }

  /**
   * The state after one more step; the state before is left as it is.
   * @param {Cell[]} state
   * @param {...Float32Array} inputs
   * @returns {Cell[]}
   */
  step(state, ...inputs) {
    const { width } = this;
    return this.layers.map((layer, k) => {
      const gates = layer.apply(...inputs, state[k].h),
        h = new Float32Array(width),
        c = new Float32Array(width);
      for (let i = 0; i < width; i++) {
        const keep = sigmoid(gates[width + i]) * state[k].c[i];
        c[i] = keep + sigmoid(gates[i]) * Math.tanh(gates[2 * width + i]);
        h[i] = sigmoid(gates[3 * width + i]) * Math.tanh(c[i]);
      }
      inputs = [h];
      return { h, c };
    });
  }
}

/**
 * @param {Arrays} arrays
 * @param {string} name
 * @throws {Error} where the weights have not arrived
 */
export function get(arrays, name) {
  if (!arrays[name]) throw new Error(`The weights ${name} are not there.`);
  return arrays[name];
}
