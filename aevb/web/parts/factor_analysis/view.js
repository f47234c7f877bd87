// What the views of a run share: they are laid out, follow the run and the link, and end.

import { h, setText } from "../../kit/elements.js";
import { number as said } from "../../kit/format.js";
import { onLayout, themeOf } from "../../kit/panel.js";
import { atLeisure, onNextFrame } from "../../kit/slices.js";
import { inWords, Run } from "./run.js";
import { settings } from "./settings.js";
import { Sum } from "./sum.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../kit/panel.js").Panel} Panel
 * @typedef {import("../../engine/factor_analysis/trajectory.js").Trajectory} Trajectory
 */

export class View {
  /**
   * @param {Model} model
   * @param {HTMLElement} el
   * @param {Parameters<typeof settings>[1] & ConstructorParameters<typeof Run>[3]} [more]
   */
  constructor(model, el, more) {
    this.model = model;
    this.el = el;
    this.theme = themeOf(el);
    /** @type {Panel[]} */
    this.panels = [];
    this.relayout = onNextFrame(() => this.layout());
    this.kept = false; // whether there is anything to draw the present step over
    this.when = h("b");
    this.phase = h("span");
    this.state = h("p.when", {}, this.when, this.phase);
    this.sum = new Sum();
    this.settings = settings(model, more);
    this.run = new Run(model, el, { grown: () => this.draw(), moved: () => this.show() }, more);
    this.tell = atLeisure(() => this.run.trajectory && this.say(this.run.trajectory, this.index));
    this.ends = [
      () => this.run.end(),
      () => this.relayout.cancel(),
      () => this.tell.cancel(),
      () => this.settings.end(),
    ];
  }

  end() {
    for (const end of this.ends) end();
  }

  /** The state that is looked at. */
  get index() {
    return this.run.index;
  }

  /** Keeps panels as large as their places. @param {Panel[]} panels */
  fit(panels) {
    this.panels = panels;
    for (const { canvas } of panels) this.ends.push(onLayout(canvas, this.relayout));
  }

  layout() {
    this.theme = themeOf(this.el);
    for (const panel of this.panels) panel.fit();
    this.draw();
  }

  /** Draws all, once there is a run and room. */
  draw() {
    const { trajectory } = this.run;
    if (!trajectory || this.panels.some(({ width }) => !width)) return;
    this.keep(trajectory);
    this.kept = true;
    this.show();
  }

  /** Draws the state that is looked at. */
  show() {
    if (!this.kept || !this.run.trajectory) return;
    this.frame(this.run.trajectory, this.index);
    this.tell();
  }

  /** What each view draws of a run. @param {Trajectory} _trajectory */
  keep(_trajectory) {}

  /** What it draws of a state, over that. @param {Trajectory} _trajectory @param {number} _index */
  frame(_trajectory, _index) {}

  /** What it says of a state, at leisure. @param {Trajectory} _trajectory @param {number} _index */
  say(_trajectory, _index) {}

  /** Names the step, and gives it in words that are to be spoken. @param {Trajectory} trajectory @param {number} index */
  name(trajectory, index) {
    const phase = inWords(trajectory.phase[index]), at = said(trajectory.position[index]);
    setText(this.when, `Step ${at} of ${said(this.run.experiment.steps)}`);
    setText(this.phase, phase);
    return `${phase}, ${this.sum.show(trajectory, index)}`;
  }
}
