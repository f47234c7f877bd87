/** Models of a few numbers with random weights, and ways to compare numbers. */

import assert from "node:assert/strict";
import { build } from "../../aevb/web/engine/models/index.js";
import { Random } from "../../aevb/web/engine/random.js";

/** @typedef {import("../../aevb/web/engine/layers.js").Arrays} Arrays */

const OBSERVATIONS = { vae: "continuous", cvae: "continuous", gmvae: "binary", vrnn: "rows", fa: "vector" };
const LIKELIHOODS = {
  vae: "continuous bernoulli",
  cvae: "continuous bernoulli",
  gmvae: "bernoulli",
  vrnn: "bernoulli",
  fa: undefined,
};

/**
 * Its arrays, by the part that they are of.
 * @param {keyof typeof OBSERVATIONS} name
 */
export function header(name, config = {}) {
  const usual = { data_dim: 4, latent_dim: 2, classes: 3, clusters: 3, conditioned: "x and z", length: 2 };
  const likelihood = LIKELIHOODS[name];
  return {
    model: name,
    config: { ...usual, likelihood, ...config },
    observation: OBSERVATIONS[name],
    arrays: [],
  };
}

/**
 * Small weights of the model by the sizes of its layers, all of width 5. Its posteriors are wide, so that
 * importance bounds soon come to rest.
 * @param {keyof typeof OBSERVATIONS} name
 */
export function weights(name, config = {}, seed = 1) {
  const { data_dim: D, latent_dim: L, classes: C, clusters: K, likelihood } = header(name, config).config;
  const random = new Random(seed), H = 5;
  const small = (/** @type {number} */ count, mean = 0) =>
    random.normal(count).map((value) => mean + 0.4 * value);
  /** @type {Arrays} */
  const arrays = {};
  const dense = (/** @type {string} */ name, /** @type {number} */ inputs, outputs = H) => {
    arrays[`${name}.weight`] = small(inputs * outputs);
    arrays[`${name}.bias`] = small(outputs, /^q_z.*pre_scale/.test(name) ? 1.5 : 0);
  };
  const net = (
    /** @type {string} */ name,
    /** @type {number} */ inputs,
    /** @type {number} */ outputs,
    logits = false,
  ) => {
    dense(`${name}.hidden.0`, inputs);
    for (const output of logits ? ["logits"] : ["loc", "pre_scale"]) dense(`${name}.${output}`, H, outputs);
  };
  const pixels = (/** @type {string} */ name, /** @type {number} */ inputs) => {
    net(name, inputs, D, likelihood !== "gaussian");
    if (likelihood === "gaussian") arrays[`${name}.pre_scale`] = Float32Array.of(-0.5);
  };
  const linear = (/** @type {string} */ name, /** @type {number} */ inputs) => {
    for (const output of ["loc", "pre_scale"]) dense(`${name}.${output}`, inputs, L);
  };
  if (name === "vae") {
    pixels("p_x_given_z", L);
    net("q_z_given_x", D, L);
  } else if (name === "cvae") {
    pixels("p_x_given_zy", L + C);
    linear("p_z_given_y", C);
    net("q_z_given_xy", D + C, L);
  } else if (name === "gmvae") {
    pixels("p_x_given_z", L);
    linear("p_z_given_y", K);
    net("q_y_given_x", D, K, true);
    dense("q_z_given_xy.from_x", D);
    arrays["q_z_given_xy.from_y.weight"] = small(K * H);
    net("q_z_given_xy.rest", H, L);
  } else if (name === "vrnn") {
    arrays["p_h.l0.weight"] = small((D + L + H) * 4 * H);
    arrays["p_h.l0.bias"] = small(4 * H);
    arrays["p_h.l0.memory_bias"] = small(4 * H);
    net("p_z_given_h", H, L);
    pixels("p_x_given_hz", H + L);
    net("q_z_given_hx", H + D, L);
  }
  return arrays;
}

/**
 * That model with those weights.
 * @param {keyof typeof OBSERVATIONS} name
 * @returns {any}
 */
export function tiny(name, config = {}, seed = 1) {
  const model = build(header(name, config));
  model.learn(weights(name, config, seed));
  return model;
}

/**
 * @param {ArrayLike<number>} found
 * @param {ArrayLike<number>} expected
 */
export function close(found, expected, tolerance = 1e-5) {
  assert.equal(found.length, expected.length);
  for (let i = 0; i < found.length; i++) {
    const most = tolerance * Math.max(1, Math.abs(expected[i]));
    assert.ok(Math.abs(found[i] - expected[i]) <= most, `number ${i} is ${found[i]}, not ${expected[i]}`);
  }
}

/**
 * Every binary image of D pixels.
 * @param {number} D
 */
export function images(D) {
  return Array.from({ length: 2 ** D }, (_, i) => Float32Array.from({ length: D }, (_, d) => (i >> d) & 1));
}
