import assert from "node:assert/strict";
import { sigmoid, sum } from "../../aevb/web/engine/arithmetic.js";
import {
  bernoulli,
  continuousBernoulli,
  draw,
  gaussian,
  klNormal,
  logBernoulli,
  logContinuousBernoulli,
  logNormal,
  place,
  quantileCategorical,
  quantileContinuousBernoulli,
  quantileNormal,
  standardise,
  standardNormal,
} from "../../aevb/web/engine/densities.js";
import { Random } from "../../aevb/web/engine/random.js";
import { close } from "./tiny.js";

/**
 * ∫ f from a to b, by Simpson's rule.
 * @param {(x: number) => number} f
 * @param {number} a
 * @param {number} b
 */
function integral(f, a, b, steps = 4000) {
  const width = (b - a) / steps;
  let total = f(a) + f(b);
  for (let i = 1; i < steps; i++) total += (i % 2 ? 4 : 2) * f(a + i * width);
  return total * width / 3;
}

const q = { loc: Float32Array.of(1, -2), scale: Float32Array.of(0.5, 2) };
const p = { loc: Float32Array.of(0, 0), scale: Float32Array.of(1, 3) };

Deno.test("a normal density integrates to one, and is the closed form", () => {
  const one = { loc: Float32Array.of(0.75), scale: Float32Array.of(0.5) };
  close([integral((z) => Math.exp(logNormal(one, Float32Array.of(z))), -5, 6)], [1], 1e-4);
  const z = Float32Array.of(0, 1), quadratic = (1 / 0.5) ** 2 + (3 / 2) ** 2;
  close([logNormal(q, z)], [-0.5 * quadratic - Math.log(0.5 * 2) - Math.log(2 * Math.PI)]);
});

Deno.test("the KL of normals is the expected log ratio", () => {
  close(klNormal(q, q), [0, 0]);
  const expected = [0, 1].map((l) => {
    const part = (/** @type {typeof q} */ { loc, scale }) => ({
      loc: loc.subarray(l, l + 1),
      scale: scale.subarray(l, l + 1),
    });
    const [a, b] = [part(q), part(p)];
    const f = (/** @type {number} */ value) => {
      const z = Float32Array.of(value), log = logNormal(a, z);
      return Math.exp(log) * (log - logNormal(b, z));
    };
    return integral(f, q.loc[l] - 10 * q.scale[l], q.loc[l] + 10 * q.scale[l]);
  });
  close(klNormal(q, p), expected, 1e-3);
});

Deno.test("place and standardise undo each other; a draw is placed noise", () => {
  const epsilon = Float32Array.of(0.3, -1.7);
  close(standardise(q, place(q, epsilon)), epsilon);
  assert.deepEqual(place(standardNormal(2), epsilon), epsilon);
  close(draw(q, new Random(3)), place(q, new Random(3).normal(2)));
});

Deno.test("Bernoullis sum to one, far out as well", () => {
  for (const logit of [-40, -3, 0, 0.2, 15.9, 40]) {
    close([Math.exp(logBernoulli([logit], [0])) + Math.exp(logBernoulli([logit], [1]))], [1]);
  }
  close([logBernoulli([2, -1], [1, 0])], [Math.log(sigmoid(2)) + Math.log(1 - sigmoid(-1))]);
  close([logBernoulli([-800], [1])], [-800]);
});

const LOGITS = [-15.9, -3, -0.02, -0.005, -0.0005, 0, 0.0005, 0.005, 0.02, 0.2, 15.9];

Deno.test("continuous Bernoullis integrate to one, whatever their logit", () => {
  for (const logit of LOGITS) {
    close([integral((x) => Math.exp(logContinuousBernoulli([logit], [x])), 0, 1)], [1], 1e-6);
  }
  close([logContinuousBernoulli([2, 0], [0.5, 0.3])], [1 - Math.log((Math.exp(2) - 1) / 2)]);
});

Deno.test("a continuous Bernoulli's quantile undoes its distribution function", () => {
  for (const logit of LOGITS) {
    for (const u of [0.001, 0.3, 0.5, 0.9]) {
      const x = quantileContinuousBernoulli(logit, u);
      close([integral((x) => Math.exp(logContinuousBernoulli([logit], [x])), 0, x)], [u], 1e-6);
    }
    close([0, 1].map((u) => quantileContinuousBernoulli(logit, u)), [0, 1]);
  }
});

Deno.test("drawn pixels have the probabilities of their logits", () => {
  const random = new Random(0), uniforms = Array.from({ length: 20_000 }, () => random.uniform());
  const mean = (/** @type {number[]} */ values) => sum(values) / values.length;
  close([mean(uniforms.map((u) => bernoulli.draw(0.7, u)))], [sigmoid(0.7)], 0.01);
  const expected = 1 / (1 - Math.exp(-0.7)) - 1 / 0.7;
  close([mean(uniforms.map((u) => continuousBernoulli.draw(0.7, u)))], [expected], 0.01);
  const drawn = uniforms.map((u) => gaussian(0.5).draw(0.7, u));
  close([mean(drawn), Math.sqrt(mean(drawn.map((x) => (x - 0.7) ** 2)))], [0.7, 0.5], 0.01);
});

Deno.test("a normal quantile undoes the distribution function, in the tails too", () => {
  const one = standardNormal(1),
    density = (/** @type {number} */ z) => Math.exp(logNormal(one, Float32Array.of(z)));
  for (const u of [1e-7, 0.001, 0.02424, 0.02426, 0.3, 0.5, 0.8, 0.97574, 0.97576, 0.9999]) {
    close([integral(density, -12, quantileNormal(u), 20_000) / u], [1], 1e-4);
  }
  close([quantileNormal(0.975)], [1.959963984540054], 1e-8);
});

Deno.test("Gaussian pixels have the density of normals of one deviation", () => {
  const means = Float32Array.of(0.2, -1), x = Float32Array.of(0.5, 0.5), pixels = gaussian(0.25);
  close([pixels.log(means, x)], [logNormal({ loc: means, scale: Float32Array.of(0.25, 0.25) }, x)]);
  assert.deepEqual([pixels.shown(0.2), pixels.shown(0.2, 0.5)], [0.2, 0.2]);
});

Deno.test("a temperature divides logits, and is a factor of a Gaussian's deviation", () => {
  close([bernoulli.shown(2, 0.5)], [sigmoid(4)]);
  assert.deepEqual([0.97, 0.99].map((u) => bernoulli.draw(2, u, 0.5)), [1, 0]); // sigmoid(4) is 0.982
  close([continuousBernoulli.draw(2, 0.3, 0.5)], [quantileContinuousBernoulli(4, 0.3)]);
  close([gaussian(0.25).draw(1, 0.9, 0.5)], [1 + 0.125 * quantileNormal(0.9)]);
});

Deno.test("a category has its share of [0, 1)", () => {
  const weights = [0.2, 0, 0.5, 0.3];
  const found = [0, 0.19, 0.2, 0.69, 0.71, 0.999999, 1].map((u) => quantileCategorical(weights, u));
  assert.deepEqual(found, [0, 0, 2, 2, 3, 3, 3]);
  assert.equal(quantileCategorical([1], 0.5), 0);
  assert.equal(quantileCategorical([0.5, 0.499999, 0], 0.9999999), 1); // though they sum to less than 1
});
