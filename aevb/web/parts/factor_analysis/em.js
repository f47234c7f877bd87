// Classic EM, each step in closed form, beside AEVB's gradient steps: evidence and gap over passes over the data.

import { h, setText } from "../../kit/elements.js";
import { counted, number as said, signed } from "../../kit/format.js";
import { CLASSIC_EM } from "../../kit/palette.js";
import { remembered, synthetic, trueEvidence, trueModel } from "../../engine/factor_analysis/data.js";
import { classicEM, stepsPerPass } from "../../engine/factor_analysis/experiments.js";
import { Chart, curvesOf } from "./chart.js";
import { timeline } from "./run.js";
import { DIGITS } from "./sum.js";
import { View } from "./view.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../engine/factor_analysis/trajectory.js").Trajectory} Trajectory
 */

/** No other setting of a run changes it. */
const emOf = remembered((
  /** @type {number} */ seed,
  /** @type {number} */ latentDim,
  /** @type {number} */ iterations,
) => classicEM({ seed, latentDim }, iterations));

const MOST_ITERATIONS = 1000;
const COLUMNS = ["fitted by", "evidence", "gap", "σ₁", "σ₂", "σ₃"];

/** By L: why σ may differ from the true model's. */
const REMARKS = /** @type {Record<number, string>} */ ({
  1: "With L = 1 the model is too small for these data.",
  2: "Three observed numbers have 6 second moments; the model, up to rotation, has 8 parameters: σ is not " +
    "determined, and equally good fits differ in it.",
  3: "With L = 3 σ is not determined either: equally good fits differ in it.",
});

export class Beside extends View {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    super(model, el);
    this.chart = new Chart("Evidence and gap of classic EM and of AEVB over passes over the data");
    this.fit([this.chart.panel]);
    this.timeline = timeline(this.run, "pass", () => this.pass);
    this.rows = Array.from(
      { length: 3 },
      () => COLUMNS.map((_, k) => h(k ? "td" : "th", k ? {} : { scope: "row" })),
    );
    const table = h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...COLUMNS.map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", {}, ...this.rows.map((cells) => h("tr", {}, ...cells))),
    );
    this.remark = h("p.remark");
    el.append(
      this.settings.element,
      h("div.place", { "data-instrument": "" }, this.chart.canvas),
      this.timeline.element,
      h("div.ends", {}, h("p", {}, this.when), table, this.remark),
    );
    this.timeline.scrubs(this.chart);
    this.ends.push(this.timeline.end);
  }

  /** What the run is called: AEVB is both at once. */
  get called() {
    return this.run.experiment.schedule ? "in turn" : "AEVB";
  }

  /** Gradient steps in a pass over the data. */
  get pass() {
    return stepsPerPass(this.run.experiment);
  }

  /** @param {Trajectory} trajectory */
  keep(trajectory) {
    const { pass, called } = this, { experiment } = this.run, passes = Math.max(1, experiment.steps / pass);
    const iterations = Math.min(MOST_ITERATIONS, Math.ceil(passes));
    const em = this.em = emOf(experiment.seed, experiment.latentDim, iterations);
    const ours = curvesOf(trajectory, pass), theirs = curvesOf(em);
    const whole = (/** @type {ArrayLike<number>} */ column) =>
      Array.from(column).filter((_, i) => i > 0 && i % 2 === 0);
    this.chart.keep(this.theme, {
      lines: [
        { ...theirs.evidence, name: "EM: evidence", color: CLASSIC_EM, width: 3, squares: 2 },
        { ...theirs.elbo, name: "EM: ELBO", color: CLASSIC_EM, width: 1.5, dash: [4, 3] },
        { ...ours.evidence, name: `${called}: evidence` },
        { ...ours.elbo, name: `${called}: ELBO` },
      ],
      gaps: [
        {
          ...theirs.gap,
          name: "EM, after M",
          x: whole(theirs.gap.x),
          y: whole(theirs.gap.y),
          color: CLASSIC_EM,
          squares: 1,
        },
        { ...ours.gap, name: called },
      ],
      reference: trueEvidence(experiment.seed),
      window: [0, passes],
      unit: "pass",
    });
  }

  /** @param {Trajectory} trajectory @param {number} index */
  frame(trajectory, index) {
    this.chart.show(this.theme, trajectory.position[index] / this.pass);
  }

  /** @param {Trajectory} trajectory @param {number} index */
  say(trajectory, index) {
    const { em, run } = this, { seed } = run.experiment, step = trajectory.position[index];
    if (!em) return;
    const iterations = Math.min(Math.floor(step / this.pass), (em.count - 1) / 2), truth = trueModel();
    setText(
      this.when,
      `After ${said(Number((step / this.pass).toFixed(1)))} passes over the 1,000 training points`,
    );
    const numbers = (/** @type {number[]} */ ...values) => values.map((value) => signed(value, DIGITS));
    const state = (/** @type {Trajectory} */ of, /** @type {number} */ i) =>
      numbers(of.evidence[i], of.gap[i], ...of.state(i).sigma);
    const rows = [
      [`${this.called}, ${counted(step, "gradient step")}`, ...state(trajectory, index)],
      [`classic EM, ${counted(iterations, "iteration")}`, ...state(em, 2 * iterations)],
      [
        "the true model",
        ...numbers(trueEvidence(seed), truth.gap(synthetic(seed).test.moment), ...truth.sigma),
      ],
    ];
    rows.forEach((row, i) => row.forEach((text, k) => setText(this.rows[i][k], text)));
    setText(this.remark, REMARKS[trajectory.latentDim]);
    const both = `${this.called}: ${this.sum.show(trajectory, index)}; classic EM: evidence ${
      rows[1][1]
    }, gap ${rows[1][2]} nats`;
    this.timeline.show(both);
    this.chart.say(both);
  }
}
