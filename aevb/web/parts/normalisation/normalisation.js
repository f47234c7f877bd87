// From grey levels to a density: an image's 256 levels, the noise that spreads each over its own interval, and what the
// decoder's p(x | z) says of one pixel there.

import { digitChooser, follow, put, seedButton } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { counted, signed } from "../../kit/format.js";
import { loadModel } from "../../kit/loading.js";
import { whenLoaded, whenSubject } from "../../kit/notice.js";
import { DATA, ELBO, GENERATED, MARK } from "../../kit/palette.js";
import { movable, onLayout, Panel, themeOf } from "../../kit/panel.js";
import { number, seed, within } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { picture } from "../../kit/pictures.js";
import { Axes, cursor, dots, marker, nameAxes } from "../../kit/plot.js";
import { atLeisure, onNextFrame } from "../../kit/slices.js";
import { logBernoulli } from "../../engine/densities.js";
import { components, mostProbable } from "../../engine/explore.js";
import { resampled } from "../../engine/ink.js";
import { dequantised } from "../../engine/models/base.js";
import { Random } from "../../engine/random.js";

/** @typedef {import("../../kit/controls.js").Model} Model */

const LEVELS = 256, NEAR = 12; // levels that are looked at closely
const POINTS = 240; // of a density's curve

/** The pixel, row by row; the greyest where the link has none. */
export const params = { seed, pixel: number({ initial: null, least: 0, most: 99999, ofSubject: true }) };

export default part((model, el) => new Normalisation(model, el));

class Normalisation {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.image = picture("large");
    this.image.canvas.tabIndex = 0;
    this.image.canvas.setAttribute("role", "application");
    this.image.canvas.setAttribute("aria-roledescription", "image of pixels to choose from");
    this.frame = h("div.frame", { "aria-hidden": "true" });
    this.image.canvas.after(this.frame);
    this.panels = ["levels", "near", "density"].map((name) =>
      new Panel(h(`canvas.live.${name}`, { role: "img" }))
    );
    const [levels, near, density] = this.panels.map(({ canvas }) => canvas);
    this.told = h("p.told", { role: "status" });
    const chooser = digitChooser(model);
    el.append(
      h("div.controls", {}, chooser.element, seedButton(model, "Noise again")),
      h("div.image", { "data-control": "", "data-sets": "pixel" }, this.image.element),
      h("div.charts", {}, levels, near, h("div.what", { "data-instrument": "" }, density)),
      this.told,
    );
    this.side = 1; // pixels of the image, each way
    this.draw = onNextFrame(() => this.paint());
    this.write = atLeisure(() => this.say());
    /** @type {(() => void)[]} */
    this.ends = [chooser.end, onLayout(el, () => this.layout())];
    this.ends.push(whenLoaded(el, () => loadModel(model.get("checkpoint"), ["p", "q"]), (engine) => {
      this.engine = engine;
      this.listen();
      this.ends.push(whenSubject(el, model, (subject) => this.read(subject)));
      this.ends.push(follow(model, ["seed"], () => this.shake()));
      this.ends.push(follow(model, ["pixel"], () => this.look()));
    }));
  }

  end() {
    for (const end of this.ends) end();
    this.draw.cancel();
    this.write.cancel();
  }

  listen() {
    const { canvas } = this.image;
    const to = (/** @type {PointerEvent} */ event) => {
      const { left, top, width, height } = canvas.getBoundingClientRect();
      const at = (/** @type {number} */ share) =>
        Math.max(0, Math.min(this.side - 1, Math.floor(share * this.side)));
      const column = at((event.clientX - left) / width), row = at((event.clientY - top) / height);
      this.model.set("pixel", row * this.side + column);
    };
    const by = (/** @type {number} */ dx, /** @type {number} */ dy) => {
      const clamp = (/** @type {number} */ place) => Math.max(0, Math.min(this.side - 1, place));
      const [row, column] = [Math.floor(this.pixel / this.side), this.pixel % this.side];
      put(
        this.model,
        "pixel",
        clamp(row - Math.round(10 * dy)) * this.side + clamp(column + Math.round(10 * dx)),
      );
    };
    movable(canvas, to, by, () => this.model.save_changes());
  }

  /** @param {import("../../kit/controls.js").Subject} subject */
  read({ pixels, title, label }) {
    const { engine } = this, x = engine.observe(pixels);
    const { y, q } = mostProbable(components(engine, x, label));
    this.pixels = /** @type {Float32Array} */ (resampled(pixels, engine.pixelCount)); // a drawing has others
    this.side = Math.round(Math.sqrt(this.pixels.length));
    this.outputs = /** @type {Float32Array} */ (engine.outputs(q.loc, y));
    this.counts = new Float64Array(LEVELS);
    for (const level of this.levels) this.counts[level]++;
    this.image.show(this.pixels, title);
    this.shake();
    this.look();
  }

  /** Another draw of the noise. */
  shake() {
    if (!this.pixels) return;
    const random = new Random(this.model.get("seed"));
    this.x = dequantised(this.pixels, random);
    this.heights = this.x.map(() => random.uniform()); // so that points do not lie on each other
    this.draw();
    this.write();
  }

  look() {
    if (!this.pixels) return;
    within(this.model, this.el, "pixel", params.pixel, this.pixels.length - 1);
    const { side, pixel } = this, step = 100 / side;
    Object.assign(this.frame.style, {
      left: `${pixel % side * step}%`,
      top: `${Math.floor(pixel / side) * step}%`,
    });
    Object.assign(this.frame.style, { width: `${step}%`, height: `${step}%` });
    this.draw();
    this.write();
  }

  get levels() {
    return Array.from(this.pixels ?? [], (value) => Math.round(255 * value));
  }

  get pixel() {
    const { levels } = this, chosen = this.model.get("pixel");
    if (chosen !== null && chosen < levels.length) return chosen;
    const off = levels.map((level) => Math.abs(level - LEVELS / 2));
    return off.indexOf(Math.min(...off));
  }

  /** Whether the decoder's outputs are logits. */
  get logits() {
    return this.engine.config.likelihood !== "gaussian";
  }

  /** log p(x) in nats of one pixel at an output. @param {number} output @param {number} x */
  log(output, x) {
    return this.engine.decoder.pixels.log([output], [x]);
  }

  layout() {
    this.theme = themeOf(this.el);
    for (const panel of this.panels) panel.fit();
    this.draw();
  }

  paint() {
    if (!this.theme || !this.x || this.panels.some(({ width }) => !width)) return;
    const level = this.levels[this.pixel], first = Math.max(0, Math.min(LEVELS - NEAR, level - NEAR / 2));
    this.paintLevels(this.theme, level, first);
    this.paintNear(this.theme, level, first);
    this.paintDensity(this.theme);
  }

  /** @param {Panel} panel @param {[number, number]} across @param {[number, number]} up */
  axes({ width, height }, across, up, log = false) {
    const { size } = /** @type {import("../../kit/panel.js").Theme} */ (this.theme), left = 3.2 * size;
    return new Axes(
      { left, top: 4, width: width - left - 6, height: height - 2 * size - 4 },
      across,
      up,
      log,
    );
  }

  /** @param {import("../../kit/panel.js").Theme} theme @param {number} level @param {number} first */
  paintLevels(theme, level, first) {
    const [panel] = this.panels, counts = /** @type {Float64Array} */ (this.counts);
    const axes = this.axes(panel, [0, LEVELS], [0.6, Math.max(10, ...counts)], true);
    panel.show((context) => {
      axes.draw(context, theme);
      Object.assign(context, { fillStyle: MARK, globalAlpha: 0.25 });
      context.fillRect(axes.x(first), axes.top, axes.x(first + NEAR) - axes.x(first), axes.height);
      context.globalAlpha = 1;
      counts.forEach((count, k) => {
        if (!count) return;
        context.fillStyle = k === level ? MARK : DATA;
        const y = axes.y(count);
        context.fillRect(
          axes.x(k),
          y,
          Math.max(1.5, axes.x(1) - axes.x(0) - 0.5),
          axes.top + axes.height - y,
        );
      });
      const bars = Array.from(counts).flatMap((count, k) => {
        const floor = axes.top + axes.height - 2, top = count ? axes.y(count) : floor;
        return count ? [floor, (floor + top) / 2, top].map((y) => [axes.x(k), y]) : [];
      });
      nameAxes(context, axes, theme, "grey level", "pixels, log scale", bars);
    });
    panel.canvas.setAttribute(
      "aria-label",
      `How many pixels have each grey level; ${counted(counts[level], "pixel")} at ${level}`,
    );
  }

  /** @param {import("../../kit/panel.js").Theme} theme @param {number} level @param {number} first */
  paintNear(theme, level, first) {
    const panel = this.panels[1], { levels, pixel } = this, x = /** @type {Float32Array} */ (this.x);
    const axes = this.axes(panel, [first / LEVELS, (first + NEAR) / LEVELS], [0, 1]);
    const floor = axes.top + axes.height, middle = axes.top + 0.42 * axes.height;
    panel.show((context) => {
      axes.draw(context, theme, { yTicks: false, xCount: 3 });
      const within = levels.flatMap((k, i) => (k >= first && k < first + NEAR ? [i] : []));
      Object.assign(context, { fillStyle: MARK, globalAlpha: 0.25 });
      context.fillRect(
        axes.x(level / LEVELS),
        middle,
        axes.x((level + 1) / LEVELS) - axes.x(level / LEVELS),
        floor - middle,
      );
      context.globalAlpha = 1;
      Object.assign(context, { strokeStyle: theme.border, lineWidth: 1 });
      context.beginPath();
      for (let k = first; k <= first + NEAR; k++) {
        context.moveTo(axes.x(k / LEVELS), middle);
        context.lineTo(axes.x(k / LEVELS), floor);
      }
      context.stroke();
      for (const k of new Set(within.map((i) => levels[i]))) {
        context.fillStyle = k === level ? MARK : DATA;
        context.fillRect(
          axes.x(k / LEVELS) - 2,
          axes.top + 0.2 * axes.height,
          4,
          middle - axes.top - 0.24 * axes.height,
        );
      }
      context.fillStyle = GENERATED;
      const heights = /** @type {Float32Array} */ (this.heights), inset = 0.7 * theme.size;
      const up = (/** @type {number} */ i) => middle + inset + heights[i] * (floor - middle - 2 * inset);
      dots(context, within.length, (i) => axes.x(x[within[i]]), (i) => up(within[i]), 3);
      marker(context, axes.x(x[pixel]), up(pixel), {
        color: MARK,
        ring: theme.background,
        radius: 0.45 * theme.size,
      });
      nameAxes(context, axes, theme, "dequantised", "levels / 256");
    });
    panel.canvas.setAttribute(
      "aria-label",
      `Close to level ${level}: levels are spikes; with noise each fills its own interval`,
    );
  }

  /** @param {import("../../kit/panel.js").Theme} theme */
  paintDensity(theme) {
    const panel = this.panels[2], { pixel } = this;
    const output = /** @type {Float32Array} */ (this.outputs)[pixel],
      x = /** @type {Float32Array} */ (this.x)[pixel];
    const places = Array.from({ length: POINTS + 1 }, (_, i) => i / POINTS);
    const density = places.map((place) => Math.exp(this.log(output, place)));
    const most = Math.max(1.3, ...density), axes = this.axes(panel, [0, 1], [0, 1.05 * most]);
    panel.show((context) => {
      axes.draw(context, theme);
      const line = (
        /** @type {number[]} */ values,
        /** @type {string} */ strokeStyle,
        /** @type {number[]} */ dash,
      ) => {
        Object.assign(context, { strokeStyle, lineWidth: 3 });
        context.setLineDash(dash);
        context.beginPath();
        values.forEach((value, i) => context.lineTo(axes.x(places[i]), axes.y(value)));
        context.stroke();
        context.setLineDash([]);
      };
      axes.clip(context, () => {
        if (this.logits) line(places.map((place) => Math.exp(logBernoulli([output], [place]))), ELBO, [8, 5]);
        line(density, GENERATED, []);
        cursor(context, theme, axes, axes.x(x));
      });
      marker(context, axes.x(x), axes.y(Math.exp(this.log(output, x))), {
        color: MARK,
        ring: theme.background,
      });
      const curve = places.map((place, i) => [axes.x(place), axes.y(density[i])]);
      nameAxes(context, axes, theme, "x", "p(x | z) of the pixel", curve);
    });
  }

  say() {
    const { engine, pixel, side, levels } = this;
    if (!this.x || !this.outputs) return;
    const output = this.outputs[pixel], x = this.x[pixel], log = this.log(output, x);
    const whole = engine.logLikelihood(this.outputs, this.x);
    const about = this.logits
      ? `λ = ${engine.decoder.pixels.shown(output).toFixed(4)}`
      : `mean ${signed(output, 3)}`;
    const other = this.logits
      ? ` A Bernoulli’s λˣ (1 − λ)¹⁻ˣ (dashed) is no density of grey: its area is ${
        area(output).toFixed(2)
      }, and it ` +
        `would say ${signed(logBernoulli(this.outputs, this.x))} nats.`
      : "";
    setText(
      this.told,
      `Row ${Math.floor(pixel / side) + 1}, column ${pixel % side + 1}: level ${levels[pixel]} becomes x = (${
        levels[pixel]
      } + ` +
        `${(LEVELS * x - levels[pixel]).toFixed(2)}) / 256 = ${
          x.toFixed(4)
        }. The decoder’s ${about}, so log p(x | z) = ` +
        `${signed(log, 2)} nats here and ${signed(whole)} over all ${levels.length} pixels.${other}`,
    );
    this.panels[2].canvas.setAttribute(
      "aria-label",
      `The density of the pixel, ${about}; at its x log p is ${signed(log, 2)} nats`,
    );
  }
}

/** ∫ λˣ (1 − λ)¹⁻ˣ dx over [0, 1], (2 λ − 1) / logit. @param {number} logit */
function area(logit) {
  return Math.abs(logit) < 1e-6 ? 0.5 : Math.tanh(logit / 2) / logit;
}
