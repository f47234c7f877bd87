// What can be asked of drawings.

import { FEW_SAMPLES } from "../../kit/choices.js";
import { digitsAt } from "../../kit/digits.js";
import { stated } from "../../kit/format.js";
import { loadModel } from "../../kit/loading.js";
import { inSlices } from "../../kit/slices.js";
import { argmax, softmax } from "../../engine/arithmetic.js";
import { labelBounds } from "../../engine/explore.js";
import { prepare, UNITS, write } from "../../engine/ink.js";
import { Random } from "../../engine/random.js";

/** @typedef {import("../../engine/ink.js").Stroke} Stroke */

/** A dash across the middle of the canvas. @type {Stroke[]} */
const DASH = [[[0.25 * UNITS, 0.5 * UNITS], [0.75 * UNITS, 0.5 * UNITS]]];

/** @type {import("../../kit/asks.js").Asks} */
export const asks = {
  dash: {
    ask(model) {
      const checkpoint = model.get("checkpoints").cvae;
      if (checkpoint.problem) return null;
      const { classes } = digitsAt(checkpoint.digits ?? model.get("digits")), pixels = prepare(DASH);
      if (!classes.length) return null;
      return {
        kind: "choice",
        picture: pixels,
        choices: [...classes, "no digit"].map((title) => ({ title })),
        async judge() { // the model comes when it is needed, as the page's others do
          const engine = await loadModel(checkpoint, ["p", "q"]);
          const work = labelBounds(engine, engine.observe(pixels), FEW_SAMPLES, new Random(0));
          const bounds = /** @type {Float32Array} */ (await inSlices(work)), right = argmax(bounds);
          return {
            right,
            found: `Its share is p(y | x) ${stated(softmax(bounds)[right])}.`,
            then: { strokes: write(DASH) },
          };
        },
      };
    },
  },
};
