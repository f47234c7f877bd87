// A dozen samples that grow row by row. Of the one that is chosen also each pixel's probability, and the prior that
// the row at hand is drawn from. Those that a page opens with are recorded: the model, of which the generative weights
// are enough, is fetched for others.

import { follow, put, seedButton } from "../../kit/controls.js";
import { h } from "../../kit/elements.js";
import { counted, signed } from "../../kit/format.js";
import { loadAbout, loadModel } from "../../kit/loading.js";
import { onDemand, whenLoaded } from "../../kit/notice.js";
import { onLayout, themeOf } from "../../kit/panel.js";
import { number, within } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import {
  joined,
  MOST,
  paintRows,
  rowPicture,
  RowPlane,
  rowsOf,
  sampleNoise,
  SAMPLES,
  scrubber,
  seed,
  temperature,
  temperatureSlider,
  windowOf,
} from "../../kit/rows.js";
import { atLeisure, inSlices, onNextFrame } from "../../kit/slices.js";
import { grow } from "../../engine/rows.js";

/** @typedef {import("../../kit/controls.js").Model} Model */
/** @typedef {{ rows: import("../../kit/rows.js").Shown[], x: Float32Array, probs: Float32Array }} Sample */

export const params = {
  seed,
  temperature,
  grown: number({ initial: null, least: 1, most: MOST }),
  image: number({ initial: 1, least: 1, most: SAMPLES }),
};

const NOTHING = new Float32Array(0);
const BUDGET = 8; // ms of each frame

export default part((model, el) => new Growing(model, el));

class Growing {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    /** @type {(Sample | undefined)[]} */
    this.samples = [];
    this.wanted = 0; // counts the seeds and temperatures that were asked for
    /** @type {number[]} */
    this.of = Array(SAMPLES).fill(0); // for which count each sample was drawn
    this.working = false;
    this.ended = new AbortController();
    this.draw = onNextFrame(() => this.show());
    this.tell = atLeisure(() => this.say());
    const length = this.length = rowsOf(model);
    this.scrubber = scrubber(model, "grown", () => this.grown, length);
    this.temperature = temperatureSlider(model);
    this.tiles = Array.from({ length: SAMPLES }, (_, n) => {
      const canvas = h("canvas.pixels.live", { width: length, height: length });
      const settings = {
        type: "button",
        "aria-label": `Sample ${n + 1}`,
        "data-sets": "image",
        onclick: () => put(model, "image", n + 1),
      };
      return { canvas, button: h("button.tile", settings, canvas) };
    });
    const { go, done } = this.scrubber;
    this.large = rowPicture("sample x", length, go, done);
    this.probs = rowPicture("probability of each pixel", length, go, done);
    this.plane = new RowPlane({ path: true });
    const again = seedButton(model, "Resample");
    again.addEventListener("click", () => {
      if (this.engine) this.scrubber.replay();
      else this.replays = true; // once there is something to see
    });
    this.note = h("p.recorded", {}, "Recorded samples; Resample loads the model.");
    this.stage = h(
      "div.stage",
      { "data-instrument": "" },
      h(
        "div.gallery",
        { role: "group", "aria-label": `${SAMPLES} samples` },
        ...this.tiles.map(({ button }) => button),
      ),
      h("div.chosen", {}, this.large.element, this.probs.element),
    );
    el.append(
      this.stage,
      h(
        "div.controls",
        { "data-control": "" },
        this.scrubber.element,
        this.temperature.element,
        again,
        this.note,
      ),
      this.plane.element,
    );
    this.mark(false);
    this.theme = themeOf(el);
    /** @type {any} */
    this.engine = null;
    this.replays = false;
    this.need = onDemand(
      el,
      () => loadModel(model.get("checkpoint"), ["p"]),
      (engine) => this.arrive(engine),
    );
    // Who reaches for what needs the model finds it there.
    for (const control of [this.temperature.element, again]) {
      for (const event of ["pointerenter", "focusin"]) control.addEventListener(event, this.need);
    }
    /** @type {(() => void)[]} */
    this.ends = [
      this.need.end,
      whenLoaded(
        el,
        () => loadAbout(model.get("checkpoint").about),
        ({ measures }) => this.start(measures.samples),
      ),
    ];
  }

  /** @param {any} recorded samples of one seed, as in aevb/explore/measures.py, where the checkpoint has them */
  start(recorded) {
    this.recorded = recorded;
    this.ends.push(
      onLayout(this.el, () => {
        this.plane.panel.fit();
        this.theme = themeOf(this.el);
        this.draw();
      }),
      follow(this.model, ["seed", "temperature"], () => this.grow()),
      follow(this.model, ["grown"], () => within(this.model, this.el, "grown", params.grown, this.length)),
      follow(this.model, ["grown", "image"], () => this.draw()),
    );
  }

  end() {
    for (const end of this.ends) end();
    this.ended.abort();
    this.scrubber.player.stop();
    this.draw.cancel();
    this.tell.cancel();
  }

  /** The model is there. @param {any} engine */
  arrive(engine) {
    this.engine = engine;
    this.mark(false);
    if (this.replays) this.scrubber.replay();
    if (!this.current) this.work();
  }

  /**
   * Says whether the samples are recorded. The note keeps its place, for the slider beside it may be held.
   * @param {boolean} recorded
   */
  mark(recorded) {
    this.note.style.visibility = recorded ? "visible" : "hidden";
  }

  /** How many rows there are to be seen, all of them where the link does not say. */
  get grown() {
    return Math.min(this.model.get("grown") ?? this.length, this.length);
  }

  /** Whether all samples are those that are wanted. */
  get current() {
    return this.of.every((of) => of === this.wanted);
  }

  grow() {
    const { model, recorded } = this;
    this.wanted++;
    this.draw();
    if (this.engine) return this.work();
    const known = recorded?.seed === model.get("seed") && model.get("temperature") === 1;
    if (known) {
      this.samples = read(recorded);
      this.of.fill(this.wanted);
    }
    this.mark(known);
    this.stage.setAttribute("aria-busy", String(!known));
    if (!known) this.need();
  }

  work() {
    if (this.working) return;
    this.working = true;
    this.stage.setAttribute("aria-busy", "true");
    inSlices(this.sample(), { budget: BUDGET, signal: this.ended.signal });
  }

  // All samples, the chosen one first. Once others are wanted, the one under way is finished before they begin, or
  // none would be reached while a temperature is dragged.
  *sample() {
    for (let had = 0; had !== this.wanted;) {
      const mine = this.wanted,
        temperature = this.model.get("temperature"),
        chosen = this.model.get("image") - 1;
      const noise = sampleNoise(this.engine, this.model.get("seed"), SAMPLES);
      const others = Array.from(noise.keys()).filter((n) => n !== chosen);
      for (const n of [chosen, ...others]) {
        const rows = yield* grow(this.engine, NOTHING, noise[n], { temperature });
        this.samples[n] = {
          rows,
          x: joined(rows.map(({ x }) => x)),
          probs: joined(rows.map(({ probs }) => probs)),
        };
        this.of[n] = mine;
        this.draw();
        if (mine !== this.wanted) break;
      }
      had = mine;
    }
    this.working = false;
    this.stage.setAttribute("aria-busy", "false");
  }

  show() {
    const row = this.grown, chosen = this.model.get("image") - 1, { samples, wanted } = this;
    this.tiles.forEach(({ canvas, button }, n) => {
      const sample = samples[n];
      if (sample) paintRows(canvas, sample.x, row);
      button.classList.toggle("stale", this.of[n] !== wanted);
      button.classList.toggle("marked", n === chosen);
    });
    const sample = samples[chosen], stale = this.of[chosen] !== wanted;
    for (const { element } of [this.large, this.probs, this.plane]) element.classList.toggle("stale", stale);
    if (sample) {
      const { rows } = sample, at = rows[row - 1];
      this.large.show(sample.x, row, row);
      this.probs.show(sample.probs, row, row);
      this.plane.show(this.theme, windowOf(rows, at), at, { path: rows.slice(0, row).map(({ z }) => z) });
    }
    this.tell();
  }

  say() {
    const { model, scrubber, temperature, samples } = this,
      row = this.grown,
      chosen = model.get("image");
    scrubber.show();
    temperature.show(model.get("temperature"));
    this.tiles.forEach(({ button }, n) => button.setAttribute("aria-pressed", String(n + 1 === chosen)));
    const at = samples[chosen - 1]?.rows[row - 1];
    if (!at) return;
    const place = Array.from(at.z, (value) => signed(value, 2)).join(", ");
    this.large.canvas.setAttribute("aria-label", `Sample ${chosen}, its first ${counted(row, "row")}`);
    this.probs.canvas.setAttribute("aria-label", `The probabilities of its pixels`);
    this.plane.canvas.setAttribute("aria-label", `The latent plane of row ${row}: z is at ${place}`);
  }
}

/**
 * Samples as they are recorded.
 * @param {any} recorded
 * @returns {Sample[]}
 */
function read({ x, probs, z, loc, scale }) {
  return x.map((/** @type {string} */ digits, /** @type {number} */ n) => {
    const pixels = Float32Array.from(digits, Number), width = pixels.length / z[n].length;
    const rows = z[n].map((/** @type {number[]} */ at, /** @type {number} */ t) => ({
      x: pixels.subarray(width * t, width * (t + 1)),
      z: Float32Array.from(at),
      prior: { loc: Float32Array.from(loc[n][t]), scale: Float32Array.from(scale[n][t]) },
    }));
    return { rows, x: pixels, probs: Float32Array.from(probs[n], (share) => share / 255) };
  });
}
