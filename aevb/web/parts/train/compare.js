// Runs side by side: their curves on one axis, what each draws, the same image through each, and how they were asked for.

import { follow, put, segments, select, slider } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { number } from "../../kit/format.js";
import { movable, onLayout, themeOf } from "../../kit/panel.js";
import { choice, number as numeral, text } from "../../kit/params.js";
import { onNextFrame } from "../../kit/slices.js";
import { Contender, LOOKS } from "./contender.js";
import { Overlay } from "./overlay.js";
import { Row } from "./row.js";
import { onOneScale, sideBySide } from "./settings.js";
import { Through } from "./through.js";
import { ask, ownRuns } from "./wire.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("./specification.js").Options} Options
 */

const MOST = LOOKS.length; // runs at once
const RECENT = 8; // of the visitor's own runs that are offered
const ZOOMS = { all: "all steps", half: "second half", tenth: "last tenth" };
const THROUGH = { validation: "of the film", test: "any test image" };
const BEGINS = /** @type {Record<string, number>} */ ({ all: 0, half: 0.5, tenth: 0.9 });
const IDS = /[\w-]{4,64}(?:,[\w-]{4,64}){0,3}/;

/**
 * The runs that are compared, the image of the film or of the test set that goes through each, the step that is looked
 * at, and from where on.
 */
export const params = {
  runs: text({ form: new RegExp(`^${IDS.source}$`) }),
  image: numeral({ initial: 0, least: 0, most: 15 }),
  through: choice({ initial: "validation", of: Object.keys(THROUGH) }),
  test: numeral({ initial: 0, least: 0, most: 99_999 }),
  at: numeral({ initial: null, least: 0, most: 120_000 }),
  zoom: choice({ initial: "all", of: Object.keys(ZOOMS) }),
};

/** The runs that a link or an id names. @param {string} words @returns {string[]} */
export function runsIn(words) {
  const ids = /[?&]runs?=([^&#]+)/.exec(words)?.[1].replaceAll("%2C", ",") ?? words.trim();
  return new RegExp(`^${IDS.source}$`).test(ids) ? ids.split(",") : [];
}

export class Compare {
  /** @param {Model} model @param {HTMLElement} el @param {Options} options */
  constructor(model, el, options) {
    this.model = model;
    this.el = el;
    this.options = options;
    /** @type {Contender[]} */
    this.contenders = [];
    /** @type {Row[]} */
    this.rows = [];
    this.draw = onNextFrame(() => this.redraw());
    this.overlay = new Overlay();
    this.layout = onNextFrame(() => {
      this.overlay.panel.fit();
      for (const row of this.rows) row.fit();
      this.redraw();
    });
    this.mine = select("Add", [["", "one of my runs"]], (id) => this.add([id]));
    this.pasted = h("input.list", {
      type: "text",
      placeholder: "or paste a link",
      "aria-label": "A link to a run",
      onchange: () => this.paste(),
    });
    this.problem = h("p.problem", { role: "alert", hidden: true });
    this.hint = h("p.hint", { role: "status" });
    const zoom = segments(model, "zoom", "What of the steps is shown", ZOOMS);
    this.step = slider({
      label: "step",
      least: 0,
      most: 1,
      step: 1,
      input: (step) => this.go(step),
      done: () => model.save_changes(),
      say: (step) => step >= this.last ? "the last" : number(step),
    });
    this.image = slider({
      label: "image",
      least: 1,
      most: 16,
      step: 1,
      input: (image) => model.set("image", image - 1),
      done: () => model.save_changes(),
    });
    this.any = new Through(model, this.draw);
    const through = segments(model, "through", "Which image goes through", THROUGH);
    this.titles = h("span", {}, "");
    this.table = h("tbody");
    this.list = h("div.contenders");
    const { canvas } = this.overlay.panel;
    movable(
      canvas,
      (event) => {
        const { axes } = this.overlay.panel;
        if (axes) this.go(Math.round(axes.valueAt(event.clientX - canvas.getBoundingClientRect().left)));
      },
      () => {},
      () => model.save_changes(),
    );
    el.replaceChildren(h(
      "div.compare",
      {},
      h(
        "div.controls.choose",
        { "data-control": "" },
        this.mine.element,
        this.pasted,
        this.problem,
        this.hint,
      ),
      h("div.place", {}, canvas),
      h("div.controls.cursor", {}, this.step.element, zoom.element),
      h(
        "div.asked",
        { role: "region", "aria-label": "Settings", tabIndex: 0 },
        h("table", {}, this.table),
      ),
      h("div.pictures", {}, this.list),
      h("div.controls.through", {}, through.element, this.image.element, this.any.element),
    ));
    if (!model.get("runs")) put(model, "runs", ownRuns().slice(0, 2).join(","));
    this.ends = [
      zoom.end,
      through.end,
      () => this.any.end(),
      this.draw.cancel,
      this.layout.cancel,
      onLayout(canvas, this.layout),
      onLayout(el, this.layout),
      follow(model, ["runs"], () => this.choose()),
      follow(model, ["image", "through", "test", "at", "zoom"], this.draw),
      () => this.contenders.forEach((one) => one.end()),
    ];
  }

  end() {
    for (const end of this.ends) end();
  }

  /** @type {string[]} */
  get ids() {
    return [...new Set((this.model.get("runs") || "").split(",").filter(Boolean))];
  }

  /** The last step of all. */
  get last() {
    return Math.max(2, ...this.contenders.map(({ last }) => last));
  }

  /** @param {number} step */
  go(step) {
    this.model.set("at", step >= this.last ? null : Math.max(0, step));
  }

  /** @param {string[]} ids */
  add(ids) {
    const all = [...new Set([...this.ids, ...ids])];
    this.refuse(all.length > MOST ? `${MOST} runs at most stand side by side: take one away first.` : "");
    if (all.length <= MOST) put(this.model, "runs", all.join(","));
  }

  paste() {
    const found = runsIn(this.pasted.value);
    if (this.pasted.value && !found.length) {
      this.refuse("That is no link to a run: it holds ?run= and a name.");
    } else this.add(found);
    if (found.length) this.pasted.value = "";
  }

  /** @param {string} problem */
  refuse(problem) {
    setText(this.problem, problem);
    this.problem.hidden = !problem;
  }

  /** Follows the runs of the link and no others. */
  choose() {
    const { ids } = this;
    const kept = this.contenders.filter(({ id }) => ids.includes(id));
    for (const one of this.contenders) if (!kept.includes(one)) one.end();
    this.contenders = ids.map((id) => kept.find((one) => one.id === id) ?? new Contender(id, this.draw));
    this.rows = this.contenders.map((one, k) =>
      new Row(one, k, () => put(this.model, "runs", this.ids.filter((id) => id !== one.id).join(",")))
    );
    const titles = h(
      "div.shown",
      {},
      h("span", {}, "drawn from the prior"),
      this.titles,
    );
    const heads = ids.length && h("div.row.heads", { "aria-hidden": "true" }, h("span"), titles);
    this.list.replaceChildren(...[heads, ...this.rows.map(({ element }) => element)].filter(Boolean));
    this.list.style.setProperty("--runs", String(Math.max(2, this.rows.length)));
    this.draw();
    this.offer();
  }

  /** The visitor's own runs that are not there yet, in words. */
  async offer() {
    const own = ownRuns().slice(0, RECENT).filter((id) => !this.ids.includes(id));
    const told = await Promise.all(own.map((id) => ask(`run/${id}?from=999999999`).catch(() => null)));
    const titles = own.flatMap((id, i) => {
      if (!told[i]?.specification) return []; // it has expired
      const { specification: { model, data }, step, status } = told[i];
      const title = this.options.models.find(({ name }) => name === model)?.title ?? model;
      return [[id, `${title}, ${data}, step ${number(step)}, ${status}`]];
    });
    const first = ["", titles.length ? "one of my runs" : "no other run of mine"];
    this.mine.menu.replaceChildren(
      ...[first, ...titles].map(([value, title]) => h("option", { value }, title)),
    );
    this.mine.menu.disabled = !titles.length;
  }

  redraw() {
    const { contenders, model, last } = this, theme = themeOf(this.el), at = model.get("at");
    const curves = contenders.map((one, k) => ({ k, ...LOOKS[k], ...one.curve }));
    const from = Math.floor(BEGINS[model.get("zoom")] * last);
    Object.assign(this.step.range, { max: String(last), min: String(from) });
    this.step.show(at === null ? last : Math.max(from, Math.min(last, at)));
    this.image.show(model.get("image") + 1);
    this.image.element.hidden = this.any.chosen;
    this.any.follow(contenders);
    setText(
      this.titles,
      this.any.chosen ? "image → reconstruction, at the end" : "image → reconstruction",
    );
    this.overlay.keep(theme, curves, { from, last });
    this.overlay.show(theme, curves, at);
    for (const row of this.rows) row.show(theme, at, model.get("image"), this.any);
    this.tell(contenders.flatMap(({ told }) => (told?.specification ? [told.specification] : [])));
  }

  /** How the runs were asked for, and what is to be known of them together. @param {any[]} specifications */
  tell(specifications) {
    const { contenders, options } = this, few = contenders.length < 2;
    const hint = few
      ? "Choose two runs or more; a run is started in the scene before."
      : onOneScale(options, specifications)
      ? ""
      : "Other data, another likelihood, or a label that is given: these ELBOs are not on one scale.";
    setText(this.hint, hint);
    const there = contenders.flatMap(({ told }, k) => (told?.specification ? [LOOKS[k].letter] : []));
    const key = JSON.stringify([there, specifications]);
    if (this.table.dataset.key === key) return;
    this.table.dataset.key = key;
    const rows = specifications.length ? sideBySide(options, specifications) : [];
    this.table.replaceChildren(
      h(
        "tr",
        {},
        h("th", { scope: "col" }, "Settings"),
        ...there.map((one) => h("th", { scope: "col" }, one)),
      ),
      ...rows.map(({ label, values, differ }) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, label),
          ...values.map((value) => h("td", {}, differ ? h("b", {}, value) : value)),
        )
      ),
    );
  }
}
