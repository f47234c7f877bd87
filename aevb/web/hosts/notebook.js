// A part in a notebook: an anywidget, whose traits are what the part's link would say.

import { Link, SceneModel } from "../frame/link.js";
import { holdFocus } from "../kit/focus.js";

/** @typedef {import("../frame/link.js").Param} Param */
/** @typedef {{ params?: Record<string, Param>, default: { render(host: { model: any, el: HTMLElement }): any } }} Part */
/** @typedef {{ get(key: string): any, set(key: string, value: any): void, save_changes(): void,
 *   on(event: string, f: () => void): void, off(event: string, f: () => void): void }} Model */

/**
 * Shows a part. What is returned ends it.
 * @param {Part} part
 * @param {string} name of the part
 * @param {CSSStyleSheet[]} styles
 * @param {{ model: Model, el: HTMLElement }} host anywidget's
 */
export async function render(part, name, styles, { model, el }) {
  el.dataset.lmSuppressShortcuts = "true"; // keys belong to the part, not to JupyterLab
  const tree = el.attachShadow({ mode: "open" });
  tree.adoptedStyleSheets = styles;
  tree.innerHTML = `<div class="explorer styled"><div class="beside"><section class="scene">
    <div class="instrument ${name}"></div></section></div></div>`;
  const root = /** @type {HTMLElement} */ (tree.querySelector(".explorer"));
  const instrument = /** @type {HTMLElement} */ (tree.querySelector(".instrument"));
  Object.assign(root.style, { height: `${model.get("height")}px`, fontSize: "14px" });
  instrument.style.gridRow = "2";
  colour(root, el);
  const values = new Values(part.params ?? {}, model);
  root.addEventListener("unread", (event) => values.refuse(/** @type {CustomEvent} */ (event).detail));
  const fixed = { digits: model.get("digits"), checkpoint: model.get("checkpoint"), ...model.get("options") };
  const release = holdFocus(root);
  const end = await part.default.render({ model: new SceneModel(values.link, fixed), el: instrument });
  return () => {
    release();
    values.close();
    end?.();
  };
}

/** What the part's link says and the traits of the same names: each follows the other. */
export class Values {
  /** @param {Record<string, Param>} params @param {Model} model */
  constructor(params, model) {
    this.model = model;
    let said = "";
    const address = {
      read: () => said,
      write: (/** @type {string} */ search) => {
        said = search;
        this.tell();
      },
    };
    this.link = new Link({ page: "", scenes: [""], digits: model.get("digits")?.count ?? 0 }, address);
    this.link.learn(params);
    this.keys = ["digit", ...Object.keys(params)]; // another digit forgets values of the one before
    /** @type {[string, () => void][]} */
    this.listeners = this.keys.map((key) => [`change:${key}`, () => this.note(key)]);
    /** @type {Set<string>} */
    this.changed = new Set(); // what has not been heard yet
    for (const key of this.keys) this.hear(key);
    for (const [event, f] of this.listeners) model.on(event, f);
    this.tell();
  }

  close() {
    this.link.flush();
    for (const [event, f] of this.listeners) this.model.off(event, f);
  }

  /** What is set together comes in any order, and another digit is to be heard first. @param {string} key */
  note(key) {
    if (!this.changed.size) {
      queueMicrotask(() => {
        const those = this.keys.filter((key) => this.changed.has(key));
        this.changed.clear();
        for (const key of those) this.hear(key);
      });
    }
    this.changed.add(key);
  }

  /** Takes a trait's value, as far as a link could say it. @param {string} key */
  hear(key) {
    const { initial, read, write } = this.link.params[key], value = this.model.get(key);
    let sound = initial;
    try {
      sound = value === null || value === undefined ? initial : read(write(value)) ?? initial;
    } catch { /* of another kind altogether */ }
    this.link.set(key, sound);
    this.link.save();
  }

  tell() {
    for (const key of this.keys) this.model.set(key, this.link.get(key));
    this.model.save_changes();
  }

  /** @param {string} key */
  refuse(key) {
    this.link.refuse(key);
    this.link.save();
  }
}

/** Light or dark, as what is behind it. @param {HTMLElement} root @param {HTMLElement} el */
function colour(root, el) {
  let [red, green, blue] = [255, 255, 255];
  for (let at = /** @type {Element | null} */ (el); at; at = at.parentElement) {
    const found = getComputedStyle(at).backgroundColor.match(/[\d.]+/g)?.map(Number) ?? [];
    if (found.length < 3 || found[3] === 0) continue; // nothing, or transparent
    [red, green, blue] = found;
    break;
  }
  root.dataset.theme = 0.3 * red + 0.6 * green + 0.1 * blue < 128 ? "dark" : "light";
}
