// One E-step or M-step at a time, exact or by gradient steps, and what each does to the gap.

import { button, follow, put, segments } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { counted, signed } from "../../kit/format.js";
import { choice, text } from "../../kit/params.js";
import { onNextFrame } from "../../kit/slices.js";
import { trueEvidence } from "../../engine/factor_analysis/data.js";
import { walk } from "../../engine/factor_analysis/experiments.js";
import { Chart, curvesOf } from "./chart.js";
import { LatentPane, legend, pointField, pointOf } from "./panes.js";
import { DIGITS } from "./sum.js";
import { View } from "./view.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../engine/factor_analysis/experiments.js").Experiment} Experiment
 * @typedef {import("../../engine/factor_analysis/experiments.js").Move} Move
 * @typedef {import("../../engine/factor_analysis/trajectory.js").Trajectory} Trajectory
 */

export const MOST_MOVES = 20;
const STEPS = ["25", "50", "100", "200"];
const EXACT = "exact";
const MOVE = `[EM](${STEPS.join("|")})?`;

export const params = {
  moves: text({ form: new RegExp(`^${MOVE}(,${MOVE}){0,${MOST_MOVES - 1}}$`) }),
  by: choice({ initial: EXACT, of: [...STEPS, EXACT] }),
};

/** @param {Model} model @returns {string[]} as the link names them: E, or M25 */
export const namesOf = (model) => model.get("moves") ? model.get("moves").split(",") : [];

/** @param {string} name @returns {Move} */
export const moveOf = (name) => ({ phase: name[0] === "E" ? "E" : "M", steps: Number(name.slice(1)) });

export class ByHand extends View {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    const work = function* (/** @type {Experiment} */ experiment, /** @type {number | undefined} */ states) {
      const walked = walk(experiment, namesOf(model).map(moveOf), states);
      yield walked;
      return walked;
    };
    super(model, el, { schedule: false, work, keys: ["moves"] });
    this.chart = new Chart("Evidence, ELBO and gap after each move");
    this.latent = new LatentPane();
    this.fit([this.chart.panel, this.latent.panel]);
    const by = segments(model, "by", "A move is so many gradient steps, or exact", {
      ...Object.fromEntries(STEPS.map((steps) => [steps, steps])),
      [EXACT]: "exact",
    });
    const go = (/** @type {string[]} */ names) => put(model, "moves", names.join(","));
    const take = (/** @type {string} */ phase) => {
      const steps = model.get("by");
      go([...namesOf(model), steps === EXACT ? phase : phase + steps]);
    };
    this.takes = ["E", "M"].map((phase) => {
      const one = button(`${phase}-step`, () => take(phase), { "data-sets": "moves" });
      one.classList.add("primary");
      return one;
    });
    this.undo = button("Undo", () => go(namesOf(model).slice(0, -1)), { "data-sets": "moves" });
    this.reset = button("Reset", () => go([]), { "data-sets": "moves" });
    const point = pointField(model), again = onNextFrame(() => this.draw());
    this.account = h("div.account", { role: "log", "aria-label": "What each move did", tabIndex: 0 });
    el.append(
      this.settings.element,
      h("div.state", {}, this.state, this.sum.element),
      h("div.place", { "data-instrument": "" }, this.chart.canvas),
      h(
        "div.controls.moves",
        { "data-control": "" },
        ...this.takes,
        h("div.labelled", {}, h("span", {}, "gradient steps"), by.element),
        this.undo,
        this.reset,
      ),
      h("div.panes", {}, this.latent.element),
      h("div.foot", {}, legend(["posterior", "q", "prior"]), point.element),
      this.account,
    );
    this.ends.push(by.end, point.end, follow(model, ["point"], again), again.cancel);
  }

  /** The last move is looked at. */
  get index() {
    return (this.run.trajectory?.count ?? 1) - 1;
  }

  /** @param {Trajectory} trajectory */
  keep(trajectory) {
    const { theme } = this, { seed } = this.run.experiment;
    const { evidence, elbo, gap } = curvesOf(trajectory);
    this.chart.keep(theme, {
      lines: [evidence, elbo],
      gaps: [gap],
      area: [evidence, elbo],
      reference: trueEvidence(seed),
      spans: trajectory.spans(),
      window: [0, Math.max(4, namesOf(this.model).length)],
      unit: "move",
    });
    this.latent.keep(theme, trajectory, pointOf(this.model, seed));
  }

  /** @param {Trajectory} trajectory @param {number} index */
  frame(trajectory, index) {
    this.chart.show(this.theme, trajectory.position[index]);
    this.latent.show(this.theme, trajectory, index, pointOf(this.model, this.run.experiment.seed));
  }

  /** @param {Trajectory} trajectory @param {number} index */
  say(trajectory, index) {
    const { model } = this, names = namesOf(model), spoken = this.sum.show(trajectory, index);
    const full = names.length >= MOST_MOVES;
    setText(this.when, `After ${counted(names.length, "move")}`);
    setText(this.phase, full ? "as far as a walk goes" : "");
    for (const one of this.takes) one.disabled = full;
    this.undo.disabled = this.reset.disabled = !names.length;
    this.chart.say(spoken);
    this.latent.say(model.get("point"));
    const sentences = accountOf(trajectory, names.map(moveOf));
    if (sentences.join() !== this.told) {
      this.account.replaceChildren(...sentences.map((sentence) => h("p", {}, sentence)));
      this.told = sentences.join();
    }
  }
}

/**
 * What each move did, in a sentence; the latest first.
 * @param {Trajectory} trajectory
 * @param {Move[]} moves
 */
export function accountOf(trajectory, moves) {
  if (!moves.length) {
    return [
      "An E-step moves q to the posterior: the gap closes, the evidence stays. An M-step then improves the model, whose " +
      "posterior moves away from q: the gap opens again.",
    ];
  }
  return moves.map(({ phase, steps }, k) => {
    const [before, after] = [k, k + 1].map((position) => trajectory.nearest(position));
    const change = (/** @type {Float64Array} */ column) => {
      const difference = column[after] - column[before];
      if (Math.abs(difference) < 0.5 * 10 ** -DIGITS) return "stayed";
      return `${difference > 0 ? "rose" : "fell"} by ${signed(Math.abs(difference), DIGITS)}`;
    };
    const [from, to] = [before, after].map((i) => signed(trajectory.gap[i], DIGITS));
    const none = signed(0, DIGITS), narrows = trajectory.gap[after] < trajectory.gap[before];
    const way = narrows ? (to === none ? "closed" : "narrowed") : from === none ? "opened" : "widened";
    const gap = from === to ? `stayed at ${to}` : `${way} from ${from} to ${to}`;
    const name = `${k + 1}. ${phase}-step, ${steps ? `${steps} gradient steps` : "exact"}`;
    return `${name}: the ELBO ${change(trajectory.elbo)}, the evidence ${
      change(trajectory.evidence)
    }; the gap ${gap}.`;
  }).reverse();
}
