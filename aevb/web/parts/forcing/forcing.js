// A normal q and a posterior with two modes. Where q has mass and p has none the reverse KL is large, so q gives a mode up;
// where p has mass and q has none the forward KL is, so q covers both.

import { button, follow, segments, slider } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { signed } from "../../kit/format.js";
import { ELBO, EVIDENCE, GAP, MARK } from "../../kit/palette.js";
import { movable, onLayout, Panel, themeOf } from "../../kit/panel.js";
import { choice, number, numbers, round } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { Axes, marker, nameAxes, paintHeights } from "../../kit/plot.js";
import { atLeisure, onNextFrame } from "../../kit/slices.js";
import { COARSE, logQ, STEPS, TwoModes } from "../../engine/two_modes.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../engine/two_modes.js").Place} Place
 */

const END = 4; // of q's mean, each way
const NARROW = 0.25, WIDE = 4; // q's standard deviation
const LEFT = -6, RIGHT = 6; // of z
const CELLS = 40; // of the landscape, each way
const GLIDE = 2500; // ms that a descent takes
/** @type {Place} */
const START = [-0.4, 0.7]; // from where the reverse KL leads to a mode; from a broad q it may not

/** q's mean and standard deviation; the divergence; how far the modes are apart. */
export const params = {
  q: numbers({ reach: END, digits: 3, count: 2 }),
  kl: choice({ initial: "reverse", of: ["reverse", "forward"] }),
  apart: number({ initial: 4, least: 0, most: 6, digits: 1 }),
};

const places = Array.from({ length: 481 }, (_, i) => LEFT + i / 480 * (RIGHT - LEFT));

export default part((model, el) => new Forcing(model, el));

class Forcing {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.p = new TwoModes(model.get("apart"));
    this.curves = new Panel(h("canvas.live.curves", { role: "img" }));
    this.field = new Panel(h("canvas.live.field", { role: "slider", tabIndex: 0, "data-sets": "q" }));
    const { canvas } = this.field, done = () => model.save_changes();
    canvas.setAttribute("aria-roledescription", "two-dimensional slider");
    for (const [name, value] of [["min", -END], ["max", END]]) {
      canvas.setAttribute(`aria-value${name}`, String(value));
    }
    movable(
      canvas,
      (event) => {
        const { left, top } = canvas.getBoundingClientRect(), { axes } = this.field;
        if (axes) this.drag([axes.valueAt(event.clientX - left), axes.heightAt(event.clientY - top)]);
      },
      (dx, dy) => this.drag([this.place[0] + dx, this.place[1] * 2 ** dy]),
      done,
    );
    this.which = segments(model, "kl", "Divergence", {
      reverse: "reverse, KL(q ‖ p)",
      forward: "forward, KL(p ‖ q)",
    });
    this.apart = slider({
      label: "modes apart",
      least: 0,
      most: 6,
      step: 0.1,
      say: (value) => value.toFixed(1),
      sets: "apart",
      input: (value) => model.set("apart", value),
      done,
    });
    this.numbers = [h("b"), h("b")];
    const names = ["KL(q ‖ p), the ELBO’s gap", "KL(p ‖ q)"];
    el.append(
      h("div.controls.above", {}, this.which.element, this.apart.element),
      h("div.stage", { "data-instrument": "" }, this.curves.canvas),
      h(
        "div.side",
        { "data-control": "" },
        this.field.canvas,
        h(
          "div.controls",
          {},
          button("Descend", () => this.descend(), { className: "button primary", "data-sets": "q" }),
          button("Start again", () => this.drag(null, true), { "data-sets": "q" }),
        ),
        h(
          "dl.divergences",
          {},
          ...names.map((name, k) => h("div", {}, h("dt", {}, name), h("dd", {}, this.numbers[k]))),
        ),
      ),
    );
    /** The divergence over the field. @type {Float64Array | null} */
    this.heights = null;
    /** @type {Place[]} */
    this.way = [];
    this.running = 0;
    this.draw = onNextFrame(() => this.paint());
    this.write = atLeisure(() => this.say());
    this.ends = [
      this.which.end,
      onLayout(el, () => this.layout()),
      follow(model, ["kl", "apart"], () => this.survey()),
      follow(model, ["q"], () => this.move()),
    ];
  }

  end() {
    this.stop();
    for (const end of this.ends) end();
    this.draw.cancel();
    this.write.cancel();
  }

  /** @returns {Place} */
  get place() {
    return this.model.get("q") ?? START;
  }

  /** @returns {"reverse" | "forward"} */
  get kl() {
    return this.model.get("kl");
  }

  /** Another landscape. */
  survey() {
    this.stop();
    this.way = [];
    this.p = new TwoModes(this.model.get("apart"));
    this.apart.show(this.model.get("apart"));
    this.heights = null; // until the frame
    this.draw();
    this.write();
  }

  measure() {
    const { p, kl } = this;
    this.heights = Float64Array.from({ length: (CELLS + 1) ** 2 }, (_, i) => {
      const place = /** @type {Place} */ ([
        (i % (CELLS + 1)) / CELLS * 2 * END - END,
        widthAt(Math.floor(i / (CELLS + 1)) / CELLS),
      ]);
      return kl === "reverse" ? p.reverse(place, COARSE) : p.forward(place);
    });
    this.keepField();
  }

  move() {
    if (!this.going) { // the link has led elsewhere
      this.stop();
      this.way = [];
    }
    this.draw();
    this.write();
  }

  /** @param {Place | null} place @param {boolean} [save] */
  drag(place, save) {
    this.stop();
    this.way = [];
    this.go(place);
    if (save) this.model.save_changes();
  }

  /** @param {Place | null} place */
  go(place) {
    this.going = true;
    this.model.set(
      "q",
      place && [round(clamp(place[0], -END, END), 3), round(clamp(place[1], NARROW, WIDE), 3)],
    );
    this.going = false;
  }

  descend() {
    this.stop();
    const steps = this.p.descent(this.kl, this.place), begun = performance.now();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.way = [this.place];
    const step = () => {
      const wanted = still ? STEPS : Math.min(STEPS, (performance.now() - begun) / GLIDE * STEPS);
      while (this.way.length <= wanted) this.way.push(/** @type {Place} */ (steps.next().value));
      this.go(this.way[this.way.length - 1]);
      if (wanted < STEPS) this.running = requestAnimationFrame(step);
      else this.model.save_changes();
    };
    step();
  }

  stop() {
    cancelAnimationFrame(this.running);
  }

  layout() {
    this.theme = themeOf(this.el);
    this.curves.fit();
    if (this.field.fit()) this.keepField();
    this.draw();
  }

  keepField() {
    const { theme, field, heights } = this;
    if (!theme || !field.width || !heights) return;
    const { size } = theme, left = 2.6 * size;
    const axes = field.axes = new Axes(
      { left, top: 0.6 * size, width: field.width - left - 4, height: field.height - 2.6 * size },
      [-END, END],
      [NARROW, WIDE],
      true,
    );
    const tones = document.createElement("canvas");
    paintTones(tones, heights);
    field.keep((context) => {
      context.drawImage(tones, axes.left, axes.top, axes.width, axes.height);
      axes.draw(context, theme, { xCount: 4 });
      Object.assign(context, {
        font: `${size}px ${theme.font}`,
        fillStyle: theme.text,
        textAlign: "right",
        textBaseline: "middle",
      });
      for (const value of [0.25, 0.5, 2, 4]) context.fillText(String(value), axes.left - 6, axes.y(value));
      nameAxes(context, axes, theme, "q’s mean", "q’s width");
    });
  }

  paint() {
    if (!this.heights) this.measure();
    const { theme, field, curves, p, place } = this, { axes } = field;
    if (!theme || !axes || !curves.width) return;
    field.show((context) => {
      axes.clip(context, () => {
        Object.assign(context, { strokeStyle: theme.text, lineWidth: 3, lineJoin: "round" });
        context.beginPath();
        for (const [m, s] of this.way) context.lineTo(axes.x(m), axes.y(s));
        context.stroke();
      });
      marker(context, axes.x(place[0]), axes.y(place[1]), { color: MARK });
    });
    const { size } = theme,
      left = 2.6 * size,
      width = curves.width - left - 4,
      room = curves.height - 3.8 * size;
    const box = { left, width };
    const above = new Axes({ ...box, top: 0.4 * size, height: 0.6 * room }, [LEFT, RIGHT], [0, 1.05]);
    const below = new Axes({ ...box, top: 0.6 * room + 1.6 * size, height: 0.4 * room }, [LEFT, RIGHT], [
      -0.5,
      2,
    ]);
    const reverse = this.kl === "reverse";
    const logs = places.map((z) => [p.log(z), logQ(place, z)]);
    const integrand = logs.map(([ofP, ofQ]) =>
      reverse ? Math.exp(ofQ) * (ofQ - ofP) : Math.exp(ofP) * (ofP - ofQ)
    );
    curves.show((context) => {
      above.draw(context, theme, { xTicks: false, yCount: 3 });
      below.draw(context, theme, { xCount: 6, yCount: 3 });
      const trace = (/** @type {Axes} */ axes, /** @type {number[]} */ values) => {
        context.beginPath();
        values.forEach((value, i) => context.lineTo(axes.x(places[i]), axes.y(value)));
      };
      above.clip(context, () => {
        Object.assign(context, { strokeStyle: EVIDENCE, lineWidth: 4 });
        trace(above, logs.map(([ofP]) => Math.exp(ofP)));
        context.stroke();
        Object.assign(context, { strokeStyle: ELBO, lineWidth: 3 });
        context.setLineDash([9, 5]);
        trace(above, logs.map(([, ofQ]) => Math.exp(ofQ)));
        context.stroke();
        context.setLineDash([]);
      });
      below.clip(context, () => {
        trace(below, [0, ...integrand.slice(1, -1), 0]);
        Object.assign(context, { fillStyle: GAP, strokeStyle: GAP, lineWidth: 2 });
        context.fill();
        context.stroke();
      });
      nameAxes(context, above, theme, "", "p(z | x) solid, q dashed");
      nameAxes(
        context,
        below,
        theme,
        "z",
        reverse ? "q log (q / p): its area is KL(q ‖ p)" : "p log (p / q): its area is KL(p ‖ q)",
      );
    });
  }

  say() {
    const { p, place } = this,
      [reverse, forward] = [p.reverse(place), p.forward(place)].map((kl) => signed(kl, 2));
    setText(this.numbers[0], `${reverse} nats`);
    setText(this.numbers[1], `${forward} nats`);
    const { canvas } = this.field, q = `q’s mean ${signed(place[0], 2)}, width ${signed(place[1], 2)}`;
    canvas.setAttribute("aria-label", "q’s mean and width");
    canvas.setAttribute("aria-valuenow", String(place[0]));
    canvas.setAttribute("aria-valuetext", `${q}; reverse KL ${reverse}, forward KL ${forward} nats`);
    this.curves.canvas.setAttribute(
      "aria-label",
      `A posterior with two modes and q: ${q}; where the ${this.kl} KL comes from`,
    );
  }
}

/** q's width at a share of the field's height. @param {number} share */
function widthAt(share) {
  return NARROW * (WIDE / NARROW) ** share;
}

/** @param {number} value @param {number} least @param {number} most */
function clamp(value, least, most) {
  return Math.max(least, Math.min(most, value));
}

/**
 * The landscape, the fuller the lower, in bands between contours.
 * @param {HTMLCanvasElement} canvas
 * @param {Float64Array} heights
 */
function paintTones(canvas, heights) {
  const bands = 9, nearest = 0.04, least = Math.min(...heights);
  paintHeights(canvas, heights, CELLS, 4 * CELLS, GAP, (height) => {
    const band = clamp(Math.ceil(Math.log2((height - least) / nearest)), 0, bands);
    return 178 * (1 - band / (bands + 1));
  });
}
