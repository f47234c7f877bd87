// What can be asked of a walk by hand.

import { signed } from "../../kit/format.js";
import { walk } from "../../engine/factor_analysis/experiments.js";
import { MOST_MOVES, moveOf, namesOf } from "./hand.js";
import { experimentOf, familyIn, KEYS } from "./settings.js";
import { DIGITS } from "./sum.js";

/**
 * @typedef {import("../../engine/factor_analysis/experiments.js").Experiment} Experiment
 */

const SEEDS = 10; // other starts that are looked at for an M-step which lowers the evidence

const said = (/** @type {number} */ nats) => signed(nats, DIGITS);

/**
 * Evidence, ELBO and gap before and after the last move.
 * @param {Experiment} experiment
 * @param {string[]} names
 */
function lastOf(experiment, names) {
  const trajectory = walk(experiment, names.map(moveOf));
  return [names.length - 1, names.length].map((position) => {
    const i = trajectory.nearest(position);
    return { evidence: trajectory.evidence[i], elbo: trajectory.elbo[i], gap: trajectory.gap[i] };
  });
}

/** @type {import("../../kit/asks.js").Asks} */
export const asks = {
  "e-step": {
    follows: KEYS,
    ask(model) {
      const names = [...namesOf(model), "E"];
      if (names.length > MOST_MOVES) return null;
      const least = familyIn(model) === "full" ? "closed" : "narrower than now";
      return {
        kind: "choice",
        choices: ["wider than now", "as it is now", least].map((title) => ({ title })),
        judge() {
          const [before, after] = lastOf(experimentOf(model), names);
          const right = said(before.gap) === said(after.gap) ? 1 : after.gap > before.gap ? 0 : 2;
          return {
            right,
            found: `It goes from ${said(before.gap)} to ${said(after.gap)} nats, and the evidence stays at ${
              said(after.evidence)
            }.`,
            then: { moves: names.join(",") },
          };
        },
      };
    },
  },

  "m-step": {
    follows: KEYS,
    ask(model) {
      return {
        kind: "choice",
        choices: ["no, never", "yes, where there is a gap"].map((title) => ({ title })),
        judge() {
          const here = experimentOf(model);
          const others = Array.from({ length: SEEDS }, (_, seed) => ({ ...here, seed }));
          const found = [here, ...others].map((experiment) => ({
            experiment,
            states: lastOf(experiment, ["M"]),
          }))
            .find(({ states: [before, after] }) => after.evidence < before.evidence);
          const { experiment, states: [before, after] } = found ??
            { experiment: here, states: lastOf(here, ["M"]) };
          return {
            right: found ? 1 : 0,
            found:
              `From the start of seed ${experiment.seed}, with q far from the posterior, it takes the ELBO ` +
              `from ${said(before.elbo)} to ${said(after.elbo)} nats and the evidence from ${
                said(before.evidence)
              } to ${said(after.evidence)}.`,
            then: { seed: experiment.seed, moves: "M" },
          };
        },
      };
    },
  },
};
