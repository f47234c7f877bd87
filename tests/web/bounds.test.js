/** What small scenes draw in closed form, against brute force. */

import { bounded } from "../../aevb/web/engine/jensen.js";
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
