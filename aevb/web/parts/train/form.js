// Before a run: a model, data, a preset, and what is to differ from it.

import { button, folded, follow, select } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { counted, number } from "../../kit/format.js";
import { onLayout, themeOf } from "../../kit/panel.js";
import { unread } from "../../kit/params.js";
import { onNextFrame } from "../../kit/slices.js";
import { Bring } from "./bring.js";
import { Plan } from "./plan.js";
import { duration } from "./record.js";
import {
  chosen,
  fieldsOf,
  inTurn,
  KEYS,
  read,
  specificationOf,
  stepsOf,
  valueOf,
  write,
} from "./specification.js";
import { ask, ownRuns, rememberRun, visitor } from "./wire.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("./specification.js").Options} Options
 * @typedef {import("./specification.js").Field} Field
 * @typedef {{ seconds: number, parameters: number }} Estimate
 */

const STILL = 400; // ms without a change until the time is asked for

/** @type {Map<string, Promise<Estimate>>} */
const estimates = new Map();

/** How long a run would take, asked once; or why it cannot be. @param {any} specification @returns {Promise<Estimate>} */
function estimate(specification) {
  const key = JSON.stringify(specification);
  let found = estimates.get(key);
  if (!found) {
    found = ask("estimate", { body: { specification, visitor: visitor() } });
    estimates.set(key, found);
    found.catch(() => estimates.delete(key));
  }
  return found;
}

export class Form {
  /** @param {Model} model @param {HTMLElement} el @param {Options} options */
  constructor(model, el, options) {
    this.model = model;
    this.el = el;
    this.options = options;
    this.plan = new Plan();
    this.ended = false;
    this.number = 0; // counts the runs that were asked for: what is answered about another one comes too late
    /** @type {any} */
    this.specification = null;
    this.steps = 0;
    /** @type {Record<string, { element: HTMLElement, show: (value: any) => void }>} */
    this.fields = {};
    /** The one whose settings are there. @type {import("./specification.js").Choice | null} */
    this.built = null;
    this.models = choices(
      "Model",
      options.models.map(({ name, title }) => [name, title]),
      (name) => this.choose({ model: name }),
    );
    this.data = select(
      "Data",
      options.data.map(({ name, title }) => [name, title]),
      (name) => this.put("data", name),
    );
    this.bring = new Bring(el, options, (images) => {
      options.data.push(images);
      this.data.menu.append(h("option", { value: images.name }, images.title));
      this.put("data", images.name);
    });
    this.presets = h("div.presets", { role: "group", "aria-label": "Presets" });
    this.says = h("p.for");
    this.first = h("div.fields");
    this.rest = h("div.fields");
    this.start = button("Start", () => this.begin(), { className: "button primary start", disabled: true });
    this.said = h("p.said", { role: "status" });
    this.problem = h("p.problem", { role: "alert", hidden: true });
    this.more = folded("More settings", h("div.box", {}, this.rest));
    this.last = button("My last run", () => this.go(ownRuns()[0]), { hidden: !ownRuns().length });
    el.replaceChildren(h(
      "div.form",
      {},
      h("div.controls.what", {}, this.models.element, this.data.element, this.bring.element),
      this.presets,
      this.says,
      h("div.settings", {}, this.first),
      h("div.place", { "data-instrument": "" }, this.plan.canvas),
      h(
        "div.controls.begin",
        { "data-control": "" },
        this.start,
        h("div.words", {}, this.said, this.problem),
        this.last,
        this.more.element,
      ),
    ));
    this.redraw = onNextFrame(() => this.draw());
    const update = onNextFrame(() => this.update());
    this.ends = [
      this.more.end,
      () => this.bring.end(),
      this.redraw.cancel,
      update.cancel,
      onLayout(this.plan.canvas, this.redraw),
      follow(model, KEYS, update),
      () => clearTimeout(this.waiting),
    ];
  }

  end() {
    this.ended = true;
    this.number++;
    for (const end of this.ends) end();
  }

  /** @param {string} key */
  get(key) {
    return String(this.model.get(key) ?? "");
  }

  /** @param {string} key @param {string} words */
  put(key, words) {
    this.model.set(key, words);
    this.model.save_changes();
  }

  /** Begins anew with another model or preset. @param {Record<string, string>} words */
  choose(words) {
    for (const key of KEYS) this.model.set(key, words[key] ?? "");
    this.model.save_changes();
  }

  /** Shows a run. @param {string} id */
  go(id) {
    this.put("run", id);
  }

  /** What the link asks for is shown. */
  update() {
    const { options } = this, get = (/** @type {string} */ key) => this.get(key);
    const { model, preset, data } = chosen(options, get);
    const { specification, unread: words } = specificationOf(options, get);
    for (const key of words) unread(this.el, key);
    if (words.length) return; // they are at their defaults now, which brings this here again
    Object.assign(this, { specification, steps: stepsOf(specification.training, data.count) });
    if (this.built !== model) this.build(model);
    this.models.show(model.name);
    this.data.show(data.name);
    for (const card of this.presets.children) {
      card.setAttribute("aria-pressed", String(card.dataset.preset === preset.id));
    }
    setText(this.says, preset.says);
    const fields = fieldsOf(model);
    for (const [key, { show }] of Object.entries(this.fields)) {
      show(valueOf(specification, key, fields[key]));
    }
    this.start.disabled = false;
    this.problem.hidden = true;
    setText(this.said, "Measuring how long that takes here …");
    this.redraw();
    this.number++;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.measure(model), STILL);
  }

  /** The settings and presets of a model. @param {import("./specification.js").Choice} model */
  build(model) {
    const fields = fieldsOf(model);
    this.built = model;
    this.fields = Object.fromEntries(
      Object.entries(fields).map(([key, field]) => [
        key,
        control(key, field, (words) => this.put(key, words), (problem) => this.refuse(problem)),
      ]),
    );
    const those = (/** @type {boolean} */ first) =>
      Object.keys(fields).filter((key) => fields[key].first === first).map((key) => this.fields[key].element);
    this.first.replaceChildren(...those(true));
    this.rest.replaceChildren(...those(false));
    this.presets.replaceChildren(...model.presets.map(({ id, title }) =>
      h(
        "button.button.preset",
        { type: "button", "data-preset": id, onclick: () => this.choose({ model: model.name, preset: id }) },
        h("b", {}, title),
        h("span.time", {}, "…"),
      )
    ));
  }

  /** Asks how long it would take: this run first, then the presets. @param {import("./specification.js").Choice} model */
  async measure(model) {
    const { number: mine, specification } = this;
    const told = (/** @type {Estimate} */ { seconds }) => `≈ ${duration(seconds)} here`;
    const failed = (/** @type {Error} */ { message }) => message;
    try {
      const { seconds, parameters } = await estimate(specification);
      if (mine !== this.number) return;
      setText(
        this.said,
        `About ${duration(seconds)} here: ${counted(this.steps, "step")}, ${
          counted(parameters, "parameter")
        }.`,
      );
    } catch (error) {
      if (mine !== this.number) return;
      setText(this.said, "");
      this.refuse(failed(/** @type {Error} */ (error)));
    }
    for (const [k, { specification }] of model.presets.entries()) {
      const said = await estimate(specification).then(told, failed);
      if (mine !== this.number) return;
      setText(this.presets.children[k].querySelector(".time"), said);
    }
  }

  draw() {
    if (!this.specification) return;
    this.plan.show(themeOf(this.el), this.specification.training, this.steps);
  }

  /** @param {string} problem */
  refuse(problem) {
    setText(this.problem, problem);
    this.problem.hidden = false;
  }

  async begin() {
    this.update(); // what was written just before the press
    this.start.disabled = true;
    this.problem.hidden = true;
    try {
      const { id } = await ask("start", { body: { specification: this.specification, visitor: visitor() } });
      rememberRun(id);
      if (!this.ended) this.go(id);
    } catch (error) {
      this.refuse(/** @type {Error} */ (error).message);
    } finally {
      this.start.disabled = false;
    }
  }
}

/** A choice of a few. @param {string} label @param {[string, string][]} titles @param {(value: string) => void} chosen */
export function choices(label, titles, chosen) {
  const buttons = titles.map(([value, title]) =>
    h("button", { type: "button", onclick: () => chosen(value), "data-value": value }, title)
  );
  return {
    element: h("div.segments", { role: "group", "aria-label": label }, ...buttons),
    /** @param {string} value */
    show(value) {
      for (const one of buttons) one.setAttribute("aria-pressed", String(one.dataset.value === value));
    },
  };
}

/**
 * A setting to be written or chosen.
 * @param {string} key
 * @param {Field} field
 * @param {(words: string) => void} put
 * @param {(problem: string) => void} refuse
 */
function control(key, { label, kind }, put, refuse) {
  if (kind.kind === "schedule") return schedule(label, put);
  if (kind.kind === "choice" || kind.kind === "flag") {
    const of = kind.choices ?? ["yes", "no"];
    const { element, show } = select(label, of.map((value) => [value, value]), put);
    return { element, show: (/** @type {any} */ value) => void show(write(value)) };
  }
  const list = kind.kind === "widths", whole = kind.kind === "whole";
  const input = h("input", {
    type: list ? "text" : "number",
    className: list ? "list" : "",
    min: kind.least,
    max: kind.most,
    step: whole ? "1" : "any",
    inputMode: list ? "text" : whole ? "numeric" : "decimal",
    placeholder: "none",
    name: key,
    onchange: () => {
      const words = input.value.replaceAll(/\s/g, "");
      if (!words || read(kind, words) !== undefined) return put(words);
      refuse(`${label}: ${rangeInWords(kind)}.`);
      input.value = before;
    },
  });
  let before = "";
  return {
    element: h("label.select", {}, h("span", {}, label), input),
    /** @param {any} value */
    show(value) {
      before = write(value);
      if (!edited(input)) input.value = before;
    },
  };
}

/** Whether somebody is writing there: what is being written is not overwritten. @param {HTMLInputElement} input */
function edited(input) {
  return /** @type {ShadowRoot | Document} */ (input.getRootNode()).activeElement === input;
}

/** @param {import("./specification.js").Kind} kind */
function rangeInWords({ kind, least, most }) {
  const first = least ?? (kind === "widths" ? 1 : 0);
  const one = kind === "whole"
    ? "a whole number"
    : kind === "widths"
    ? "whole numbers, with commas,"
    : "a number";
  return `${one} from ${number(first)}${most === undefined ? "" : ` to ${number(most)}`}`;
}

/** Both at once, or in turn and how many of each. @param {string} label @param {(words: string) => void} put */
export function schedule(label, put) {
  const turn = { e: 50, m: 50 };
  const which = choices(
    label,
    [["AEVB", "together"], ["turn", "in turn"]],
    (value) => put(value === "AEVB" ? value : `${turn.e},${turn.m}`),
  );
  const [e, m] = /** @type {const} */ (["e", "m"]).map((phase) => {
    const input = h("input", {
      type: "number",
      min: "0",
      max: "10000",
      step: "1",
      inputMode: "numeric",
      "aria-label": `Steps of an ${phase.toUpperCase()}-step`,
      onchange: () => {
        const count = Math.round(Number(input.value));
        if (input.value === "" || count < 0 || (!count && !turn[phase === "e" ? "m" : "e"])) {
          input.value = String(turn[phase]);
          return;
        }
        turn[phase] = count;
        put(`${turn.e},${turn.m}`);
      },
    });
    return input;
  });
  const steps = h("span.turn", {}, "E", e, "M", m);
  const write = () => {
    if (!edited(e)) e.value = String(turn.e);
    if (!edited(m)) m.value = String(turn.m);
  };
  return {
    element: h("div.select.schedule", {}, h("span", {}, label), which.element, steps),
    /** @param {"AEVB" | number[]} value */
    show(value) {
      const found = inTurn(value);
      if (found) Object.assign(turn, found);
      which.show(found ? "turn" : "AEVB");
      steps.hidden = !found;
      write();
    },
  };
}
