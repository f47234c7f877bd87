// A VAE rebuilds a drawing, and says whether it is unlike any digit.

import { digitsAt } from "../../kit/digits.js";
import { h, setText } from "../../kit/elements.js";
import { percent, signed } from "../../kit/format.js";
import { loadLatents } from "../../kit/latents.js";
import { whenLoaded } from "../../kit/notice.js";
import { paint, picture } from "../../kit/pictures.js";
import { source } from "../../kit/source.js";
import { components, nearest, terms } from "../../engine/explore.js";
import { strangeness } from "../../engine/likeness.js";
import { Random } from "../../engine/random.js";
import { Answer } from "./answer.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("./answer.js").Seen} Seen
 */

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
