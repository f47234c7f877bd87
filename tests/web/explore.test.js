import assert from "node:assert/strict";
import { argmax, logSumExp, softmax, sum } from "../../aevb/web/engine/arithmetic.js";
import { klNormal, logNormal, place } from "../../aevb/web/engine/densities.js";
import {
  along,
  betweenLabels,
  bound,
  components,
  labelBounds,
  logWeight,
  mostProbable,
  nearest,
  style,
  terms,
  walk,
  write,
} from "../../aevb/web/engine/explore.js";
import { Random } from "../../aevb/web/engine/random.js";
import { finish } from "../../aevb/web/engine/steps.js";
import { close, images, tiny } from "./tiny.js";

const x = Float32Array.of(0, 1, 1, 0);
const CASES = [
  { model: tiny("vae"), y: null },
  { model: tiny("cvae"), y: 2 },
  { model: tiny("gmvae"), y: null },
];

Deno.test("a posterior has a component for each choice that is inferred", () => {
  for (const { model, y } of CASES) {
    const mixture = components(model, x, y), inferred = model.weigh(x);
    assert.deepEqual(mixture.map((part) => part.y), inferred ? [0, 1, 2] : [y]);
    close(mixture.map(({ weight }) => weight), inferred ?? [1]);
    for (const { y, q } of mixture) assert.deepEqual(q, model.encode(x, y));
    assert.equal(mostProbable(mixture), mixture[inferred ? argmax(inferred) : 0]);
  }
});

Deno.test("the ELBO is the sum of its terms, and its KL that of the posterior’s parts", () => {
  for (const { model, y } of CASES) {
    const found = terms(model, x, y, new Random(0));
    const { reconstruction, minus_kl_z, minus_kl_y = 0, elbo } = found;
    const kls = components(model, x, y).map(({ y, weight, q }) => weight * sum(klNormal(q, model.prior(y))));
    close([elbo, -sum(kls)], [reconstruction + minus_kl_z + minus_kl_y, minus_kl_z]);
    assert.equal("minus_kl_y" in found, model.weigh(x) !== null);
  }
});

Deno.test("the terms of a single component are those of its z", () => {
  const { model, y } = CASES[1], q = model.encode(x, y), z = place(q, new Random(0).normal(2));
  const { reconstruction, minus_kl_z } = terms(model, x, y, new Random(0));
  close([reconstruction], [model.logLikelihood(model.outputs(z, y), x)]);
  close([minus_kl_z], [-sum(klNormal(q, model.prior(y)))]);
});

Deno.test("with one sample the bound is its weight log p(x, z) - log q(z | x)", () => {
  for (const { model, y } of CASES.slice(0, 2)) {
    const q = model.encode(x, y), z = place(q, new Random(4).normal(2));
    const expected = model.logLikelihood(model.outputs(z, y), x) + logNormal(model.prior(y), z) -
      logNormal(q, z);
    close([finish(bound(model, x, y, 1, new Random(4)))], [expected]);
    close([logWeight(model, x, y, q, new Random(4).normal(2))], [expected]);
  }
  const model = CASES[2].model, random = new Random(4), weights = model.weigh(x), u = random.uniform();
  const y = [weights[0], weights[0] + weights[1], 1].findIndex((reached) => u < reached);
  const weight = logWeight(model, x, y, model.encode(x, y), random.normal(2));
  close([finish(bound(model, x, null, 1, new Random(4)))], [weight - Math.log(3) - Math.log(weights[y])]);
});

Deno.test("the evidence of all binary images is one, and no ELBO is above it", () => {
  const { model } = CASES[2], random = new Random(1);
  let total = 0;
  for (const each of images(4)) {
    const evidence = finish(bound(model, each, null, 2000, random));
    const elbos = Array.from({ length: 200 }, () => terms(model, each, null, random).elbo);
    assert.ok(sum(elbos) / 200 < evidence);
    total += Math.exp(evidence);
    // The bounds of the clusters mix to it, all as probable a priori.
    const given = finish(labelBounds(model, each, 1000, random));
    close([logSumExp(given) - Math.log(3)], [evidence], 0.15);
  }
  close([total], [1], 0.05);
});

Deno.test("a bound is told while it grows, and its samples are the first of a larger one's", () => {
  for (const { model, y } of CASES) {
    const seen = [...bound(model, x, y, 5, new Random(4))];
    assert.equal(seen.length, 5); // a pause before each sample
    assert.equal(seen[0], -Infinity);
    for (let k = 1; k < 5; k++) close([seen[k]], [finish(bound(model, x, y, k, new Random(4)))]);
  }
});

Deno.test("every label is tried with the same noise", () => {
  const { model } = CASES[1], found = finish(labelBounds(model, x, 5, new Random(4)));
  close(found, [0, 1, 2].map((y) => finish(bound(model, x, y, 5, new Random(4)))));
  assert.equal([...labelBounds(model, x, 5, new Random(4))].length, 15);
  close([sum(softmax(found))], [1]);
});

Deno.test("a style is written as the z that it is of", () => {
  for (const { model } of CASES) {
    const z = Float32Array.of(0.4, -0.6), y = model.choices ? 1 : null;
    close(write(model, style(model, z, y), y), model.decode(z, y));
  }
});

Deno.test("a walk goes along an arc from end to end", () => {
  const start = Float32Array.of(3, 0), end = Float32Array.of(0, 1), steps = walk(start, end, 5);
  close(steps[0], start);
  close(steps[4], end);
  close(steps.map((z) => Math.hypot(...z)), [3, 2.5, 2, 1.5, 1]);
  close(steps.map(([a, b]) => Math.atan2(b, a)), [0, 1, 2, 3, 4].map((k) => k * Math.PI / 8));
});

Deno.test("where there is no arc the walk is straight", () => {
  const start = Float32Array.of(2, 0);
  for (const end of [Float32Array.of(0, 0), Float32Array.of(-2, 0), Float32Array.of(4, 0)]) {
    for (const [k, z] of walk(start, end, 3).entries()) close(z, [2 + k * (end[0] - 2) / 2, 0]);
  }
});

Deno.test("along one dimension the others stay", () => {
  const z = Float32Array.of(1, 2);
  close(along(z, 1, [-3, 0.5]).flatMap((each) => [...each]), [1, -3, 1, 0.5]);
  assert.deepEqual([...z], [1, 2]);
});

Deno.test("between two labels weights lie on the simplex", () => {
  const steps = betweenLabels(2, 0, 5, 3);
  close(steps[1], [0.25, 0, 0.75]);
  assert.deepEqual([steps[0], steps[4]].map((weights) => [...weights]), [[0, 0, 1], [1, 0, 0]]);
  for (const weights of steps) {
    close([sum(weights)], [1]);
    assert.ok(weights.every((weight) => weight >= 0));
  }
});

Deno.test("the nearest are found in their order, of those that are wanted", () => {
  const random = new Random(0), means = random.normal(3 * 200), z = random.normal(3);
  const distance = (/** @type {number} */ i) => Math.hypot(...[0, 1, 2].map((l) => means[3 * i + l] - z[l]));
  const sorted = [...Array(200).keys()].sort((a, b) => distance(a) - distance(b));
  assert.deepEqual(nearest(means, z, 8), sorted.slice(0, 8));
  const odd = (/** @type {number} */ i) => i % 2 === 1;
  assert.deepEqual(nearest(means, z, 8, odd), sorted.filter(odd).slice(0, 8));
  assert.deepEqual(nearest(means, z, 300), sorted);
});
