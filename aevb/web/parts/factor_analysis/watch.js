// Training, step by step: the curves, what the model generates, and the posterior of one test point.

import { follow, put } from "../../kit/controls.js";
import { h } from "../../kit/elements.js";
import { onNextFrame } from "../../kit/slices.js";
import { synthetic, trueEvidence } from "../../engine/factor_analysis/data.js";
import { Chart, curvesOf } from "./chart.js";
import { LatentPane, legend, Planes, pointField, pointOf } from "./panes.js";
import { timeline } from "./run.js";
import { View } from "./view.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../engine/factor_analysis/trajectory.js").Trajectory} Trajectory
 */

export class Watch extends View {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    super(model, el);
    this.chart = new Chart("Evidence, ELBO and gap over the steps");
    this.planes = new Planes((point) => put(model, "point", point));
    this.latent = new LatentPane();
    this.fit([this.chart.panel, this.latent.panel, ...this.planes.panels]);
    this.timeline = timeline(this.run);
    this.timeline.scrubs(this.chart);
    const point = pointField(model), again = onNextFrame(() => this.draw());
    el.append(
      this.settings.element,
      h("div.state", {}, this.state, this.sum.element),
      h("div.place", { "data-instrument": "" }, this.chart.canvas),
      this.timeline.element,
      h("div.panes", {}, ...this.planes.elements, this.latent.element),
      h(
        "div.foot",
        {},
        legend(["data", "generated", "posterior", "q", "prior"]),
        point.element,
      ),
    );
    this.ends.push(this.timeline.end, point.end, follow(model, ["point"], again), again.cancel);
  }

  /** @param {Trajectory} trajectory */
  keep(trajectory) {
    const { theme } = this, { experiment } = this.run, { test } = synthetic(experiment.seed);
    const { evidence, elbo, gap } = curvesOf(trajectory);
    this.chart.keep(theme, {
      lines: [evidence, elbo],
      gaps: [gap],
      area: [evidence, elbo],
      reference: trueEvidence(experiment.seed),
      spans: trajectory.spans(),
      window: [0, experiment.steps],
      unit: "step",
    });
    this.planes.keep(theme, test);
    this.latent.keep(theme, trajectory, pointOf(this.model, experiment.seed));
  }

  /** @param {Trajectory} trajectory @param {number} index */
  frame(trajectory, index) {
    const { theme, model } = this;
    this.chart.show(theme, trajectory.position[index]);
    this.planes.show(theme, trajectory.state(index), { point: model.get("point") });
    this.latent.show(theme, trajectory, index, pointOf(model, this.run.experiment.seed));
  }

  /** @param {Trajectory} trajectory @param {number} index */
  say(trajectory, index) {
    const spoken = this.name(trajectory, index);
    this.timeline.show(spoken);
    this.chart.say(`step ${trajectory.position[index]}, ${spoken}`);
    this.latent.say(this.model.get("point"));
  }
}
