// What can be asked of a digit rewritten.

import { ownChoice } from "../../kit/choices.js";
import { subjectOf } from "../../kit/controls.js";
import { one, stated } from "../../kit/format.js";
import { loadModel } from "../../kit/loading.js";
import { inSlices } from "../../kit/slices.js";
import { argmax, softmax } from "../../engine/arithmetic.js";
import { labelBounds } from "../../engine/explore.js";
import { Random } from "../../engine/random.js";

const SAMPLES = 10; // K, of the model's own reading of what it drew
const FURTHER = 5; // the other label, so many on

/** Another label than its own, of so many. @param {number} own @param {number} choices */
export const another = (own, choices) => (own + 1 + (FURTHER - 1) % (choices - 1)) % choices;

/** @type {import("../../kit/asks.js").Asks} */
export const asks = {
  kept: {
    follows: ["digit", "strokes"],
    async ask(model) {
      const [engine, { pixels, label, title }] = await Promise.all([
        loadModel(model.get("checkpoint"), ["p", "q"]),
        subjectOf(model),
      ]);
      if (engine.choices < 2) return null;
      const x = engine.observe(pixels), own = ownChoice(engine, x, label) ?? 0;
      const other = another(own, engine.choices);
      return {
        kind: "choice",
        of: `${title}, told to be ${one(other)}`,
        picture: pixels,
        choices: [one(other), `still ${one(own)}`, "neither"].map((title) => ({ title })),
        async judge() {
          const drawn = engine.observe(engine.decode(engine.encode(x, own).loc, other));
          const bounds = /** @type {Float32Array} */ (await inSlices(
            labelBounds(engine, drawn, SAMPLES, new Random(0)),
          ));
          const read = argmax(bounds), place = [other, own].indexOf(read);
          return {
            right: place < 0 ? 2 : place,
            found: `Asked in turn what it has drawn, the model says ${read}, p(y | x) ${
              stated(softmax(bounds)[read])
            }.`,
          };
        },
      };
    },
  },
};
