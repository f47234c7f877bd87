// An image's own q, raised by gradients through the decoder while one watches, beside the one that the encoder gives it.

import { digitChooser, follow, seedButton, segments } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { duration, number as said, signed } from "../../kit/format.js";
import { loadModel } from "../../kit/loading.js";
import { whenLoaded, whenSubject } from "../../kit/notice.js";
import { DATA, ELBO } from "../../kit/palette.js";
import { onLayout, Panel, themeOf } from "../../kit/panel.js";
import { choice, seed } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { picture } from "../../kit/pictures.js";
import { along, Axes, marker, nameAxes, Notes } from "../../kit/plot.js";
import { atLeisure, onNextFrame, whileBusy } from "../../kit/slices.js";
import { ascend, elbo } from "../../engine/ascent.js";
import { components, mostProbable } from "../../engine/explore.js";
import { Random } from "../../engine/random.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../kit/controls.js").Subject} Subject
 * @typedef {import("../../engine/densities.js").Normal} Normal
 */

const RATE = 0.05; // of Adam at first
const DRAWS = 32; // of z, to measure an ELBO
const MEASURED = 50; // times that the ELBO is measured on the way
const LOWEST = 400; // nats below the encoder's ELBO that the chart goes down to
const MANY = 10_000; // images

export const params = {
  seed,
  start: choice({ initial: "encoder", of: ["encoder", "prior"] }),
  steps: choice({ initial: "400", of: ["100", "400", "1600"] }),
};

export default part((model, el) => new Amortised(model, el));

class Amortised {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.panel = new Panel(h("canvas.live", { role: "img" }));
    this.pictures = ["", "", ""].map(() => picture("large"));
    this.rows = ["the encoder’s q", "its own q"].map((
      name,
    ) => [h("th", { scope: "row" }, name), ...Array.from({ length: 3 }, () => h("td"))]);
    this.gap = h("p.gap", { role: "status" });
    const chooser = digitChooser(model);
    const start = segments(model, "start", "Where its own q starts", {
      encoder: "from the encoder",
      prior: "from the prior",
    });
    const steps = segments(model, "steps", "Gradient steps", { 100: "100", 400: "400", 1600: "1,600 steps" });
    const heads = ["", "ELBO", "takes", `${said(MANY)} images`];
    el.append(
      h("div.controls", {}, chooser.element),
      h("div.controls", { "data-control": "" }, start.element, steps.element, seedButton(model, "Again")),
      h(
        "div.stage",
        { "data-instrument": "" },
        this.panel.canvas,
        h("div.images", {}, ...this.pictures.map(({ element }) => element)),
      ),
      h(
        "div.told",
        {},
        h(
          "table",
          {},
          h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
          h("tbody", {}, ...this.rows.map((cells) => h("tr", {}, ...cells))),
        ),
        this.gap,
      ),
    );
    /** @type {import("../../engine/arithmetic.js").Choice} */
    this.y = null;
    this.working = new AbortController();
    /** The ELBO of its own q on the way: after so many steps, in nats. @type {[number, number][]} */
    this.curve = [];
    this.draw = onNextFrame(() => this.paint());
    this.write = atLeisure(() => this.say());
    /** @type {(() => void)[]} */
    this.ends = [chooser.end, start.end, steps.end, onLayout(this.panel.canvas, () => this.layout())];
    this.ends.push(whenLoaded(el, () => loadModel(model.get("checkpoint"), ["p", "q"]), (engine) => {
      this.engine = engine;
      this.ends.push(whenSubject(el, model, (subject) => this.read(subject)));
      this.ends.push(follow(model, ["seed", "start", "steps"], () => this.fit()));
    }));
  }

  end() {
    this.working.abort();
    for (const end of this.ends) end();
    this.draw.cancel();
    this.write.cancel();
  }

  /** @param {Subject} subject */
  read(subject) {
    const { engine } = this, L = engine.latentDim, random = new Random(100);
    const x = this.x = /** @type {Float32Array} */ (engine.observe(subject.pixels));
    const { y, q } = mostProbable(components(engine, x, subject.label));
    this.draws = Array.from({ length: DRAWS }, () => random.normal(L));
    this.y = y;
    this.encoded = { q, elbo: elbo(engine, x, y, q, this.draws) };
    this.pictures[0].show(subject.pixels, subject.title);
    this.pictures[1].show(engine.decode(q.loc, y), "decoded, the encoder’s q");
    this.fit();
  }

  /** Raises its own q, anew. */
  fit() {
    const { engine, encoded, model } = this;
    if (!encoded || !this.x) return;
    this.working.abort();
    this.working = new AbortController();
    const own = model.get("start") === "encoder" ? encoded.q : engine.prior(this.y);
    this.steps = Number(model.get("steps"));
    this.curve = [];
    this.spent = this.passing = 0;
    whileBusy(this.el, this.work(own), { budget: 10, signal: this.working.signal });
  }

  /** @param {Normal} start */
  *work(start) {
    const { engine, model, y, steps = 0 } = this, x = /** @type {Float32Array} */ (this.x);
    const draws = /** @type {Float32Array[]} */ (this.draws), random = new Random(model.get("seed"));
    const ascent = ascend(engine, x, y, start, { steps, learningRate: RATE, random });
    const measure = (/** @type {number} */ step, /** @type {Normal} */ q) => {
      const begun = performance.now();
      engine.encode(x, y); // one pass, whose time is their mean
      this.passing = (this.passing ?? 0) +
        (performance.now() - begun - (this.passing ?? 0)) / (this.curve.length + 1);
      this.curve.push([step, elbo(engine, x, y, q, draws)]);
      this.pictures[2].show(engine.decode(q.loc, y), "decoded, its own q");
      this.draw();
      this.write();
    };
    measure(0, start);
    for (let step = 1; step <= steps; step++) {
      const begun = performance.now(), q = /** @type {Normal} */ (ascent.next().value);
      this.spent = (this.spent ?? 0) + performance.now() - begun;
      yield;
      if (step % (steps / MEASURED) === 0) measure(step, q);
      yield;
    }
  }

  layout() {
    this.theme = themeOf(this.el);
    this.panel.fit();
    this.draw();
  }

  paint() {
    const { theme, panel, encoded, curve, steps = 1 } = this;
    if (!theme || !panel.width || !encoded || !curve.length) return;
    const { size } = theme, left = 4 * size, bound = encoded.elbo;
    const lowest = Math.max(bound - LOWEST, Math.min(bound, ...curve.map(([, value]) => value)));
    const most = Math.max(bound, ...curve.map(([, value]) => value)),
      room = Math.max(5, 0.15 * (most - lowest));
    const axes = new Axes(
      { left, top: 0.5 * size, width: panel.width - left - size, height: panel.height - 2.4 * size },
      [0, steps],
      [lowest - room / 2, most + room],
    );
    panel.show((context) => {
      axes.draw(context, theme);
      const line = (
        /** @type {number[][]} */ points,
        /** @type {string} */ strokeStyle,
        /** @type {number[]} */ dash,
      ) => {
        Object.assign(context, { strokeStyle, lineWidth: 3.5, lineJoin: "round" });
        context.setLineDash(dash);
        context.beginPath();
        for (const [step, value] of points) context.lineTo(axes.x(step), axes.y(value));
        context.stroke();
        context.setLineDash([]);
      };
      axes.clip(context, () => {
        line([[0, bound], [steps, bound]], DATA, [9, 5]);
        line(curve, ELBO, []);
      });
      const [step, value] = curve[curve.length - 1],
        x = axes.x(step),
        y = Math.min(axes.y(value), axes.top + axes.height);
      marker(context, x, y, { color: ELBO, ring: theme.background, radius: 0.5 * size });
      const names = nameAxes(context, axes, theme, "gradient steps", "ELBO, nats");
      const points = [curve, [[0, bound], [steps, bound]]].flatMap((line) =>
        along(line.map(([step, value]) => [axes.x(step), axes.y(value)]))
      );
      const notes = new Notes(context, theme, axes, points, names);
      const right = axes.left + axes.width - 6;
      const above = value > bound; // each name on its line's outer side
      const sides = [axes.y(bound) - 4, axes.y(bound) + 1.6 * size], own = [y - 0.6 * size, y + 1.8 * size];
      if (above) sides.reverse();
      else own.reverse();
      notes.write("the encoder’s q", sides.map((bottom) => [right, bottom]));
      notes.write("its own q", [
        ...own.map((bottom) => [x - size, bottom]),
        [
          x + 6 * size,
          y + 0.6 * size,
        ],
        [x + 6 * size, y + 2 * size],
        [x + 2.5 * size, y + 2.4 * size],
      ]);
    });
  }

  say() {
    const { encoded, curve, passing = 0, spent = 0, steps } = this;
    if (!encoded || !curve.length) return;
    const [step, value] = curve[curve.length - 1], done = step === steps;
    const own = done
      ? [signed(value), `${said(step)} steps, ${duration(spent)}`, duration(MANY * spent)]
      : [signed(value), `step ${said(step)}`, "…"];
    const [first, second] = this.rows;
    [signed(encoded.elbo), `one pass, ${duration(passing)}`, duration(MANY * passing)].forEach((text, k) =>
      setText(first[k + 1], text)
    );
    own.forEach((text, k) => setText(second[k + 1], text));
    const gap = value - encoded.elbo;
    setText(
      this.gap,
      done
        ? `Its own q is ${signed(Math.abs(gap))} nats ${gap >= 0 ? "better" : "worse"} than the encoder’s.`
        : "",
    );
    this.panel.canvas.setAttribute(
      "aria-label",
      `The ELBO over ${steps} gradient steps: its own q ${signed(value)}, the encoder’s ${
        signed(encoded.elbo)
      } nats`,
    );
  }
}
