// The same curves, to zoom into and to read, with the one-sample estimate that training sees.

import { button, follow, put } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { number as said, signed } from "../../kit/format.js";
import { ELBO } from "../../kit/palette.js";
import { numbers } from "../../kit/params.js";
import { onNextFrame } from "../../kit/slices.js";
import { zoomable } from "../../kit/zoom.js";
import { trueEvidence } from "../../engine/factor_analysis/data.js";
import { Chart, curvesOf } from "./chart.js";
import { timeline } from "./run.js";
import { MOST_STEPS } from "./settings.js";
import { DIGITS } from "./sum.js";
import { View } from "./view.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../engine/factor_analysis/trajectory.js").Trajectory} Trajectory
 */

const LEAST = 10; // steps in sight
const FACTOR = 2; // of a press of a button
const DRAG = 5; // pixels, from which on a press is a drag

/** The steps at the left and right; null for the whole run. */
export const params = { zoom: numbers({ reach: MOST_STEPS, digits: 0, count: 2 }) };

export class Plot extends View {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    super(model, el);
    this.chart = new Chart("Evidence, ELBO, its one-sample estimate and the gap over the steps");
    this.fit([this.chart.panel]);
    this.timeline = timeline(this.run);
    /** @type {number | null} */
    this.over = null; // the position that the pointer is over
    /** @type {[from: number, to: number] | null} */
    this.drag = null; // the range that is being drawn
    this.redraw = onNextFrame(() => this.show());
    this.estimate = h("p.estimate");
    const zoomed = (/** @type {number} */ factor) => () => this.zoom(factor, this.middle);
    const moved = (/** @type {number} */ share) => () => this.shift(share);
    this.buttons = [
      button("−", zoomed(FACTOR), { "aria-label": "Zoom out" }),
      button("+", zoomed(1 / FACTOR), { "aria-label": "Zoom in" }),
      button("◀", moved(-0.5), { "aria-label": "Earlier" }),
      button("▶", moved(0.5), { "aria-label": "Later" }),
      button("Whole run", () => put(model, "zoom", null)),
    ];
    el.append(
      this.settings.element,
      h("div.state", {}, this.state, this.estimate, this.sum.element),
      h("div.place", { "data-instrument": "" }, this.chart.canvas),
      h(
        "div.bar",
        {},
        this.timeline.element,
        h("div.controls.zoom", { role: "group", "aria-label": "Zoom", "data-sets": "zoom" }, ...this.buttons),
      ),
    );
    this.listen(this.chart.canvas);
    const again = onNextFrame(() => this.draw());
    this.ends.push(
      this.timeline.end,
      this.redraw.cancel,
      again.cancel,
      follow(model, ["zoom"], again),
      follow(model, ["step"], () => (this.over = null)), // the step that was chosen last is read
    );
  }

  /** @param {HTMLCanvasElement} canvas */
  listen(canvas) {
    const at = (/** @type {MouseEvent} */ event) => this.chart.main.valueAt(event.offsetX);
    let pressed = 0;
    canvas.onpointerdown = (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      pressed = event.offsetX;
      this.drag = [at(event), at(event)];
    };
    canvas.onpointermove = (event) => {
      this.over = at(event);
      if (this.drag) this.drag[1] = this.over;
      this.redraw();
    };
    canvas.onpointerup = (event) => {
      const { drag } = this;
      this.drag = null;
      if (!drag) return;
      if (Math.abs(event.offsetX - pressed) > DRAG) this.look(Math.min(...drag), Math.max(...drag));
      else this.choose(at(event));
      this.redraw();
    };
    canvas.onpointercancel = () => {
      this.drag = null;
      this.redraw();
    };
    canvas.onpointerleave = () => {
      this.over = null;
      this.redraw();
    };
    canvas.ondblclick = () => put(this.model, "zoom", null);
    let turned = 1; // zoom since the steps in sight last changed: they are whole, so a little changes none
    canvas.tabIndex = -1; // a press gives it the wheel
    zoomable(canvas, (factor, [x]) => {
      const { window } = this, [from, to] = window, { steps } = this.run.experiment;
      const more = factor > 1 ? to - from > LEAST : to - from < steps;
      turned *= factor;
      if (more) this.zoom(1 / turned, this.chart.main.valueAt(x));
      if (!more || String(this.window) !== String(window)) turned = 1;
      return more;
    });
  }

  /** @param {number} position */
  choose(position) {
    const { trajectory } = this.run;
    if (trajectory) this.run.go(trajectory.nearest(position));
    this.model.save_changes();
  }

  /** The steps in sight. @returns {[number, number]} */
  get window() {
    const { steps } = this.run.experiment, zoom = this.model.get("zoom");
    if (!zoom) return [0, steps];
    const [from, to] = [Math.min(...zoom), Math.max(...zoom)].map((end) => Math.max(0, Math.min(steps, end)));
    return to - from >= LEAST ? [from, to] : [0, steps];
  }

  /** Looks at other steps. @param {number} from @param {number} to */
  look(from, to) {
    const { steps } = this.run.experiment, length = Math.min(steps, Math.max(LEAST, Math.round(to - from)));
    const start = Math.round(Math.max(0, Math.min(steps - length, from)));
    put(this.model, "zoom", length === steps ? null : [start, start + length]);
  }

  get middle() {
    const [from, to] = this.window;
    return (from + to) / 2;
  }

  /** @param {number} factor by which more is in sight @param {number} around a position that stays where it is */
  zoom(factor, around) {
    const [from, to] = this.window;
    this.look(around + factor * (from - around), around + factor * (to - around));
  }

  /** @param {number} share of what is in sight */
  shift(share) {
    const [from, to] = this.window, by = share * (to - from);
    this.look(from + by, to + by);
  }

  /** The state under the pointer, else the one that is looked at. */
  get index() {
    const { trajectory } = this.run;
    return trajectory && this.over !== null ? trajectory.nearest(this.over) : this.run.index;
  }

  /** @param {Trajectory} trajectory */
  keep(trajectory) {
    const { evidence, elbo, gap } = curvesOf(trajectory), { window } = this, { experiment } = this.run;
    const y = trajectory.estimate.subarray(0, trajectory.count);
    this.chart.keep(this.theme, {
      lines: [{ name: "", x: elbo.x, y, color: ELBO, width: 1.3, alpha: 0.4, aside: true }, evidence, elbo],
      gaps: [gap],
      area: [evidence, elbo],
      reference: trueEvidence(experiment.seed),
      spans: trajectory.spans(),
      window,
      unit: "step",
    });
  }

  /** @param {Trajectory} trajectory @param {number} index */
  frame(trajectory, index) {
    this.chart.show(this.theme, trajectory.position[index], this.drag ?? undefined);
  }

  /** @param {Trajectory} trajectory @param {number} index */
  say(trajectory, index) {
    const spoken = this.name(trajectory, index), [from, to] = this.window, whole = !this.model.get("zoom");
    const estimate = `one-sample estimate of the ELBO ${signed(trajectory.estimate[index], DIGITS)}`;
    setText(this.estimate, estimate);
    this.timeline.show(`${spoken}, ${estimate}`);
    this.chart.say(`Steps ${said(from)} to ${said(to)} in sight. ${spoken}`);
    const [out, into, earlier, later, all] = this.buttons, { steps } = this.run.experiment;
    out.disabled = all.disabled = whole;
    into.disabled = to - from <= LEAST;
    earlier.disabled = from <= 0;
    later.disabled = to >= steps;
  }
}
