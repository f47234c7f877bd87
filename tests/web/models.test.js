import assert from "node:assert/strict";
import { logBernoulli, logNormal } from "../../aevb/web/engine/densities.js";
import { Dense } from "../../aevb/web/engine/layers.js";
import { build } from "../../aevb/web/engine/models/index.js";
import { Random } from "../../aevb/web/engine/random.js";
import { grow } from "../../aevb/web/engine/rows.js";
import { finish } from "../../aevb/web/engine/steps.js";
import { close, header, tiny, weights } from "./tiny.js";

Deno.test("a dense layer multiplies and adds, whatever its sizes and zeros", () => {
  const random = new Random(0);
  for (const [inputs, outputs] of [[1, 1], [7, 3], [8, 5], [19, 4]]) {
    const arrays = { "a.weight": random.normal(inputs * outputs), "a.bias": random.normal(outputs) };
    const x = random.normal(inputs).map((value, i) => (i % 3 ? value : 0)), layer = new Dense(arrays, "a");
    const expected = arrays["a.bias"].map((bias, o) =>
      bias + x.reduce((sum, value, i) => sum + value * arrays["a.weight"][i * outputs + o], 0)
    );
    close(layer.apply(x), expected);
    close(layer.apply(x.subarray(0, inputs >> 1), x.subarray(inputs >> 1)), expected);
  }
});

Deno.test("models see grey levels as Python presents them", () => {
  const grey = Float32Array.of(0, 127 / 255, 128 / 255, 1);
  for (const name of /** @type {const} */ (["vae", "cvae"])) {
    close(tiny(name).observe(grey), [0.5 / 256, 127.5 / 256, 128.5 / 256, 255.5 / 256], 1e-7);
  }
  assert.deepEqual([...tiny("gmvae").observe(grey)], [0, 0, 1, 1]);
  assert.deepEqual([...tiny("vrnn").observe(Float32Array.of(...grey, ...grey))], [0, 0, 1, 1, 0, 0, 1, 1]);
});

Deno.test("an image of another size is resampled", () => {
  const grey = new Float32Array(16).fill(1, 0, 8); // its upper half
  assert.deepEqual([...tiny("gmvae").observe(grey)], [1, 1, 0, 0]);
});

Deno.test("what a model has is said by it", () => {
  const said = (
    /** @type {any} */ model,
  ) => [model.name, model.latentDim, model.dataDim, model.choices, model.labelled];
  assert.deepEqual(said(tiny("vae")), ["vae", 2, 4, 0, false]);
  assert.deepEqual(said(tiny("cvae")), ["cvae", 2, 4, 3, true]);
  assert.deepEqual(said(tiny("gmvae")), ["gmvae", 2, 4, 3, false]);
  assert.deepEqual(said(tiny("vrnn")), ["vrnn", 2, 4, 0, false]);
  assert.throws(() => build({ ...header("vae"), model: "constructor" }), /no model constructor/);
});

Deno.test("what it generates with may come before what it infers with, and be learned again", () => {
  const model = /** @type {any} */ (build(header("vae"))),
    z = Float32Array.of(0.5, -1),
    whole = weights("vae");
  assert.throws(() => model.decode(z), /p_x_given_z\.logits\.weight/);
  const parts = ["p_", "q_"].map((part) =>
    Object.fromEntries(Object.entries(whole).filter(([name]) => name.startsWith(part)))
  );
  model.learn(parts[0]);
  assert.throws(() => model.encode(model.decode(z)), /q_z_given_x/);
  const before = model.decode(z);
  model.learn(parts[1]);
  assert.deepEqual(model.decode(z), before);
  assert.equal(model.encode(before).loc.length, 2);
  model.learn({ "p_x_given_z.logits.bias": new Float32Array(4).fill(100) });
  assert.ok(model.decode(z).every((/** @type {number} */ value) => value > 0.999));
});

Deno.test("a label conditions what the configuration says", () => {
  const z = Float32Array.of(0.5, -1),
    apart = (/** @type {any} */ a, /** @type {any} */ b) => assert.notDeepEqual(a, b);
  const both = tiny("cvae");
  apart(both.prior(0), both.prior(1));
  apart(both.decode(z, 0), both.decode(z, 1));
  const z_alone = tiny("cvae", { conditioned: "z" }), x_alone = tiny("cvae", { conditioned: "x" });
  assert.deepEqual(z_alone.outputs(z, 0), z_alone.outputs(z, 1));
  assert.deepEqual(x_alone.prior(0), tiny("vae").prior());
  // Weights stand between labels: the prior is linear in them before the scale's softplus.
  const middle = both.prior(Float32Array.of(0.5, 0.5, 0)).loc;
  close(
    middle,
    both.prior(0).loc.map((/** @type {number} */ value, /** @type {number} */ l) =>
      (value + both.prior(1).loc[l]) / 2
    ),
  );
});

Deno.test("the likelihood is the configuration's", () => {
  const x = Float32Array.of(0.1, 0.9, 1, 0),
    z = Float32Array.of(0.5, -1),
    scale = Math.log1p(Math.exp(-0.5)) + Math.exp(-6);
  for (const name of /** @type {const} */ (["vae", "cvae", "gmvae"])) {
    const model = tiny(name, { likelihood: "gaussian" }),
      y = model.choices ? 1 : null,
      means = model.outputs(z, y);
    assert.deepEqual(model.decode(z, y), means);
    close([model.logLikelihood(means, x)], [
      logNormal({ loc: means, scale: new Float32Array(4).fill(scale) }, x),
    ]);
    const middle = { uniform: () => 0.5, normal: (/** @type {number} */ count) => new Float32Array(count) };
    close(model.sample(z, y, middle), means);
  }
  const binary = tiny("vae", { likelihood: "bernoulli" }), logits = binary.outputs(z);
  close([binary.logLikelihood(logits, [0, 1, 1, 0])], [logBernoulli(logits, [0, 1, 1, 0])]);
  assert.throws(() => tiny("vae", { likelihood: "poisson" }).outputs(z), /no likelihood poisson/);
});

Deno.test("a VRNN of Gaussian rows draws around their means, nearer at a low temperature", () => {
  const model = tiny("vrnn", { likelihood: "gaussian" }),
    memory = model.start(),
    z = Float32Array.of(0.3, 0.6);
  assert.deepEqual(model.rowDecode(memory, z, 0.5), model.rowOutputs(memory, z));
  const noise = [0, 1].map(() => ({ epsilon: new Float32Array(2), uniforms: new Float64Array(4).fill(0.9) }));
  const apart = [1, 0.5].map((temperature) => {
    const [row] = finish(grow(model, new Float32Array(), noise, { temperature }));
    return row.x.map((value, d) => value - row.probs[d]);
  });
  const scale = Math.log1p(Math.exp(-0.5)) + Math.exp(-6);
  close(apart[0], new Float32Array(4).fill(scale * 1.2815515655446004));
  close(apart[1], apart[0].map((value) => value / 2));
});

Deno.test("factor analysis generates W z with a deviation for each dimension", () => {
  const model = tiny("fa", { data_dim: 3 });
  model.learn({
    "p_x_given_z.W": Float32Array.of(1, 2, 3, 4, 5, 6),
    "p_x_given_z.pre_sigma": Float32Array.of(0, 1, 50),
  });
  const { loc, scale } = model.decode(Float32Array.of(1, -1));
  close(loc, [-1, -1, -1]);
  close(scale, [Math.log(2), Math.log(1 + Math.E), 50]);
  model.learn({ "p_x_given_z.mu": Float32Array.of(10, 20, 30) });
  close(model.decode(Float32Array.of(1, -1)).loc, [9, 19, 29]);
});
