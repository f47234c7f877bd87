// The three planes of the observed points, and the plane of the latent ones.

import { follow } from "../../kit/controls.js";
import { h } from "../../kit/elements.js";
import { DATA, ELBO, EVIDENCE, GENERATED, TRUE_MODEL } from "../../kit/palette.js";
import { Panel } from "../../kit/panel.js";
import { number } from "../../kit/params.js";
import { Axes, dots, ellipse, marker, nameAxes, quantile } from "../../kit/plot.js";
import { multiplyTransposed } from "../../engine/factor_analysis/matrices.js";
import { DATA_DIM, synthetic } from "../../engine/factor_analysis/data.js";
import { generate, posteriorOf } from "../../engine/factor_analysis/model.js";
import { Random } from "../../engine/random.js";
import { field } from "./settings.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../kit/panel.js").Theme} Theme
 * @typedef {import("../../engine/factor_analysis/data.js").Points} Points
 * @typedef {import("../../engine/factor_analysis/trajectory.js").Trajectory} Trajectory
 * @typedef {Float64Array<ArrayBuffer>} Matrix
 * @typedef {{ W: Matrix, sigma: Matrix }} Theta
 * @typedef {{ mean: number[], covariance: number[] }} Normal of two latent numbers: its covariance is a, b, c
 */

const POINTS = 1000; // of the test set
const GENERATED_POINTS = 300;
const WIDTH = 1.6; // of a cross's arms
const AXES = [[0, 1], [0, 2], [1, 2]];
const WINDOW = 80; // states, about, by which the window of the latent plane is chosen
const OUTSIDE = 0.06; // share of them that may lie outside, at either end
const FARTHEST = 1.6; // times as wide it may become so that the prior is in view too
const NAMES = ["x₁", "x₂", "x₃"];

/** The test point whose posterior is shown, counted from 1. */
export const params = { point: number({ initial: 1, least: 1, most: POINTS }) };

/** The choice of it, for whoever has no pointer. @param {Model} model */
export function pointField(model) {
  const { element, show } = field(model, "point", { label: "Test point", least: 1, most: POINTS });
  element.firstElementChild?.prepend(h("i.ring", { "aria-hidden": "true" }));
  return { element, end: follow(model, ["point"], show) };
}

/**
 * It, (D,).
 * @param {Model} model
 * @param {number} seed of the data
 */
export function pointOf(model, seed) {
  const first = DATA_DIM * (model.get("point") - 1);
  return synthetic(seed).test.values.subarray(first, first + DATA_DIM);
}

/**
 * Standard normal noise of the generated points, the same at every state.
 * @param {number} L
 */
function noiseOf(L) {
  return new Random(0).normal(GENERATED_POINTS * (L + DATA_DIM));
}

/** The planes, on each the test points and what a model generates. */
export class Planes {
  /** @param {(point: number) => void} [pick] called with the number of the test point that was pressed, from 1 */
  constructor(pick) {
    this.panels = AXES.map(([a, b]) => {
      const label = `Test and generated points, ${NAMES[a]} and ${NAMES[b]}`;
      const panel = new Panel(h("canvas.live.observed", { role: "img", "aria-label": label }));
      if (pick) {
        panel.canvas.classList.add("picked");
        panel.canvas.onclick = (event) => pick(this.nearest(panel, a, b, event));
      }
      return panel;
    });
    /** @type {Points | null} */
    this.points = null;
    /** @type {Theme | null} */
    this.theme = null; // another one after each layout
    this.noise = { L: 0, values: new Float32Array() };
  }

  get elements() {
    return this.panels.map(({ canvas }) => canvas);
  }

  /** @param {Panel} panel @param {number} a @param {number} b @param {MouseEvent} event */
  nearest(panel, a, b, { offsetX, offsetY }) {
    const { axes } = panel, values = this.points?.values ?? [];
    let best = 0, least = Infinity;
    for (let i = 0; axes && 3 * i < values.length; i++) {
      const distance = Math.hypot(axes.x(values[3 * i + a]) - offsetX, axes.y(values[3 * i + b]) - offsetY);
      if (distance < least) [best, least] = [i, distance];
    }
    return best + 1;
  }

  /**
   * Draws what stands still.
   * @param {Theme} theme
   * @param {Points} points the test set
   */
  keep(theme, points) {
    if (points === this.points && theme === this.theme) return; // a run's settings leave the data
    this.points = points;
    this.theme = theme;
    const { values } = points, { size } = theme;
    const reach = [0, 1, 2].map((d) => {
      let most = 0;
      for (let i = d; i < values.length; i += DATA_DIM) most = Math.max(most, Math.abs(values[i]));
      return 1.05 * most;
    });
    this.panels.forEach((panel, k) => {
      if (!panel.width) return;
      const [a, b] = AXES[k], left = 1.9 * size, top = 0.3 * size;
      const box = { left, top, width: panel.width - left - 4, height: panel.height - top - 1.5 * size };
      const axes = panel.axes = new Axes(box, [-reach[a], reach[a]], [-reach[b], reach[b]]);
      panel.keep((context) => {
        axes.draw(context, theme, { xCount: 3, yCount: 3 });
        axes.clip(context, () => {
          context.fillStyle = DATA;
          dots(
            context,
            points.count,
            (i) => axes.x(values[3 * i + a]),
            (i) => axes.y(values[3 * i + b]),
            this.radius(panel),
          );
        });
      });
    });
  }

  /** @param {Panel} panel */
  radius({ width }) {
    return Math.max(1.3, width / 130);
  }

  /**
   * Draws what a model generates.
   * @param {Theme} theme
   * @param {Theta} theta
   * @param {{ point?: number, more?: (context: CanvasRenderingContext2D, axes: Axes, a: number, b: number) => void,
   *   only?: number }} [over] the test point that is marked, counted from 1; what is drawn over all; on which plane
   *   alone
   */
  show(theme, theta, { point, more, only } = {}) {
    const L = theta.W.length / DATA_DIM;
    if (this.noise.L !== L) this.noise = { L, values: noiseOf(L) };
    const x = generate(theta, this.noise.values);
    this.panels.forEach((panel, k) => {
      const [a, b] = AXES[k], { axes } = panel;
      if (!axes || !panel.width || k !== (only ?? k)) return;
      panel.show((context) => {
        axes.clip(context, () => {
          context.fillStyle = GENERATED;
          crosses(context, axes, x, a, b, 1.6 * this.radius(panel));
          more?.(context, axes, a, b);
        });
        if (point && this.points) {
          const { values } = this.points, i = DATA_DIM * (point - 1);
          const px = axes.x(values[i + a]), py = axes.y(values[i + b]);
          marker(context, px, py, { ring: theme.background, radius: 7, width: 6 });
          marker(context, px, py, { ring: theme.text, radius: 7, width: 2.5 });
        }
        nameAxes(context, axes, theme, NAMES[a], NAMES[b]);
      });
    });
  }
}

/**
 * Crosses, each of two rectangles: one path of them all takes twice as long to fill.
 * @param {CanvasRenderingContext2D} context
 * @param {Axes} axes
 * @param {Matrix} x
 * @param {number} a
 * @param {number} b
 * @param {number} arm
 */
function crosses(context, axes, x, a, b, arm) {
  for (let i = 0; i < x.length; i += DATA_DIM) {
    const px = axes.x(x[i + a]), py = axes.y(x[i + b]);
    context.fillRect(px - arm, py - WIDTH / 2, 2 * arm, WIDTH);
    context.fillRect(px - WIDTH / 2, py - arm, WIDTH, 2 * arm);
  }
}

/** The posterior of one test point in latent space: the true one, and q. */
export class LatentPane {
  constructor() {
    this.panel = new Panel(h("canvas.live.latent", { role: "img", "aria-label": "True posterior and q" }));
    this.L = 2;
  }

  get element() {
    return this.panel.canvas;
  }

  /** @param {number} point */
  say(point) {
    this.element.setAttribute(
      "aria-label",
      `The true posterior and q of test point ${point} in latent space`,
    );
  }

  /**
   * Draws what stands still: a window that holds both posteriors at all but the wildest states, so that one sees which
   * of the two moves, and the prior where that is not far from them.
   * @param {Theme} theme
   * @param {Trajectory} trajectory
   * @param {ArrayLike<number>} x the point, (D,)
   */
  keep(theme, trajectory, x) {
    const { panel } = this, { size } = theme, stride = Math.max(1, Math.floor(trajectory.count / WINDOW));
    this.L = trajectory.latentDim;
    if (!panel.width) return;
    const low = [0, 1].map(() => /** @type {number[]} */ ([])),
      high = low.map(() => /** @type {number[]} */ ([]));
    for (let i = 0; i < trajectory.count; i += stride) {
      const { p, q } = posteriors(trajectory, i, x);
      for (const k of [0, 1]) {
        const end = (/** @type {Normal} */ { mean, covariance }, /** @type {1 | -1} */ side) =>
          mean[k] + side * 2.3 * Math.sqrt(covariance[2 * k]);
        low[k].push(Math.min(end(p, -1), end(q, -1)));
        high[k].push(Math.max(end(p, 1), end(q, 1)));
      }
    }
    const halfOf = (/** @type {number[][]} */ bounds) =>
      1.05 * Math.max(0.6, ...bounds.map(([from, to]) => (to - from) / 2));
    const held = [0, 1].map((k) => [quantile(low[k], OUTSIDE), quantile(high[k], 1 - OUTSIDE)]);
    const more = held.map(([from, to]) => [Math.min(from, -1), Math.max(to, 1)]);
    const bounds = halfOf(more) <= FARTHEST * halfOf(held) ? more : held, half = halfOf(bounds);
    const flat = this.L === 1, left = 2.1 * size, top = 0.3 * size;
    const width = panel.width - left - 4, height = panel.height - top - 1.5 * size;
    const unit = Math.min(width, height) / (2 * half); // one scale for both axes
    const around = (/** @type {number} */ k, /** @type {number} */ length) => {
      const middle = (bounds[k][0] + bounds[k][1]) / 2;
      return [middle - length / unit / 2, middle + length / unit / 2];
    };
    const axes = panel.axes = new Axes(
      { left, top, width, height },
      around(0, width),
      flat ? [0, 1] : around(1, height),
    );
    panel.keep((context) => {
      axes.draw(context, theme, { xCount: 3, yCount: 3, yTicks: !flat });
      if (flat) return;
      axes.clip(context, () => {
        context.setLineDash([2, 5]);
        Object.assign(context, { strokeStyle: TRUE_MODEL, lineWidth: 2.5 });
        ellipse(context, axes, [0, 0], [1, 0, 1], 1);
        context.stroke();
        context.setLineDash([]);
      });
    });
  }

  /**
   * @param {Theme} theme
   * @param {Trajectory} trajectory
   * @param {number} index
   * @param {ArrayLike<number>} x
   */
  show(theme, trajectory, index, x) {
    const { panel } = this, { axes } = panel;
    if (!axes || !panel.width) return;
    const { p, q } = posteriors(trajectory, index, x), flat = this.L === 1;
    const peak = 1.1 * Math.max(...[p, q].map(({ covariance }) => 1 / Math.sqrt(covariance[0])));
    panel.show((context) => {
      axes.clip(context, () => {
        for (
          const [normal, color, width, dash]
            of /** @type {const} */ ([[p, EVIDENCE, 4, []], [q, ELBO, 2.5, [8, 5]]])
        ) {
          Object.assign(context, { strokeStyle: color, fillStyle: color, lineWidth: width });
          context.setLineDash([...dash]);
          if (flat) density(context, axes, normal, peak);
          else for (const sigmas of [2, 1]) outline(context, axes, normal, sigmas);
          context.setLineDash([]);
          if (!flat) dots(context, 1, () => axes.x(normal.mean[0]), () => axes.y(normal.mean[1]), width + 1);
        }
      });
      nameAxes(context, axes, theme, flat ? "z" : "z₁", flat ? "density" : this.L > 2 ? "z₂ (2 of 3)" : "z₂");
    });
  }
}

/** @param {CanvasRenderingContext2D} context @param {Axes} axes @param {Normal} normal @param {number} sigmas */
function outline(context, axes, { mean, covariance }, sigmas) {
  ellipse(context, axes, mean, covariance, sigmas);
  context.globalAlpha = 0.13;
  context.fill();
  context.globalAlpha = 1;
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {Axes} axes @param {Normal} normal @param {number} peak at the top */
function density(context, axes, { mean, covariance }, peak) {
  context.beginPath();
  for (let i = 0; i <= 300; i++) {
    const z = axes.x0 + ((axes.x1 - axes.x0) * i) / 300;
    const value = Math.exp(-((z - mean[0]) ** 2) / (2 * covariance[0])) / Math.sqrt(covariance[0]);
    context.lineTo(axes.x(z), axes.y(value / peak));
  }
  context.stroke();
  context.globalAlpha = 0.13;
  context.fill();
  context.globalAlpha = 1;
}

/**
 * The true posterior and q of a point at a state, in the first two latent dimensions.
 * @param {Trajectory} trajectory
 * @param {number} index
 * @param {ArrayLike<number>} x (D,)
 * @returns {{ p: Normal, q: Normal }}
 */
export function posteriors(trajectory, index, x) {
  const L = trajectory.latentDim, { V, scaleTril, ...theta } = trajectory.state(index);
  const exact = posteriorOf(theta);
  const normal = (/** @type {Matrix} */ V, /** @type {Matrix} */ covariance) => ({
    mean: [0, 1].map((k) => {
      let mean = 0;
      for (let d = 0; k < L && d < DATA_DIM; d++) mean += V[k * DATA_DIM + d] * x[d];
      return mean;
    }),
    covariance: L === 1 ? [covariance[0], 0, 0] : [covariance[0], covariance[1], covariance[L + 1]],
  });
  return {
    p: normal(exact.V, exact.covariance),
    q: normal(V, multiplyTransposed(scaleTril, scaleTril, L)),
  };
}

/**
 * What the marks mean, in a list.
 * @param {("data" | "generated" | "posterior" | "q" | "prior" | "contour" | "W" | "WR")[]} items
 */
export function legend(items) {
  const oval = (/** @type {string} */ look) =>
    `<ellipse cx="15" cy="7" rx="12.5" ry="5.5" fill="none" ${look}/>`;
  const shaft = (/** @type {string} */ look) => `<path d="M0 7H30" stroke="currentColor" ${look}/>`;
  const known = {
    data: [`<circle cx="15" cy="7" r="4" fill="${DATA}"/>`, "test points"],
    generated: [`<path d="M9 7H21M15 1V13" stroke="${GENERATED}" stroke-width="2.5"/>`, "generated"],
    posterior: [oval(`stroke="${EVIDENCE}" stroke-width="3.5"`), "p(z | x)"],
    q: [oval(`stroke="${ELBO}" stroke-width="2.5" stroke-dasharray="4 2.5"`), "q(z | x)"],
    prior: [oval(`stroke="${TRUE_MODEL}" stroke-width="2.5" stroke-dasharray="1.5 3"`), "p(z)"],
    contour: [oval(`stroke="${EVIDENCE}" stroke-width="3.5"`), "W Wᵀ + Φ, 2 σ"],
    W: [shaft('stroke-width="2.5" stroke-dasharray="4 3"'), "columns of W"],
    WR: [shaft('stroke-width="5"'), "columns of W R"],
  };
  const element = h("div.legend");
  element.innerHTML = items.map((item) => {
    const [mark, title] = known[item];
    return `<span><svg viewBox="0 0 30 14" aria-hidden="true">${mark}</svg>${title}</span>`;
  }).join("");
  return element;
}
