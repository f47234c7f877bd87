// What can be asked of an image's way through the model.

import { subjectOf } from "../../kit/controls.js";
import { signed } from "../../kit/format.js";
import { loadModel } from "../../kit/loading.js";
import { terms } from "../../engine/explore.js";
import { Random } from "../../engine/random.js";

/** @type {import("../../kit/asks.js").Asks} */
export const asks = {
  kl: {
    follows: ["digit", "strokes"],
    async ask(model) {
      const checkpoint = model.get("checkpoint");
      const [engine, { pixels, label, title }] = await Promise.all([
        loadModel(checkpoint, ["p", "q"]),
        subjectOf(model),
      ]);
      const say = (/** @type {number} */ nats) => `${signed(nats, Number.isInteger(nats) ? 0 : 1)} nats`;
      return {
        kind: "number",
        label: "KL",
        of: title,
        least: 0,
        most: 100,
        step: 1,
        say,
        judge() {
          const { minus_kl_z } = terms(engine, engine.observe(pixels), label, new Random(model.get("seed")));
          return {
            right: -minus_kl_z,
            found: `Those are ${signed(-minus_kl_z / Math.LN2, 0)} bits that z says of this image.`,
          };
        },
      };
    },
  },
};
