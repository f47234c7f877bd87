// The pictures of a run whose data are points of the plane: the data with what becomes of them, and draws of the model.

import { h } from "../../kit/elements.js";
import { mark } from "../../kit/marks.js";
import { DATA, DIGITS, GENERATED } from "../../kit/palette.js";
import { Panel } from "../../kit/panel.js";
import { Axes } from "../../kit/plot.js";

/** @typedef {import("../../kit/panel.js").Theme} Theme */
/** @typedef {import("./record.js").About} About */
/** @typedef {import("./frames.js").Frame} Frame */

export class Clouds {
  /** @param {About} about */
  constructor({ choices }) {
    this.choices = choices;
    this.pairs = panel("Points of the validation, each with its reconstruction");
    this.draws = panel("Draws of the model over points of the validation");
    const by = choices ? ", a mark for each y" : "";
    this.elements = [
      h("figure.pairs", {}, this.pairs.canvas, h("figcaption", {}, "data ○ and reconstructions ●")),
      h("figure.draws", {}, this.draws.canvas, h("figcaption", {}, `data ○, drawn from p(x) ●${by}`)),
    ];
    /** @type {Float32Array[]} */
    this.data = [];
  }

  end() {}

  fit() {
    for (const one of [this.pairs, this.draws]) one.fit();
  }

  /** @param {Float32Array[]} vectors */
  take(vectors) {
    this.data = vectors;
  }

  /** @param {Theme} theme @param {Frame} frame */
  show(theme, { reconstructions, draws }) {
    const { data } = this;
    cloud(this.pairs, theme, data, (context, at) => {
      Object.assign(context, { strokeStyle: theme.text, globalAlpha: 0.4, lineWidth: 1 });
      context.beginPath();
      data.forEach((x, i) => {
        context.moveTo(...at(x));
        context.lineTo(...at(reconstructions[i]));
      });
      context.stroke();
      context.globalAlpha = 1;
      context.fillStyle = GENERATED;
      for (const x of reconstructions) mark(context, 0, ...at(x), 2.6);
    });
    drawn(this.draws, theme, data, draws, this.choices);
  }

  /** @param {string} spoken of what step this is */
  say(spoken) {
    this.draws.canvas.setAttribute(
      "aria-label",
      `Draws of the model over points of the validation, ${spoken}`,
    );
  }
}

/** @param {string} label */
export function panel(label) {
  return new Panel(h("canvas.live.cloud", { role: "img", "aria-label": label }));
}

/**
 * Draws of a model over data: those of the k-th choice with the k-th mark.
 * @param {Panel} panel
 * @param {Theme} theme
 * @param {Float32Array[]} data
 * @param {Float32Array[]} draws
 * @param {number} choices
 */
export function drawn(panel, theme, data, draws, choices) {
  cloud(panel, theme, data, (context, at) =>
    draws.forEach((x, i) => {
      const k = choices ? i % choices : 0;
      context.fillStyle = choices ? DIGITS[k % DIGITS.length] : GENERATED;
      mark(context, k, ...at(x), 2.8);
    }));
}

/**
 * @param {Panel} panel
 * @param {Theme} theme
 * @param {Float32Array[]} data which decide the frame
 * @param {(context: CanvasRenderingContext2D, at: (x: Float32Array) => [number, number]) => void} draw
 */
function cloud(panel, theme, data, draw) {
  if ((!panel.width && !panel.fit()) || !data.length) return;
  const { size } = theme, reach = 1.2 * data.reduce((most, x) => Math.max(most, ...x.map(Math.abs)), 0);
  const side = Math.min(panel.width - 2.2 * size, panel.height - 1.9 * size);
  const left = (panel.width - side + 1.6 * size) / 2;
  const axes = new Axes({ left, top: 0.4 * size, width: side, height: side }, [-reach, reach], [
    -reach,
    reach,
  ]);
  panel.show((context) => {
    axes.draw(context, theme, { xCount: 3, yCount: 3 });
    axes.clip(context, () => {
      const at = (
        /** @type {Float32Array} */ x,
      ) => /** @type {[number, number]} */ ([axes.x(x[0]), axes.y(x[1])]);
      Object.assign(context, { strokeStyle: DATA, lineWidth: 1, globalAlpha: 0.75 });
      for (const x of data) {
        context.beginPath();
        context.arc(...at(x), 2.6, 0, 6.2832);
        context.stroke();
      }
      context.globalAlpha = 1;
      draw(context, at);
    });
  });
}
