// From one style to another by columns, from one label to another by rows: between two labels are weights that the
// model never saw.

import { ownChoice } from "../../kit/choices.js";
import { digitChooser, follow, put, select, subjectOf } from "../../kit/controls.js";
import { digitsAt } from "../../kit/digits.js";
import { h } from "../../kit/elements.js";
import { one } from "../../kit/format.js";
import { loadModel } from "../../kit/loading.js";
import { whenever, whenLoaded } from "../../kit/notice.js";
import { number, within } from "../../kit/params.js";
import { part } from "../../kit/part.js";
import { picture } from "../../kit/pictures.js";
import { tile, Tiles } from "../../kit/tiles.js";
import { betweenLabels, style, walk, write } from "../../engine/explore.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../kit/controls.js").Subject} Subject
 */

const COLUMNS = 9, ROWS = 6; // the labels' weights are 1, 0.8, … 0

export const params = {
  to: number({ initial: 3, least: 0, most: 999_999_999 }),
  from: number({ initial: 3, least: 0, most: 999 }),
  until: number({ initial: 8, least: 0, most: 999 }),
  between: tile,
};

export default part((model, el) => new Between(model, el));

class Between {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.drawing = new AbortController();
    const choosers = [
      digitChooser(model, { label: "From the style of digit" }),
      digitChooser(model, { label: "to the style of digit", key: "to" }),
    ];
    /** Of the two digits, once they are there. @type {Subject[]} */
    this.subjects = [];
    this.pictures = choosers.map(() => picture());
    const menus = [["From label", "from"], ["to label", "until"]].map(([title, key]) => {
      const labels = Array.from(digitsAt(model.get("digits")).classes.keys(), String);
      const menu = select(title, labels.map((y) => [y, y]), (value) => put(model, key, Number(value)), key);
      return { key, ...menu };
    });
    this.tiles = new Tiles(model, "between", {
      columns: COLUMNS,
      titles: Array(ROWS).fill(""),
      label: "Between two styles, by columns, and two labels, by rows",
      say: (row, column) => `${this.labelsOf(row)}; ${this.styleOf(column)}`,
    });
    el.append(h(
      "div.layout",
      {},
      h("div.whole", { "data-instrument": "" }, this.tiles.element),
      h(
        "div.side",
        {},
        this.tiles.large.element,
        h("div.controls", {}, ...menus.map(({ element }) => element)),
      ),
      h(
        "div.choice",
        { "data-control": "" },
        ...choosers.map(({ element }, i) => h("div.end", {}, this.pictures[i].element, element)),
      ),
    ));
    /** @type {(() => void)[]} */
    this.ends = [this.tiles.end, ...choosers.map(({ end }) => end)];
    const { classes, count } = digitsAt(model.get("digits"));
    this.ends.push(follow(model, ["to"], () => within(model, el, "to", params.to, count - 1)));
    this.ends.push(follow(model, ["from", "until"], () => {
      within(model, el, "from", params.from, classes.length - 1);
      within(model, el, "until", params.until, classes.length - 1);
      for (const { key, show } of menus) show(String(this.label(key)));
      this.tiles.name(Array.from({ length: ROWS }, (_, row) => this.title(row)));
      this.draw();
    }));
    const load = () => Promise.all([subjectOf(model), subjectOf(model, "to")]);
    const loadAll = () => Promise.all([loadModel(model.get("checkpoint"), ["p", "q"]), load()]);
    this.ends.push(whenLoaded(el, loadAll, ([engine]) => {
      this.engine = engine;
      const show = (/** @type {Subject[]} */ subjects) => this.read(subjects);
      this.ends.push(whenever(el, model, ["digit", "strokes", "to"], load, show, "Loading the digits …"));
    }));
  }

  end() {
    this.drawing.abort();
    for (const end of this.ends) end();
  }

  /** @param {Subject[]} subjects */
  read(subjects) {
    const { engine } = this;
    const owns = subjects.map(({ pixels, label }) => {
      const x = engine.observe(pixels);
      return { x, y: ownChoice(engine, x, label) };
    });
    this.subjects = subjects.map((subject, i) =>
      subject.label === null
        ? { ...subject, title: `${subject.title}, taken for ${one(owns[i].y ?? 0)}` }
        : subject
    );
    this.subjects.forEach(({ pixels, title }, i) => this.pictures[i].show(pixels, title));
    this.styles = owns.map(({ x, y }) => style(engine, engine.encode(x, y).loc, y));
    this.draw();
  }

  draw() {
    this.drawing.abort();
    this.tiles.enlarge();
    if (!this.styles) return;
    this.drawing = new AbortController();
    this.tiles.fill(this.decodeAll(this.styles), this.drawing.signal);
  }

  /** @param {Float32Array[]} ends */
  *decodeAll([start, end]) {
    const { engine, tiles } = this, columns = walk(start, end, COLUMNS);
    const rows = betweenLabels(this.label("from"), this.label("until"), ROWS, engine.choices);
    for (const [row, y] of rows.entries()) {
      for (const [column, epsilon] of columns.entries()) {
        tiles.put(row, column, write(engine, epsilon, y));
        yield;
      }
    }
  }

  // In words

  /** A label of the link, if there are so many, else the first or the last. @param {string} key "from" or "until" */
  label(key) {
    const { length } = digitsAt(this.model.get("digits")).classes, label = this.model.get(key);
    if (label < length) return label;
    return key === "from" ? 0 : length - 1;
  }

  /** The weights of both labels in a row. @param {number} row */
  weights(row) {
    return [1 - row / (ROWS - 1), row / (ROWS - 1)].map((weight) => weight.toFixed(1));
  }

  /** @param {number} row */
  title(row) {
    return row === 0
      ? `label ${this.label("from")}`
      : row === ROWS - 1
      ? `label ${this.label("until")}`
      : this.weights(row).join(" : ");
  }

  /** @param {number} row */
  labelsOf(row) {
    if (row % (ROWS - 1) === 0) return this.title(row);
    const [from, until] = this.weights(row);
    return `${from} of label ${this.label("from")} and ${until} of label ${this.label("until")}`;
  }

  /** @param {number} column */
  styleOf(column) {
    const end = this.subjects[column / (COLUMNS - 1)];
    return end ? `style of ${end.title}` : `style ${column} / ${COLUMNS - 1} of the way`;
  }
}
