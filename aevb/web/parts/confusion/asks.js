// What can be asked of clusters held against labels.

import { loadClusters } from "../../kit/clusters.js";
import { digitsAt } from "../../kit/digits.js";
import { percent } from "../../kit/format.js";
import { loadAbout } from "../../kit/loading.js";

/** @type {import("../../kit/answers.js").Asks} */
export const asks = {
  accuracy: {
    async ask(model) {
      const checkpoint = model.get("checkpoint");
      const [{ measures: { class_of } }, clusters, labels] = await Promise.all([
        loadAbout(checkpoint.about),
        loadClusters(checkpoint.clusters),
        digitsAt(model.get("digits")).loadLabels(),
      ]);
      if (!class_of) return null;
      return {
        kind: "number",
        label: "share",
        least: 0,
        most: 100,
        step: 1,
        say: (/** @type {number} */ value) => `${value.toFixed(Number.isInteger(value) ? 0 : 1)} %`,
        judge() {
          const count = clusters.of.length,
            right = clusters.of.reduce(
              (sum, cluster, i) => sum + Number(class_of[cluster] === labels[i]),
              0,
            );
          const chance = Math.max(...labels.reduce((counts, y) => (counts[y]++, counts), Array(256).fill(0)));
          return {
            right: 100 * right / count,
            found:
              `That is ${right.toLocaleString("en")} of ${count.toLocaleString("en")}; one cluster for all ` +
              `would reach ${percent(chance / count)}.`,
          };
        },
      };
    },
  },
};
