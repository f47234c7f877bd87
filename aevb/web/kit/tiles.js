// A sheet of images with a title for each row, of which one is enlarged beside it: whichever the pointer is over, else
// the one that was pressed or reached by arrow keys, which stands in the link.

import { follow, put } from "./controls.js";
import { h, withCommand } from "./elements.js";
import { numbers, unread } from "./params.js";
import { picture, Sheet } from "./pictures.js";
import { whileStale } from "./slices.js";

/** @typedef {import("./controls.js").Model} Model */

/** The enlarged tile's row and column, counted from 0, for the link. */
export const tile = numbers({ reach: 99, digits: 0, count: 2 });

/** @type {Record<string, [number, number]>} */
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** `element` has the sheet, `large` is the picture of the one tile; `end` is to be called in the end. */
export class Tiles {
  /**
   * @param {Model} model
   * @param {string} key of the enlarged tile in the link
   * @param {{ columns: number, titles: string[], label: string, say: (row: number, column: number) => string }} about
   *   the rows' titles, what the sheet is, and what to call a tile
   */
  constructor(model, key, { columns, titles, label, say }) {
    const rows = titles.length;
    this.model = model;
    this.key = key;
    this.label = label;
    this.say = say;
    /** @type {Float32Array[][]} */
    this.images = titles.map(() => []);
    this.sheet = new Sheet({ columns, rows, label });
    this.titles = titles.map((title) => h("span", {}, title));
    this.frame = h("div.frame", { "aria-hidden": "true" });
    this.element = h(
      "div.tiles",
      {},
      h("div.titles", {}, ...this.titles),
      h("div.place", {}, this.sheet.canvas, this.frame),
    );
    this.large = picture("large");
    this.large.caption.setAttribute("aria-live", "polite");
    /** @type {[number, number] | null} */
    this.over = null; // where the pointer is
    this.listen();
    this.end = follow(model, [key], () => {
      const said = model.get(key);
      // A tile beyond the sheet: refused once the element, which sends that event, is in the document.
      if (said && String(said) !== String(this.within(said))) queueMicrotask(() => unread(this.element, key));
      this.enlarge();
    });
  }

  listen() {
    const { canvas } = this.sheet;
    Object.assign(canvas, { tabIndex: 0, role: "application" });
    canvas.dataset.sets = this.key;
    canvas.setAttribute("aria-roledescription", "sheet of images");
    const at = (/** @type {PointerEvent | MouseEvent} */ event) => {
      const [column, row] = this.sheet.tileAt(event);
      return /** @type {[number, number]} */ ([row, column]);
    };
    const over = (/** @type {[number, number] | null} */ tile) => {
      if (String(tile) === String(this.over)) return;
      this.over = tile;
      this.enlarge();
    };
    // A press takes no focus: the keys stay with the scenes.
    canvas.onmousedown = (/** @type {MouseEvent} */ event) => event.preventDefault();
    canvas.onpointermove = (/** @type {PointerEvent} */ event) =>
      event.pointerType !== "touch" && over(at(event));
    canvas.onpointerleave = () => over(null);
    canvas.onclick = (/** @type {MouseEvent} */ event) => put(this.model, this.key, at(event));
    canvas.onkeydown = (/** @type {KeyboardEvent} */ event) => {
      const step = STEPS[event.key];
      if (!step || withCommand(event)) return;
      event.preventDefault();
      this.over = null;
      const { kept } = this;
      put(this.model, this.key, this.within([kept[0] + step[0], kept[1] + step[1]]));
      this.frame.scrollIntoView({ block: "nearest" });
    };
  }

  /** @param {number[]} tile @returns {[number, number]} */
  within([row, column]) {
    const { rows, columns } = this.sheet;
    return [Math.max(0, Math.min(rows - 1, row)), Math.max(0, Math.min(columns - 1, column))];
  }

  /** The tile of the link. */
  get kept() {
    return this.within(this.model.get(this.key) ?? [0, 0]);
  }

  /** @param {string[]} titles of the rows */
  name(titles) {
    titles.forEach((title, row) => (this.titles[row].textContent = title));
  }

  /** @param {number} row @param {number} column @param {Float32Array} x */
  put(row, column, x) {
    this.images[row][column] = x;
    this.sheet.put(column, row, x);
    const [shownRow, shownColumn] = this.over ?? this.kept;
    if (row === shownRow && column === shownColumn) this.enlarge();
  }

  /** Shows the tile at hand, large and framed. */
  enlarge() {
    const [row, column] = this.over ?? this.kept, { sheet } = this, { width, height } = sheet.canvas;
    const said = this.say(row, column), step = sheet.side + 1;
    this.large.show(this.images[row][column] ?? null, said);
    sheet.canvas.setAttribute("aria-label", `${this.label}. Enlarged: ${said}`);
    Object.assign(this.frame.style, {
      left: `${100 * column * step / width}%`,
      top: `${100 * row * step / height}%`,
      width: `${100 * sheet.side / width}%`,
      height: `${100 * sheet.side / height}%`,
    });
  }

  /** Fills the sheet anew, in slices. @param {Generator<any, any, any>} work that puts images @param {AbortSignal} signal */
  fill(work, signal) {
    whileStale([this.element, this.large.element], work, { signal });
  }
}
