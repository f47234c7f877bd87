// Evidence and ELBO over the steps, and below them the gap on a logarithmic scale.

import { h } from "../../kit/elements.js";
import { ELBO, EVIDENCE, GAP } from "../../kit/palette.js";
import { Panel } from "../../kit/panel.js";
import { along, Axes, marker, nameAxes, Notes, shade } from "../../kit/plot.js";
import { spansOf } from "../../engine/schedule.js";

/**
 * @typedef {import("../../kit/panel.js").Theme} Theme
 * @typedef {import("./pupil.js").Measured} Measured
 */

const LABEL = "Evidence, ELBO and gap, step by step";
const SHARE = 0.66; // of the height, that the upper curves have
const CLIMB = 0.15; // share of the steps, the first ones, whose ELBO may lie below the chart
const SHORTEST = 50; // steps of the axis
const LEAST_ROOM = 0.5, FLOOR = 0.01; // nats: of the upper axis; no gap below is told from none

export class Curves {
  constructor() {
    this.canvas = h("canvas.live.chart", { role: "img", "aria-label": LABEL });
    this.panel = new Panel(this.canvas);
  }

  /** Tells a screen reader of them. @param {string} figures */
  say(figures) {
    this.canvas.setAttribute("aria-label", `${LABEL}: ${figures}`);
  }

  /** @param {Theme} theme @param {Measured[]} measured one at least */
  show(theme, measured) {
    const { panel } = this, { size } = theme;
    const left = 3.6 * size, width = panel.width - left - 0.6 * size, between = 0.6 * size;
    const room = panel.height - 2.3 * size - between, last = measured[measured.length - 1].step;
    /** @type {[number, number]} */
    const window = [0, Math.max(SHORTEST, last)];
    const main = new Axes(
      { left, top: 0.5 * size, width, height: SHARE * room },
      window,
      rangeOf(measured.filter(({ step }) => step >= CLIMB * last)),
    );
    const gapOf = (/** @type {Measured} */ one) => one.evidence - one.elbo;
    const gaps = measured.map(gapOf), least = Math.max(FLOOR, Math.min(...gaps));
    const below = new Axes(
      { left, top: main.top + main.height + between, width, height: (1 - SHARE) * room },
      window,
      [10 ** Math.floor(Math.log10(least)), 10 ** Math.ceil(Math.log10(Math.max(2 * least, ...gaps)))],
      true,
    );
    const evidence = measured.map((one) => [main.x(one.step), main.yNear(one.evidence)]);
    const elbo = measured.map((one) => [main.x(one.step), main.yNear(one.elbo)]);
    const gap = measured.map(({ step }, k) => [below.x(step), below.yNear(gaps[k])]),
      spans = spansOf(measured);
    panel.show((context) => {
      for (const axes of [main, below]) shade(context, theme, axes, spans);
      main.clip(context, () => {
        Object.assign(context, { fillStyle: GAP, globalAlpha: 0.28 });
        path(context, [...evidence, ...elbo.toReversed()]);
        context.fill();
        context.globalAlpha = 1;
      });
      main.draw(context, theme, { xTicks: false, xCount: 4, yCount: 3 });
      below.draw(context, theme, { xCount: 4, yCount: 2 });
      main.clip(context, () => {
        stroke(context, evidence, EVIDENCE, 4.5);
        stroke(context, elbo, ELBO, 3, [9, 5]);
      });
      below.clip(context, () => stroke(context, gap, GAP, 3));
      for (const [line, color] of /** @type {const} */ ([[evidence, EVIDENCE], [elbo, ELBO], [gap, GAP]])) {
        const [x, y] = line[line.length - 1];
        marker(context, x, y, { color, ring: theme.background, radius: 0.3 * size });
      }
      const points = [...along(evidence), ...along(elbo)];
      const upper = notes(context, theme, main, ["", "nats"], points);
      // The lines' names stand at their ends, also while those are far from the edge.
      const right = Math.min(left + width - 6, main.x(last) + 6 * size);
      const [[, top], [, bottom]] = [evidence, elbo].map((line) => line[line.length - 1]);
      upper.write("evidence", [[right, top - 5], [right, top - 0.6 * size]]);
      upper.write("ELBO", [1.5, 2.2, 3].map((lines) => [right, bottom + lines * size]));
      const narrow = spans.some(({ from, to, phase }) =>
        phase === "E" && main.x(to) - main.x(from) < 1.6 * size
      );
      if (narrow) {
        upper.write(
          "shaded: E-steps",
          [0.4, 0.6, 0.2].map((share) => [left + share * width, main.top + 1.5 * size]),
        );
      }
      for (const { phase, from, to } of spans) {
        const wide = main.x(to) - main.x(from);
        if (phase === "EM" || wide < 1.6 * size) continue;
        const text = wide > 5 * size ? `${phase}-steps` : phase, half = context.measureText(text).width / 2;
        const [low, high] = [main.top + main.height - 0.3 * size, main.top + 1.5 * size];
        upper.write(text, [low, high].map((y) => [main.x(from) + wide / 2 + half, y]));
      }
      const ofGap = along(gap), [[, y]] = gap.slice(-1);
      const lower = notes(context, theme, below, ["steps", ""], ofGap);
      lower.write("gap", [[right, y - 5], [right, y + 1.5 * size], [right - 4 * size, y - 5]]);
    });
  }
}

/**
 * Words beside those that name both axes.
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {Axes} axes
 * @param {[across: string, up: string]} names
 * @param {number[][]} points of what is drawn
 */
function notes(context, theme, axes, [across, up], points) {
  return new Notes(context, theme, axes, points, nameAxes(context, axes, theme, across, up, points));
}

/** @param {CanvasRenderingContext2D} context @param {number[][]} points */
function path(context, points) {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number[][]} points
 * @param {string} strokeStyle
 * @param {number} lineWidth
 * @param {number[]} [dash]
 */
function stroke(context, points, strokeStyle, lineWidth, dash = []) {
  Object.assign(context, { strokeStyle, lineWidth, lineJoin: "round" });
  context.setLineDash(dash);
  path(context, points);
  context.stroke();
  context.setLineDash([]);
}

/**
 * Values at the bottom and the top, with room for words.
 * @param {Measured[]} measured
 * @returns {[number, number]}
 */
function rangeOf(measured) {
  const most = Math.max(...measured.map(({ evidence }) => evidence));
  const least = Math.min(...measured.map(({ elbo }) => elbo)), room = Math.max(LEAST_ROOM, most - least);
  return [least - 0.12 * room, most + 0.35 * room];
}
