/** The smallest factor analysis of the overview: what its steps do to the evidence, the ELBO and the gap. */

import { ascent, BEST, elbo, eStep, mStep, worth } from "../../aevb/web/parts/idea/surface.js";

/** @typedef {import("../../aevb/web/parts/idea/surface.js").Place} Place */

/** @param {boolean} holds @param {string} what */
function assert(holds, what) {
  if (!holds) throw new Error(what);
}

/** @type {Place[]} */
const PLACES = [[0.4, 2.4], [2.5, 0.3], [1, 1], [0.1, 0], [2.8, 2.8]];

Deno.test("the evidence is that of a normal x, and the ELBO and the gap add up to it", () => {
  for (const [theta, phi] of PLACES) {
    const { evidence, elbo, gap } = worth([theta, phi]), variance = theta ** 2 + 1;
    const exact = -0.5 * (Math.log(2 * Math.PI * variance) + 5 / variance);
    assert(Math.abs(evidence - exact) < 1e-12, `${evidence} is not ${exact}`);
    assert(gap >= 0 && Math.abs(elbo + gap - evidence) < 1e-12, `${elbo} + ${gap} is not ${evidence}`);
  }
});

Deno.test("an E-step leaves the evidence and closes the gap", () => {
  for (const place of PLACES) {
    const before = worth(place), after = worth(eStep(place));
    assert(after.evidence === before.evidence, "the evidence depends on φ");
    assert(after.gap < 1e-12, `a gap of ${after.gap} is left`);
  }
});

Deno.test("an M-step goes to the highest ELBO of its φ, and EM to the highest evidence", () => {
  for (const place of PLACES) {
    const [theta, phi] = mStep(place), highest = elbo([theta, phi]);
    assert(phi === place[1], "an M-step moves φ");
    for (const other of [-0.01, 0.01]) assert(elbo([theta + other, phi]) < highest, "it is not the highest");
  }
  /** @type {Place} */
  let place = [0.4, 2.4], before = worth(place).evidence;
  for (let step = 0; step < 60; step++) {
    place = mStep(eStep(place));
    const { evidence } = worth(place);
    assert(evidence >= before - 1e-12, "EM lowers the evidence");
    before = evidence;
  }
  assert(Math.abs(place[0] - BEST) < 1e-3, `EM ends at ${place[0]}`);
});

Deno.test("by the gradient the ELBO rises at every step", () => {
  for (const place of PLACES) {
    let before = elbo(place);
    for (const next of ascent(place)) {
      assert(elbo(next) >= before - 1e-9, "it falls");
      before = elbo(next);
    }
  }
});
