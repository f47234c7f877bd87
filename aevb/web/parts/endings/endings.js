// The first rows of a digit or drawing are kept, and a dozen endings of them grow.

import { digitChooser, follow, seedButton, slider } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { counted } from "../../kit/format.js";
import { loadModel } from "../../kit/loading.js";
import { whenLoaded, whenSubject } from "../../kit/notice.js";
import { number, within } from "../../kit/params.js";
import { MOST, paintRows, rowsOf, SAMPLES, seed, temperature, temperatureSlider } from "../../kit/rows.js";
import { atLeisure, inSlices } from "../../kit/slices.js";
import { asDrawn, inkedRows, parse, UNITS } from "../../engine/ink.js";
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

export default {
  /** @param {{ model: Model, el: HTMLElement }} host */
  render({ model, el }) {
    const part = new Endings(model, el);
    const unload = whenLoaded(
      el,
      () => loadModel(model.get("checkpoint"), ["p", "q"]),
      (engine) => part.start(engine),
    );
    return () => {
      unload();
      part.end();
    };
  },
};

class Endings {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.growing = new AbortController();
    const length = this.length = rowsOf(model);
    this.images = Array.from({ length: SAMPLES }, () => new Float32Array(length * length));
    /** @type {Float32Array | null} */
    this.x = null; // the digit or drawing
    this.title = "";
    this.drawn = length; // rows of a beginning, which is all that can be kept of it
    this.beginning = this.framed("What is kept");
    this.tiles = Array.from({ length: SAMPLES }, (_, n) => this.framed(`Ending ${n + 1}`));
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
          ...this.tiles.map(({ element }) => element),
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
    this.ends = [this.chooser.end];
  }

  /** An image with a line where its given rows end. @param {string} said */
  framed(said) {
    const canvas = h("canvas.pixels.live", {
      role: "img",
      "aria-label": said,
      width: this.length,
      height: this.length,
    });
    const line = h("i.line", { hidden: true });
    return { canvas, line, element: h("div.ending", {}, canvas, line) };
  }

  /** @param {any} engine */
  start(engine) {
    this.engine = engine;
    this.ends.push(
      whenSubject(this.el, this.model, ({ pixels, title }) => {
        // A drawing within the upper half is a beginning, and stays where it was drawn.
        const strokes = parse(this.model.get("strokes")) ?? [];
        const begun = strokes.length > 0 && strokes.flat().every(([, y]) => y < UNITS / 2);
        const x = this.x = engine.observe(begun ? asDrawn(strokes) : pixels);
        this.drawn = begun ? inkedRows(x, this.length) : this.length;
        this.title = title;
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

  // What is kept is there at once; of the endings of before, what has yet to grow again is dimmed until it has.
  grow() {
    const { x, kept, length } = this;
    if (!x) return;
    this.growing.abort();
    const { signal } = this.growing = new AbortController();
    const given = x.subarray(0, kept * length);
    for (const image of this.images) image.set(given);
    this.show(kept);
    this.stage.setAttribute("aria-busy", "true");
    const random = new Random(this.model.get("seed"));
    inSlices(endings(this.engine, given, SAMPLES, random, this.model.get("temperature")), {
      budget: BUDGET,
      signal,
      each: ({ images, row }) => {
        this.images.forEach((image, n) => image.set(images[n].subarray(0, (row + 1) * length)));
        this.show(row + 1);
      },
    }).then((done) => done && this.stage.setAttribute("aria-busy", "false"));
  }

  /** @param {number} grown rows that are as they are wanted */
  show(grown) {
    const { kept, length } = this;
    if (this.x) paintRows(this.beginning.canvas, this.x, kept, 0.3);
    this.tiles.forEach(({ canvas }, n) => paintRows(canvas, this.images[n], grown, 0.3));
    for (const { line } of [this.beginning, ...this.tiles]) {
      line.hidden = kept === 0 || kept === length;
      line.style.top = `${100 * kept / length}%`;
    }
    this.tell();
  }

  say() {
    const { kept, title } = this;
    this.keep.show(kept);
    this.temperature.show(this.model.get("temperature"));
    setText(this.caption, `${title}: ${counted(kept, "row")} ${kept === 1 ? "is" : "are"} kept`);
  }
}
