// W R for any rotation R: other loadings, the same model.

import { follow, slider } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { number as said, signed } from "../../kit/format.js";
import { EVIDENCE } from "../../kit/palette.js";
import { number } from "../../kit/params.js";
import { arrow, ellipse } from "../../kit/plot.js";
import { onNextFrame } from "../../kit/slices.js";
import { DATA_DIM, synthetic } from "../../engine/factor_analysis/data.js";
import { multiplyTransposed } from "../../engine/factor_analysis/matrices.js";
import { FactorAnalysis } from "../../engine/factor_analysis/model.js";
import { legend, Planes } from "./panes.js";
import { DIGITS } from "./sum.js";
import { View } from "./view.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../kit/plot.js").Axes} Axes
 * @typedef {import("../../engine/factor_analysis/trajectory.js").Trajectory} Trajectory
 * @typedef {Float64Array<ArrayBuffer>} Matrix
 */

const ANGLE = 40; // degrees
const REMARKS = /** @type {Record<number, string>} */ ({
  1: "With L = 1 only the sign of W is free: it turns over beyond 90°.",
  2: "",
  3: "The rotation turns the first two of the three factors.",
});

export const params = { angle: number({ initial: ANGLE, least: -180, most: 180 }) };

export class Rotation extends View {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    super(model, el);
    this.planes = new Planes();
    this.fit(this.planes.panels);
    this.angle = slider({
      label: "Rotate the factors by",
      sets: "angle",
      least: -180,
      most: 180,
      step: 1,
      say: (degrees) => `${said(degrees)}°`,
      input: (degrees) => model.set("angle", degrees),
      done: () => model.save_changes(),
    });
    this.W = new Table("W");
    this.WR = new Table("W R: another W");
    this.product = new Table("(W R)(W R)ᵀ = W Wᵀ");
    this.evidence = h("output.same");
    this.remark = h("p.remark");
    el.append(
      this.settings.element,
      h("div.panes", { "data-instrument": "" }, ...this.planes.elements),
      h("div.turn", { "data-control": "" }, this.angle.element),
      legend(["data", "generated", "contour", "W", "WR"]),
      h(
        "div.matrices",
        {},
        this.W.element,
        this.WR.element,
        this.product.element,
        h(
          "div",
          {},
          h("h3", {}, "evidence under W R, nats"),
          this.evidence,
          h("p", {}, this.when),
          this.remark,
        ),
      ),
    );
    const turn = onNextFrame(() => this.show());
    this.ends.push(turn.cancel, follow(model, ["angle"], turn));
  }

  keep() {
    this.planes.keep(this.theme, synthetic(this.run.experiment.seed).test);
  }

  /** @param {Trajectory} trajectory @param {number} index */
  frame(trajectory, index) {
    const { theme } = this, { W, sigma } = trajectory.state(index), L = trajectory.latentDim;
    const turned = rotated(W, this.model.get("angle")), covariance = square(W);
    sigma.forEach((value, d) => covariance[d * DATA_DIM + d] += value ** 2);
    const more = (
      /** @type {CanvasRenderingContext2D} */ context,
      /** @type {Axes} */ axes,
      /** @type {number} */ a,
      /** @type {number} */ b,
    ) => {
      Object.assign(context, { strokeStyle: EVIDENCE, lineWidth: 3.5 });
      ellipse(
        context,
        axes,
        [0, 0],
        [[a, a], [a, b], [b, b]].map(([i, j]) => covariance[DATA_DIM * i + j]),
        2,
      );
      context.stroke();
      const ends = (/** @type {Matrix} */ M, /** @type {number} */ k) => [
        axes.x(0),
        axes.y(0),
        axes.x(M[a * L + k]),
        axes.y(M[b * L + k]),
      ];
      const scale = Math.min(1, axes.width / 220);
      for (let k = 0; k < L; k++) {
        context.setLineDash([5, 4]);
        arrow(context, ends(W, k), 2.5 * scale, theme.text, theme.background);
        context.setLineDash([]);
        arrow(context, ends(turned, k), 4.5 * scale, theme.text, theme.background);
      }
    };
    this.planes.show(theme, { W, sigma }, { more }); // as W R generates them, with R^T z for z
  }

  /** @param {Trajectory} trajectory @param {number} index */
  say(trajectory, index) {
    const { model } = this, state = trajectory.state(index);
    const turned = rotated(state.W, model.get("angle")), L = trajectory.latentDim;
    const { moment } = synthetic(this.run.experiment.seed).test;
    const evidence = signed(FactorAnalysis.of({ ...state, W: turned }).evidence(moment), 4);
    this.angle.show(model.get("angle"), `${said(model.get("angle"))}°, evidence ${evidence} nats`);
    this.W.show(state.W, L);
    this.WR.show(turned, L);
    this.product.show(square(turned), DATA_DIM);
    setText(this.evidence, evidence);
    setText(this.when, `The model at step ${said(trajectory.position[index])}.`);
    setText(this.remark, REMARKS[L]);
  }
}

/** A matrix in numbers under its name. */
class Table {
  /** @param {string} title */
  constructor(title) {
    this.table = h("table.matrix");
    this.element = h("div", {}, h("h3", {}, title), this.table);
    /** @type {any[]} */
    this.cells = [];
  }

  /** @param {Matrix} M @param {number} columns */
  show(M, columns) {
    if (this.cells.length !== M.length) {
      this.cells = Array.from(M, () => h("td"));
      const rows = Array.from(
        { length: M.length / columns },
        (_, i) => h("tr", {}, ...this.cells.slice(i * columns, (i + 1) * columns)),
      );
      this.table.replaceChildren(h("tbody", {}, ...rows));
    }
    M.forEach((value, i) => setText(this.cells[i], signed(value, DIGITS)));
  }
}

/**
 * W R, where R turns the first two factors; of one factor only the sign is free.
 * @param {Matrix} W (D, L)
 * @param {number} degrees
 * @returns {Matrix}
 */
function rotated(W, degrees) {
  const L = W.length / DATA_DIM, angle = (degrees * Math.PI) / 180, turned = W.slice();
  const cos = Math.cos(angle), sin = Math.sin(angle);
  if (L === 1) return cos < 0 ? turned.map((value) => -value) : turned;
  for (let d = 0; d < DATA_DIM; d++) {
    const first = W[d * L], second = W[d * L + 1];
    turned[d * L] = cos * first + sin * second;
    turned[d * L + 1] = cos * second - sin * first;
  }
  return turned;
}

/** W Wᵀ, (D, D). @param {Matrix} W */
function square(W) {
  return multiplyTransposed(W, W, W.length / DATA_DIM);
}
