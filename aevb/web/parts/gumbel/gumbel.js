// Samples softmax((log π + g) / τ) of three categories on the simplex. The noise g stays the same, so that each sample
// moves smoothly as the temperature falls; which corner it moves to does not depend on it.

import { follow, slider } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { mark } from "../../kit/marks.js";
import { DATA, EVIDENCE, GENERATED } from "../../kit/palette.js";
import { onLayout, Panel, themeOf } from "../../kit/panel.js";
import { number, round } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { Player } from "../../kit/player.js";
import { divide, percents } from "../../kit/shares.js";
import { atLeisure, onNextFrame } from "../../kit/slices.js";
import { argmax, softmax } from "../../engine/arithmetic.js";
import { Random } from "../../engine/random.js";

/** @typedef {import("../../kit/controls.js").Model} Model */

const SAMPLES = 500, SEED = 5;
const HOTTEST = 10, COLDEST = 0.1, STEPS = 200; // the slider goes from the one τ to the other in equal ratios
const LEAST = 2; // percent that a category has at least
const SECONDS = 6;
export const CORNERS = [[0, 0], [1, 0], [0.5, 1]]; // across and up, in units of the triangle's width and height
const CATEGORIES = [{ color: DATA, shape: "●" }, { color: GENERATED, shape: "■" }, {
  color: EVIDENCE,
  shape: "▲",
}];

export const params = {
  tau: number({ initial: 1, least: COLDEST, most: HOTTEST, digits: 3 }),
  pi: percents([50, 30, 20], LEAST),
};

export default part((model, el) => new Gumbel(model, el));

class Gumbel {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.noise = drawNoise();
    this.panel = new Panel(h("canvas.live", { role: "img" }));
    const done = () => model.save_changes();
    this.temperature = slider({
      label: "temperature τ",
      sets: "tau",
      least: 0,
      most: STEPS,
      step: 1,
      say: () => model.get("tau").toPrecision(2),
      input: (step) => this.cool(step),
      done,
    });
    this.player = new Player({
      seconds: SECONDS,
      frame: () => Number(this.temperature.range.value),
      last: () => STEPS,
      go: (step) => this.cool(step),
      stopped: done,
    });
    this.shares = CATEGORIES.map(({ color, shape }, k) => {
      const share = slider({
        label: `π${"₁₂₃"[k]}`,
        sets: "pi",
        least: LEAST,
        most: 100 - 2 * LEAST,
        step: 1,
        say: (value) => (value / 100).toFixed(2),
        input: (value) => model.set("pi", divide(model.get("pi"), k, value, LEAST)),
        done,
      });
      share.range.setAttribute("aria-label", `probability of category ${k + 1}`);
      share.element.prepend(h("i", { style: { color }, "aria-hidden": "true" }, shape));
      return share;
    });
    this.nearest = h("p.nearest");
    el.append(h(
      "div.layout",
      {},
      h("div.simplex", { "data-instrument": "" }, this.panel.canvas),
      h(
        "div.side",
        {},
        h("p.formula", {}, "softmax((log π + g) / τ), g ~ Gumbel(0, 1)"),
        h(
          "div.temperature",
          { "data-control": "", "data-sets": "tau" },
          this.player.button,
          this.temperature.element,
        ),
        h("div.shares", {}, ...this.shares.map(({ element }) => element)),
        this.nearest,
      ),
    ));
    this.draw = onNextFrame(() => this.paint());
    this.write = atLeisure(() => this.say());
    this.ends = [
      onLayout(this.panel.canvas, () => this.layout()),
      follow(model, ["tau", "pi"], () => this.move()),
    ];
  }

  end() {
    this.player.stop();
    for (const end of this.ends) end();
    this.draw.cancel();
    this.write.cancel();
  }

  /** To a step of the temperature's slider: to the right it gets colder. @param {number} step */
  cool(step) {
    this.model.set("tau", round(HOTTEST * (COLDEST / HOTTEST) ** (step / STEPS), 3));
  }

  move() {
    const tau = this.model.get("tau");
    this.temperature.show(STEPS * Math.log(HOTTEST / tau) / Math.log(HOTTEST / COLDEST));
    this.shares.forEach(({ show }, k) => show(this.model.get("pi")[k]));
    this.draw();
    this.write();
  }

  layout() {
    if (!this.panel.fit()) return;
    const theme = this.theme = themeOf(this.panel.canvas), { size } = theme, { width, height } = this.panel;
    const side = Math.min(width - 6 * size, (height - 4.5 * size) / 0.866);
    const left = (width - side) / 2, bottom = (height + 0.866 * side) / 2;
    this.at = (/** @type {ArrayLike<number>} */ weights) => {
      const [x, y] = [0, 1].map((axis) =>
        CORNERS.reduce((sum, corner, k) => sum + weights[k] * corner[axis], 0)
      );
      return /** @type {[number, number]} */ ([left + side * x, bottom - 0.866 * side * y]);
    };
    const { at } = this, corners = CORNERS.map((_, k) => CORNERS.map((_, i) => Number(i === k)));
    this.panel.keep((context) => {
      context.beginPath();
      for (const corner of corners) context.lineTo(at(corner)[0], at(corner)[1]);
      context.closePath();
      Object.assign(context, { strokeStyle: theme.text, lineWidth: 2, lineJoin: "round", globalAlpha: 0.6 });
      context.stroke();
      Object.assign(context, { globalAlpha: 1, font: `600 ${size}px ${theme.font}`, fillStyle: theme.text });
      Object.assign(context, { textAlign: "center", textBaseline: "middle" });
      corners.forEach((corner, k) => {
        const [x, y] = at(corner);
        context.fillText(`(${corner.join(", ")})`, x, y + (k === 2 ? -1.1 : 1.2) * size);
      });
    });
    this.draw();
  }

  /** The samples, by the corner that each is nearest to. */
  get groups() {
    const logits = this.model.get("pi").map((/** @type {number} */ percent) => Math.log(percent / 100));
    /** @type {Float32Array[][]} */
    const groups = CORNERS.map(() => []), tau = this.model.get("tau");
    for (const noise of this.noise) {
      const scores = noise.map((g, k) => logits[k] + g);
      groups[argmax(scores)].push(softmax(scores.map((score) => score / tau)));
    }
    return groups;
  }

  paint() {
    const { at, theme } = this;
    if (!at || !theme) return;
    this.panel.show((context) => {
      context.globalAlpha = 1;
      this.groups.forEach((samples, k) => {
        context.fillStyle = CATEGORIES[k].color;
        for (const weights of samples) mark(context, k, ...at(weights), 0.28 * theme.size);
      });
      context.globalAlpha = 1;
    });
  }

  say() {
    const counts = this.groups.map(({ length }) => length), tau = this.model.get("tau").toPrecision(2);
    const marked = counts.map((count, k) => `${CATEGORIES[k].shape} ${count}`).join(", ");
    setText(
      this.nearest,
      `Of ${SAMPLES} samples nearest to a corner: ${marked}. The temperature does not change that.`,
    );
    this.panel.canvas.setAttribute(
      "aria-label",
      `${SAMPLES} samples on the simplex at temperature ${tau}; nearest to its corners: ${counts.join(", ")}`,
    );
  }
}

/** g of each sample, the same at every temperature. */
export function drawNoise() {
  const random = new Random(SEED);
  return Array.from({ length: SAMPLES }, () => CORNERS.map(() => -Math.log(-Math.log(random.uniform()))));
}
