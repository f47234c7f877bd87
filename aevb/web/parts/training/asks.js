// What can be asked of a training.

import { counted, signed } from "../../kit/format.js";
import { loadAbout } from "../../kit/loading.js";

const SHARE = 0.9; // of what is gained after the first epoch

/** @type {import("../../kit/asks.js").Asks} */
export const asks = {
  plateau: {
    async ask(model) {
      const { record } = await loadAbout(model.get("checkpoint").about);
      if (record.problem || record.curve.length < 3) return null;
      return {
        kind: "number",
        label: "epoch",
        least: 1,
        most: record.curve[record.curve.length - 1].epoch,
        step: 1,
        say: (/** @type {number} */ epoch) => `epoch ${epoch}`,
        judge() {
          /** @type {{ epoch: number, elbo: number }[]} */
          const curve = record.curve, [{ epoch, elbo: first }] = curve;
          const most = Math.max(...curve.map(({ elbo }) => elbo)), last = curve[curve.length - 1].epoch;
          const found = curve.findIndex(({ elbo }) => elbo >= first + SHARE * (most - first));
          const right = curve[found].epoch;
          return {
            right,
            found: `From ${signed(first)} nats after epoch ${epoch} it comes to ${
              signed(curve[found].elbo)
            } there, and to ${signed(most)} in the ${counted(last - right, "epoch")} after it.`,
            then: { epoch: right },
          };
        },
      };
    },
  },
};
