// Training, step by step: the curves, what the model generates, and the posterior of one test point.

import { follow, put } from "../../kit/controls.js";
import { h } from "../../kit/elements.js";
import { atLeisure, onNextFrame } from "../../kit/slices.js";
import { synthetic, trueEvidence } from "../../engine/factor_analysis/data.js";
import { Chart, curvesOf } from "./chart.js";
import { LatentPane, legend, Planes, pointField, pointOf } from "./panes.js";
import { timeline } from "./run.js";
import { View } from "./view.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../engine/factor_analysis/trajectory.js").Trajectory} Trajectory
 */

const FOLLOW = 25; // ms between two drawings of a pane while a setting moves: all of them take longer than the curves

export class Watch extends View {
  /** @param {Model} model @param {HTMLElement} el @param {ConstructorParameters<typeof View>[2]} [more] */
  constructor(model, el, more) {
    super(model, el, more);
    this.chart = new Chart("Evidence, ELBO and gap over the steps");
    this.planes = new Planes((point) => put(model, "point", point));
    this.latent = new LatentPane();
    this.fit([this.chart.panel, this.latent.panel, ...this.planes.panels]);
    this.panes = h("div.panes", {}, ...this.planes.elements, this.latent.element);
    this.windowed = false; // whether the latent pane shows this run's window
    this.turn = 0; // the pane that follows next
    this.follow = atLeisure(() => this.drawNext(), FOLLOW);
    this.timeline = timeline(this.run);
    this.timeline.scrubs(this.chart);
    const point = pointField(model), again = onNextFrame(() => this.draw());
    el.append(
      this.settings.element,
      h("div.state", {}, this.state, this.sum.element),
      h("div.place", { "data-instrument": "" }, this.chart.canvas),
      this.timeline.element,
      this.panes,
      h(
        "div.foot",
        {},
        legend(["data", "generated", "posterior", "q", "prior"]),
        point.element,
      ),
    );
    this.ends.push(
      this.timeline.end,
      point.end,
      follow(model, ["point"], again),
      again.cancel,
      this.follow.cancel,
    );
  }

  /** @param {Trajectory} trajectory */
  keep(trajectory) {
    const { theme } = this, { experiment } = this.run;
    const { evidence, elbo, gap } = curvesOf(trajectory);
    this.chart.keep(theme, {
      lines: [evidence, elbo],
      gaps: [...this.others(), gap],
      area: [evidence, elbo],
      reference: trueEvidence(experiment.seed),
      spans: trajectory.spans(),
      window: [0, experiment.steps],
      unit: "step",
    });
    this.windowed = false;
  }

  /** Gaps of other runs. @returns {import("./chart.js").Line[]} */
  others() {
    return [];
  }

  /**
   * A frame has time for the curves of another run, and not for the panes as well: while a setting moves they follow
   * one by one, dimmed.
   * @param {Trajectory} trajectory
   * @param {number} index
   */
  frame(trajectory, index) {
    const { rough } = this.run;
    this.chart.show(this.theme, trajectory.position[index]);
    this.panes.classList.toggle("stale", rough);
    if (rough) this.follow();
    else {
      this.drawPlanes();
      this.drawLatent();
    }
  }

  /** Draws the next of the panes. */
  drawNext() {
    const { planes: { panels }, turn } = this;
    this.turn = (turn + 1) % (panels.length + 1);
    if (turn < panels.length) this.drawPlanes(turn);
    else this.drawLatent();
  }

  /** @param {number} [only] the one that is drawn */
  drawPlanes(only) {
    const { theme, model, index, run: { trajectory, experiment: { seed } } } = this;
    if (!trajectory) return;
    this.planes.keep(theme, synthetic(seed).test);
    this.planes.show(theme, trajectory.state(index), { point: model.get("point"), only });
  }

  drawLatent() {
    const { theme, model, index, run: { trajectory, experiment: { seed } } } = this;
    if (!trajectory) return;
    const x = pointOf(model, seed);
    if (!this.windowed) this.latent.keep(theme, trajectory, x);
    this.windowed = true;
    this.latent.show(theme, trajectory, index, x);
  }

  /** @param {Trajectory} trajectory @param {number} index */
  say(trajectory, index) {
    const spoken = this.name(trajectory, index);
    this.timeline.show(spoken);
    this.chart.say(`step ${trajectory.position[index]}, ${spoken}`);
    this.latent.say(this.model.get("point"));
  }
}
