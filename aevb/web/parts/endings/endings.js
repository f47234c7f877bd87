// The first rows of a digit or drawing are kept, and a dozen endings of them grow.

import { digitChooser, follow, seedButton, slider } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { beginningOf, Endings, Ruled } from "../../kit/endings.js";
import { counted } from "../../kit/format.js";
import { loadModel } from "../../kit/loading.js";
import { whenLoaded, whenSubject } from "../../kit/notice.js";
import { number, within } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { MOST, rowsOf, SAMPLES, seed, temperature, temperatureSlider } from "../../kit/rows.js";
import { atLeisure, whileBusy } from "../../kit/slices.js";
import { parse } from "../../engine/ink.js";
import { Random } from "../../engine/random.js";
import { endings } from "../../engine/rows.js";

/** @typedef {import("../../kit/controls.js").Model} Model */

const KEPT = 9 / 28; // of the rows: about where strokes have begun
const BUDGET = 10; // ms of each frame

export const params = {
  seed,
  temperature,
  keep: number({ initial: null, least: 0, most: MOST }),
};

export default part((model, el) => new Continuation(model, el));

class Continuation {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.growing = new AbortController();
    const length = this.length = rowsOf(model);
    /** @type {Float32Array | null} */
    this.x = null; // the digit or drawing
    this.title = "";
    this.drawn = length; // rows of a beginning, which is all that can be kept of it
    this.beginning = new Ruled("What is kept", length);
    this.endings = new Endings(SAMPLES, length);
    this.keep = slider({
      label: "Rows to keep",
      sets: "keep",
      least: 0,
      most: length,
      step: 1,
      input: (value) => model.set("keep", value),
      done: () => model.save_changes(),
    });
    this.temperature = temperatureSlider(model);
    this.chooser = digitChooser(model);
    this.caption = h("figcaption");
    this.tell = atLeisure(() => this.say());
    this.stage = h(
      "div.stage",
      { "data-instrument": "" },
      h("figure.picture.beginning", {}, this.beginning.element, this.caption),
      h(
        "figure.picture.grown",
        {},
        h(
          "div.all",
          { role: "group", "aria-label": `${SAMPLES} endings` },
          ...this.endings.elements,
        ),
        h("figcaption", {}, `${SAMPLES} endings: below the line the model goes on`),
      ),
    );
    el.append(
      this.stage,
      h(
        "div.controls",
        { "data-control": "" },
        this.keep.element,
        this.temperature.element,
        seedButton(model, "Resample"),
      ),
      h("div.controls", {}, this.chooser.element),
    );
    /** @type {(() => void)[]} */
    this.ends = [
      this.chooser.end,
      whenLoaded(el, () => loadModel(model.get("checkpoint"), ["p", "q"]), (engine) => this.start(engine)),
    ];
  }

  /** @param {any} engine */
  start(engine) {
    this.engine = engine;
    this.ends.push(
      whenSubject(this.el, this.model, ({ pixels, title }) => {
        const strokes = parse(this.model.get("strokes")) ?? [];
        const { x, rows } = beginningOf(engine, this.length, pixels, strokes);
        Object.assign(this, { x, drawn: rows, title });
        this.grow();
      }),
      follow(this.model, ["keep"], () => within(this.model, this.el, "keep", params.keep, this.length)),
      follow(this.model, ["keep", "temperature", "seed"], () => this.grow()),
    );
  }

  end() {
    for (const end of this.ends) end();
    this.growing.abort();
    this.tell.cancel();
  }

  get kept() {
    const { length } = this, usual = this.drawn < length ? length : Math.round(KEPT * length);
    return Math.min(this.model.get("keep") ?? usual, this.drawn);
  }

  grow() {
    const { x, kept, length, engine, model } = this;
    if (!x) return;
    this.growing.abort();
    const { signal } = this.growing = new AbortController();
    const given = x.subarray(0, kept * length), random = new Random(model.get("seed"));
    this.beginning.show(x, kept, kept);
    this.endings.begin(given);
    this.tell();
    whileBusy(this.stage, endings(engine, given, SAMPLES, random, model.get("temperature")), {
      budget: BUDGET,
      signal,
      each: (found) => this.endings.take(found),
    });
  }

  say() {
    const { kept, title } = this;
    this.keep.show(kept);
    this.temperature.show(this.model.get("temperature"));
    setText(this.caption, `${title}: ${counted(kept, "row")} ${kept === 1 ? "is" : "are"} kept`);
  }
}
