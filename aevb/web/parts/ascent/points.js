// A small VAE of points of a plane, with one latent number: its decoder is a curve through the plane, its encoder says
// where on the curve a point belongs; beside it what both make of one point.

import { h, setText } from "../../kit/elements.js";
import { signed } from "../../kit/format.js";
import { DATA, ELBO, EVIDENCE, GENERATED, MARK } from "../../kit/palette.js";
import { follow, put, select } from "../../kit/controls.js";
import { choice, number } from "../../kit/params.js";
import { along, Axes, dots, marker, movable, nameAxes, Notes, paintHeights, Panel } from "../../kit/plot.js";
import { sum } from "../../engine/arithmetic.js";
import { gaussian, logNormal, standardNormal } from "../../engine/densities.js";
import { COUNT, EDGE, pointsOf, SHAPES } from "./shapes.js";

/**
 * @typedef {import("./pupil.js").Pupil} Pupil
 * @typedef {import("../../kit/plot.js").Theme} Theme
 * @typedef {import("../../engine/densities.js").Normal} Normal
 *
 * The decoder's means at the places of LINE and its σ, and each point's q.
 * @typedef {{ curve: Float32Array[], scale: number, qs: Normal[] }} Known
 */

const END = 4.5, SHOWN = 3.5; // of z, each way: what is computed, and what is shown
const LINE = Array.from({ length: 721 }, (_, k) => END * (k / 360 - 1));
const APART = LINE[1] - LINE[0];
const PRIOR = standardNormal(1);
const CELLS = 50; // of the density over the plane, each way
const DEEPEST = 110; // of its ink, of 255
const ASIDE = 2; // how much farther a point counts that lies aside of an arrow key's way

export const params = {
  shape: choice({ initial: "wave", of: Object.keys(SHAPES) }),
  point: number({ initial: 0, least: 0, most: COUNT - 1 }),
};

/**
 * What a VAE learns of points.
 * @param {Float32Array[]} points
 * @returns {import("./pupil.js").Task}
 */
export function taskOf(points) {
  return {
    sizes: { dataDim: 2, latentDim: 1, hiddenDim: 64, likelihood: "gaussian", observation: "vector" },
    rate: 0.005,
    examples: points,
    seen: (point) => point,
    shown: points.length,
    measured: points.length,
  };
}

export class Points {
  /** @param {import("../../kit/controls.js").Model} model */
  constructor(model) {
    this.model = model;
    /** What is learnt from, and what is shown of it, by their names in the link. */
    this.keys = { learnt: ["shape"], shown: ["point"] };
    this.plane = new Panel(h("canvas.live", { role: "slider", tabIndex: 0, "data-sets": "point" }));
    this.posterior = new Panel(h("canvas.live", { role: "img" }));
    this.caption = h("figcaption");
    const { canvas } = this.plane;
    canvas.setAttribute("aria-roledescription", "two-dimensional slider");
    canvas.setAttribute("aria-label", "Points, and the decoder’s curve through them");
    for (const [name, value] of [["min", 0], ["max", COUNT - 1]]) {
      canvas.setAttribute(`aria-value${name}`, String(value));
    }
    movable(
      canvas,
      (event) => {
        const { left, top } = canvas.getBoundingClientRect(), { axes } = this.plane;
        if (axes) this.choose([axes.valueAt(event.clientX - left), axes.heightAt(event.clientY - top)]);
      },
      (dx, dy) => this.go(dx, dy),
      () => model.save_changes(),
    );
    const titles = Object.entries(SHAPES).map((
      [name, { title }],
    ) => /** @type {[string, string]} */ ([name, title]));
    const shapes = select("Points", titles, (name) => put(model, "shape", name), "shape");
    this.controls = [shapes.element];
    this.planes = [
      h("figure", {}, canvas, h("figcaption", {}, "decoder: a curve; encoder: where on it")),
      h("figure", {}, this.posterior.canvas, this.caption),
    ];
    this.panels = [this.plane, this.posterior];
    this.tones = document.createElement("canvas");
    /** @type {Known | null} */
    this.known = null;
    /** @type {Float32Array[]} */
    this.points = [];
    this.end = follow(model, ["shape"], () => shapes.show(this.of));
  }

  get of() {
    return this.model.get("shape");
  }

  load() {
    return Promise.resolve();
  }

  task() {
    this.known = null;
    return taskOf(this.points = pointsOf(this.of));
  }

  /** Chooses the point that lies nearest. @param {number[]} place */
  choose([x, y]) {
    const far = this.points.map((point) => Math.hypot(point[0] - x, point[1] - y));
    this.model.set("point", far.indexOf(Math.min(...far)));
  }

  /** Goes on to the next point in a direction. @param {number} dx @param {number} dy */
  go(dx, dy) {
    const { points, model } = this, from = points[model.get("point")], way = Math.hypot(dx, dy);
    const far = points.map((point) => {
      const x = point[0] - from[0], y = point[1] - from[1];
      const along = (x * dx + y * dy) / way, aside = Math.abs(x * dy - y * dx) / way;
      return along > 0 ? along + ASIDE * aside : Infinity;
    });
    const least = Math.min(...far);
    if (least < Infinity) model.set("point", far.indexOf(least));
  }

  /** @param {Pupil} pupil */
  *look({ model, shown }) {
    /** @type {Float32Array[]} */
    const curve = [];
    for (const z of LINE) {
      curve.push(model.outputs(Float32Array.of(z)));
      yield;
    }
    /** @type {Normal[]} */
    const qs = [];
    for (const x of shown) {
      qs.push(model.encode(x));
      yield;
    }
    const { scale } = model.decoder, heights = density(curve, scale), most = Math.max(...heights);
    paintHeights(
      this.tones,
      heights,
      CELLS,
      4 * CELLS,
      EVIDENCE,
      (height) => DEEPEST * Math.sqrt(height / most),
    );
    this.known = { curve, qs, scale };
  }

  /** @param {Theme} theme */
  paint(theme) {
    const { points, known, model } = this, chosen = model.get("point");
    if (!known) return;
    const q = known.qs[chosen],
      posterior = posteriorOf(points[chosen], known),
      gap = divergence(q, posterior);
    this.paintPlane(theme, known, chosen);
    this.paintPosterior(theme, q, posterior);
    const [x, y] = Array.from(points[chosen], (value) => signed(value));
    const { canvas } = this.plane, z = `${signed(q.loc[0], 2)} ± ${signed(q.scale[0], 2)}`;
    canvas.setAttribute("aria-valuenow", String(chosen));
    canvas.setAttribute("aria-valuetext", `the point at ${x}, ${y}, for which q says z = ${z}`);
    setText(this.caption, `the point’s gap: ${signed(gap, 2)} nats`);
    this.posterior.canvas.setAttribute(
      "aria-label",
      `q(z | x) of the point, z = ${z}, beside its exact posterior: ${signed(gap, 2)} nats between them`,
    );
  }

  /** @param {Theme} theme @param {Known} known @param {number} chosen */
  paintPlane(theme, { curve, qs }, chosen) {
    const { plane, points } = this, { size } = theme;
    const box = { left: 1, top: 1, width: plane.width - 2, height: plane.height - 2 };
    const axes = plane.axes = new Axes(box, [-EDGE, EDGE], [-EDGE, EDGE]);
    const at = (/** @type {ArrayLike<number>} */ x) => [axes.x(x[0]), axes.y(x[1])];
    /** Of the curve, at a place of z. */
    const on = (/** @type {number} */ z) => {
      const k = Math.max(0, Math.min(LINE.length - 1, Math.round((z + END) / APART)));
      return at(curve[k]);
    };
    const path = (/** @type {number} */ reach) => curve.filter((_, k) => Math.abs(LINE[k]) <= reach).map(at);
    plane.show((context) => {
      axes.draw(context, theme, { xTicks: false, yTicks: false, xCount: 1 });
      context.fillStyle = theme.border;
      context.fillRect(axes.left, axes.y(0) - 0.5, axes.width, 1);
      axes.clip(context, () => {
        context.drawImage(this.tones, axes.left, axes.top, axes.width, axes.height);
        Object.assign(context, { strokeStyle: theme.text, lineWidth: 1, globalAlpha: 0.4 });
        context.beginPath();
        points.forEach((x, i) => {
          const [[x0, y0], [x1, y1]] = [at(x), on(qs[i].loc[0])];
          context.moveTo(x0, y0);
          context.lineTo(x1, y1);
        });
        context.stroke();
        Object.assign(context, { fillStyle: DATA, globalAlpha: 1 });
        dots(context, points.length, (i) => axes.x(points[i][0]), (i) => axes.y(points[i][1]), 0.17 * size);
        Object.assign(context, { strokeStyle: GENERATED, lineJoin: "round" });
        for (const [reach, lineWidth] of [[SHOWN, 2], [2, 5]]) {
          context.lineWidth = lineWidth;
          context.beginPath();
          for (const [x, y] of path(reach)) context.lineTo(x, y);
          context.stroke();
        }
        const [[x0, y0], [x1, y1]] = [at(points[chosen]), on(qs[chosen].loc[0])];
        Object.assign(context, { strokeStyle: MARK, lineWidth: 4 });
        context.beginPath();
        context.moveTo(x0, y0);
        context.lineTo(x1, y1);
        context.stroke();
        marker(context, x0, y0, { color: MARK, radius: 0.45 * size });
        for (const z of [-2, 0, 2]) {
          const [x, y] = on(z);
          marker(context, x, y, { color: GENERATED, ring: theme.background, radius: 0.3 * size });
        }
      });
      const drawn = [...points.map(at), ...along(path(SHOWN))];
      const notes = new Notes(context, theme, axes, drawn);
      context.font = `600 ${size}px ${theme.font}`;
      for (const z of [0, -2, 2]) {
        const [x, y] = on(z), text = z ? signed(z, 0) : "z = 0", half = context.measureText(text).width / 2;
        const near = 0.6 * size;
        notes.write(text, [
          [x - near, y - near],
          [x + 2 * half + near, y - near],
          [x + 2 * half + near, y + 1.2 * size + near],
          [x - near, y + 1.2 * size + near],
        ]);
      }
    });
  }

  /** @param {Theme} theme @param {Normal} q @param {Float64Array} posterior */
  paintPosterior(theme, q, posterior) {
    const { size } = theme, panel = this.posterior;
    const box = { left: 1, top: 1, width: panel.width - 2, height: panel.height - 2.1 * size };
    const ofQ = LINE.map((z) => Math.exp(logNormal(q, Float32Array.of(z))));
    const ofPrior = LINE.map((z) => Math.exp(logNormal(PRIOR, Float32Array.of(z))));
    const axes = new Axes(box, [-SHOWN, SHOWN], [0, 1.35 * Math.max(...ofQ, ...posterior, ...ofPrior)]);
    const points = (/** @type {ArrayLike<number>} */ values) =>
      LINE.map((z, k) => [axes.x(z), axes.y(values[k])]);
    panel.show((context) => {
      axes.draw(context, theme, { yTicks: false, xCount: 4 });
      const trace = (/** @type {number[][]} */ line) => {
        context.beginPath();
        for (const [x, y] of line) context.lineTo(x, y);
      };
      const [exact, found, prior] = [posterior, ofQ, ofPrior].map(points);
      axes.clip(context, () => {
        Object.assign(context, { strokeStyle: theme.text, lineWidth: 1.5 });
        context.setLineDash([3, 5]);
        trace(prior);
        context.stroke();
        context.setLineDash([]);
        Object.assign(context, {
          fillStyle: EVIDENCE,
          strokeStyle: EVIDENCE,
          lineWidth: 4,
          globalAlpha: 0.25,
        });
        trace(exact);
        context.fill();
        context.globalAlpha = 1;
        context.stroke();
        Object.assign(context, { strokeStyle: ELBO, lineWidth: 3 });
        context.setLineDash([9, 5]);
        trace(found);
        context.stroke();
        context.setLineDash([]);
      });
      const drawn = [...along(exact), ...along(found)];
      const notes = new Notes(context, theme, axes, drawn, nameAxes(context, axes, theme, "z", "", drawn));
      context.font = `600 ${size}px ${theme.font}`;
      const beside = (
        /** @type {string} */ text,
        /** @type {number[][]} */ line,
        /** @type {number} */ share,
      ) => {
        const [x, top] = line.reduce((best, one) => (one[1] < best[1] ? one : best));
        const y = top + share * (axes.top + axes.height - top), wide = context.measureText(text).width;
        notes.write(
          text,
          [0.6, 2, 4].flatMap((far) => [
            [x + far * size + wide, y],
            [x - far * size, y],
          ]),
        );
      };
      beside("p(z | x)", exact, 0.15);
      beside("q(z | x)", found, 0.4);
      beside("prior", prior, 0.3);
    });
  }
}

/**
 * p(x) over the plane at the corners of its cells, from the lowest row: a sum of Gaussians along the curve.
 * @param {Float32Array[]} curve at the places of LINE
 * @param {number} scale of the noise
 */
function density(curve, scale) {
  const corners = CELLS + 1, heights = new Float32Array(corners ** 2);
  const axis = Array.from({ length: corners }, (_, i) => EDGE * (2 * i / CELLS - 1));
  curve.forEach((middle, k) => {
    const weight = Math.exp(-0.5 * LINE[k] ** 2);
    const [across, up] = [0, 1].map((d) =>
      axis.map((value) => Math.exp(-0.5 * ((value - middle[d]) / scale) ** 2))
    );
    for (let row = 0, i = 0; row < corners; row++) {
      const factor = weight * up[row];
      if (factor < 1e-9) i += corners;
      else for (let column = 0; column < corners; column++, i++) heights[i] += factor * across[column];
    }
  });
  return heights;
}

/**
 * p(z | x) of a point at the places of LINE.
 * @param {Float32Array} x
 * @param {Known} known
 */
function posteriorOf(x, { curve, scale }) {
  const pixels = gaussian(scale);
  const logs = Float64Array.from(LINE, (z, k) => pixels.log(curve[k], x) - 0.5 * z ** 2);
  const most = Math.max(...logs),
    weights = logs.map((log) => Math.exp(log - most)),
    whole = APART * sum(weights);
  return weights.map((weight) => weight / whole);
}

/**
 * KL(q ‖ p) in nats.
 * @param {Normal} q
 * @param {Float64Array} p at the places of LINE
 */
function divergence(q, p) {
  return APART * sum(LINE.map((z, k) => {
    const log = logNormal(q, Float32Array.of(z));
    return Math.exp(log) * (log - Math.log(Math.max(p[k], 1e-300)));
  }));
}
