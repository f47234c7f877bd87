// The ELBO by one draw of z, with its KL in closed form, as AEVB has it, or sampled as well (SGVB): which says it with less
// noise depends on where q is.

import { button, follow, put, seedButton, slider } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { signed } from "../../kit/format.js";
import { DATA, ELBO, EVIDENCE, GENERATED, TRUE_MODEL } from "../../kit/palette.js";
import { movable, onLayout, Panel, themeOf } from "../../kit/panel.js";
import { number, numbers, round, seed } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { Axes, dots, ellipse, marker, nameAxes, Notes } from "../../kit/plot.js";
import { atLeisure, onNextFrame } from "../../kit/slices.js";
import { remembered } from "../../engine/factor_analysis/data.js";
import { noiseOf, SampledKl } from "../../engine/factor_analysis/sampled_kl.js";

/** @typedef {import("../../kit/controls.js").Model} Model */

const DRAWS = 200;
const AROUND = 1.5; // of the posterior's mean, each way: where q's may be
const NARROW = 0.25, WIDE = 4; // times the posterior's width
const LANES = [{ name: "KL in closed form", color: DATA }, { name: "KL sampled", color: GENERATED }];

/** q's mean, at first the posterior's, and its width, times the posterior's. */
export const params = {
  seed,
  q: numbers({ reach: 9, count: 2 }),
  width: number({ initial: 0.5, least: NARROW, most: WIDE, digits: 2 }),
};

const pointOf = remembered((/** @type {number} */ seed) => new SampledKl(seed, DRAWS));

export default part((model, el) => new Sampled(model, el));

class Sampled {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.plane = new Panel(h("canvas.live.field", { role: "slider", tabIndex: 0, "data-sets": "q" }));
    this.lanes = new Panel(h("canvas.live.lanes", { role: "img" }));
    const { canvas } = this.plane, done = () => model.save_changes();
    canvas.setAttribute("aria-roledescription", "two-dimensional slider");
    canvas.setAttribute("aria-label", "q’s mean");
    movable(
      canvas,
      (event) => {
        const { left, top } = canvas.getBoundingClientRect(), { axes } = this.plane;
        if (axes) this.move([axes.valueAt(event.clientX - left), axes.heightAt(event.clientY - top)]);
      },
      (dx, dy) => this.move([this.mean[0] + dx, this.mean[1] + dy]),
      done,
    );
    this.width = slider({
      label: "q’s width, of the posterior’s",
      least: Math.log2(NARROW),
      most: Math.log2(WIDE),
      step: 0.05,
      say: (power) => `${(2 ** power).toFixed(2)} ×`,
      sets: "width",
      input: (power) => model.set("width", round(2 ** power, 2)),
      done,
    });
    const exact = button("Set q to the posterior", () => {
      model.set("q", null);
      put(model, "width", 1);
    }, { "data-sets": "q width" });
    this.cells = LANES.map(() => [h("td"), h("td")]);
    const heads = ["one draw of z", "says the ELBO to", "its gradient in q’s mean to"];
    el.append(
      h(
        "div.controls",
        { "data-control": "" },
        this.width.element,
        exact,
        seedButton(model, "Another x"),
      ),
      h("div.stage", { "data-instrument": "" }, this.plane.canvas, this.lanes.canvas),
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
        h(
          "tbody",
          {},
          ...LANES.map(({ name, color }, k) =>
            h(
              "tr",
              {},
              h("th", { scope: "row" }, h("i", { style: { "--color": color } }), name),
              ...this.cells[k],
            )
          ),
        ),
      ),
    );
    this.draw = onNextFrame(() => this.paint());
    this.write = atLeisure(() => this.say());
    this.ends = [
      onLayout(el, () => this.layout()),
      follow(model, ["seed"], () => {
        this.keepPlane();
        this.change();
      }),
      follow(model, ["q", "width"], () => this.change()),
    ];
  }

  end() {
    for (const end of this.ends) end();
    this.draw.cancel();
    this.write.cancel();
  }

  /** The point x that is looked at, and the draws. */
  get point() {
    return pointOf(this.model.get("seed"));
  }

  /** q's mean. @returns {number[]} */
  get mean() {
    return this.model.get("q") ?? Array.from(this.point.mean);
  }

  /** @param {number[]} mean */
  move(mean) {
    const near = (/** @type {number} */ value, /** @type {number} */ k) => {
      const middle = this.point.mean[k];
      return round(Math.max(middle - AROUND, Math.min(middle + AROUND, value)), 2);
    };
    this.model.set("q", mean.map(near));
  }

  change() {
    /** @type {ReturnType<SampledKl["estimates"]> | null} */
    this.drawn = null;
    this.draw();
    this.write();
  }

  /** What the draws say. */
  get found() {
    return this.drawn ??= this.point.estimates(this.mean, this.model.get("width"));
  }

  layout() {
    this.theme = themeOf(this.el);
    this.lanes.fit();
    if (this.plane.fit()) this.keepPlane();
    this.draw();
  }

  keepPlane() {
    const { theme, plane } = this;
    if (!theme || !plane.width) return;
    const { size } = theme, left = 2.4 * size;
    const width = plane.width - left - 4, height = plane.height - 2.2 * size;
    const unit = Math.min(width, height) / (2.2 * AROUND); // one scale for both axes
    const around = (/** @type {number} */ middle, /** @type {number} */ length) => [
      middle - length / unit / 2,
      middle + length / unit / 2,
    ];
    const [across, up] = this.point.mean;
    const axes = plane.axes = new Axes(
      { left, top: 0.4 * size, width, height },
      around(across, width),
      around(up, height),
    );
    plane.keep((context) => {
      axes.draw(context, theme);
      axes.clip(context, () => {
        context.setLineDash([2, 5]);
        Object.assign(context, { strokeStyle: TRUE_MODEL, lineWidth: 2.5 });
        for (const sigmas of [1, 2, 3]) {
          ellipse(context, axes, [0, 0], [1, 0, 1], sigmas);
          context.stroke();
        }
      });
    });
  }

  paint() {
    const { theme, point, mean, plane } = this, width = this.model.get("width"), { axes } = plane;
    if (!theme || !axes) return;
    const { z, closed, sampled } = this.found, { covariance: S } = point;
    plane.show((context) => {
      axes.clip(context, () => {
        Object.assign(context, { fillStyle: theme.text, globalAlpha: 0.35 });
        dots(context, z.length, (i) => axes.x(z[i][0]), (i) => axes.y(z[i][1]), 2);
        context.globalAlpha = 1;
        Object.assign(context, { strokeStyle: EVIDENCE, lineWidth: 4 });
        ellipse(context, axes, [...point.mean], [S[0], S[1], S[3]], 2);
        context.stroke();
        Object.assign(context, { strokeStyle: ELBO, lineWidth: 3 });
        context.setLineDash([9, 5]);
        ellipse(context, axes, mean, [S[0], S[1], S[3]].map((value) => width ** 2 * value), 2);
        context.stroke();
        context.setLineDash([]);
      });
      marker(context, axes.x(mean[0]), axes.y(mean[1]), { color: ELBO, ring: theme.background });
      nameAxes(context, axes, theme, "z₁", "z₂: p(z) dotted, p(z | x) solid, q dashed");
    });
    this.paintLanes(closed.elbo, sampled.elbo);
  }

  /** @param {number[][]} estimates of each lane, in nats */
  paintLanes(...estimates) {
    const { theme, lanes, point, mean } = this, elbo = point.elbo(mean, this.model.get("width"));
    if (!theme || !lanes.width) return;
    const { size } = theme, noise = estimates.map(noiseOf), half = Math.max(0.5, 3.3 * Math.max(...noise));
    const across = [elbo - half, Math.max(elbo + half, point.evidence + 0.1 * half)];
    const top = 1.6 * size, height = (lanes.height - 2.2 * size - 2 * top) / 2, gap = size + top;
    const boxes = [0, 1].map((k) =>
      new Axes(
        {
          left: size,
          top: top + k * (height + gap) - k * size,
          width: lanes.width - 2 * size,
          height: height - size / 2,
        },
        across,
        [0, 1],
      )
    );
    lanes.show((context) => {
      boxes.forEach((axes, k) => {
        axes.draw(context, theme, { xTicks: k === 1, yTicks: false });
        axes.clip(context, () => {
          context.fillStyle = LANES[k].color;
          const row = (/** @type {number} */ i) =>
            axes.top + axes.height * (0.12 + 0.5 * ((i * 0.618034) % 1));
          dots(context, estimates[k].length, (i) => axes.x(estimates[k][i]), row, 0.17 * size);
          const at = axes.top + 0.82 * axes.height, from = axes.x(elbo - noise[k]);
          context.fillRect(from, at - 3, axes.x(elbo + noise[k]) - from, 6);
          for (
            const [value, color, dash]
              of /** @type {const} */ ([[elbo, ELBO, [9, 5]], [point.evidence, EVIDENCE, []]])
          ) {
            Object.assign(context, { strokeStyle: color, lineWidth: 3 });
            context.setLineDash([...dash]);
            context.beginPath();
            context.moveTo(axes.x(value), axes.top);
            context.lineTo(axes.x(value), axes.top + axes.height);
            context.stroke();
          }
          context.setLineDash([]);
        });
        Object.assign(context, { fillStyle: theme.text, font: `600 ${size}px ${theme.font}` });
        Object.assign(context, { textAlign: "left", textBaseline: "bottom" });
        context.fillText(`${LANES[k].name}: ± ${noise[k].toFixed(2)}`, axes.left, axes.top - 4);
      });
      const [first, last] = boxes, names = nameAxes(context, last, theme, "nats", "");
      const notes = new Notes(context, theme, first, [], names), down = first.top + first.height - 2;
      const [e, v] = [elbo, point.evidence].map((value) => first.x(value));
      notes.write("log p(x)", [[v + 4.8 * size, first.top + 1.3 * size], [v - 6, first.top + 1.3 * size]]);
      notes.write("ELBO", [[e - 6, down], [e + 3.3 * size, down]]);
    });
  }

  say() {
    const { found, mean, point } = this, width = this.model.get("width");
    this.width.show(Math.log2(width));
    const told = [found.closed, found.sampled].map(({ elbo, gradient }, k) => {
      const noise = [noiseOf(elbo), noiseOf(gradient)].map((value) => value.toFixed(2));
      setText(this.cells[k][0], `± ${noise[0]} nats`);
      setText(this.cells[k][1], `± ${noise[1]}`);
      return `${LANES[k].name} ± ${noise[0]}`;
    });
    const [elbo, evidence] = [point.elbo(mean, width), point.evidence].map((value) => signed(value, 2));
    this.lanes.canvas.setAttribute(
      "aria-label",
      `The ELBO, ${elbo} nats, by each of ${DRAWS} draws: ${told.join(", ")} nats; log p(x) is ${evidence}`,
    );
    const { canvas } = this.plane, at = mean.map((value) => signed(value, 2)).join(", ");
    [point.mean[0] - AROUND, point.mean[0] + AROUND, mean[0]].forEach((value, k) =>
      canvas.setAttribute(`aria-value${["min", "max", "now"][k]}`, value.toFixed(2))
    );
    canvas.setAttribute("aria-valuetext", `(${at}); ${told.join(", ")} nats`);
  }
}
