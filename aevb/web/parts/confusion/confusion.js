// What a model takes the test images for against the labels that they have: clusters that it found and never saw a label,
// or labels that it guesses; how many images are in which, and the images of one cell.

import { choicesOf, inWords } from "../../kit/choices.js";
import { button, chooseDigit, follow, put } from "../../kit/controls.js";
import { digitsAt } from "../../kit/digits.js";
import { h, setText, withCommand } from "../../kit/elements.js";
import { counted, estimated, probability } from "../../kit/format.js";
import { loadGuesses } from "../../kit/guesses.js";
import { loadAbout, loadModel } from "../../kit/loading.js";
import { whenLoaded, whenSubject } from "../../kit/notice.js";
import { number, numbers, unread, within } from "../../kit/params.js";
import { paint, picture } from "../../kit/pictures.js";
import { whileStale } from "../../kit/slices.js";
import { softmax } from "../../engine/arithmetic.js";
import { labelBounds } from "../../engine/explore.js";
import { Random } from "../../engine/random.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../kit/choices.js").Choices} Choices
 * @typedef {import("../../kit/guesses.js").Guesses} Guesses
 */

const PAGE = 60; // images that are shown at a time
const TOLD = 0.005; // of p(y | x): what is less is no part of the sentence
const LONGEST = 10; // choices that it names
const BUDGET = 10; // ms of a frame: nothing else moves

/** How it is said of what a choice is. */
const WORDS = {
  label: {
    head: "guess",
    table: "Test images by the label guessed and their own",
    where: (/** @type {string} */ name) => name.replace("label", "guessed as"),
    right: "are guessed as what they are, framed",
    share: "p(y | x)",
    told: (/** @type {string} */ name) => `for ${name}`,
    none: "No guesses were recorded of this checkpoint: python -m aevb measure does it.",
  },
  cluster: {
    head: "cluster",
    table: "Test images by cluster and label",
    where: (/** @type {string} */ name) => `in the ${name}`,
    right: "are in the cluster matched with their label, framed",
    share: "q(y | x)",
    told: (/** @type {string} */ name) => `in the ${name}`,
    none: "These images have no labels that clusters could be held against.",
  },
};

/** The cell's row, in the order of the clusters, and its label; a page of its images. */
export const params = {
  cell: numbers({ reach: 99, digits: 0, count: 2 }),
  page: number({ initial: 1, least: 1, most: 999 }),
};

export default {
  /** @param {{ model: Model, el: HTMLElement }} host */
  render({ model, el }) {
    const checkpoint = model.get("checkpoint");
    const load = (/** @type {import("../../kit/notice.js").Count} */ count) => {
      const about = loadAbout(checkpoint.about);
      const engine = about.then(({ labelled }) =>
        count(() => loadModel(checkpoint, labelled ? ["p", "q"] : ["q"]))
      );
      return Promise.all([about, loadGuesses(model), engine]);
    };
    return whenLoaded(el, load, ([about, guesses, engine]) => {
      const choices = /** @type {Choices} */ (choicesOf(about));
      if (!guesses) return el.append(h("p.notice", {}, WORDS[choices.of].none));
      const confusion = new Confusion(model, el, { about, choices, guesses, engine });
      return () => confusion.end();
    });
  },
};

class Confusion {
  /**
   * @param {Model} model
   * @param {HTMLElement} el
   * @param {{ about: any, choices: Choices, guesses: Guesses, engine: any }} loaded
   */
  constructor(model, el, { about, choices, guesses, engine }) {
    this.model = model;
    this.el = el;
    this.guesses = guesses;
    this.engine = engine;
    this.digits = digitsAt(model.get("digits"));
    this.choices = choices;
    this.words = WORDS[choices.of];
    const { numbers } = choices;
    /** K of the bounds by which labels are guessed; none of clusters. @type {number | undefined} */
    this.samples = about.measures.label_samples;
    /** How many images are in each cell, row by row in their order, with each label. @type {number[][]} */
    this.counts = numbers.map(() => Array(this.digits.classes.length).fill(0));
    const rowOf = new Map(numbers.map((y, row) => [y, row]));
    guesses.of.forEach((y, i) => this.counts[rowOf.get(y) ?? 0][guesses.labels[i]]++);
    /** The label that is matched with each row, −1 for none. @type {number[]} */
    this.matched = numbers.map((y) => guesses.matched[y]);
    this.telling = new AbortController();
    this.cells = this.buildCells();
    this.said = h("p.count", { role: "status" });
    this.sheet = h("div.images", { role: "group" });
    this.before = button("‹", () => put(model, "page", this.page - 1), { "aria-label": "Images before" });
    this.after = button("›", () => put(model, "page", this.page + 1), { "aria-label": "More images" });
    this.where = h("span");
    this.pager = h("div.controls.pager", { "data-sets": "page" }, this.before, this.where, this.after);
    this.large = picture();
    this.inferred = h("p", { role: "status" });
    this.place = h("div.side");
    this.place.append(
      this.said,
      this.sheet,
      this.pager,
      h("div.chosen", {}, this.large.element, this.inferred),
    );
    el.append(this.buildTable(), this.place);
    this.loading = () => {};
    this.ends = [
      follow(model, ["cell", "page"], () => this.open()),
      follow(model, ["digit", "strokes"], () => this.frame()),
      whenSubject(this.place, model, (subject) => this.tell(subject)),
    ];
  }

  end() {
    this.loading();
    this.telling.abort();
    for (const end of this.ends) end();
  }

  // The table

  buildCells() {
    return this.counts.map((counts, row) => {
      const total = Math.max(1, counts.reduce((a, b) => a + b, 0)), where = this.placed(row);
      return counts.map((count, label) => {
        const matched = this.matched[row] === label;
        const cell = h("td", {
          tabIndex: -1,
          "aria-label": `${count} ${where}, labelled ${label}${matched ? ", which is its match" : ""}`,
          style: { "--share": Math.sqrt(count / total) }, // a few among a thousand should be seen
          onclick: () => this.choose([row, label]),
        }, String(count));
        if (matched) cell.classList.add("matched");
        return cell;
      });
    });
  }

  /** How it is said that images are in a row. @param {number} row */
  placed(row) {
    return this.words.where(inWords(this.choices, row));
  }

  buildTable() {
    const { choices: { titles }, guesses: { of: { length } }, cells, counts, matched, words } = this;
    const right = counts.reduce((sum, own, row) => sum + (own[matched[row]] ?? 0), 0);
    const columns = cells[0].map((_, label) => h("th", { scope: "col" }, String(label)));
    const head = [
      h("tr", {}, h("td", {}, words.head), h("th", { scope: "colgroup", colSpan: columns.length }, "label")),
      h("tr", {}, h("td"), ...columns),
    ];
    const rows = cells.map((row, k) => h("tr", {}, h("th", { scope: "row" }, titles[k]), ...row));
    const table = h(
      "table",
      {
        role: "grid",
        "aria-label": words.table,
        "data-control": "",
        "data-sets": "cell",
        style: { "--columns": columns.length },
      },
      h("thead", {}, ...head),
      h("tbody", {}, ...rows),
    );
    table.onkeydown = (/** @type {KeyboardEvent} */ event) => this.key(event);
    const said = [
      h("b", {}, `Accuracy ${estimated(right / length, length)}`),
      `: ${right.toLocaleString("en")} of the ${length.toLocaleString("en")} test images ${words.right}` +
      `${this.samples ? ` (bounds of K = ${this.samples})` : ""}.`,
    ];
    return h("div.whole", { "data-instrument": "" }, h("div.scrolled", {}, table), h("p", {}, ...said));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const [row, label] = this.cell;
    /** @type {Record<string, [number, number]>} */
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const step = steps[event.key];
    if (!step || withCommand(event)) return;
    event.preventDefault();
    const to = [row + step[0], label + step[1]], cell = this.cells[to[0]]?.[to[1]];
    if (!cell) return;
    this.choose(to);
    cell.focus();
  }

  /** @param {number[]} cell */
  choose(cell) {
    this.model.set("page", 1);
    put(this.model, "cell", cell);
  }

  /** The cell that is open: at first the commonest mistake. @returns {number[]} */
  get cell() {
    const said = this.model.get("cell");
    if (said) return said;
    let most = [0, 0];
    this.counts.forEach((counts, row) =>
      counts.forEach((count, label) => {
        const taken = this.matched[most[0]] === most[1] ? -1 : this.counts[most[0]][most[1]];
        if (this.matched[row] >= 0 && this.matched[row] !== label && count > taken) most = [row, label];
      })
    );
    return most;
  }

  // Its images

  /** The numbers of those of a cell, the surest first. @param {number[]} cell @returns {number[]} */
  members([row, label]) {
    const { guesses: { of, shares, images, labels }, choices: { numbers } } = this;
    const found = Array.from(of.keys()).filter((i) => of[i] === numbers[row] && labels[i] === label);
    return found.sort((a, b) => shares[b] - shares[a]).map((i) => images[i]);
  }

  /** How many pages of images the cell has. */
  get pages() {
    const [row, label] = this.cell;
    return Math.max(1, Math.ceil(this.counts[row][label] / PAGE));
  }

  /** Which of them is shown, from 1. */
  get page() {
    return Math.min(this.model.get("page"), this.pages);
  }

  /** Shows the images of the link's cell. */
  open() {
    const { cell: [row, label], cells } = this;
    if (!cells[row]?.[label]) return unread(this.el, "cell");
    within(this.model, this.el, "page", params.page, this.pages);
    cells.forEach((line, k) =>
      line.forEach((cell, y) => {
        const open = k === row && y === label;
        cell.tabIndex = open ? 0 : -1;
        cell.setAttribute("aria-selected", String(open));
      })
    );
    const all = this.members([row, label]), { page } = this, first = PAGE * (page - 1);
    const shown = all.slice(first, first + PAGE), where = this.placed(row);
    const placed = where[0].toUpperCase() + where.slice(1);
    const unranked = this.samples && this.matched[row] === label; // how sure it was of mistakes alone is kept
    const said = all.length
      ? `${placed}, labelled ${label}: ${counted(all.length, "image")}${
        unranked ? "" : ", the surest first"
      }.`
      : `${placed}, labelled ${label}: no test image.`;
    setText(this.said, said);
    this.sheet.setAttribute("aria-label", said);
    this.pager.hidden = all.length <= PAGE;
    this.before.disabled = page === 1;
    this.after.disabled = first + PAGE >= all.length;
    setText(this.where, `${first + 1} to ${first + shown.length} of ${all.length.toLocaleString("en")}`);
    this.show(shown);
  }

  /** @param {number[]} shown */
  show(shown) {
    this.loading();
    this.shown = shown;
    this.images = shown.map((i) => {
      const canvas = h("canvas.pixels", { width: 28, height: 28 }), name = this.digits.title(i);
      const onclick = () => chooseDigit(this.model, i);
      return h("button", { type: "button", title: name, "aria-label": name, onclick }, canvas);
    });
    // Few are larger.
    this.sheet.style.setProperty(
      "--across",
      String(Math.min(10, Math.max(4, Math.ceil(Math.sqrt(1.4 * shown.length))))),
    );
    this.sheet.replaceChildren(...this.images);
    this.frame();
    this.loading = whenLoaded(this.sheet, () => this.digits.loadAll(shown), () => {
      shown.forEach((i, k) => {
        const image = this.digits.peek(i), canvas = this.images?.[k].firstElementChild;
        if (image) paint(canvas, image);
      });
    }, "Loading the digits …");
  }

  /** The image that is the page's digit. */
  frame() {
    const digit = this.model.get("strokes") ? -1 : this.model.get("digit");
    this.images?.forEach((image, k) => {
      const own = this.shown?.[k] === digit;
      image.classList.toggle("marked", own);
      image.setAttribute("aria-pressed", String(own));
    });
  }

  /** What the model infers of the page's digit or drawing. @param {import("../../kit/controls.js").Subject} subject */
  tell({ pixels, title }) {
    const { engine, samples } = this, x = engine.observe(pixels);
    this.large.show(pixels, title);
    this.telling.abort();
    if (!samples) return this.say(engine.weigh(x));
    this.telling = new AbortController();
    const { signal } = this.telling;
    whileStale([this.inferred], labelBounds(engine, x, samples, new Random(0)), { signal, budget: BUDGET })
      .then((bounds) => bounds && this.say(softmax(bounds)));
  }

  /** @param {Float32Array} weights of the choices, as the model counts them */
  say(weights) {
    const { choices, words } = this;
    const shares = choices.numbers.map((y, k) => ({ name: inWords(choices, k), share: weights[y] }));
    const told = shares.filter(({ share }) => share >= TOLD).sort((a, b) => b.share - a.share);
    const said = told.slice(0, LONGEST).map(({ name, share }) => `${probability(share)} ${words.told(name)}`);
    const end = told.length > LONGEST ? ", …" : ".";
    this.inferred.replaceChildren(h("b", {}, words.share), `: ${said.join(", ")}${end}`);
  }
}
