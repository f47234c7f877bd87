// The evidence of an image as a mean over draws of z: some of its numbers from the prior, the rest from the encoder's q. The
// more come from the prior, the fewer draws explain the image, and the further below the evidence the estimate stays.

import { digitChooser, follow, put, seedButton, segments } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { number as said, probability, signed } from "../../kit/format.js";
import { loadAbout, loadModel } from "../../kit/loading.js";
import { whenLoaded, whenSubject } from "../../kit/notice.js";
import { EVIDENCE, TRUE_MODEL } from "../../kit/palette.js";
import { onLayout, Panel, themeOf } from "../../kit/panel.js";
import { choice, number, seed, unread } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { picture } from "../../kit/pictures.js";
import { along, Axes, marker, nameAxes, Notes } from "../../kit/plot.js";
import { atLeisure, onNextFrame, whileBusy } from "../../kit/slices.js";
import { argsort, logSumExp } from "../../engine/arithmetic.js";
import { place } from "../../engine/densities.js";
import { blend, components, logWeight, mostProbable } from "../../engine/explore.js";
import { Random } from "../../engine/random.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../kit/controls.js").Subject} Subject
 * @typedef {import("../../engine/densities.js").Normal} Normal
 *
 * Draws with so many numbers from the prior: their distribution r, log Σ p(x, z) / r(z) in nats, its largest term, and
 * the estimate of log p(x) on the way, [K, nats].
 * @typedef {{ r: Normal, total: number, best: number, curve: [number, number][] }} Series
 */

const LOWEST = 1_500; // nats below the best estimate that the chart goes down to
const APART = 1.02; // of one number of draws to the next that the curves show

export const params = {
  seed,
  from_prior: number({ initial: null, least: 0, most: 999 }), // numbers of z: all of them
  draws: choice({ initial: "1000", of: ["100", "1000", "10000"] }),
};

/** A share in whole percent, for a narrow column. */
const whole = (/** @type {number} */ share) => share > 0.99 ? "> 99 %" : `${Math.round(100 * share)} %`;

/**
 * How many numbers of z come from the prior, of L: all, half, a quarter, two, one, none.
 * @param {number} L
 */
export const countsOf = (L) =>
  [L, L / 2, L / 4, 2, 1, 0].map(Math.floor).filter((count, k, all) =>
    count <= L && all.slice(0, k).every((before) => before > count)
  );

export default part((model, el) => new Evidence(model, el));

class Evidence {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.panel = new Panel(h("canvas.live", { role: "img" }));
    this.image = picture();
    this.columns = h("div.columns", {
      role: "group",
      "aria-label": "Numbers of z from the prior",
      "data-control": "",
      "data-sets": "from_prior",
      style: { "--color": EVIDENCE },
    });
    this.told = h("p.sum", { role: "status" });
    const chooser = digitChooser(model);
    const draws = segments(model, "draws", "Draws", { 100: "100", 1000: "1,000", 10000: "10,000 draws" });
    el.append(
      h("div.controls", {}, chooser.element, draws.element, seedButton(model, "Again")),
      h("div.stage", { "data-instrument": "" }, this.panel.canvas),
      this.columns,
      this.told,
    );
    /** @type {import("../../engine/arithmetic.js").Choice} */
    this.y = null;
    /** How many numbers of z come from the prior. @type {number[]} */
    this.counts = [];
    /** @type {ReturnType<Evidence["column"]>[]} */
    this.shown = [];
    /** One for each of the counts. @type {Series[]} */
    this.series = [];
    this.drawn = 0;
    this.working = new AbortController();
    this.draw = onNextFrame(() => this.paint());
    this.write = atLeisure(() => this.say());
    /** @type {(() => void)[]} */
    this.ends = [chooser.end, draws.end, onLayout(this.panel.canvas, () => this.layout())];
    const checkpoint = model.get("checkpoint");
    const load = () => Promise.all([loadModel(checkpoint, ["p", "q"]), loadAbout(checkpoint.about)]);
    this.ends.push(whenLoaded(el, load, ([engine, about]) => {
      this.engine = engine;
      /** The dimensions, the most used first. @type {number[]} */
      this.byUse = argsort(about.measures.use);
      this.list(countsOf(engine.latentDim));
      this.ends.push(whenSubject(el, model, (subject) => this.read(subject)));
      this.ends.push(follow(model, ["seed", "draws"], () => this.estimate()));
      this.ends.push(follow(model, ["from_prior"], () => this.choose()));
    }));
  }

  end() {
    this.working.abort();
    for (const end of this.ends) end();
    this.draw.cancel();
    this.write.cancel();
  }

  /** @param {number[]} counts */
  list(counts) {
    this.counts = counts;
    this.shown = counts.map((count, k) => this.column(count, k));
    const names = ["from the prior", "log p(x) ≈", "best carries"];
    const [first, ...others] = names.map((name) => h("span", {}, name));
    this.columns.replaceChildren(
      h("div.heads", {}, first, this.image.element, ...others),
      ...this.shown.map(({ element }) => element),
    );
  }

  /** What draws with so many numbers from the prior come to. @param {number} count @param {number} k */
  column(count, k) {
    const best = picture(), estimate = h("span"), share = h("span");
    const name = k === 0 ? `all ${count}` : count ? String(count) : "none";
    const element = h(
      "button.column",
      { type: "button", onclick: () => put(this.model, "from_prior", k === 0 ? null : count) },
      h("b", {}, name),
      best.element,
      estimate,
      share,
    );
    const word = count ? `${name} from the prior` : "all by the encoder";
    return { element, best, estimate, share, word };
  }

  /** Which of the counts is looked at. */
  get chosen() {
    const count = this.model.get("from_prior");
    return count === null ? 0 : Math.max(0, this.counts.indexOf(count));
  }

  choose() {
    const count = this.model.get("from_prior");
    if (count !== null && !this.counts.includes(count)) unread(this.el, "from_prior");
    this.shown.forEach(({ element }, k) => element.setAttribute("aria-pressed", String(k === this.chosen)));
    this.draw();
    this.write();
  }

  /** @param {Subject} subject */
  read(subject) {
    const { engine } = this, x = this.x = /** @type {Float32Array} */ (engine.observe(subject.pixels));
    const { y, q } = mostProbable(components(engine, x, subject.label));
    this.y = y;
    this.q = q;
    this.image.show(subject.pixels, subject.title);
    this.estimate();
  }

  /** Draws, anew. */
  estimate() {
    const { engine, q, y, byUse, counts, model } = this;
    if (!q || !byUse) return;
    this.working.abort();
    this.working = new AbortController();
    this.drawn = 0;
    this.series = counts.map((count) => ({
      r: blend(q, engine.prior(y), byUse.slice(0, count)),
      total: -Infinity,
      best: -Infinity,
      curve: [],
    }));
    whileBusy(this.el, this.work(Number(model.get("draws"))), { budget: 10, signal: this.working.signal });
  }

  /** @param {number} draws */
  *work(draws) {
    const { engine, model, y, series } = this, x = /** @type {Float32Array} */ (this.x);
    const random = new Random(model.get("seed"));
    for (let k = 1, next = 1; k <= draws; k++) {
      const epsilon = random.normal(engine.latentDim); // the same for all
      for (const [i, one] of series.entries()) {
        const weight = logWeight(engine, x, y, one.r, epsilon);
        one.total = logSumExp([one.total, weight]);
        if (weight > one.best) {
          one.best = weight;
          this.shown[i].best.show(engine.decode(place(one.r, epsilon), y));
        }
        yield;
      }
      if (k < next && k < draws) continue;
      next = Math.ceil(k * APART);
      for (const { total, curve } of series) curve.push([k, total - Math.log(k)]);
      this.drawn = k;
      this.draw();
      this.write();
    }
  }

  layout() {
    this.theme = themeOf(this.el);
    this.panel.fit();
    this.draw();
  }

  paint() {
    const { theme, panel, series, chosen, shown, drawn } = this;
    if (!theme || !panel.width || !drawn) return;
    const { size } = theme, all = series.flatMap(({ curve }) => curve.map(([, value]) => value));
    const most = Math.max(...all), least = Math.max(most - LOWEST, Math.min(...all));
    const room = Math.max(5, 0.16 * (most - least));
    const decades = Math.log10(Number(this.model.get("draws")));
    const axes = new Axes(
      { left: 4 * size, top: 0.5 * size, width: panel.width - 5 * size, height: panel.height - 2.4 * size },
      [0, decades],
      [least - room / 2, most + room],
    );
    const lines = series.map(({ curve }) =>
      curve.map(([k, value]) => [axes.x(Math.log10(k)), axes.yNear(value)])
    );
    panel.show((context) => {
      axes.draw(context, theme, { xCount: decades, xSay: (power) => said(10 ** power) });
      const line = (/** @type {number} */ i) => {
        context.beginPath();
        for (const [x, y] of lines[i]) context.lineTo(x, y);
        context.stroke();
      };
      axes.clip(context, () => {
        Object.assign(context, { strokeStyle: TRUE_MODEL, lineWidth: 2.5, lineJoin: "round" });
        lines.forEach((_, i) => i !== chosen && line(i));
        Object.assign(context, { strokeStyle: EVIDENCE, lineWidth: 4 });
        line(chosen);
      });
      const ends = lines.map((points) => points[points.length - 1]), [x, y] = ends[chosen];
      const color = EVIDENCE, ring = theme.background;
      marker(context, x, Math.min(y, axes.top + axes.height), { color, ring, radius: 0.5 * size });
      const names = nameAxes(context, axes, theme, "draws", "log p(x) estimated, nats");
      const notes = new Notes(context, theme, axes, lines.flatMap(along), names);
      for (const [i, [right, bottom]] of ends.entries()) {
        const alone = ends.every(([, other], k) => k === i || Math.abs(other - bottom) > 1.7 * size);
        if (!alone && i !== chosen) continue;
        notes.write(shown[i].word, [
          [right - 0.8 * size, bottom - 0.4 * size],
          [right - 0.8 * size, bottom + 1.8 * size],
        ]);
      }
    });
  }

  say() {
    const { series, shown, drawn, chosen, counts } = this;
    if (!drawn) return;
    const estimates = series.map(({ total }) => total - Math.log(drawn));
    const shares = series.map(({ total, best }) => Math.exp(best - total));
    shown.forEach(({ element, estimate, share, word }, k) => {
      setText(estimate, signed(estimates[k], 0));
      setText(share, whole(shares[k]));
      const label = `${word}: ${signed(estimates[k], 0)} nats, the best draw carries ${whole(shares[k])}`;
      element.setAttribute("aria-label", label);
    });
    const below = estimates[counts.length - 1] - estimates[chosen];
    const told = `${said(drawn)} draws, ${shown[chosen].word}: ${signed(estimates[chosen])} nats`;
    const short = counts[chosen]
      ? `, ${signed(Math.abs(below))} ${below >= 0 ? "below" : "above"} the encoder’s`
      : "";
    setText(this.told, `${told}${short}. The best draw carries ${probability(shares[chosen])} of the mean.`);
    this.panel.canvas.setAttribute(
      "aria-label",
      `The estimate of log p(x) over the number of draws. ${this.told.textContent}`,
    );
  }
}
