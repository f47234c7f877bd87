// What can be asked of the evidence by draws: how far off the prior's are.

import { subjectOf } from "../../kit/controls.js";
import { number as said, signed } from "../../kit/format.js";
import { loadModel } from "../../kit/loading.js";
import { inSlices } from "../../kit/slices.js";
import { logSumExp } from "../../engine/arithmetic.js";
import { components, logWeight, mostProbable } from "../../engine/explore.js";
import { Random } from "../../engine/random.js";

const DRAWS = 1_000;
const BOUNDARIES = [1, 10, 100]; // nats
const CHOICES = ["less than 1 nat", "1 to 10 nats", "10 to 100 nats", "more than 100 nats"];

/**
 * What draws from each of some distributions make of log p(x), in nats, with the same noise.
 * @param {any} engine
 * @param {Float32Array} x
 * @param {import("../../engine/arithmetic.js").Choice} y
 * @param {import("../../engine/densities.js").Normal[]} distributions
 * @param {Random} random
 * @returns {Generator<void, number[], void>}
 */
function* estimates(engine, x, y, distributions, random) {
  let totals = distributions.map(() => -Infinity);
  for (let k = 0; k < DRAWS; k++) {
    const epsilon = random.normal(engine.latentDim);
    totals = totals.map((total, i) => logSumExp([total, logWeight(engine, x, y, distributions[i], epsilon)]));
    yield;
  }
  return totals.map((total) => total - Math.log(DRAWS));
}

/** @type {import("../../kit/asks.js").Asks} */
export const asks = {
  prior: {
    follows: ["digit", "strokes", "seed"],
    async ask(model) {
      const [engine, { pixels, label, title }] = await Promise.all([
        loadModel(model.get("checkpoint"), ["p", "q"]),
        subjectOf(model),
      ]);
      const x = engine.observe(pixels), { y, q } = mostProbable(components(engine, x, label));
      return {
        kind: "choice",
        of: title,
        picture: pixels,
        choices: CHOICES.map((title) => ({ title })),
        async judge() {
          const work = estimates(engine, x, y, [engine.prior(y), q], new Random(model.get("seed")));
          const [prior, encoder] = /** @type {number[]} */ (await inSlices(work, { budget: 12 }));
          const off = Math.abs(encoder - prior);
          return {
            right: BOUNDARIES.filter((boundary) => off >= boundary).length,
            found: `${said(DRAWS)} draws from the prior say ${
              signed(prior, 0)
            } nats, as many by the encoder ${signed(encoder, 0)}.`,
            then: { from_prior: null, draws: String(DRAWS) },
          };
        },
      };
    },
  },
};
