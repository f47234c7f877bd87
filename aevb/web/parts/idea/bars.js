// The evidence as a height, reached by the ELBO and the gap upon it.

import { h } from "../../kit/elements.js";
import { ELBO, EVIDENCE, GAP } from "../../kit/palette.js";
import { Panel } from "../../kit/panel.js";
import { Axes } from "../../kit/plot.js";
import { BEST, worth } from "./surface.js";

const FLOOR = -4.4, CEILING = -2.02; // nats; below the floor the ELBO's bar has ended

export class Bars {
  constructor() {
    this.canvas = h("canvas.live.bars", {
      role: "img",
      "aria-label": "The evidence: the ELBO, and the gap upon it",
    });
    this.panel = new Panel(this.canvas);
  }

  /** @param {import("../../kit/panel.js").Theme} theme */
  layout(theme) {
    if (!this.panel.fit()) return;
    const { size } = theme, { width, height } = this.panel;
    const ticks = width > 11 * size, left = ticks ? 3.6 * size : 2; // the names need what numbers would take
    this.theme = theme;
    this.axes = new Axes({ left, top: 1, width: width - left - 2, height: height - 2 * size }, [0, 1], [
      FLOOR,
      CEILING,
    ]);
    this.panel.keep((context) => {
      const axes = /** @type {Axes} */ (this.axes), y = axes.y(worth([BEST, BEST]).evidence);
      axes.draw(context, theme, { xCount: 0, xTicks: false, yTicks: ticks, yCount: 5 });
      Object.assign(context, { fillStyle: theme.text, textAlign: "left", textBaseline: "top" });
      context.font = `${size}px ${theme.font}`;
      if (ticks) context.fillText("nats", axes.left, axes.top + axes.height + 5);
      Object.assign(context, { strokeStyle: theme.text, lineWidth: 1.5 });
      context.setLineDash([4, 5]);
      context.beginPath();
      context.moveTo(axes.left, y);
      context.lineTo(axes.left + axes.width, y);
      context.stroke();
      context.setLineDash([]);
      Object.assign(context, { textAlign: "right", textBaseline: "bottom" });
      context.fillText("best model", axes.left + axes.width - 3, y - 2);
    });
  }

  /** @param {{ evidence: number, elbo: number, gap: number }} found */
  show({ evidence, elbo }) {
    const { axes, theme, panel } = this;
    if (!axes || !theme) return;
    const { size } = theme, left = axes.left + 0.6 * size;
    const wide = Math.min(0.45 * axes.width, axes.width - 6.2 * size); // beside it there is room for the names
    const floor = axes.y(FLOOR), low = Math.min(floor, axes.y(elbo)), high = axes.y(evidence);
    panel.show((context) => {
      context.fillStyle = ELBO;
      context.fillRect(left, low, wide, floor - low);
      hatch(context, [left, high, wide, low - high], GAP);
      context.fillStyle = EVIDENCE;
      context.fillRect(axes.left, high - 2.5, wide + size, 5);
      context.font = `600 ${size}px ${theme.font}`;
      Object.assign(context, { fillStyle: theme.text, strokeStyle: theme.background, lineWidth: 5 });
      Object.assign(context, { textAlign: "left", textBaseline: "middle" });
      const name = (/** @type {string} */ text, /** @type {number} */ y) => {
        context.strokeText(text, left + wide + 0.7 * size, y);
        context.fillText(text, left + wide + 0.7 * size, y);
      };
      name("evidence", high);
      if (low - high > 2.4 * size) name("gap", (low + high) / 2);
      if (floor - low > 2.4 * size) name("ELBO", Math.max((low + floor) / 2, high + 1.4 * size));
    });
  }
}

/**
 * A rectangle in stripes: the gap is told from a bar by its look.
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number, number, number]} box
 * @param {string} color
 */
function hatch(context, [x, y, width, height], color) {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  Object.assign(context, { strokeStyle: color, lineWidth: 5 });
  context.beginPath();
  for (let from = -height; from < width; from += 11) {
    context.moveTo(x + from, y + height);
    context.lineTo(x + from + height, y);
  }
  context.stroke();
  context.restore();
  Object.assign(context, { strokeStyle: color, lineWidth: 2 });
  context.strokeRect(x + 1, y, width - 2, height);
}
