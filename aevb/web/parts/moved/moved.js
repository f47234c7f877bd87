// A digit that grows from seeded noise, z_t = μ(h_t) + σ(h_t) ε_t and uniform numbers for the pixels. Moving one row's
// z changes its ε alone: the rows above stay, that row follows on the frame, and those below grow again from the same
// noise, as many on each frame and until the next as there is time for.

import { button, follow, put, seedButton, slider } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { counted, signed } from "../../kit/format.js";
import { loadModel } from "../../kit/loading.js";
import { whenLoaded } from "../../kit/notice.js";
import { MARK } from "../../kit/palette.js";
import { movable, onLayout, themeOf } from "../../kit/panel.js";
import { number, round, unread, within } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { MOST, rowPicture, RowPlane, rowsOf, sampleNoise, seed } from "../../kit/rows.js";
import { atLeisure, onNextFrame } from "../../kit/slices.js";
import { place, standardise } from "../../engine/densities.js";

/** @typedef {import("../../kit/controls.js").Model} Model */
/** @typedef {import("../../engine/densities.js").Normal} Normal */
/** @typedef {{ memory: import("../../engine/models/vrnn.js").Memory, prior: Normal, z: Float32Array }} Grown */

const FIRST = 9; // about where strokes begin
const REACH = 3.5; // how far z can be moved, in standard deviations of its row's prior
const BUDGET = 2; // ms of each frame for growing rows; most grow between frames, where a browser tells when
const SPARE = 2; // ms of an idle period that must be left to grow a row, which takes about one

/** A row from 1 and its ε, one row after the other. @type {import("../../kit/params.js").Param<number[] | null>} */
const moves = {
  initial: null,
  read(text) {
    const values = text.split(",").map((part) => (/^[-+]?\d+(\.\d+)?$/.test(part) ? Number(part) : NaN));
    const sound = values.every((value, i) =>
      i % 3 ? Math.abs(value) <= REACH : Number.isInteger(value) && value >= 1 && value <= MOST
    );
    return sound && values.length % 3 === 0 ? values.map((value) => round(value, 2)) : undefined;
  },
  write: (values) => (values ?? []).map((value) => String(round(value, 2))).join(","),
};

export const params = {
  seed,
  moved_row: number({ initial: FIRST, least: 1, most: MOST }),
  moved_z: moves,
};

export default part((model, el) => new Moved(model, el));

class Moved {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    /** @type {import("../../engine/rows.js").RowNoise[]} */
    this.noise = [];
    /** What each row went through. @type {Grown[]} */
    this.rows = [];
    const length = this.length = rowsOf(model);
    this.x = new Float32Array(length * length);
    this.grown = 0; // how many of the rows the present growth has reached
    this.changed = Infinity; // the first row whose ε has changed since
    /** ε of the rows that were moved. @type {Map<number, Float32Array>} */
    this.chosen = new Map();
    this.redraw = onNextFrame(() => this.step());
    this.between = 0; // the growth that goes on until the next frame
    this.tell = atLeisure(() => this.say());
    const done = () => model.save_changes();
    const go = (/** @type {number} */ row) => model.set("moved_row", row);
    this.picture = rowPicture("the digit; choose a row", length, go, done);
    this.marks = h("span.marks", { "aria-hidden": "true" });
    this.picture.place.append(this.marks);
    this.range = slider({
      label: "Row",
      least: 1,
      most: length,
      step: 1,
      sets: "moved_row",
      input: go,
      done,
    });
    this.plane = new RowPlane({ z: "z: drag it" });
    const { canvas } = this.plane;
    Object.assign(canvas, { tabIndex: 0 });
    for (
      const [name, value] of Object.entries({
        role: "slider",
        "aria-roledescription": "two-dimensional slider",
        "aria-valuemin": -REACH,
        "aria-valuemax": REACH,
        "aria-valuenow": 0,
        "data-control": "",
        "data-sets": "moved_z",
      })
    ) canvas.setAttribute(name, String(value));
    this.reset = button("Reset this row", () => this.forget([this.row]), { "data-sets": "moved_z" });
    this.resetAll = button("Reset all", () => this.forget([...this.chosen.keys()]), {
      "data-sets": "moved_z",
    });
    const another = seedButton(model, "Another digit");
    another.addEventListener("click", () => put(model, "moved_z", null));
    this.position = h("p.position");
    el.append(
      h("div.stage", { "data-instrument": "" }, this.picture.element),
      this.plane.element,
      h("div.controls", {}, this.range.element, this.reset, this.resetAll, another, this.position),
    );
    this.theme = themeOf(el);
    /** @type {(() => void)[]} */
    this.ends = [
      whenLoaded(el, () => loadModel(model.get("checkpoint"), ["p"]), (engine) => this.start(engine)),
    ];
  }

  /** @param {any} engine */
  start(engine) {
    this.engine = engine;
    movable(
      this.plane.canvas,
      (event) => {
        const row = this.rows[this.row];
        if (!row) return;
        const { left, top } = this.plane.canvas.getBoundingClientRect(), { axes } = this.plane;
        const place = [axes.valueAt(event.clientX - left), axes.heightAt(event.clientY - top)];
        this.move(standardise(row.prior, row.z.map((value, k) => place[k] ?? value)));
      },
      (...steps) => this.move(this.epsilon(this.row).map((value, k) => value + (steps[k] ?? 0))),
      () => this.model.save_changes(),
    );
    this.ends.push(
      onLayout(this.el, () => {
        this.plane.panel.fit();
        this.theme = themeOf(this.el);
        this.redraw();
      }),
      follow(this.model, ["seed"], () => this.begin()),
      follow(this.model, ["moved_z"], () => this.take()),
      follow(this.model, ["moved_row"], () => {
        within(this.model, this.el, "moved_row", params.moved_row, this.length);
        this.redraw();
      }),
    );
  }

  end() {
    for (const end of this.ends) end();
    this.tell.cancel();
    this.redraw.cancel();
    globalThis.cancelIdleCallback?.(this.between);
  }

  // From 0.
  get row() {
    return Math.min(this.model.get("moved_row"), this.length) - 1;
  }

  /** @param {number} t */
  epsilon(t) {
    const { epsilon } = this.noise[t], chosen = this.chosen.get(t);
    return chosen ? epsilon.map((value, k) => chosen[k] ?? value) : epsilon; // the plane moves the first two
  }

  // What the link says

  begin() {
    [this.noise] = sampleNoise(this.engine, this.model.get("seed"), 1);
    this.grown = 0;
    this.changed = Infinity;
    this.redraw();
  }

  take() {
    const before = this.chosen;
    /** @type {number[]} */
    const flat = this.model.get("moved_z") ?? [];
    if (flat.some((row, i) => i % 3 === 0 && row > this.length)) return unread(this.el, "moved_z");
    this.chosen = new Map();
    for (let i = 0; i < flat.length; i += 3) {
      this.chosen.set(flat[i] - 1, Float32Array.from(flat.slice(i + 1, i + 3)));
    }
    const rows = [...before.keys(), ...this.chosen.keys()];
    const changed = rows.filter((t) => String(before.get(t)) !== String(this.chosen.get(t)));
    this.changed = Math.min(this.changed, ...changed);
    this.redraw();
  }

  /** @param {Map<number, Iterable<number>>} chosen */
  note(chosen) {
    const sorted = [...chosen].sort(([a], [b]) => a - b);
    this.model.set(
      "moved_z",
      sorted.length ? sorted.flatMap(([t, [a, b = 0]]) => [t + 1, round(a, 2), round(b, 2)]) : null,
    );
  }

  // What the visitor does

  /** @param {Float32Array} epsilon */
  move(epsilon) {
    const inside = Array.from(epsilon, (value) => round(Math.max(-REACH, Math.min(REACH, value)), 2)); // as in a link
    this.note(new Map([...this.chosen, [this.row, Float32Array.from(inside)]]));
  }

  /** @param {number[]} rows */
  forget(rows) {
    this.note(new Map([...this.chosen].filter(([t]) => !rows.includes(t))));
    this.model.save_changes();
  }

  // The digit

  // Grows rows while there is time; whether any are left. A growth comes to its end before the next one begins, or the
  // lowest rows would not be reached while a drag goes on.
  /** @param {() => boolean} time */
  advance(time) {
    const { length } = this;
    if (this.changed < this.grown) this.settle(this.changed, this.rows[this.changed]); // its memory is what it was
    if (this.changed < length && this.grown === length) this.grown = this.changed + 1;
    if (this.changed >= this.grown - 1) this.changed = Infinity; // what is still to grow follows from it
    while (this.grown < length && time()) this.grow(this.grown);
    return this.grown < length || this.changed < length;
  }

  /** @param {number} t */
  grow(t) {
    const { engine, rows, length } = this, above = rows[t - 1];
    const memory = t
      ? engine.advance(above.memory, this.x.subarray((t - 1) * length, t * length), above.z)
      : engine.start();
    this.settle(t, { memory, prior: engine.rowPrior(memory) });
    this.grown = t + 1;
  }

  /** What a row becomes, given what its memory says. @param {number} t @param {Omit<Grown, "z">} given */
  settle(t, { memory, prior }) {
    const { uniforms } = this.noise[t], z = place(prior, this.epsilon(t));
    const { pixels } = this.engine.decoder,
      outputs = /** @type {Float32Array} */ (this.engine.rowOutputs(memory, z));
    this.rows[t] = { memory, prior, z };
    this.x.set(outputs.map((output, d) => pixels.draw(output, uniforms[d])), t * this.length);
  }

  // Pictures: on the next frame, however much changes until then, and on as many more as the growth takes.

  step() {
    const until = performance.now() + BUDGET, more = this.advance(() => performance.now() < until);
    this.draw();
    this.picture.place.setAttribute("aria-busy", String(more));
    if (!more) return;
    this.redraw();
    globalThis.cancelIdleCallback?.(this.between);
    this.between = globalThis.requestIdleCallback?.((idle) => { // not in every browser
      this.advance(() => idle.timeRemaining() > SPARE);
    });
  }

  draw() {
    const { row } = this, at = this.rows[row];
    const follow = Math.min(this.grown, this.changed + 1); // rows that follow from those above
    this.picture.show(this.x, row + 1, follow, 0.4); // the others are those of before, paler
    if (at && this.plane.panel.width) {
      const half = 1.08 * REACH * Math.max(...at.prior.scale);
      const window = [0, 1].map((k) => at.prior.loc[k] ?? 0).map((middle) => [middle - half, middle + half]);
      const z = place(at.prior, this.epsilon(row));
      this.plane.show(this.theme, window, { prior: at.prior, z }, {
        ring: this.chosen.has(row) ? MARK : undefined,
      });
    }
    this.tell();
  }

  say() {
    const { row, chosen } = this, at = this.rows[row];
    this.range.show(row + 1, `row ${row + 1} of ${this.length}`);
    this.reset.disabled = !chosen.has(row);
    this.resetAll.disabled = !chosen.size;
    const rows = [...chosen.keys()];
    if (String(rows) !== this.marked) {
      this.marked = String(rows);
      this.marks.replaceChildren(...rows.map((t) => h("i", { style: { "--row": t } })));
    }
    if (!at) return;
    const epsilon = this.epsilon(row), z = Array.from(place(at.prior, epsilon), (value) => signed(value, 2));
    const moved = chosen.size ? `; ${counted(chosen.size, "row")} moved` : "";
    setText(this.position, `z = (${z.join(", ")})${moved}`);
    this.picture.canvas.setAttribute(
      "aria-label",
      `The digit, row ${row + 1} of ${this.length} chosen${moved}`,
    );
    const { canvas } = this.plane;
    canvas.setAttribute("aria-label", `z of row ${row + 1}`);
    canvas.setAttribute(
      "aria-valuetext",
      z.map((value, k) => `z${"₁₂₃₄₅₆₇₈₉"[k] ?? ""} ${value}`).join(", "),
    );
    canvas.setAttribute("aria-valuenow", epsilon[0].toFixed(2));
  }
}
