// Controls that parts share. Each writes its value into the model's key, and follows it.

import { digitsAt } from "./digits.js";
import { h, setText } from "./elements.js";
import { atLeisure } from "./slices.js";
import { parse, prepare } from "../engine/ink.js";

/** @typedef {{ get(key: string): any, set(key: string, value: any): void, save_changes(): void,
 *   on(event: string, f: () => void): void, off(event: string, f: () => void): void }} Model */

/**
 * Calls `f` now and whenever one of these keys changes; returns what ends it.
 * @param {Model} model
 * @param {string[]} keys
 * @param {() => void} f
 */
export function follow(model, keys, f) {
  for (const key of keys) model.on(`change:${key}`, f);
  f();
  return () => {
    for (const key of keys) model.off(`change:${key}`, f);
  };
}

/**
 * As `follow`, for work that goes on after the call: whatever was begun before is aborted.
 * @param {Model} model
 * @param {string[]} keys
 * @param {(signal: AbortSignal) => void} begin
 */
export function followAnew(model, keys, begin) {
  let working = new AbortController();
  const unfollow = follow(model, keys, () => {
    working.abort();
    working = new AbortController();
    begin(working.signal);
  });
  return () => {
    unfollow();
    working.abort();
  };
}

/** Sets a value and notes it in the link. @param {Model} model @param {string} key @param {any} value */
export function put(model, key, value) {
  model.set(key, value);
  model.save_changes();
}

// A lesson may leave a control out (frame/lesson.js). So each says in `data-sets` which values of the link it sets, or
// which number of one: "z z3".

/**
 * A button.
 * @param {string} title
 * @param {() => void} onclick
 * @param {Record<string, any>} [more]
 */
export function button(title, onclick, more = {}) {
  return h("button.button", { type: "button", onclick, ...more }, title);
}

/**
 * What is a click away: a press elsewhere, or Escape, folds it.
 * @param {string} title
 * @param {HTMLElement} box
 */
export function folded(title, box) {
  const element = h(
    "details.more",
    {
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Escape" || !element.open) return;
        event.stopPropagation();
        element.open = false;
        element.firstElementChild.focus();
      },
    },
    h("summary.button", {}, title),
    box,
  );
  const outside = (/** @type {Event} */ event) => {
    if (element.open && !event.composedPath().includes(element)) element.open = false;
  };
  addEventListener("pointerdown", outside);
  return { element, end: () => removeEventListener("pointerdown", outside) };
}

/**
 * A slider under its name, with its value. `show` puts it somewhere.
 * @param {{ label: string, least: number, most: number, step: number, say?: (value: number) => string, sets?: string,
 *   input: (value: number) => void, done?: () => void }} settings `input` is called on every move, `done` on release
 */
export function slider({ label, least, most, step, say = String, sets, input, done = () => {} }) {
  const range = h("input", {
    type: "range",
    min: String(least),
    max: String(most),
    step: String(step),
    "aria-label": label,
    oninput: () => {
      said = undefined;
      later();
      input(Number(range.value));
    },
    onchange: done,
  });
  const output = h("output", { "aria-live": "off" }); // the slider tells it itself, to whoever moves it
  /** @type {string | undefined} */
  let said;
  const write = () => {
    const text = say(Number(range.value));
    setText(output, text);
    range.setAttribute("aria-valuetext", said ?? text);
  };
  const later = atLeisure(write);
  const element = h("label.slider", { "data-sets": sets }, h("span", {}, label), range, output);
  return {
    element,
    range,
    /** @param {number} value @param {string} [spoken] what a screen reader says of it, where that is more */
    show(value, spoken) {
      said = spoken;
      range.value = String(value);
      if (output.textContent) later();
      else write();
    },
  };
}

/**
 * A choice of a few, all in sight.
 * @param {Model} model
 * @param {string} key
 * @param {string} label
 * @param {Record<string, string>} titles by value
 */
export function segments(model, key, label, titles) {
  const buttons = Object.entries(titles).map(([value, title]) =>
    h("button", { type: "button", onclick: () => put(model, key, value), "data-value": value }, title)
  );
  const element = h("div.segments", { role: "group", "aria-label": label, "data-sets": key }, ...buttons);
  const end = follow(model, [key], () => {
    for (const one of buttons) one.setAttribute("aria-pressed", String(one.dataset.value === model.get(key)));
  });
  return { element, buttons, end };
}

/**
 * A choice of many.
 * @param {string} label
 * @param {[value: string, title: string][]} options
 * @param {(value: string) => void} chosen
 * @param {string} [sets]
 */
export function select(label, options, chosen, sets) {
  const menu = h(
    "select",
    { onchange: () => chosen(menu.value) },
    ...options.map(([value, title]) => h("option", { value }, title)),
  );
  const element = h("label.select", { "data-sets": sets }, h("span", {}, label), menu);
  const show = (/** @type {string} */ value) => (menu.value = value);
  return { element, menu, show };
}

/**
 * A button that draws another seed; so does the key r.
 * @param {Model} model
 * @param {string} title what the button says
 */
export function seedButton(model, title) {
  const again = button(title, () => put(model, "seed", Math.floor(10_000 * Math.random())), {
    "aria-keyshortcuts": "r",
    "data-sets": "seed",
  });
  again.dataset.key = "r";
  return again;
}

// What is shown: a test digit, or a drawing.

/** @typedef {{ pixels: Float32Array, label: number | null, title: string, key: string, drawn: boolean }} Subject */

/**
 * The digit or the drawing of the link: its pixels in [0, 1], its label where it has one, and what to call it.
 * @param {Model} model
 * @param {string} [key] of another digit, which no drawing takes the place of
 * @returns {Promise<Subject>}
 */
export async function subjectOf(model, key = "digit") {
  const strokes = key === "digit" && model.get("strokes");
  const drawn = strokes && parse(strokes);
  if (drawn) return { pixels: prepare(drawn), label: null, title: "your drawing", key: strokes, drawn: true };
  const digits = digitsAt(model.get("digits"));
  const digit = Math.min(model.get(key), digits.count - 1);
  const [pixels, labels] = await Promise.all([digits.load(digit), digits.loadLabels()]);
  const label = digits.classes.length ? labels[digit] : null;
  return { pixels, label, title: digits.title(digit), key: String(digit), drawn: false };
}

/** Shows a test digit, in a drawing's place too. @param {Model} model @param {number} digit */
export function chooseDigit(model, digit) {
  model.set("strokes", "");
  put(model, "digit", digit);
}

/** Classes with a button each at most: of more the buttons leave no room for what is looked at. */
const BUTTONS = 10;

/**
 * The choice of a test digit: by number, at random within a class, or at random; a drawing until one is chosen.
 * @param {Model} model
 * @param {{ label?: string, key?: string, at?: import("./digits.js").DigitsAt }} [settings] the key of the digit, and
 *   where the digits are
 */
export function digitChooser(
  model,
  { label = "Test digit", key = "digit", at = model.get("digits") } = {},
) {
  const digits = digitsAt(at);
  const choose = (/** @type {number} */ digit) =>
    key === "digit" ? chooseDigit(model, digit) : put(model, key, digit);
  const field = h("input", {
    type: "number",
    min: "0",
    max: String(digits.count - 1),
    step: "1",
    inputMode: "numeric",
    "aria-label": label,
    onchange: () => {
      const value = Math.round(Number(field.value));
      if (field.value !== "" && value >= 0 && value < digits.count) choose(value);
      else field.value = String(model.get(key));
    },
  });
  const another = async (/** @type {number} */ y) => {
    const labels = await digits.loadLabels();
    const own = Array.from(labels.keys()).filter((i) => labels[i] === y && i !== model.get(key));
    if (own.length) choose(own[Math.floor(own.length * Math.random())]);
  };
  const few = digits.classes.length <= BUTTONS;
  const classes = (few ? digits.classes : []).map((name, y) =>
    h("button", {
      type: "button",
      title: `Another ${name}`,
      "aria-label": `Another ${name}`,
      onclick: () => another(y),
    }, String(y))
  );
  /** @type {[string, string][]} */
  const names = digits.classes.map((name, y) => [String(y), name === String(y) ? name : `${y}: ${name}`]);
  const menu = select("Another of class", [["", "…"], ...names], (y) => {
    menu.show(""); // so that the same class can be chosen again
    if (y) another(Number(y));
  });
  const any = button("Any digit", () => choose(Math.floor(digits.count * Math.random())));
  const drawing = h("span.drawing", { hidden: true }, "your drawing");
  const element = h(
    "div.chooser",
    { role: "group", "aria-label": `Choose the ${label.toLowerCase()}`, "data-sets": key },
    h("label", {}, h("span", {}, label), field),
    drawing,
    few
      ? h("div.segments.classes", { role: "group", "aria-label": "Another digit of a class" }, ...classes)
      : menu.element,
    any,
  );
  const end = follow(model, key === "digit" ? [key, "strokes"] : [key], () => {
    const drawn = key === "digit" && Boolean(model.get("strokes"));
    field.value = drawn ? "" : String(model.get(key));
    drawing.hidden = !drawn;
    const shown = model.get(key);
    digits.loadLabels().then((labels) => {
      if (shown !== model.get(key)) return;
      classes.forEach((one, y) => one.setAttribute("aria-pressed", String(!drawn && labels[shown] === y)));
    }, () => {});
  });
  return { element, end };
}
