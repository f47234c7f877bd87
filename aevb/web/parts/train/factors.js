// What a run of factor analysis has learnt: what each factor adds to an image, what is left to noise, and a test image
// as its factors have it.

import { button, digitChooser, follow } from "../../kit/controls.js";
import { digitsAt } from "../../kit/digits.js";
import { h, setText } from "../../kit/elements.js";
import { equation } from "../../kit/equation.js";
import { addingUp, number as inWords, signed } from "../../kit/format.js";
import { whenever } from "../../kit/notice.js";
import { ELBO, EVIDENCE, GAP } from "../../kit/palette.js";
import { rounded } from "../../kit/latent.js";
import { numbers } from "../../kit/params.js";
import { picture } from "../../kit/pictures.js";
import { atLeisure, onNextFrame } from "../../kit/slices.js";
import { get } from "../../engine/layers.js";
import { ask, modelOf, ownRuns } from "./wire.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../engine/models/fa.js").FactorAnalysis} FactorAnalysis
 * @typedef {{ told: any, digits: import("../../kit/digits.js").DigitsAt, engine: FactorAnalysis }} Found
 */

const FEW = 8; // factors in sight, those of the longest columns of W
const REACH = 4; // of a slider, in standard deviations of the prior
const RECENT = 8; // of the visitor's own runs that are looked through for one

/** Where z is; the test image is that which is compared. */
export const params = { z: numbers({ reach: REACH }) };

/**
 * A place as links have it, of which one value is turned: q's mean may lie beyond.
 * @param {Float32Array} from
 * @param {number} l
 * @param {number} value
 */
export function turned(from, l, value) {
  const z = rounded(from, REACH);
  z[l] = value;
  return z;
}

/**
 * The run of the link, or the visitor's last one of factor analysis; null where there is none.
 * @param {string} named
 * @returns {Promise<Found | null>}
 */
async function load(named) {
  for (const id of named ? [named] : ownRuns().slice(0, RECENT)) {
    const told = await ask(`run/${id}?from=0`).catch((error) => {
      if (named) throw error;
      return null; // it has expired
    });
    if (told?.scene !== "factors") continue;
    return { told, ...await modelOf(id) };
  }
  return null;
}

/** What the run of the link has learnt, or why there is nothing to be seen. */
export class Learnt {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    /** @type {Factors | null} */
    this.part = null;
    this.unfollow = whenever(el, model, ["run"], () => load(model.get("run")), (found) => {
      this.part?.end();
      const to = { href: "?scene=train&model=fa", "data-scene": "train", "data-control": "" };
      const none = { "data-ready": "", "data-instrument": "" };
      const said = " on images: once it has ended, it is looked at here.";
      this.part = found && new Factors(model, el, found);
      el.replaceChildren(
        this.part?.element ?? h("p.none", none, h("a", to, "Train a factor analysis"), said),
      );
    }, "Loading the run …");
  }

  end() {
    this.unfollow();
    this.part?.end();
  }
}

class Factors {
  /** @param {Model} model @param {HTMLElement} el @param {Found} found */
  constructor(model, el, { told, digits, engine }) {
    this.model = model;
    this.engine = engine;
    this.digits = digitsAt(digits);
    /** @type {Float32Array} the test image */
    this.x = new Float32Array(engine.dataDim);
    this.mean = new Float32Array(engine.latentDim); // of its q
    this.image = picture();
    this.rebuilt = picture();
    const noise = picture(), centre = picture();
    const columns = this.columns(), reach = Math.max(...columns.map(({ w }) => Math.max(...w.map(Math.abs))));
    this.factors = columns.slice(0, FEW).map(({ w, l }) =>
      this.factor(w.map((v) => 0.5 + 0.5 * v / reach), l)
    );
    const chooser = digitChooser(model, { label: "Test image", key: "test", at: digits });
    const few = columns.length > FEW
      ? `the ${FEW} longest of ${columns.length} columns of W`
      : "the columns of W";
    const set = (/** @type {number[] | null} */ z) => {
      model.set("z", z);
      model.save_changes();
    };
    this.element = h(
      "div.factors",
      {},
      h("div.sum", {}, this.fit(told)),
      h("div.seen", {}, ...[this.image, this.rebuilt, centre, noise].map(({ element }) => element)),
      h(
        "figure.factors-of",
        { "data-instrument": "" },
        h("div.all", {}, ...this.factors.map(({ element }) => element)),
        h("figcaption", {}, `${few}: light adds ink, dark takes it away`),
      ),
      h(
        "div.controls",
        {},
        chooser.element,
        button("q’s mean", () => set(null), { "data-sets": "z" }),
        button("Prior mean", () => set(Array(engine.latentDim).fill(0)), { "data-sets": "z" }),
      ),
    );
    this.factors[0].element.dataset.control = "";
    const { loc, scale } = engine.decode(new Float32Array(engine.latentDim));
    const most = Math.max(...scale);
    centre.show(loc, "μ");
    noise.show(scale.map((sigma) => sigma / most), `σ, up to ${most.toFixed(2)}`);
    this.draw = onNextFrame(() => this.show());
    this.write = atLeisure(() => this.say());
    this.ends = [
      chooser.end,
      this.draw.cancel,
      this.write.cancel,
      whenever(el, model, ["test"], () => this.choose(), ({ pixels, title }) => {
        this.x = engine.observe(pixels);
        this.mean = engine.infer(this.x);
        this.image.show(this.x, title);
        this.draw();
        this.write();
      }, "Loading the image …"),
      follow(model, ["z"], () => {
        this.draw();
        this.write();
      }),
    ];
  }

  end() {
    for (const end of this.ends) end();
  }

  async choose() {
    const number = Math.min(this.model.get("test"), this.digits.count - 1);
    const [pixels] = await Promise.all([this.digits.load(number), this.digits.loadLabels()]);
    return { pixels, title: this.digits.title(number) };
  }

  /** The columns of W, the longest first. */
  columns() {
    const { engine: { arrays, dataDim: D, latentDim: L } } = this, W = get(arrays, "p_x_given_z.W");
    return Array.from({ length: L }, (_, l) => {
      const w = Float32Array.from({ length: D }, (_, d) => W[d * L + l]);
      return { l, w, length: Math.hypot(...w) };
    }).sort((a, b) => b.length - a.length);
  }

  /** A factor's column of W over its slider. @param {Float32Array} shown @param {number} l from 0 */
  factor(shown, l) {
    const name = `z${l + 1}`, tile = picture(), output = h("output");
    const range = h("input", {
      type: "range",
      min: String(-REACH),
      max: String(REACH),
      step: "0.05",
      "aria-label": name,
      oninput: () => this.turn(l, Number(range.value)),
      onchange: () => this.model.save_changes(),
    });
    tile.show(shown);
    tile.canvas.setAttribute("aria-label", `What ${name} adds`);
    const line = h("label", {}, h("b", {}, "z", h("sub", {}, String(l + 1))), range, output);
    return { l, range, output, element: h("div.factor", { "data-sets": `z ${name}` }, tile.canvas, line) };
  }

  /** Where z is: at q's mean, unless it was moved. */
  get z() {
    const moved = this.model.get("z");
    return moved?.length === this.mean.length ? Float32Array.from(moved) : this.mean;
  }

  /** @param {number} l @param {number} value */
  turn(l, value) {
    this.model.set("z", turned(this.z, l, value));
  }

  /** The exact evidence of the validation images, as the run has ended; none of what was brought along. @param {any} told */
  fit({ points }) {
    const last = points.findLast((/** @type {any} */ { validation }) =>
      validation && validation.bound !== null
    );
    if (!last) return null;
    const found = equation([
      { name: "ELBO", color: ELBO, line: "dashed" },
      { name: "gap", sign: "+", color: GAP },
      {
        name: `log p(x) of validation images, nats, after ${inWords(last.step)} steps`,
        sign: "=",
        color: EVIDENCE,
      },
    ]);
    const { elbo, bound } = last.validation, [lower, gap] = addingUp([elbo, bound - elbo], 1);
    found.show([lower, gap, lower + gap].map((value) => signed(value)));
    return found.element;
  }

  show() {
    this.rebuilt.show(this.engine.decode(this.z).loc);
  }

  say() {
    const { z, factors, rebuilt, model } = this;
    rebuilt.show(null, model.get("z") ? "W z + μ" : "W z + μ at q’s mean");
    for (const { l, range, output } of factors) {
      range.value = String(z[l]);
      if (setText(output, signed(z[l], 2))) range.setAttribute("aria-valuetext", signed(z[l], 2));
    }
  }
}
