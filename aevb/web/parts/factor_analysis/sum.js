// Numbers of a state in words.

import { equation } from "../../kit/equation.js";
import { addingUp, signed } from "../../kit/format.js";
import { ELBO, EVIDENCE, GAP } from "../../kit/palette.js";

/** @typedef {import("../../engine/factor_analysis/trajectory.js").Trajectory} Trajectory */

export const DIGITS = 3;

/** Equation 2 in the numbers of a state: ELBO + gap = evidence. */
export class Sum {
  constructor() {
    this.equation = equation([
      { name: "ELBO", color: ELBO, line: "dashed" },
      { name: "gap, nats", sign: "+", color: GAP, line: "solid" },
      { name: "evidence", sign: "=", color: EVIDENCE, line: "solid" },
    ]);
  }

  get element() {
    return this.equation.element;
  }

  /** @param {Trajectory} trajectory @param {number} index @returns {string} the same, to be spoken */
  show(trajectory, index) {
    const [elbo, gap] = addingUp([trajectory.elbo[index], trajectory.gap[index]], DIGITS);
    const said = [elbo, gap, elbo + gap].map((value) => signed(value, DIGITS));
    this.equation.show(said);
    return `ELBO ${said[0]}, gap ${said[1]}, evidence ${said[2]} nats`;
  }
}
