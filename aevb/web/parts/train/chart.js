// The curves of a run: the ELBO large, its terms and the gradients' norms small, under one cursor.

import { h } from "../../kit/elements.js";
import { EVIDENCE, GAP } from "../../kit/palette.js";
import { Panel } from "../../kit/panel.js";
import { Axes, cursor, marker, Notes, shade } from "../../kit/plot.js";
import { spansOf } from "../../engine/schedule.js";
import { chartsOf, rangeOf } from "./record.js";

/**
 * @typedef {import("../../kit/panel.js").Theme} Theme
 * @typedef {import("./record.js").Point} Point
 * @typedef {import("./record.js").Chart} Chart
 * @typedef {import("./record.js").Line} Line
 */

export class Curves {
  /** @param {() => void} layout called when a panel's place has come about */
  constructor(layout) {
    this.layout = layout;
    this.element = h("div.curves");
    /** @type {Panel[]} */
    this.panels = [];
    /** @type {Chart[]} */
    this.charts = [];
  }

  fit() {
    for (const panel of this.panels) panel.fit();
  }

  /** Takes the points of a run. @param {Theme} theme @param {Point[]} points */
  keep(theme, points) {
    this.charts = chartsOf(points);
    if (this.charts.length !== this.panels.length) this.build();
    const spans = spansOf(points), last = Math.max(2, points[points.length - 1]?.step ?? 2);
    const marks = points.filter(({ mark }) => mark);
    this.charts.forEach((chart, k) => this.draw(theme, chart, this.panels[k], { spans, last, marks, k }));
  }

  build() {
    this.panels = this.charts.map(({ title, lines }) => {
      const names = lines.map(({ name }) => name).join(", ");
      return new Panel(
        h("canvas.live.curve", { role: "img", "aria-label": `${title} ${names} over the steps`.trim() }),
      );
    });
    this.panels[0].canvas.dataset.instrument = "";
    const small = this.panels.length - 1;
    this.element.style.setProperty("--across", String(small > 3 ? Math.ceil(small / 2) : small));
    this.element.replaceChildren(...this.panels.map(({ canvas }) => canvas));
    this.layout();
    this.fit();
  }

  /**
   * @param {Theme} theme
   * @param {Chart} chart
   * @param {Panel} panel
   * @param {{ spans: ReturnType<typeof spansOf>, last: number, marks: Point[], k: number }} run
   */
  draw(theme, chart, panel, { spans, last, marks, k }) {
    const { title, lines, log } = chart, { size } = theme, left = (k ? 3.6 : 4.2) * size, top = 1.6 * size;
    const main = k === 0;
    const box = {
      left,
      top,
      width: panel.width - left - 0.5 * size,
      height: panel.height - top - (main ? 1.5 : 0.4) * size,
    };
    if (box.width <= 0 || box.height <= 0) return;
    const axes = panel.axes = new Axes(box, [0, last], rangeOf(chart), log);
    panel.keep((context) => {
      shade(context, theme, axes, spans);
      axes.draw(context, theme, { xTicks: main, xCount: main ? 6 : 3, yCount: main ? 4 : 2 });
      legend(context, theme, axes, title, lines);
      axes.clip(context, () => {
        if (main) fillGap(context, axes, lines);
        for (const line of lines) stroke(context, axes, line);
      });
      if (!main) return;
      const points = lines.flatMap(({ x, y }) => x.map((step, i) => [axes.x(step), axes.y(y[i])]));
      const notes = new Notes(context, theme, axes, points);
      const low = box.top + box.height - 4, rows = Math.floor(box.height / (1.3 * size));
      for (const point of marks) {
        const x = axes.x(point.step), text = `${point.mark} ▸`;
        dashed(context, theme, x, axes);
        notes.write(text, Array.from({ length: rows }, (_, row) => [x - 3, low - 1.3 * size * row]));
      }
      letter(notes, theme, axes, spans);
      notes.write("steps", [[box.left + box.width - 6, low]]);
    });
    panel.show(() => {});
  }

  /** Draws the cursor at a step, or none. @param {Theme} theme @param {number | null} step */
  show(theme, step) {
    this.panels.forEach((panel, k) => {
      const { axes } = panel, chart = this.charts[k];
      if (!axes || !chart) return;
      panel.show((context) => {
        if (step === null) return;
        const x = axes.x(step);
        cursor(context, theme, axes, x);
        for (const line of chart.lines) {
          const at = line.x.findLastIndex((other) => other <= step);
          if (!(line.y[at] >= axes.y0)) continue;
          marker(context, x, axes.y(line.y[at]), { color: line.color, ring: theme.background, radius: 6 });
        }
      });
    });
  }
}

/** The phases' letters where there is room. @param {Notes} notes @param {Theme} theme @param {Axes} axes @param {ReturnType<typeof spansOf>} spans */
function letter(notes, { size }, axes, spans) {
  const alternating = spans.filter(({ phase }) => phase !== "EM");
  let said = false;
  for (const { from, to, phase } of alternating) {
    const room = axes.x(to) - axes.x(from), middle = axes.x((from + to) / 2), top = axes.top + 1.4 * size;
    if (room < 1.3 * size) continue;
    said = true;
    const text = room > 5 * size ? `${phase}-step` : phase;
    notes.write(text, [[middle + (text.length * size) / 3.6, top]]);
  }
  if (alternating.length && !said) {
    notes.write("shaded: E-steps", [[axes.left + axes.width - 6, axes.top + 1.4 * size]]);
  }
}

/** @param {CanvasRenderingContext2D} context @param {Theme} theme @param {number} x @param {Axes} axes */
function dashed(context, theme, x, axes) {
  Object.assign(context, { strokeStyle: theme.text, lineWidth: 2 });
  context.setLineDash([3, 4]);
  context.beginPath();
  context.moveTo(x, axes.top);
  context.lineTo(x, axes.top + axes.height);
  context.stroke();
  context.setLineDash([]);
}

/** Names lines above the frame, each beside a piece of it. @param {CanvasRenderingContext2D} context @param {Theme} theme @param {Axes} axes @param {string} title @param {Line[]} lines */
function legend(context, theme, axes, title, lines) {
  const { size } = theme, y = axes.top - 0.8 * size;
  let x = axes.left;
  Object.assign(context, {
    font: `600 ${size}px ${theme.font}`,
    textAlign: "left",
    textBaseline: "middle",
    fillStyle: theme.text,
  });
  const say = (/** @type {string} */ text) => {
    context.fillText(text, x, y);
    x += context.measureText(text).width + 0.7 * size;
  };
  const wide = 1.8 * size, words = [title, ...lines.map(({ name }) => name)].filter(Boolean);
  const all = words.reduce((sum, text) => sum + context.measureText(text).width + 0.7 * size, 0);
  x = Math.max(0, Math.min(x, axes.left + axes.width - all - lines.length * (wide + 0.35 * size)));
  if (title) say(title);
  for (const { name, color, dash, width } of lines) {
    Object.assign(context, { strokeStyle: color, lineWidth: width });
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x += wide, y);
    context.stroke();
    context.setLineDash([]);
    x += 0.35 * size;
    say(name);
  }
}

/** @param {CanvasRenderingContext2D} context @param {Axes} axes @param {Line} line */
export function stroke(context, axes, { x, y, color, width, dash }) {
  Object.assign(context, { strokeStyle: color, fillStyle: color, lineWidth: width, lineJoin: "round" });
  context.setLineDash(dash);
  context.beginPath();
  for (let i = 0; i < x.length; i++) {
    const begins = Number.isNaN(y[i - 1] ?? NaN);
    if (!Number.isNaN(y[i])) context[begins ? "moveTo" : "lineTo"](axes.x(x[i]), axes.yNear(y[i]));
  }
  context.stroke();
  context.setLineDash([]);
  if (x.length !== 1) return; // the first of them is seen too
  context.beginPath();
  context.arc(axes.x(x[0]), axes.yNear(y[0]), 1.5 * width, 0, 6.2832);
  context.fill();
}

/** What is missing between the validation's ELBO and the bound. @param {CanvasRenderingContext2D} context @param {Axes} axes @param {Line[]} lines */
function fillGap(context, axes, lines) {
  const upper = lines.find(({ color }) => color === EVIDENCE), lower = lines[lines.length - 1];
  if (!upper || upper.x.length < 2) return;
  const at = new Set(upper.x);
  Object.assign(context, { fillStyle: GAP, globalAlpha: 0.28 });
  context.beginPath();
  upper.x.forEach((step, i) => context.lineTo(axes.x(step), axes.yNear(upper.y[i])));
  for (let i = lower.x.length - 1; i >= 0; i--) {
    if (at.has(lower.x[i])) context.lineTo(axes.x(lower.x[i]), axes.yNear(lower.y[i]));
  }
  context.fill();
  context.globalAlpha = 1;
}
