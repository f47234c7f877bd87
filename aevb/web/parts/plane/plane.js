// Two directions of latent space span a plane through the present place: a pad of what lies on it, to move over.

import { button, digitChooser, follow, put, select } from "../../kit/controls.js";
import { Decoded } from "../../kit/decoded.js";
import { h, setText } from "../../kit/elements.js";
import { signed } from "../../kit/format.js";
import { followLatent, params as latentParams, rounded } from "../../kit/latent.js";
import { movable } from "../../kit/panel.js";
import { text, unread } from "../../kit/params.js";
import { Sheet } from "../../kit/pictures.js";
import { atLeisure, onNextFrame, whenStill } from "../../kit/slices.js";

/** @typedef {import("../../kit/controls.js").Model} Model */
/** @typedef {import("../../kit/latent.js").Latent} Latent */
/** A coordinate is u · values − offset. @typedef {{ id: string, name: string, u: number[], offset: number }} Axis */

const PAD = 4; // the pad goes from -4 to 4 along both directions
const GRID = 9; // images along each of them

export const params = { ...latentParams, plane: text({ form: /^(pca\d|\d{1,4}),(pca\d|\d{1,4})$/ }) };

export default {
  /** @param {{ model: Model, el: HTMLElement }} host */
  render: (host) =>
    followLatent(
      host,
      (latent) => latent.count > 1 ? new Plane(host.model, host.el, latent) : new Line(host.el),
    ),
};

/** In the place of a plane, where there is only one direction. */
class Line {
  /** @param {HTMLElement} el */
  constructor(el) {
    el.append(h("p.notice", {}, "A plane takes two latent numbers, and this model has one: turn its knob."));
  }

  changed() {}

  end() {}
}

class Plane {
  /** @param {Model} model @param {HTMLElement} el @param {Latent} latent */
  constructor(model, el, latent) {
    this.model = model;
    this.latent = latent;
    this.decoded = new Decoded(latent);
    this.directions = directions(latent);
    /** Values through which the plane goes. */
    this.base = latent.values;
    /** Those that the pad has set: they are in the plane. @type {number[] | null} */
    this.placed = null;
    this.shown = ""; // the plane that the images show
    const chooser = digitChooser(model);
    /** @type {[string, string][]} */
    const options = this.directions.map(({ id, name }) => [id, name]);
    this.selects = ["Across", "Up"].map((label, axis) =>
      select(label, options, (id) => this.turn(axis, id), "plane")
    );
    const back = button("Encoder’s mean", () => {
      latent.move(latent.mean);
      model.save_changes();
    }, { "data-sets": "z" });
    const controls = h("div.controls", {}, ...this.selects.map(({ element }) => element), back);
    el.append(h("div.body", {}, chooser.element, this.buildPad(), controls, this.decoded.element));
    this.frame = onNextFrame(() => this.draw());
    this.words = atLeisure(() => this.write());
    this.images = whenStill(() => this.fill());
    const axes = follow(model, ["plane"], () => this.span(el));
    this.ends = [chooser.end, axes, this.frame.cancel, this.words.cancel, this.images.cancel];
  }

  end() {
    for (const end of this.ends) end();
  }

  buildPad() {
    this.sheet = new Sheet({ columns: GRID, rows: GRID, label: "The plane" });
    const { canvas } = this.sheet;
    Object.assign(canvas, { tabIndex: 0, role: "slider" });
    canvas.setAttribute("aria-roledescription", "two-dimensional slider");
    canvas.setAttribute("aria-valuenow", "0"); // until the model is there
    canvas.setAttribute("aria-valuemin", String(-PAD));
    canvas.setAttribute("aria-valuemax", String(PAD));
    const to = (/** @type {PointerEvent} */ event) => {
      const { left, top, width, height } = canvas.getBoundingClientRect();
      const across = (event.clientX - left) / width, down = (event.clientY - top) / height;
      this.move(PAD * (2 * across - 1), PAD * (1 - 2 * down));
    };
    const by = (/** @type {number} */ dx, /** @type {number} */ dy) => {
      const [x, y] = this.coordinates(this.latent.values);
      this.move(x + dx, y + dy);
    };
    canvas.dataset.sets = "z";
    movable(canvas, to, by, () => this.model.save_changes());
    this.marker = h("div.marker", { "aria-hidden": "true" });
    this.caption = h("figcaption");
    const pad = h("div.pad", { "data-control": "" }, canvas, this.marker);
    return h("figure.picture", {}, pad, this.caption);
  }

  // The plane

  /** @returns {Axis[]} across and up */
  get axes() {
    const ids = this.model.get("plane").split(",");
    const [u, v] = ids.map((/** @type {string} */ id) => this.directions.find((one) => one.id === id));
    return u && v && u !== v ? [u, v] : this.directions.slice(0, 2);
  }

  /** @param {HTMLElement} el */
  span(el) {
    const said = this.model.get("plane"), ids = this.axes.map(({ id }) => id);
    if (said && said !== ids.join()) return unread(el, "plane");
    this.selects.forEach((select, axis) => select.show(ids[axis]));
    this.placed = null;
    if (this.latent.ready) this.changed();
  }

  /** Another direction for an axis; two axes of one direction change places. @param {number} axis @param {string} id */
  turn(axis, id) {
    const ids = this.axes.map(({ id }) => id), other = 1 - axis;
    if (ids[other] === id) ids[other] = ids[axis];
    ids[axis] = id;
    const initial = this.directions.slice(0, 2).map(({ id }) => id);
    put(this.model, "plane", String(ids) === String(initial) ? "" : ids.join());
  }

  /** @param {ArrayLike<number>} values */
  coordinates(values) {
    return this.axes.map(({ u, offset }) => dot(u, values) - offset);
  }

  /** The values at a point of the plane. @param {number} x @param {number} y */
  valuesAt(x, y) {
    const { base } = this, [{ u }, { u: v }] = this.axes, [x0, y0] = this.coordinates(base);
    const slant = dot(u, v), dx = x - x0, dy = y - y0;
    const across = (dx - slant * dy) / (1 - slant ** 2), up = (dy - slant * dx) / (1 - slant ** 2);
    return rounded(base.map((value, i) => value + across * u[i] + up * v[i]));
  }

  /** To a point of the plane. @param {number} x @param {number} y */
  move(x, y) {
    const within = (/** @type {number} */ value) => Math.max(-PAD, Math.min(PAD, value));
    this.placed = this.valuesAt(within(x), within(y));
    this.latent.move(this.placed);
  }

  // What is shown

  changed() {
    const { latent } = this, { values } = latent;
    if (String(values) !== String(this.placed)) {
      this.base = values; // the plane through where one is
      this.placed = values;
    }
    this.dim();
    this.frame();
    this.words();
    if (!this.fresh) this.images();
  }

  /** All that the images follow from. */
  get plane() {
    return [this.axes.map(({ id }) => id), this.latent.position, this.base].join();
  }

  get fresh() {
    return this.shown === this.plane;
  }

  dim() {
    this.sheet?.canvas.classList.toggle("stale", !this.fresh);
  }

  draw() {
    if (!this.latent.ready) return;
    if (!this.decoded.draw()) this.frame();
    const [x, y] = this.coordinates(this.latent.values);
    const share = (/** @type {number} */ value) => 50 + 50 * Math.max(-1, Math.min(1, value / PAD));
    this.marker.style.translate = `${share(x)}cqw ${100 - share(y)}cqw`;
    this.marker.classList.toggle("outside", Math.max(Math.abs(x), Math.abs(y)) > PAD + 0.005);
  }

  write() {
    if (!this.latent.ready) return;
    this.decoded.write();
    const [x, y] = this.coordinates(this.latent.values), [u, v] = this.axes.map(({ name }) => name);
    const where = `${u} ${signed(x)}, ${v} ${signed(y)}`, canvas = this.sheet?.canvas;
    if (!setText(this.caption, where)) return;
    canvas.setAttribute("aria-label", `The plane of ${u} and ${v}`);
    canvas.setAttribute("aria-valuetext", where);
    canvas.setAttribute("aria-valuenow", x.toFixed(1));
  }

  /** Decodes what lies on the plane, image by image. */
  *fill() {
    const { latent, plane, sheet } = this, { y } = latent;
    this.shown = "";
    const at = (/** @type {number} */ tile) => PAD * ((2 * tile + 1) / GRID - 1);
    for (let tile = 0; tile < GRID ** 2; tile++) {
      const column = tile % GRID, row = Math.floor(tile / GRID);
      sheet?.put(column, row, latent.decode(this.valuesAt(at(column), -at(row)), y));
      yield;
    }
    this.shown = plane;
    this.dim();
  }
}

/** Principal directions of the test set's places, then the dimensions by their use. @param {Latent} latent @returns {Axis[]} */
function directions(latent) {
  const { measures, byUse, count } = latent;
  const principal = measures.directions.map((/** @type {number[]} */ u, /** @type {number} */ p) => (
    { id: `pca${p + 1}`, name: `PCA ${p + 1}`, u, offset: dot(u, measures.centre) }
  ));
  const single = byUse.map((dimension) => {
    const u = Array.from({ length: count }, (_, i) => Number(i === dimension));
    return { id: String(dimension + 1), name: latent.name(dimension), u, offset: 0 };
  });
  return [...principal, ...single];
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
