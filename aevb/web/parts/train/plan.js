// What a run is going to do, before it does: which parameters move when, how fast, and how much the KL weighs.

import { h } from "../../kit/elements.js";
import { number } from "../../kit/format.js";
import { DATA, GENERATED } from "../../kit/palette.js";
import { Panel } from "../../kit/panel.js";
import { Axes, Notes } from "../../kit/plot.js";
import { inTurn } from "./specification.js";

/** @typedef {import("../../kit/panel.js").Theme} Theme */

const FEW = 100; // points of a curve

export class Plan {
  constructor() {
    this.canvas = h("canvas.live.plan", { role: "img", "aria-label": "The plan" });
    this.panel = new Panel(this.canvas);
  }

  /**
   * @param {Theme} theme
   * @param {any} training as a run is asked for with
   * @param {number} steps in all
   */
  show(theme, training, steps) {
    const { panel } = this, { size } = theme;
    if (!panel.fit()) return;
    const schedule = inTurn(training.schedule ?? "AEVB"), { learning_rate: rate = 1e-3, beta = 1 } = training;
    const left = 5.4 * size, width = panel.width - left - 0.8 * size, lane = panel.height / 3;
    const axesOf = (/** @type {number} */ row, /** @type {number} */ most) =>
      new Axes(
        { left, top: row * lane + 1.6 * size, width, height: lane - (row === 2 ? 3.2 : 1.9) * size },
        [0, steps],
        [0, 1.15 * most || 1],
      );
    const [moves, rates, weights] = [axesOf(0, 1), axesOf(1, rate), axesOf(2, beta)];
    panel.keep((context) => {
      moves.clip(context, () => bands(context, theme, moves, schedule, steps));
      moves.draw(context, theme, { xTicks: false, xCount: 6, yTicks: false });
      rates.draw(context, theme, { xTicks: false, xCount: 6, yCount: 2 });
      weights.draw(context, theme, { xCount: 6, yCount: 2 });
      const warm = (/** @type {number} */ step, /** @type {number} */ until) =>
        until ? Math.min(1, step / until) : 1;
      curve(context, rates, GENERATED, [], (step) => {
        const { rate: course = "constant", rate_warmup: until = 0 } = training;
        const share = until < steps ? Math.max(0, (step - until) / (steps - until)) : 0;
        return rate * warm(step, until) * (course === "cosine" ? 0.5 + 0.5 * Math.cos(Math.PI * share) : 1);
      });
      curve(context, weights, DATA, [9, 5], (step) => beta * warm(step, training.kl_warmup ?? 0));
      letters(context, theme, moves, schedule, steps);
      title(context, theme, moves, "What moves");
      title(context, theme, rates, "Learning rate");
      title(context, theme, weights, "β, the weight of the KL");
      new Notes(context, theme, weights).write("steps", [[left + width - 6, panel.height - 1.7 * size]]);
    });
    panel.show(() => {});
    const turn = schedule ? `${schedule.e} E-steps and ${schedule.m} M-steps in turn` : "φ and θ together";
    this.canvas.setAttribute(
      "aria-label",
      `The plan: ${turn}, learning rate ${number(rate)}, β ${number(beta)}` +
        `, ${number(steps)} steps`,
    );
  }
}

/** @param {CanvasRenderingContext2D} context @param {Axes} axes @param {string} color @param {number[]} dash @param {(step: number) => number} value */
function curve(context, axes, color, dash, value) {
  Object.assign(context, { strokeStyle: color, lineWidth: 3.5, lineJoin: "round" });
  context.setLineDash(dash);
  context.beginPath();
  for (let i = 0; i <= FEW; i++) {
    const step = (i / FEW) * axes.x1;
    context.lineTo(axes.x(step), axes.y(value(step)));
  }
  context.stroke();
  context.setLineDash([]);
}

/** @param {CanvasRenderingContext2D} context @param {Theme} theme @param {Axes} axes @param {ReturnType<typeof inTurn>} schedule @param {number} steps */
function bands(context, theme, axes, schedule, steps) {
  Object.assign(context, { fillStyle: theme.text, globalAlpha: 0.14 });
  const round = schedule ? schedule.e + schedule.m : Infinity;
  if (schedule && (round / steps) * axes.width > 1) {
    for (let from = 0; from < steps; from += round) {
      context.fillRect(axes.x(from), axes.top, axes.x(schedule.e) - axes.x(0), axes.height);
    }
  }
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {Theme} theme @param {Axes} axes @param {ReturnType<typeof inTurn>} schedule @param {number} steps */
function letters(context, theme, axes, schedule, steps) {
  const { size } = theme, y = axes.top + axes.height / 2 + 0.6 * size;
  const notes = new Notes(context, theme, axes);
  const centred = (/** @type {string} */ text, /** @type {number} */ x) => {
    context.font = `600 ${size}px ${theme.font}`;
    notes.write(text, [[x + context.measureText(text).width / 2, y]]);
  };
  const middle = axes.left + axes.width / 2;
  if (!schedule) return centred("φ and θ together: E and M in one", middle);
  const room = (Math.min(schedule.e || schedule.m, schedule.m || schedule.e) / steps) * axes.width;
  if (room < 1.4 * size) return centred(`${schedule.e} E-steps (shaded), ${schedule.m} M-steps`, middle);
  for (let from = 0; from < steps; from += schedule.e + schedule.m) {
    if (schedule.e) centred("E", axes.x(from + schedule.e / 2));
    if (schedule.m) centred("M", axes.x(from + schedule.e + schedule.m / 2));
  }
}

/** @param {CanvasRenderingContext2D} context @param {Theme} theme @param {Axes} axes @param {string} text */
function title(context, theme, axes, text) {
  Object.assign(context, {
    font: `600 ${theme.size}px ${theme.font}`,
    fillStyle: theme.text,
    textAlign: "left",
    textBaseline: "bottom",
  });
  context.fillText(text, axes.left, axes.top - 4);
}
