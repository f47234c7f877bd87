// What can be asked of clusters, or of guesses, held against labels.

import { percent } from "../../kit/format.js";
import { loadGuesses } from "../../kit/guesses.js";

/** @type {import("../../kit/asks.js").Asks} */
export const asks = { accuracy: share("cluster"), named: share("guess") };

/**
 * Which share of the images has the label that is matched with its choice.
 * @param {string} one what a choice is called
 */
function share(one) {
  return {
    async ask(/** @type {import("../../kit/controls.js").Model} */ model) {
      const guesses = await loadGuesses(model);
      if (!guesses) return null;
      const { of, labels, matched } = guesses;
      return /** @type {import("../../kit/asks.js").Estimate} */ ({
        kind: "number",
        label: "share",
        least: 0,
        most: 100,
        step: 1,
        say: (value) => `${value.toFixed(Number.isInteger(value) ? 0 : 1)} %`,
        judge() {
          const count = of.length;
          const right = of.reduce((sum, y, i) => sum + Number(matched[y] === labels[i]), 0);
          const chance = Math.max(...labels.reduce((counts, y) => (counts[y]++, counts), Array(256).fill(0)));
          return {
            right: 100 * right / count,
            found:
              `That is ${right.toLocaleString("en")} of ${count.toLocaleString("en")}; one ${one} for all ` +
              `would reach ${percent(chance / count)}.`,
          };
        },
      });
    },
  };
}
