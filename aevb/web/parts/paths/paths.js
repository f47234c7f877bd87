// z from row to row, a chart for each of its two numbers: the mean path of each class of digit, with one digit or
// drawing on top, or the paths of a dozen samples.

import { digitChooser, follow, put, seedButton, segments } from "../../kit/controls.js";
import { digitsAt } from "../../kit/digits.js";
import { h } from "../../kit/elements.js";
import { loadAbout, loadModel } from "../../kit/loading.js";
import { whenLoaded, whenSubject } from "../../kit/notice.js";
import { DIGITS, GENERATED, MARK } from "../../kit/palette.js";
import { onLayout, Panel, themeOf } from "../../kit/panel.js";
import { choice, number, unread } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { along, Axes, nameAxes } from "../../kit/plot.js";
import { rowsOf, sampleNoise, SAMPLES, seed } from "../../kit/rows.js";
import { inSlices, onNextFrame } from "../../kit/slices.js";
import { grow, meanPath } from "../../engine/rows.js";

/** @typedef {import("../../kit/controls.js").Model} Model */
/** @typedef {ArrayLike<number>[]} Path z of each row */
/** @typedef {{ path: Path, color: string, dash?: number[], width?: number, title?: string, points?: boolean,
 *   faint?: boolean }} Line */

const NOTHING = new Float32Array(0);
const NAMES = ["z₁", "z₂"];
/** Of each class its own, so that no two lines differ by colour alone. */
const DASHES = [
  [],
  [16, 6],
  [4, 4],
  [14, 4, 3, 4],
  [9, 4],
  [26, 5, 3, 5],
  [2, 6],
  [14, 4, 3, 4, 3, 4],
  [30, 8],
  [6, 9],
];

const ALL = -1; // in place of a class, all of them alike

export const params = {
  seed,
  paths: choice({ initial: "digits", of: ["digits", "samples"] }),
  only: number({ initial: null, least: ALL, most: 9 }), // at first the digit's own class
};

export default part((model, el) => new Paths(model, el));

class Paths {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    /** @type {Path[]} */
    this.means = []; // by class
    /** @type {Path[][]} */
    this.few = []; // some of each class
    /** @type {Path | null} */
    this.own = null; // of the digit or drawing
    this.title = "";
    /** @type {Path[]} */
    this.samples = [];
    this.stale = false;
    /** @type {number | null} */
    this.over = null; // the class whose button the pointer is over, or the focus on
    this.working = new AbortController();
    this.draw = onNextFrame(() => this.show());
    this.canvas = h("canvas.live", { role: "img", "aria-label": "Paths of z" });
    this.panel = new Panel(this.canvas);
    this.length = rowsOf(model);
    this.classes = Array.from(digitsAt(model.get("digits")).classes.keys()).slice(0, DIGITS.length);
    this.buttons = this.classes.map((y) => {
      const over = (/** @type {number | null} */ value) => () => {
        this.over = value;
        this.draw();
      };
      const one = h("button.class", {
        type: "button",
        "aria-label": `Only ${y}`,
        onclick: () => put(model, "only", this.only === y ? ALL : y),
        onpointerenter: over(y),
        onpointerleave: over(null),
        onfocus: over(y),
        onblur: over(null),
      });
      one.innerHTML =
        `<svg viewBox="0 0 44 8" aria-hidden="true"><path d="M0 4H44" fill="none" stroke-width="5" ` +
        `stroke="${DIGITS[y]}" stroke-dasharray="${DASHES[y]}"/></svg><span>${y}</span>`;
      return one;
    });
    const choice = segments(model, "paths", "Paths of", {
      digits: "Test digits",
      samples: `${SAMPLES} samples`,
    });
    this.legend = h(
      "div.lines",
      { role: "group", "aria-label": "One class alone", "data-sets": "only" },
      ...this.buttons,
    );
    this.chooser = digitChooser(model);
    this.again = seedButton(model, "Resample");
    el.append(
      h("div.chart", { "data-instrument": "" }, this.canvas),
      h("div.controls", { "data-control": "" }, choice.element, this.legend, this.again),
      h("div.controls", {}, this.chooser.element),
    );
    this.theme = themeOf(el);
    const checkpoint = model.get("checkpoint");
    const load = () => Promise.all([loadModel(checkpoint, ["p", "q"]), loadAbout(checkpoint.about)]);
    /** @type {(() => void)[]} */
    this.ends = [
      choice.end,
      this.chooser.end,
      whenLoaded(el, load, ([engine, { measures }]) => this.start(engine, measures)),
    ];
  }

  /** @param {any} engine @param {any} measures */
  start(engine, measures) {
    this.engine = engine;
    this.means = measures.class_paths ?? []; // without labels there are none
    this.few = measures.few_paths ?? [];
    // Of a class without a test image there is no path.
    this.classes = this.classes.filter((y) => this.few[y]?.length);
    this.buttons.forEach((one, y) => (one.hidden = !this.classes.includes(y)));
    this.ends.push(
      onLayout(this.el, () => {
        this.panel.fit();
        this.theme = themeOf(this.el);
        this.draw();
      }),
      whenSubject(this.el, this.model, (subject) => {
        this.subject = subject;
        this.work();
      }),
      follow(this.model, ["paths", "seed"], () => this.work()),
      follow(this.model, ["only"], () => {
        const only = this.model.get("only");
        if (![null, ALL, ...this.classes].includes(only)) unread(this.el, "only");
        this.draw();
      }),
    );
  }

  end() {
    for (const end of this.ends) end();
    this.working.abort();
    this.draw.cancel();
  }

  /** The class that is shown before the others. @returns {number | null} */
  get only() {
    const only = this.model.get("only") ?? this.subject?.label;
    return this.classes.includes(only) ? only : null;
  }

  get ofSamples() {
    return this.model.get("paths") === "samples";
  }

  /** The digit's own path, or the samples' paths, in slices. */
  async work() {
    const { engine, ofSamples, subject } = this;
    this.again.hidden = !ofSamples;
    this.legend.hidden = this.chooser.element.hidden = ofSamples;
    this.working.abort();
    const { signal } = this.working = new AbortController();
    this.stale = true;
    this.draw();
    if (ofSamples) await inSlices(this.grow(), { signal });
    else if (subject) {
      const own = await inSlices(meanPath(engine, engine.observe(subject.pixels)), { signal });
      if (own) Object.assign(this, { own, title: subject.title });
    }
    if (signal.aborted) return;
    this.stale = false;
    this.draw();
  }

  *grow() {
    const noise = sampleNoise(this.engine, this.model.get("seed"), SAMPLES);
    this.samples = [];
    for (const one of noise) {
      const rows = yield* grow(this.engine, NOTHING, one);
      this.samples.push(rows.map(({ z }) => z));
      this.draw();
    }
  }

  /** @returns {Line[]} those on top last */
  get lines() {
    if (this.ofSamples) {
      const { samples } = this, color = GENERATED;
      /** @type {Line[]} */
      const lines = samples.map((path) => ({ path, color, width: 2, faint: true }));
      return lines.concat(samples.length ? [{ path: mean(samples), color, width: 5, title: "mean" }] : []);
    }
    const { only } = this, alone = this.over ?? only;
    const lines = this.classes.filter((y) => y !== alone).map((y) => this.ofClass(y, alone !== null));
    if (alone !== null) {
      const color = DIGITS[alone];
      for (const [k, path] of this.few[alone].entries()) {
        lines.push({ path, color, width: 1.5, title: k ? "" : "single images" });
      }
      lines.push(this.ofClass(alone));
    }
    if (this.own && !this.stale) {
      lines.push({ path: this.own, color: MARK, width: 3, points: true, title: this.title });
    }
    return lines;
  }

  /** @param {number} y @returns {Line} */
  ofClass(y, faint = false) {
    return {
      path: this.means[y],
      color: DIGITS[y],
      dash: DASHES[y],
      width: 4,
      title: faint ? "" : String(y),
      faint,
    };
  }

  show() {
    const { panel, theme, lines } = this, { size } = theme;
    const { only, length } = this;
    this.buttons.forEach((one, y) => one.setAttribute("aria-pressed", String(y === only)));
    const shown = this.ofSamples
      ? `${SAMPLES} samples`
      : `each class${this.title && `, and of ${this.title}`}`;
    this.canvas.setAttribute("aria-label", `z₁ and z₂ of each row: paths of ${shown}`);
    if (!panel.width || !lines.length) return;
    const names = NAMES.slice(0, lines[0].path[0].length), alone = names.length < 2;
    const stacked = panel.width < panel.height, left = 2.6 * size, top = 0.4 * size;
    const width = stacked || alone ? panel.width : (panel.width - size) / 2;
    const height = stacked && !alone ? panel.height / 2 : panel.height;
    panel.show((context) => {
      names.forEach((name, k) => {
        const box = {
          left: left + (stacked ? 0 : k * (width + size)),
          top: top + (stacked ? k * height : 0),
          width: width - left - 2,
          height: height - 2.2 * size,
        };
        const axes = new Axes(box, [0.5, length + 0.5], this.rangeOf(k));
        axes.draw(context, theme, { xCount: 6 });
        axes.clip(context, () => {
          for (const line of lines) trace(context, axes, line, k);
        });
        const drawn = lines.flatMap(({ path }) =>
          along(path.map((z, t) => [axes.x(t + 1), axes.yNear(z[k])]))
        );
        nameAxes(context, axes, theme, "row t", name, drawn);
        label(context, axes, theme, lines.filter(({ title }) => title), k);
      });
    });
  }

  /**
   * What of a number is in view: the classes' means in the middle rows, where all digits have strokes, and as much
   * again, and the digit's own there. In the blank rows above and below, where z hardly matters, they lie far outside. Of
   * samples, all.
   * @param {number} k
   */
  rangeOf(k) {
    const { length } = this, known = this.classes.map((y) => this.means[y]);
    const means = known.length ? known : [this.own ?? []];
    const within = (/** @type {Path} */ path) => path.slice(length / 4, 3 * length / 4);
    const middle = means.map(within);
    const values = (this.ofSamples && this.samples.length ? this.samples : middle).flat().map((z) => z[k]);
    const least = Math.min(...values), most = Math.max(...values);
    const margin = (this.ofSamples ? 0.04 : 0.3) * (most - least);
    const own = this.ofSamples ? [] : within(this.own ?? []).map((z) => z[k]), room = margin / 3;
    return [
      Math.min(least - margin, Math.min(...own) - room),
      Math.max(most + margin, Math.max(...own) + room),
    ];
  }
}

/** @param {Path[]} paths @returns {Path} */
function mean(paths) {
  return paths[0].map((z, t) =>
    Array.from(z, (_, k) => paths.reduce((sum, path) => sum + path[t][k], 0) / paths.length)
  );
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Axes} axes
 * @param {Line} line
 * @param {number} k
 */
function trace(context, axes, { path, color, dash = [], width = 2, points, faint }, k) {
  Object.assign(context, { strokeStyle: color, fillStyle: color, lineWidth: width, lineJoin: "round" });
  context.globalAlpha = faint ? 0.3 : 1;
  context.setLineDash(dash);
  context.beginPath();
  path.forEach((z, t) => context.lineTo(axes.x(t + 1), axes.y(z[k])));
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
  if (!points) return;
  for (const [t, z] of path.entries()) {
    context.beginPath();
    context.arc(axes.x(t + 1), axes.y(z[k]), 1.4 * width, 0, 6.2832);
    context.fill();
  }
}

/**
 * Each line's title upon it, where it is farthest from the others and from the titles that are there already.
 * @param {CanvasRenderingContext2D} context
 * @param {Axes} axes
 * @param {import("../../kit/panel.js").Theme} theme
 * @param {Line[]} lines
 * @param {number} k
 */
function label(context, axes, theme, lines, k) {
  const { size } = theme;
  /** @type {[number, number][]} */
  const taken = [];
  for (const { path, color, title = "" } of lines) {
    let best = -Infinity, x = 0, y = 0;
    for (let t = Math.floor(path.length / 4); t < 3 * path.length / 4; t++) {
      const px = axes.x(t + 1), py = axes.y(path[t][k]);
      if (py < axes.top + size || py > axes.top + axes.height - size) continue;
      const others = lines.filter((other) => other.path !== path);
      const near = Math.min(4 * size, ...others.map((other) => Math.abs(axes.y(other.path[t][k]) - py)));
      const crowded = Math.min(4 * size, ...taken.map(([ox, oy]) => Math.hypot(ox - px, oy - py)));
      if (near + crowded > best) [best, x, y] = [near + crowded, px, py];
    }
    if (best === -Infinity) continue; // none of it is in view
    taken.push([x, y]);
    context.font = `700 ${1.1 * size}px ${theme.font}`;
    Object.assign(context, { textAlign: "center", textBaseline: "middle", lineJoin: "round", lineWidth: 6 });
    Object.assign(context, { strokeStyle: theme.background, fillStyle: theme.text });
    context.strokeText(title, x, y);
    context.fillText(title, x, y);
    Object.assign(context, { fillStyle: color });
  }
}
