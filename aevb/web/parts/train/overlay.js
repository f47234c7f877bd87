// The validation ELBOs of several runs on one axis.

import { h } from "../../kit/elements.js";
import { mark } from "../../kit/marks.js";
import { Panel } from "../../kit/panel.js";
import { Axes, cursor, Notes } from "../../kit/plot.js";
import { stroke } from "./chart.js";
import { rangeOf } from "./record.js";

/** @typedef {import("../../kit/panel.js").Theme} Theme */
/**
 * @typedef {object} Curve
 * @property {number} k which of the marks it has
 * @property {string} letter
 * @property {string} color
 * @property {number[]} dash
 * @property {number[]} x
 * @property {number[]} y
 */

const APART = 90; // pixels between two marks of a curve

export class Overlay {
  constructor() {
    const label = "The validation ELBO of each run over its steps";
    this.panel = new Panel(
      h("canvas.live.overlay", { role: "img", "aria-label": label, "data-instrument": "" }),
    );
  }

  /**
   * @param {Theme} theme
   * @param {Curve[]} curves
   * @param {{ from: number, last: number }} steps that are shown
   */
  keep(theme, curves, { from, last }) {
    const { panel } = this, { size } = theme, left = 4.2 * size;
    const box = {
      left,
      top: 0.5 * size,
      width: panel.width - left - 1.6 * size,
      height: panel.height - 2 * size,
    };
    if (box.width <= 0 || box.height <= 0) return;
    const lines = curves.map((curve) => ({ ...curve, name: curve.letter, width: 3 }));
    const seen = lines.map((line) => ({ ...line, y: line.y.filter((_, i) => line.x[i] >= from) }));
    const axes = panel.axes = new Axes(
      box,
      [from, last],
      rangeOf({ title: "", lines: seen, cut: from ? 0 : 0.1 }),
    );
    panel.keep((context) => {
      axes.draw(context, theme, { xCount: 6, yCount: 4 });
      axes.clip(context, () => {
        for (const line of lines) {
          stroke(context, axes, line);
          marks(context, axes, line);
        }
      });
      const notes = new Notes(context, theme, axes);
      if (!lines.length) {
        notes.write("no run yet", [[axes.left + axes.width / 2 + 3 * size, axes.top + axes.height / 2]]);
      }
      notes.write("ELBO, nats", [[axes.left + 6.2 * size, axes.top + 1.5 * size]]);
      notes.write("steps", [[axes.left + axes.width - 6, axes.top + axes.height - 4]]);
      Object.assign(context, {
        font: `700 ${1.15 * size}px ${theme.font}`,
        textAlign: "left",
        textBaseline: "middle",
      });
      let above = -Infinity; // a letter at the end of each curve, none over another
      for (const { letter, x, y } of [...lines].sort((a, b) => (b.y.at(-1) ?? 0) - (a.y.at(-1) ?? 0))) {
        if (!y.length) continue;
        above = Math.max(above + 1.15 * size, within(axes, axes.yNear(y[y.length - 1])));
        context.fillStyle = theme.text;
        context.fillText(letter, axes.x(x[x.length - 1]) + 5, above);
      }
    });
  }

  /** Draws the cursor at a step, or none. @param {Theme} theme @param {Curve[]} curves @param {number | null} step */
  show(theme, curves, step) {
    const { axes } = this.panel;
    if (!axes) return;
    this.panel.show((context) => {
      if (step === null || step < axes.x0) return;
      const x = axes.x(step);
      cursor(context, theme, axes, x);
      for (const { k, color, x: steps, y } of curves) {
        const at = steps.findLastIndex((other) => other <= step);
        if (at < 0) continue;
        const place = /** @type {const} */ ([axes.x(steps[at]), within(axes, axes.yNear(y[at]))]);
        context.fillStyle = theme.background;
        mark(context, k, ...place, 9);
        context.fillStyle = color;
        mark(context, k, ...place, 6.5);
      }
    });
  }
}

/** @param {Axes} axes @param {number} height */
const within = (axes, height) => Math.max(axes.top + 8, Math.min(axes.top + axes.height - 8, height));

/** Marks along a curve, some way apart. @param {CanvasRenderingContext2D} context @param {Axes} axes @param {Curve} curve */
function marks(context, axes, { k, color, x, y }) {
  context.fillStyle = color;
  let next = axes.left + APART * (0.25 + 0.2 * k);
  x.forEach((step, i) => {
    const place = axes.x(step);
    if (place < next || Number.isNaN(y[i])) return;
    next = place + APART;
    mark(context, k, place, axes.yNear(y[i]), 5.5);
  });
}
