// What each model says of a drawing, in a panel of its own: pictures on the frame, words and bars at leisure.

import { choicesOf, inWords, SAMPLES } from "../../kit/choices.js";
import { follow, seedButton, slider } from "../../kit/controls.js";
import { digitsAt } from "../../kit/digits.js";
import { h, setText } from "../../kit/elements.js";
import { beginningOf, Endings } from "../../kit/endings.js";
import { one, percent, probability, signed, stated } from "../../kit/format.js";
import { loadLatents } from "../../kit/latents.js";
import { whenLoaded } from "../../kit/notice.js";
import { paint, picture } from "../../kit/pictures.js";
import { inSlices } from "../../kit/slices.js";
import { source } from "../../kit/source.js";
import { argmax, softmax } from "../../engine/arithmetic.js";
import { components, labelBounds, nearest, style, terms, write } from "../../engine/explore.js";
import { strangeness } from "../../engine/likeness.js";
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
    /** What it is to answer. @type {Seen | null} */
    this.latest = null;
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

  /** There is another drawing. @param {Seen} seen */
  change(seen) {
    this.latest = seen;
    this.due ||= performance.now();
  }

  /** Answers in steps, a picture at a time. @param {Seen} seen @returns {Generator<void, void>} */
  *answer(seen) {
    if (!this.engine) return;
    const begun = performance.now();
    yield* this.read(seen);
    this.due = seen === this.latest ? 0 : begun; // another may have come meanwhile
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
const BARS = 30; // of the test digits' ELBOs

/**
 * Its reconstruction, its ELBO among those of test digits, whether it is like any digit, and the test digits that are most
 * alike.
 */
export class Rebuilt extends Answer {
  /** @param {Model} model */
  constructor(model) {
    const lambda = picture(), elbo = h("b"), standing = h("span"), mark = h("i.mark");
    const bars = Array.from({ length: BARS }, () => h("i"));
    const among = h(
      "div",
      {},
      h("div.scale", { "aria-hidden": "true" }, ...bars, mark),
      h("p", {}, "from one z; ", standing, ". Simple images score high, digits or not."),
    );
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
          h("p", {}, elbo, " nats of ELBO"),
          among,
        ),
      ),
      h("p", {}, "Test digits most alike, by their mean of z:"),
      group,
    );
    lambda.show(null, "rebuilt from μ");
    this.lambda = lambda;
    this.elbo = elbo;
    this.among = among;
    this.standing = standing;
    this.bars = bars;
    this.mark = mark;
    /** How often the verdict "unlike any digit" is wrong: it stands below the guess, which that qualifies. */
    this.errors = h("p.errors", { hidden: true });
    /** @type {any[]} */
    this.likes = likes;
    this.group = group;
    this.checkpoint = model.get("checkpoints").vae;
    /** The latent means of all test digits. @type {Float32Array | null} */
    this.means = null;
    /** The drawing's. @type {Float32Array | null} */
    this.mean = null;
    this.unload = () => {};
    this.digits = digitsAt(this.at);
    /** Of the test digits' ELBOs, where they were recorded. @type {number[] | null} */
    this.percentiles = null;
    this.worth = 0; // nats
    /** What says whether it is like any digit, where that was measured. @type {import("../../engine/likeness.js").Likeness | null} */
    this.likeness = null;
    this.unlike = false; // any digit
    /** The numbers of the test digits. @type {number[]} */
    this.alike = [];
  }

  /** @param {any} engine @param {any} about */
  start(engine, about) {
    const { elbo_percentiles: percentiles = null, likeness = null } = about.measures;
    this.percentiles = percentiles;
    this.likeness = likeness;
    this.among.hidden = !percentiles;
    if (percentiles) {
      const shares = this.bars.map((_, k) => {
        const [from, to] = [k, k + 1].map((end) => below(worthAt(end / BARS, percentiles), percentiles));
        return to - from;
      });
      this.bars.forEach((bar, k) => bar.style.height = `${100 * shares[k] / Math.max(...shares)}%`);
    }
    if (likeness) {
      const [digits, turned, drawings] = ["digits", "turned", "drawings"].map((name) => likeness.wrong[name]);
      const share = (/** @type {number[]} */ [wrong, of]) => percent(wrong / of);
      this.errors.textContent =
        `Unlike any digit? Wrong on ${share(digits)} of test digits, ${share(turned)} of ` +
        `turned ones, ${share(drawings)} of ${drawings[1]} other drawings.`;
      this.errors.hidden = false;
    }
    super.start(engine, about);
    this.unload = whenLoaded(this.group, () => this.load(), ([means]) => {
      this.means = means;
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

  /** @param {Seen} seen @returns {Generator<void, void>} */
  *read({ pixels }) {
    const { engine, likeness } = this,
      x = engine.observe(pixels),
      mixture = components(engine, x),
      [{ q }] = mixture;
    const rebuilt = engine.decode(q.loc);
    this.lambda.show(rebuilt);
    this.unlike = likeness !== null && strangeness(x, q.loc, rebuilt, likeness) > likeness.threshold;
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
    const { worth, percentiles, alike, digits } = this;
    setText(this.elbo, signed(worth, 0));
    if (percentiles) {
      const [least, most] = [0, 1].map((end) => worthAt(end, percentiles));
      setText(this.standing, rank(worth, percentiles));
      this.mark.style.left = `${Math.max(0, Math.min(100, 100 * (worth - least) / (most - least)))}%`;
    }
    alike.forEach((digit, k) => {
      const link = this.likes[k], label = digits.label(digit);
      const name = [label, `test digit ${digit}`].filter(Boolean).join(": ");
      setText(link.lastElementChild, label || "\u00a0");
      const said = new URLSearchParams({ ...this.named, scene: "flow", digit: String(digit) });
      link.href = source.address("vae", `?${said}`);
      link.setAttribute("aria-label", `${name}, on the VAE page`);
    });
  }

  say() {
    const { unlike, worth, percentiles } = this;
    const among = percentiles && `The VAE’s ELBO is ${rank(worth, percentiles)}.`;
    return [unlike && "Unlike any digit.", among].filter(Boolean).join(" ");
  }
}

/**
 * The ELBO at a share of the scale's width: it begins at the first percent, since the lowest reach too far down.
 * @param {number} share
 * @param {number[]} percentiles
 */
function worthAt(share, percentiles) {
  return (1 - share) * percentiles[1] + share * percentiles[percentiles.length - 1];
}

/**
 * What share of many values are below one, by their percentiles, evenly spaced.
 * @param {number} value
 * @param {number[]} percentiles
 */
export function below(value, percentiles) {
  const above = percentiles.findIndex((percentile) => value < percentile);
  if (above <= 0) return above + 1 ? 0 : 1;
  const [from, to] = [percentiles[above - 1], percentiles[above]];
  return (above - 1 + (value - from) / (to - from)) / (percentiles.length - 1);
}

/**
 * That in words, never more than is true.
 * @param {number} value
 * @param {number[]} percentiles
 */
export function rank(value, percentiles) {
  const share = below(value, percentiles);
  const [than, most] = share < 0.5 ? ["lower", 1 - share] : ["higher", share];
  return `${than} than ${most === 1 ? "all" : `${Math.floor(100 * most)} % of the`} test digits’`;
}

// A conditional VAE names it, and rewrites it

/** The guess, which stands beside the canvas; in the panel the drawing's style in each class. */
export class Rewritten extends Answer {
  /** @param {Model} model @param {Rebuilt} rebuilt which says whether it is like any digit */
  constructor(model, rebuilt) {
    const columns = h("div.columns"), unless = h("b");
    super(
      model,
      { name: "cvae", title: "CVAE: rewritten", page: "Conditional VAE", scene: "guess" },
      columns,
      h(
        "p",
        {},
        unless,
        "Its style in each class; below it the bound on log p(x | y), in nats below the best.",
      ),
    );
    this.rebuilt = rebuilt;
    this.unless = unless;
    this.columns = columns;
    this.best = h("b", {}, "?");
    this.share = h("span");
    this.caption = h("figcaption", {}, "guess");
    this.unlike = h("strong");
    const figure = h("div", {}, this.best, h("p", {}, this.unlike, this.share));
    this.verdict = h("figure.picture.verdict", {}, figure, this.caption);
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
        "aria-label": `as ${one(y)}`,
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
    const { bounds, label, rebuilt: { unlike } } = this, best = bounds[label], least = Math.min(...bounds);
    this.tiles.forEach(({ element, bar, value }, y) => {
      element.classList.toggle("best", y === label);
      bar.style.width = `${100 * (bounds[y] - least) / (best - least || 1)}%`;
      setText(value, y === label ? "best" : signed(bounds[y] - best, 0));
    });
    setText(this.best, String(label));
    setText(this.share, `p ${stated(this.probability)}`);
    setText(this.caption, unlike ? "if it had to be a digit" : "guess");
    setText(this.unlike, unlike ? "unlike any digit" : "");
    setText(this.unless, unlike ? `Unlike any digit: if it had to be one, ${label}. ` : "");
  }

  get label() {
    return argmax(this.bounds);
  }

  /** p(y | x) of the guess. */
  get probability() {
    return softmax(this.bounds)[this.label];
  }

  say() {
    const unless = this.rebuilt.unlike ? "If it had to be a digit: it" : "It";
    return `${unless} looks like ${one(this.label)}, p ${stated(this.probability)}.`;
  }
}

// A mixture VAE sorts it

/** A bar for each cluster: the probability that it is the drawing's. */
export class Sorted extends Answer {
  /** @param {Model} model @param {Rebuilt} rebuilt which says whether it is like any digit */
  constructor(model, rebuilt) {
    const table = h("table"), about = h("span"), unless = h("b");
    super(
      model,
      { name: "gmvae", title: "GMVAE: sorted", page: "Gaussian mixture VAE", scene: "guess", needs: ["q"] },
      h("p", {}, unless, about),
      table,
    );
    this.rebuilt = rebuilt;
    this.about = about;
    this.unless = unless;
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
    const best = argmax(this.shares), { titles } = /** @type {Choices} */ (this.choices);
    const { unlike } = this.rebuilt;
    setText(this.unless, unlike ? `Unlike any digit: if in any cluster, ${titles[best]}.` : "");
    setText(this.about, unlike ? "" : "q(y | x): its cluster. No label was ever told.");
    this.lines.forEach(({ element, bar, value }, k) => {
      element.classList.toggle("best", k === best);
      bar.style.width = `${100 * this.shares[k]}%`;
      setText(value, probability(this.shares[k]));
    });
  }

  say() {
    const best = argmax(this.shares), words = inWords(/** @type {Choices} */ (this.choices), best);
    return `In the ${words}, q ${stated(this.shares[best])}.`;
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
    const grown = h("div.grown", { role: "group", "aria-label": "Endings" });
    super(
      model,
      { name: "vrnn", title: "VRNN: continued", page: "Variational RNN", scene: "endings" },
      grown,
      h("p", {}, "Below the line it goes on, each time in its own way."),
      h("div.controls", {}, keep.element, seedButton(model, "Others")),
    );
    this.model = model;
    this.keep = keep;
    const length = this.length = this.at.side;
    keep.range.max = String(length);
    this.endings = new Endings(ENDINGS, length);
    grown.append(...this.endings.elements);
    this.growing = new AbortController();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.waiting = undefined;
    /** The drawing as the model sees it. @type {Float32Array | null} */
    this.x = null;
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
  change(seen) {
    super.change(seen);
    if (!this.engine) return;
    this.stop();
    const { x, rows } = beginningOf(this.engine, this.length, seen.pixels, seen.strokes);
    this.x = x;
    this.usual = rows < this.length ? rows : Math.round(KEPT * this.length); // all of a beginning
    if (this.endings.grown) this.endings.show(0);
    this.waiting = setTimeout(() => this.grow(), STILL);
  }

  grow() {
    const { engine, kept, model, x, length } = this;
    if (!x) return;
    this.stop();
    const { signal } = this.growing = new AbortController(), given = x.subarray(0, kept * length);
    this.endings.begin(given);
    this.write();
    inSlices(endings(engine, given, ENDINGS, new Random(model.get("seed"))), {
      budget: BUDGET,
      signal,
      each: (found) => this.endings.take(found),
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
