// One point's q beside its exact posterior, and the prior.

import { h } from "../../kit/elements.js";
import { ELBO, EVIDENCE } from "../../kit/palette.js";
import { Panel } from "../../kit/panel.js";
import { along, Axes, nameAxes, Notes } from "../../kit/plot.js";
import { logNormal, standardNormal } from "../../engine/densities.js";
import { LINE } from "./known.js";
import { SHOWN } from "./plane.js";

/**
 * @typedef {import("../../kit/panel.js").Theme} Theme
 * @typedef {import("../../engine/densities.js").Normal} Normal
 */

const PRIOR = standardNormal(1);

export class Posterior {
  constructor() {
    this.canvas = h("canvas.live", { role: "img", "aria-label": "A point’s q and its exact posterior" });
    this.panel = new Panel(this.canvas);
  }

  /** @param {Theme} theme @param {Normal} q @param {Float64Array} exact p(z | x) at the places of LINE */
  show(theme, q, exact) {
    const { panel } = this, { size } = theme;
    const box = { left: 1, top: 1, width: panel.width - 2, height: panel.height - 2.1 * size };
    const ofQ = LINE.map((z) => Math.exp(logNormal(q, Float32Array.of(z))));
    const ofPrior = LINE.map((z) => Math.exp(logNormal(PRIOR, Float32Array.of(z))));
    const axes = new Axes(box, [-SHOWN, SHOWN], [0, 1.35 * Math.max(...ofQ, ...exact, ...ofPrior)]);
    const points = (/** @type {ArrayLike<number>} */ values) =>
      LINE.map((z, k) => [axes.x(z), axes.y(values[k])]);
    panel.show((context) => {
      axes.draw(context, theme, { yTicks: false, xCount: 4 });
      const trace = (/** @type {number[][]} */ line) => {
        context.beginPath();
        for (const [x, y] of line) context.lineTo(x, y);
      };
      const [ofExact, found, prior] = [exact, ofQ, ofPrior].map(points);
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
        trace(ofExact);
        context.fill();
        context.globalAlpha = 1;
        context.stroke();
        Object.assign(context, { strokeStyle: ELBO, lineWidth: 3 });
        context.setLineDash([9, 5]);
        trace(found);
        context.stroke();
        context.setLineDash([]);
      });
      const drawn = [...along(ofExact), ...along(found)];
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
      beside("p(z | x)", ofExact, 0.15);
      beside("q(z | x)", found, 0.4);
      beside("prior", prior, 0.3);
    });
  }
}
