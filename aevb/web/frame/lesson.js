// A lesson: a view of which a class may move what its link leaves free, `?free=z3,digit`. The link itself holds the rest
// (frame/link.js); here controls of it are taken away, and links of lessons are made.

import { h, holdRules } from "../kit/elements.js";

/** @typedef {import("./explorer.js").Explorer} Explorer */

const CONTROLS = "button, input, select, details, label, .slider, .select, .segments, .chooser";

/** Rules that leave of an instrument's controls those that set one of these. @param {string[]} free */
export function rules(free) {
  const is = `:is(${free.map((name) => `[data-sets~="${CSS.escape(name)}"]`)})`;
  const others =
    `:is(${CONTROLS}):not([data-sets], ${is} *, :has(${is})), [data-sets]:not(${is}, :has(${is}))`;
  const pictures = `:is(canvas, button:has(canvas), [role=grid]):not(${is}, ${is} *)`;
  return `
    .instrument :is(${others}):not(canvas, button:has(canvas), [role=grid]) { display: none !important; }
    .instrument ${pictures} { pointer-events: none; }
    ${free.includes("scene") ? "" : ".strip > :is(.tabs, .step, .where) { display: none !important; }"}`;
}

/** What an explorer looks like in a lesson. */
export class Lesson {
  /** @param {Explorer} explorer */
  constructor(explorer) {
    const { link, tree, chip } = explorer;
    const free = link.free ?? [];
    this.showAll = holdRules(tree, rules(free));
    const title = "Show all controls";
    const leave = () => {
      link.set("free", "");
      link.save();
      explorer.take();
    };
    this.chip = h(
      "span.kept",
      { title: `May be changed: ${free.join(", ")}` },
      "Lesson",
      h("button.step.leave", { type: "button", "aria-label": title, title, onclick: leave }, "×"),
    );
    chip.element.after(this.chip);
  }

  end() {
    this.chip.remove();
    this.showAll();
  }
}

/** What an instrument's controls set: by the name of the value, what they are called. @param {HTMLElement} instrument */
function changeable(instrument) {
  /** @type {Map<string, Set<string>>} */
  const found = new Map();
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (instrument.querySelectorAll("[data-sets]"))) {
    const name = element.dataset.sets?.split(" ").pop() ?? "";
    const titles = found.get(name) ?? new Set(), title = called(element);
    if (title) titles.add(title);
    found.set(name, titles);
  }
  return found;
}

/** @param {HTMLElement} element @returns {string} */
function called(element) {
  const inside = element.querySelector("input[aria-label]") ?? element.querySelector("[aria-label]");
  const named = element.matches("[aria-label]") ? element : inside;
  const label = element.matches("button:not([aria-label])")
    ? element.textContent
    : named?.getAttribute("aria-label");
  return label ?? element.querySelector("span")?.textContent ?? element.textContent ?? "";
}

/** Makes a lesson's link: ticks what the class may move. */
export class Builder {
  /**
   * @param {{ element: HTMLElement, area: HTMLTextAreaElement }} field for the link
   * @param {{ instrument: HTMLElement, link: { get(key: string): any } }} view
   */
  constructor(field, view) {
    this.area = field.area;
    this.view = view;
    this.url = "";
    /** @type {HTMLInputElement[]} */
    this.ticks = [];
    this.list = h("ul");
    this.element = h(
      "details.lesson",
      { ontoggle: () => this.offer() },
      h("summary", {}, h("h3", {}, "A lesson")),
      h("p", {}, "Tick what the class may change. All else stays as it is now, and its controls are hidden."),
      this.list,
      field.element,
    );
  }

  /** What there is to tick, as soon as somebody looks: the instrument has its controls by then. */
  offer() {
    const { instrument, link } = this.view, free = (link.get("free") ?? "").split(",");
    const ticked = this.ticks.length
      ? this.ticks.filter(({ checked }) => checked).map(({ value }) => value)
      : free;
    const rows = [["scene", "the other scenes"]];
    for (const [name, titles] of changeable(instrument)) {
      const few = [...titles].slice(0, 3).join(", ");
      rows.push([name, titles.size > 3 ? `${few} …` : few]);
    }
    this.ticks = rows.map(([name]) =>
      h("input", {
        type: "checkbox",
        value: name,
        checked: ticked.includes(name),
        onchange: () => this.write(),
      })
    );
    const labels = rows.map(([name, title], k) => h("label", {}, this.ticks[k], h("code", {}, name), title));
    this.list.replaceChildren(...labels.map((label) => h("li", {}, label)));
    this.write();
  }

  /** @param {string} url of the view */
  show(url) {
    this.url = url;
    this.write();
  }

  write() {
    const free = this.ticks.filter(({ checked }) => checked).map(({ value }) => value);
    this.area.value = free.length ? lessonOf(this.url, free) : "Tick at least one value.";
  }
}

/** A view's link that leaves so much free. @param {string} url @param {string[]} free */
function lessonOf(url, free) {
  const link = new URL(url);
  link.searchParams.set("free", free.join(","));
  return link.href.replaceAll("%2C", ",");
}
