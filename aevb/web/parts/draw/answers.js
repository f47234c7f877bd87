// What each model says of a drawing, in a panel of its own: pictures on the frame, words and bars at leisure.

import { choicesOf, inWords } from "../../kit/choices.js";
import { follow, seedButton, slider } from "../../kit/controls.js";
import { digitsAt } from "../../kit/digits.js";
import { h, setText } from "../../kit/elements.js";
import { probability, signed } from "../../kit/format.js";
import { loadLatents } from "../../kit/latents.js";
import { whenLoaded } from "../../kit/notice.js";
import { paint, picture } from "../../kit/pictures.js";
import { paintRows } from "../../kit/rows.js";
import { inSlices } from "../../kit/slices.js";
import { source } from "../../kit/source.js";
import { argmax, softmax } from "../../engine/arithmetic.js";
import { components, labelBounds, nearest, style, terms, write } from "../../engine/explore.js";
import { asDrawn, inkedRows, UNITS } from "../../engine/ink.js";
import { Random } from "../../engine/random.js";
import { endings } from "../../engine/rows.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../kit/choices.js").Choices} Choices
 * @typedef {import("../../engine/ink.js").Stroke} Stroke
 *
 * What is looked at: 784 pixels in [0, 1], and the strokes that made them; a test digit has none.
 * @typedef {{ pixels: Float32Array, strokes: Stroke[] }} Seen
 */

const LATE = 250; // ms after which an answer to an earlier drawing is dimmed

/** A panel: what its model is asked, and the scene of that model's page where there is more of it. */
export class Answer {
  /**
   * @param {Model} model
   * @param {{ name: string, title: string, page: string, scene: string, needs?: ("p" | "q")[] }} about its
   *   checkpoint, what the model does, what the page is called, and which of its nets it answers with
   * @param {...HTMLElement} body
   */
  constructor(model, { name, title, page, scene, needs = ["p", "q"] }, ...body) {
    const checkpoint = model.get("checkpoints")[name];
    /** The test digits that it was measured on. @type {import("../../kit/digits.js").DigitsAt} */
    this.at = checkpoint.digits ?? model.get("digits");
    /** What its page is told of another checkpoint than the shipped one. @type {Record<string, string>} */
    this.named = checkpoint.name === name ? {} : { checkpoint: checkpoint.name };
    this.name = name;
    this.page = page;
    this.scene = scene;
    this.needs = needs;
    const more = "Explore on its page";
    this.link = h("a", { hidden: true, "data-page": "", "aria-label": `${more}: ${page}` }, `${more} →`);
    this.body = h("div.body.blank", {}, ...body);
    this.element = h(
      "section.answer",
      { "data-model": name, "aria-label": page },
      h("header", {}, h("h3", {}, title), this.link),
      this.body,
    );
    /** Where it is seen. @type {HTMLElement[]} */
    this.places = [this.element];
    this.ask = () => {}; // fetches its model
    /** @type {any} */
    this.engine = null;
    this.due = 0; // since when there is a drawing that it has not answered; 0 where it has
  }

  /** It can answer now. @param {any} engine @param {any} _about what is known of the checkpoint */
  start(engine, _about) {
    this.engine = engine;
  }

  /** Whether it has any answer, be it an old one. */
  get answered() {
    return !this.body.classList.contains("blank");
  }

  /** There is another drawing. @param {Seen} _seen */
  change(_seen) {
    this.due ||= performance.now();
  }

  /** Answers in steps, a picture at a time. @param {Seen} seen @returns {Generator<void, void>} */
  *answer(seen) {
    if (!this.engine) return;
    yield* this.read(seen);
    this.due = 0;
    this.body.classList.remove("blank");
  }

  /** @param {Seen} _seen @returns {Generator<void, void>} */
  *read(_seen) {}

  /** Writes words and bars. What is late is dimmed until it is there. */
  write() {
    this.body.classList.toggle("stale", this.due > 0 && performance.now() - this.due > LATE);
  }

  /** The answer in words, for a screen reader. */
  say() {
    return "";
  }

  /** What its page is told beside the drawing. @returns {Record<string, any>} */
  get linked() {
    return {};
  }

  end() {}
}

// A VAE rebuilds it

const ALIKE = 8;
const PERCENT = [0, 5, 25, 50, 75, 95, 100]; // of the ELBO's quantiles, as in aevb/explore/measures.py

/** Its reconstruction, its ELBO among those of test digits, and the test digits that are most alike. */
export class Rebuilt extends Answer {
  /** @param {Model} model */
  constructor(model) {
    const lambda = picture(), elbo = h("b"), standing = h("p");
    const marks = { band: h("i.band"), box: h("i.box"), mark: h("i.mark") };
    const likes = Array.from(
      { length: ALIKE },
      () =>
        h(
          "a",
          { "data-page": "" },
          h("canvas.pixels.live", { width: 28, height: 28 }),
          h("span", {}, "\u00a0"),
        ),
    );
    const group = h("div.likes", { role: "group", "aria-label": "The test digits most alike" }, ...likes);
    super(
      model,
      { name: "vae", title: "VAE: rebuilt", page: "VAE", scene: "flow" },
      h(
        "div.worth",
        {},
        lambda.element,
        h(
          "div",
          {},
          h("p", {}, elbo, " nats"),
          h("p", {}, "ELBO, one sample of z"),
          h("div.scale", { "aria-hidden": "true" }, marks.band, marks.box, marks.mark),
          standing,
        ),
      ),
      h("p", {}, "Test digits most alike, by their mean of z:"),
      group,
    );
    lambda.show(null, "rebuilt from μ");
    this.lambda = lambda;
    this.elbo = elbo;
    this.standing = standing;
    this.marks = marks;
    /** @type {any[]} */
    this.likes = likes;
    this.group = group;
    this.checkpoint = model.get("checkpoints").vae;
    /** The latent means of all test digits, and their labels. @type {Float32Array | null} */
    this.means = null;
    /** @type {Uint8Array} */
    this.labels = new Uint8Array(0);
    /** The drawing's. @type {Float32Array | null} */
    this.mean = null;
    this.unload = () => {};
    this.digits = digitsAt(this.at);
    /** @type {number[]} */
    this.quantiles = [];
    this.worth = 0; // nats
    /** The numbers of the test digits. @type {number[]} */
    this.alike = [];
  }

  /** @param {any} engine @param {any} about */
  start(engine, about) {
    this.quantiles = about.measures.elbo_quantiles;
    const [, low, lower, , upper, high] = this.quantiles.map((value) => this.place(value));
    Object.assign(this.marks.band.style, { left: `${low}%`, width: `${high - low}%` });
    Object.assign(this.marks.box.style, { left: `${lower}%`, width: `${upper - lower}%` });
    super.start(engine, about);
    this.unload = whenLoaded(this.group, () => this.load(), ([means, labels]) => {
      this.means = means;
      this.labels = labels;
      this.find();
      if (this.answered) this.write();
    }, "Loading the test digits …");
  }

  end() {
    this.unload();
  }

  load() {
    return Promise.all([loadLatents(this.checkpoint, "means", this.digits), this.digits.loadLabels()]);
  }

  /** Where an ELBO stands from the lowest of the test digits, 0, to their highest, 100. @param {number} value */
  place(value) {
    const { quantiles } = this, least = quantiles[0], most = quantiles[quantiles.length - 1];
    return Math.max(0, Math.min(100, 100 * (value - least) / (most - least)));
  }

  /** @param {Seen} seen @returns {Generator<void, void>} */
  *read({ pixels }) {
    const { engine } = this, x = engine.observe(pixels), mixture = components(engine, x), [{ q }] = mixture;
    this.lambda.show(engine.decode(q.loc));
    yield;
    this.worth = terms(engine, x, null, new Random(0), mixture).elbo; // the sample of the first seed of its page
    yield;
    this.mean = q.loc;
    this.find();
  }

  /** The test digits that are most alike. */
  find() {
    if (!this.means || !this.mean) return;
    const alike = this.alike = nearest(this.means, this.mean, ALIKE);
    this.paintAlike();
    this.digits.loadAll(alike).then(() => alike === this.alike && this.paintAlike(), () => {});
  }

  /** Those that have arrived; in place of the others those of before are dimmed. */
  paintAlike() {
    this.likes.forEach((link, k) => {
      const digit = this.alike[k], x = link.digit === digit ? null : this.digits.peek(digit);
      if (x) {
        paint(link.firstElementChild, x);
        link.digit = digit;
      }
      link.classList.toggle("stale", link.digit !== digit);
    });
  }

  write() {
    super.write();
    const { worth, quantiles, alike, labels } = this, standing = rank(worth, quantiles);
    setText(this.elbo, signed(worth, 0));
    setText(this.standing, standing);
    this.marks.mark.style.left = `${this.place(worth)}%`;
    alike.forEach((digit, k) => {
      const link = this.likes[k], label = labels[digit];
      setText(link.lastElementChild, String(label));
      const said = new URLSearchParams({ ...this.named, scene: "flow", digit: String(digit) });
      link.href = source.address("vae", `?${said}`);
      link.setAttribute("aria-label", `${label}: test digit ${digit}, on the VAE page`);
    });
  }

  say() {
    return `The VAE’s ELBO is ${rank(this.worth, this.quantiles)}.`;
  }
}

/**
 * Where a value lies among many by their quantiles at `PERCENT`.
 * @param {number} value
 * @param {number[]} quantiles
 */
export function rank(value, quantiles) {
  const above = quantiles.findIndex((quantile) => value < quantile);
  if (above === 0) return "below those of all test digits: unlike any test digit";
  if (above < 0) return "above those of all test digits";
  const [from, to] = [quantiles[above - 1], quantiles[above]];
  const share = PERCENT[above - 1] + (PERCENT[above] - PERCENT[above - 1]) * (value - from) / (to - from);
  return `above ${Math.round(share) || "less than 1"} % of the test digits’`;
}

// A conditional VAE names it, and rewrites it

export const SAMPLES = 3; // of the bound on log p(x | y)

/** The guess, which stands beside the canvas; in the panel the drawing's style in each class. */
export class Rewritten extends Answer {
  /** @param {Model} model */
  constructor(model) {
    const columns = h("div.columns");
    super(
      model,
      { name: "cvae", title: "CVAE: rewritten", page: "Conditional VAE", scene: "guess" },
      columns,
      h("p", {}, "Its style in each class; below it the bound on log p(x | y), in nats below the best."),
    );
    this.columns = columns;
    this.best = h("b", {}, "?");
    this.share = h("span");
    this.verdict = h(
      "figure.picture.verdict",
      {},
      h("div", {}, this.best, this.share),
      h("figcaption", {}, "guess"),
    );
    this.places = [this.element, this.verdict];
    /** By label. @type {{ element: any, canvas: any, bar: any, value: any }[]} */
    this.tiles = [];
    /** On log p(x | y), by label, in nats. @type {Float32Array} */
    this.bounds = new Float32Array(0);
  }

  /** @param {any} engine @param {any} about */
  start(engine, about) {
    this.tiles = Array.from({ length: engine.choices }, (_, y) => {
      const canvas = h("canvas.pixels.live", {
        width: 28,
        height: 28,
        role: "img",
        "aria-label": `as a ${y}`,
      });
      const bar = h("i"), value = h("span");
      const element = h("div", {}, canvas, h("div.bar", {}, bar), h("p", {}, h("b", {}, String(y)), value));
      return { element, canvas, bar, value };
    });
    this.columns.replaceChildren(...this.tiles.map(({ element }) => element));
    super.start(engine, about);
  }

  /** @param {Seen} seen @returns {Generator<void, void>} */
  *read({ pixels }) {
    const { engine } = this, x = engine.observe(pixels);
    this.bounds = yield* labelBounds(engine, x, SAMPLES, new Random(0));
    const label = argmax(this.bounds), epsilon = style(engine, engine.encode(x, label).loc, label);
    for (const [y, { canvas }] of this.tiles.entries()) {
      yield;
      paint(canvas, write(engine, epsilon, y));
    }
  }

  write() {
    super.write();
    const { bounds, label } = this, best = bounds[label], least = Math.min(...bounds);
    this.tiles.forEach(({ element, bar, value }, y) => {
      element.classList.toggle("best", y === label);
      bar.style.width = `${100 * (bounds[y] - least) / (best - least || 1)}%`;
      setText(value, y === label ? "best" : signed(bounds[y] - best, 0));
    });
    setText(this.best, String(label));
    setText(this.share, `p ${said(this.probability)}`);
  }

  get label() {
    return argmax(this.bounds);
  }

  /** p(y | x) of the guess. */
  get probability() {
    return softmax(this.bounds)[this.label];
  }

  say() {
    return `It looks like a ${this.label}, p ${said(this.probability)}.`;
  }
}

/** @param {number} share */
function said(share) {
  return probability(share).replace(/^(?=\d)/, "= ");
}

// A mixture VAE sorts it

/** A bar for each cluster: the probability that it is the drawing's. */
export class Sorted extends Answer {
  /** @param {Model} model */
  constructor(model) {
    const table = h("table");
    super(
      model,
      { name: "gmvae", title: "GMVAE: sorted", page: "Gaussian mixture VAE", scene: "guess", needs: ["q"] },
      h("p", {}, "q(y | x): its cluster. No label was ever told."),
      table,
    );
    this.table = table;
    /** As they are shown. @type {{ element: any, bar: any, value: any }[]} */
    this.lines = [];
    /** @type {number[]} */
    this.shares = [];
  }

  /** @param {any} engine @param {any} about */
  start(engine, about) {
    this.choices = /** @type {Choices} */ (choicesOf(about));
    this.lines = this.choices.titles.map((title) => {
      const bar = h("div.bar", {}, h("i")), value = h("td");
      const element = h("tr", {}, h("th", { scope: "row" }, title), h("td", {}, bar), value);
      return { element, bar: bar.firstElementChild, value };
    });
    this.table.replaceChildren(h("tbody", {}, ...this.lines.map(({ element }) => element)));
    super.start(engine, about);
  }

  /** @param {Seen} seen @returns {Generator<void, void>} */
  *read({ pixels }) {
    const { engine } = this, weights = engine.weigh(engine.observe(pixels));
    this.shares = /** @type {Choices} */ (this.choices).numbers.map((y) => weights[y]);
    yield;
  }

  write() {
    super.write();
    const best = argmax(this.shares);
    this.lines.forEach(({ element, bar, value }, k) => {
      element.classList.toggle("best", k === best);
      bar.style.width = `${100 * this.shares[k]}%`;
      setText(value, probability(this.shares[k]));
    });
  }

  say() {
    const best = argmax(this.shares), words = inWords(/** @type {Choices} */ (this.choices), best);
    return `In the ${words}, q ${said(this.shares[best])}.`;
  }
}

// A variational RNN continues it

const ENDINGS = 6;
const KEPT = 1 / 2; // of the rows of a whole digit: its upper half
const STILL = 200; // ms without a change before it begins
const BUDGET = 4; // ms of a frame

/** What is kept of the drawing, and endings that grow once it does not change for a moment. */
export class Continued extends Answer {
  /** @param {Model} model */
  constructor(model) {
    const keep = slider({
      label: "Rows to keep",
      sets: "keep",
      least: 0,
      most: 28, // until the model is there
      step: 1,
      input: (value) => model.set("keep", value),
      done: () => model.save_changes(),
    });
    const tiles = Array.from({ length: ENDINGS }, (_, n) => {
      const canvas = h("canvas.pixels.live", {
        width: 28,
        height: 28,
        role: "img",
        "aria-label": `ending ${n + 1}`,
      });
      const line = h("i.line", { hidden: true });
      return { canvas, line, element: h("div", {}, canvas, line) };
    });
    super(
      model,
      { name: "vrnn", title: "VRNN: continued", page: "Variational RNN", scene: "endings" },
      h("div.grown", { role: "group", "aria-label": "Endings" }, ...tiles.map(({ element }) => element)),
      h("p", {}, "Below the line it goes on, each time in its own way."),
      h("div.controls", {}, keep.element, seedButton(model, "Others")),
    );
    this.model = model;
    this.keep = keep;
    this.tiles = tiles;
    const length = this.length = this.at.side;
    keep.range.max = String(length);
    this.images = tiles.map(() => new Float32Array(length * length));
    this.growing = new AbortController();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.waiting = undefined;
    /** The drawing as the model sees it. @type {Float32Array | null} */
    this.x = null;
    this.grown = 0; // rows of the endings that are as they are wanted
    this.usual = Math.round(KEPT * length); // rows that are kept where the link does not say
    this.unfollow = () => {};
  }

  /** @param {any} engine @param {any} about */
  start(engine, about) {
    super.start(engine, about);
    this.unfollow = follow(this.model, ["keep", "seed"], () => this.grow());
  }

  end() {
    this.unfollow();
    this.stop();
  }

  stop() {
    clearTimeout(this.waiting);
    this.growing.abort();
  }

  get kept() {
    return Math.min(this.model.get("keep") ?? this.usual, this.length);
  }

  /** @param {Seen} seen */
  change({ pixels, strokes }) {
    if (!this.engine) return;
    this.stop();
    // A drawing within the upper half is a beginning: it stays where it was drawn, and all of it is kept.
    const begun = strokes.length > 0 && strokes.flat().every(([, y]) => y < UNITS / 2);
    const x = this.engine.observe(begun ? asDrawn(strokes) : pixels);
    this.x = x;
    this.usual = begun ? inkedRows(x, this.length) : Math.round(KEPT * this.length);
    if (this.grown) this.show(0);
    this.waiting = setTimeout(() => this.grow(), STILL);
  }

  /** What is kept is there at once; of the endings of before, what has yet to grow again is dimmed until it has. */
  grow() {
    const { engine, kept, model, x, length } = this;
    if (!x) return;
    this.stop();
    const { signal } = this.growing = new AbortController(), given = x.subarray(0, kept * length);
    for (const image of this.images) image.set(given);
    this.show(kept);
    this.write();
    inSlices(endings(engine, given, ENDINGS, new Random(model.get("seed"))), {
      budget: BUDGET,
      signal,
      each: ({ images, row }) => {
        this.images.forEach((image, n) => image.set(images[n].subarray(0, (row + 1) * length)));
        this.show(row + 1);
      },
    });
  }

  /** @param {number} grown */
  show(grown) {
    const { kept, length } = this;
    this.grown = grown;
    this.tiles.forEach(({ canvas, line }, n) => {
      paintRows(canvas, this.images[n], grown, 0.3);
      line.hidden = kept === 0 || kept === length;
      line.style.top = `${100 * kept / length}%`;
    });
  }

  write() {
    this.keep.show(this.kept);
  }

  get linked() {
    const seed = this.model.get("seed");
    return this.engine ? { keep: this.kept, seed } : { seed };
  }
}
