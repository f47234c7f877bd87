// What can be asked of a training.

import { counted, signed } from "../../kit/format.js";
import { loadAbout } from "../../kit/loading.js";

const SHARE = 0.9; // of what is gained after the first epoch

/** @type {import("../../kit/answers.js").Asks} */
export const asks = {
  plateau: {
    async ask(model) {
      const { record } = await loadAbout(model.get("checkpoint").about);
      if (record.problem || record.curve.length < 3) return null;
      return {
        kind: "number",
        label: "epoch",
        least: 1,
        most: record.curve.length,
        step: 1,
        say: (/** @type {number} */ epoch) => `epoch ${epoch}`,
        judge() {
          /** @type {number[]} */
          const curve = record.curve.map((/** @type {any} */ { elbo }) => elbo);
          const first = curve[0], most = Math.max(...curve);
          const right = 1 + curve.findIndex((elbo) => elbo >= first + SHARE * (most - first));
          return {
            right,
            found: `From ${signed(first)} nats after epoch 1 it comes to ${
              signed(curve[right - 1])
            } there, and to ${signed(most)} in the ${counted(curve.length - right, "epoch")} after it.`,
            then: { epoch: right },
          };
        },
      };
    },
  },
};
