/** What small scenes draw in closed form, against brute force. */

import { bounded } from "../../aevb/web/engine/jensen.js";
import { klNormal } from "../../aevb/web/engine/densities.js";
import { COARSE, logQ, TwoModes } from "../../aevb/web/engine/two_modes.js";
import { divide, percents } from "../../aevb/web/kit/shares.js";

/** @param {boolean} holds @param {string} what */
function assert(holds, what) {
  if (!holds) throw new Error(what);
}

Deno.test("of a z of three values: the mean ratio is p(x), the ELBO lies below by the KL, at the posterior by nothing", () => {
  const joint = [0.09, 0.07, 0.04], posterior = joint.map((p) => p / 0.2);
  for (const q of [[0.15, 0.25, 0.6], [0.1, 0.8, 0.1], posterior]) {
    const { ratios, evidence, elbo, gap } = bounded(joint, q);
    const mean = ratios.reduce((sum, ratio, k) => sum + q[k] * ratio, 0);
    const kl = q.reduce((sum, share, k) => sum + share * Math.log(share / posterior[k]), 0);
    assert(Math.abs(mean - 0.2) < 1e-12 && Math.abs(evidence - Math.log(mean)) < 1e-12, `${mean}`);
    assert(Math.abs(gap - kl) < 1e-12 && Math.abs(elbo + gap - evidence) < 1e-12, `${elbo} + ${gap}`);
    assert((q === posterior) === (gap < 1e-12), `a gap of ${gap}`);
  }
});

Deno.test("three shares stay whole, a hundred and above the least, whichever moves", () => {
  const { read, write } = percents([50, 30, 20], 10);
  for (let k = 0; k < 3; k++) {
    for (let value = 10; value <= 80; value++) {
      const shares = divide([60, 30, 10], k, value, 10);
      assert(shares[k] === value && String(read(write(shares))) === String(shares), write(shares));
    }
  }
  for (const text of ["50-30-21", "95-3-2", "50-50", "a-b-c"]) assert(read(text) === undefined, text);
});

Deno.test("of two modes that are one, both divergences are those of normals", () => {
  const p = new TwoModes(0),
    normal = (/** @type {number[]} */ [loc, scale]) => ({
      loc: Float32Array.of(loc),
      scale: Float32Array.of(scale),
    });
  for (const place of /** @type {[number, number][]} */ ([[0.5, 0.25], [-2, 3], [0, 0.5]])) {
    const [q, posterior] = [normal(place), normal([0, 0.5])];
    for (
      const [found, known] of [[p.reverse(place), klNormal(q, posterior)], [
        p.forward(place),
        klNormal(posterior, q),
      ]]
    ) {
      const [exact] = /** @type {Float32Array} */ (known);
      assert(Math.abs(/** @type {number} */ (found) - exact) < 1e-5, `${found} is not ${exact}`);
    }
  }
  const mass = Array.from({ length: 2001 }, (_, i) => 0.01 * Math.exp(new TwoModes(3).log(i / 100 - 10)));
  assert(Math.abs(mass.reduce((a, b) => a + b) - 1) < 1e-9 && logQ([1, 1], 1) < -0.9, "no density");
});

Deno.test("of two modes the reverse divergence is that of the mixture, by many more places; coarser for a landscape", () => {
  const p = new TwoModes(3),
    log = (/** @type {number} */ z) =>
      Math.log(0.6 * Math.exp(logQ([-1.5, 0.5], z)) + 0.4 * Math.exp(logQ([1.5, 0.5], z)));
  for (const place of /** @type {[number, number][]} */ ([[0.4, 2.2], [-1.5, 0.5], [2, 0.25]])) {
    let exact = 0;
    for (let z = -15; z < 15; z += 1e-3) {
      const ofQ = logQ(place, z);
      exact += 1e-3 * Math.exp(ofQ) * (ofQ - log(z));
    }
    const [fine, coarse] = [p.reverse(place), p.reverse(place, COARSE)];
    assert(
      Math.abs(fine - exact) < 1e-5 && Math.abs(coarse - exact) < 0.01,
      `${fine}, ${coarse}, not ${exact}`,
    );
  }
});

Deno.test("down the reverse divergence q takes one mode, by its start; down the forward one it covers both", () => {
  const p = new TwoModes(4);
  for (
    const [kl, from, mean, width]
      of /** @type {["reverse" | "forward", [number, number], number, number][]} */ ([
        ["reverse", [-0.4, 0.7], -2, 0.5],
        ["reverse", [1.5, 1], 2, 0.5],
        ["reverse", [0.4, 2.2], -0.3204, 1.7066], // over both, a local minimum
        ["forward", [0.4, 2.2], p.mean, Math.sqrt(p.variance)],
        ["forward", [1.5, 0.3], p.mean, Math.sqrt(p.variance)],
      ])
  ) {
    const way = [...p.descent(kl, from)], [m, s] = way[way.length - 1];
    assert(Math.hypot(m - mean, s - width) < 2e-3, `${kl} from ${from}: ${m}, ${s}`);
    const heights = way.map((place) => p[kl](place));
    assert(heights.every((here, k) => !k || here < heights[k - 1] + 1e-9), `${kl} from ${from}: not down`);
  }
  for (const apart of [3, 3.5, 5, 6]) { // from the scene's start
    const far = new TwoModes(apart), [m, s] = [...far.descent("reverse", [-0.4, 0.7])].at(-1) ?? [0, 0];
    assert(Math.hypot(m + apart / 2, s - 0.5) < 0.02, `${apart} apart: ${m}, ${s}`);
  }
});
