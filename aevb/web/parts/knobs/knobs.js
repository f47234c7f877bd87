// Each latent dimension is a knob: turned, it changes the digit on the frame. The most used ones have a strip of what
// they do to it.

import { button, digitChooser, follow, put } from "../../kit/controls.js";
import { Decoded } from "../../kit/decoded.js";
import { h, setText } from "../../kit/elements.js";
import { signed } from "../../kit/format.js";
import { followLatent, params as latentParams, REACH, rounded } from "../../kit/latent.js";
import { numbers, unread } from "../../kit/params.js";
import { Sheet } from "../../kit/pictures.js";
import { atLeisure, onNextFrame, whenStill } from "../../kit/slices.js";
import { draw } from "../../engine/densities.js";
import { style } from "../../engine/explore.js";
import { Random } from "../../engine/random.js";

/** @typedef {import("../../kit/controls.js").Model} Model */
/** @typedef {import("../../kit/latent.js").Latent} Latent */

const FEW = 5; // dimensions in sight
const TILES = 2 * REACH + 1; // images of a strip, at whole numbers
const LOCK = "M7 11h10v9H7z";
const SHACKLES = { true: "M9 11V8a3 3 0 0 1 6 0v3", false: "M9 11V7a3 3 0 0 1 6 -1" };

export const params = { ...latentParams, locked: numbers({ reach: 9999, digits: 0 }) };

export default {
  /** @param {{ model: Model, el: HTMLElement }} host */
  render: (host) => followLatent(host, (latent) => new Knobs(host.model, host.el, latent)),
};

class Knobs {
  /** @param {Model} model @param {HTMLElement} el @param {Latent} latent */
  constructor(model, el, latent) {
    this.model = model;
    this.latent = latent;
    this.decoded = new Decoded(latent);
    this.knobs = latent.byUse.map((dimension, rank) => new Knob(this, dimension, rank < FEW));
    this.few = this.knobs.slice(0, FEW);
    this.rest = this.knobs.slice(FEW);
    const chooser = digitChooser(model);
    this.all = h(
      "details",
      { ontoggle: () => this.unfold() },
      h("summary", {}, `All ${latent.count} dimensions`),
      h("div.rest", {}, ...this.rest.map(({ element }) => element)),
    );
    this.all.hidden = !this.rest.length;
    this.few[0].element.dataset.control = "";
    const dimensions = h("div.used", {}, ...this.few.map(({ element }) => element), this.all);
    el.append(h("div.body", {}, chooser.element, this.decoded.element, dimensions, this.buildButtons()));
    this.frame = onNextFrame(() => this.draw());
    this.words = atLeisure(() => this.write());
    this.strips = whenStill(() => this.fill());
    const locked = follow(model, ["locked"], () => {
      if ([...this.locked].every((i) => i >= 0 && i < latent.count)) this.showLocks();
      else unread(el, "locked");
    });
    this.ends = [chooser.end, locked, this.frame.cancel, this.words.cancel, this.strips.cancel];
  }

  end() {
    for (const end of this.ends) end();
  }

  buildButtons() {
    const { latent } = this, { engine } = latent, random = new Random(2 ** 32 * Math.random());
    const sample = () => style(engine, draw(latent.q, random), latent.own);
    return h(
      "div.controls",
      { "data-sets": "z" },
      button("Encoder’s mean", () => this.go(latent.mean)),
      button("Draw from q", () => this.go(sample()), { "aria-keyshortcuts": "r", "data-key": "r" }),
      button("Prior mean", () => this.go(new Float32Array(latent.count))),
      button("Random", () => this.go(random.normal(latent.count))),
    );
  }

  // What the visitor does

  /** @param {number} dimension @param {number} value */
  turn(dimension, value) {
    const values = [...this.latent.values];
    values[dimension] = value;
    this.latent.move(values);
  }

  /** To other values, as far as they are not locked. @param {ArrayLike<number>} values */
  go(values) {
    const { locked, latent } = this, before = latent.values;
    latent.move(rounded(values).map((value, i) => (locked.has(i) ? before[i] : value)));
    this.model.save_changes();
  }

  /** The locked dimensions, counted from 0; links count from 1. */
  get locked() {
    return new Set(/** @type {number[]} */ (this.model.get("locked") ?? []).map((number) => number - 1));
  }

  /** @param {number} dimension */
  lock(dimension) {
    const { locked } = this;
    if (!locked.delete(dimension)) locked.add(dimension);
    const numbers = Array.from(locked, (i) => i + 1).sort((a, b) => a - b);
    put(this.model, "locked", numbers.length ? numbers : null);
  }

  unfold() {
    if (!this.all.open) return;
    this.write();
    this.all.scrollIntoView({ block: "start" });
  }

  // What is shown

  changed() {
    for (const knob of this.few) knob.dim();
    this.frame();
    this.words();
    this.strips();
  }

  draw() {
    if (this.latent.ready && !this.decoded.draw()) this.frame();
  }

  write() {
    if (!this.latent.ready) return;
    this.decoded.write();
    for (const knob of this.all.open ? this.knobs : this.few) knob.write();
  }

  /** Decodes the strips that are old, image by image. */
  *fill() {
    for (const knob of this.few) yield* knob.fill();
  }

  showLocks() {
    const { locked } = this;
    for (const knob of this.knobs) knob.showLock(locked.has(knob.dimension));
  }
}

/** A dimension's slider, and for one of the most used a strip of what it does. */
class Knob {
  /** @param {Knobs} part @param {number} dimension @param {boolean} withStrip */
  constructor(part, dimension, withStrip) {
    const { latent, model } = part, name = latent.name(dimension);
    this.part = part;
    this.latent = latent;
    this.dimension = dimension;
    /** What the strip shows. @type {{ values: number[], position: number } | null} */
    this.shown = null;
    const set = (/** @type {number} */ value) => {
      part.turn(dimension, value);
      model.save_changes();
    };
    this.range = h("input", {
      type: "range",
      min: String(-REACH),
      max: String(REACH),
      step: "0.05",
      "aria-label": name,
      oninput: () => part.turn(dimension, Number(this.range.value)),
      onchange: () => model.save_changes(),
      ondblclick: () => set(0),
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (["0", "Delete", "Backspace"].includes(event.key)) set(0);
      },
    });
    this.output = h("output");
    this.button = h("button.lock", {
      type: "button",
      "aria-label": `Lock ${name}`,
      "data-sets": "locked",
      title: `Lock ${name}: buttons leave it where it is`,
      onclick: () => part.lock(dimension),
    });
    this.button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${LOCK}"/><path/></svg>`;
    const kl = `${latent.measures.use[dimension].toFixed(withStrip ? 1 : 2)} nats`;
    if (withStrip) {
      const label = `What ${name} does, from −${REACH} to ${REACH}`;
      this.sheet = new Sheet({ columns: TILES, rows: 1, label });
      this.range.classList.add("under");
      this.sheet.canvas.onclick = (/** @type {MouseEvent} */ event) =>
        set(/** @type {Sheet} */ (this.sheet).tileAt(event)[0] - REACH);
    }
    this.element = h(
      "div.knob",
      { title: `Mean KL ${kl}; a double click sets ${name} to 0`, "data-sets": `z z${dimension + 1}` },
      h("b", {}, name),
      this.sheet?.canvas,
      this.range,
      this.output,
      withStrip && h("span.kl", {}, kl),
      this.button,
    );
    if (withStrip) this.element.classList.add("with-strip");
  }

  /** Whether the strip shows all other values as they are. */
  get fresh() {
    const { shown, latent, dimension } = this, { values } = latent;
    return shown !== null && shown.position === latent.position &&
      shown.values.every((value, i) => i === dimension || value === values[i]);
  }

  dim() {
    this.sheet?.canvas.classList.toggle("stale", !this.fresh);
  }

  *fill() {
    const { latent, dimension, sheet } = this;
    if (!sheet || this.fresh) return;
    this.shown = null;
    const values = [...latent.values], { position, y } = latent;
    for (let tile = 0; tile < TILES; tile++) {
      values[dimension] = tile - REACH;
      sheet.put(tile, 0, latent.decode(values, y));
      yield;
    }
    this.shown = { values, position };
    this.dim();
  }

  write() {
    const value = this.latent.values[this.dimension], text = signed(value, 2);
    if (!setText(this.output, text)) return;
    this.range.value = String(value);
    this.range.setAttribute("aria-valuetext", text);
  }

  /** @param {boolean} locked */
  showLock(locked) {
    this.button.setAttribute("aria-pressed", String(locked));
    this.button.querySelector("path:last-child").setAttribute("d", SHACKLES[locked ? "true" : "false"]);
  }
}
