// Beside the scene, one at a time: its mathematics; the glossary, with the keys; what can be taken along of the view.

import { h } from "../kit/elements.js";
import { loadJson } from "../kit/loading.js";
import { source } from "../kit/source.js";
import { entryOf, GLOSSARY } from "./glossary.js";
import { unembedded } from "./link.js";

/** @typedef {import("./explorer.js").Explorer} Explorer */
/** @typedef {"mathematics" | "glossary" | "share"} Kind */

const KEYS = [
  ["← →", "the scene before, the next one; in a tour its steps"],
  ["1 … 9", "a scene by its number"],
  ["r", "draw again, where a scene draws"],
  ["m", "the mathematics of the scene"],
  ["g", "the glossary, and these keys"],
  ["a", "the answer to a tour’s question"],
  ["s", "take the view along: link, page, Python, picture"],
  ["p", "present: the scene alone, in large letters"],
  ["k", "predict what a scene shows, where it asks; skip its question"],
  ["Esc", "close what is open"],
];

export class Aside {
  /** @param {Explorer} explorer */
  constructor(explorer) {
    this.explorer = explorer;
    this.element = h("aside.panel", { hidden: true, tabIndex: -1 });
    /** The button that has opened it. @type {HTMLElement | null} */
    this.opener = null;
    /** The word of the scene's sentence that has, if it was one. @type {HTMLElement | null} */
    this.word = null;
    /** @type {import("./share.js").Share | null} */
    this.shared = null;
  }

  /** Opens it for one of them, or closes it where that is open. @param {Kind} kind */
  toggle(kind) {
    if (this.shows(kind)) this.close();
    else this[kind]();
  }

  /** @param {Kind} kind */
  shows(kind) {
    return !this.element.hidden && this.element.classList.contains(kind);
  }

  async mathematics() {
    const { mathematics, title } = this.explorer.current, awaited = loading();
    if (!mathematics) return;
    this.open("mathematics", `Mathematics: ${title}`, awaited);
    try {
      const { html } = await loadJson(mathematics, "The mathematics");
      awaited.replaceWith(h("div.body", { innerHTML: html }));
    } catch (error) {
      awaited.replaceWith(h("p", { role: "alert" }, /** @type {Error} */ (error).message));
    }
  }

  /** Words of a sentence that the glossary knows open it there. @param {HTMLElement} sentence */
  explain(sentence) {
    for (const bold of sentence.querySelectorAll("b")) {
      const at = entryOf(bold.textContent ?? "");
      if (at === undefined) continue;
      const word = h("button.defined", {
        type: "button",
        title: "In the glossary",
        "aria-label": `${bold.textContent}: its meaning`, // a control beside it may have the same name
        onclick: () => this.glossary(at, word),
      }, ...bold.childNodes);
      bold.replaceChildren(word);
    }
  }

  /** @param {number} [at] which entry is looked up @param {HTMLElement | null} [word] that was pressed */
  glossary(at, word = null) {
    const entries = GLOSSARY.map(([term, meaning]) =>
      h("div", { tabIndex: -1 }, h("dt", {}, term), h("dd", {}, meaning))
    );
    const keys = h(
      "dl.keys",
      {},
      ...KEYS.flatMap(([key, does]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, does)]),
    );
    this.open("glossary", "Glossary", h("div.body", {}, h("dl", {}, ...entries), h("h3", {}, "Keys"), keys));
    this.word = word;
    if (at === undefined) return;
    entries[at].scrollIntoView({ block: "center" });
    entries[at].focus({ preventScroll: true });
  }

  async share() {
    const { explorer } = this, { id, title, cell } = explorer.current, awaited = loading();
    this.open("share", "Share this view", awaited);
    let module;
    try {
      module = await source.module("frame/share.js");
    } catch {
      return awaited.replaceWith(h("p", { role: "alert" }, "This could not be loaded: press again."));
    }
    if (!awaited.isConnected || this.element.hidden) return;
    const share = this.shared = new module.Share({
      title,
      name: `${explorer.page.page || "overview"}-${id}`,
      instrument: explorer.instrument,
      address: () => {
        explorer.link.flush();
        return unembedded(location.href);
      },
      cell,
      link: explorer.link,
    });
    awaited.replaceWith(share.element);
  }

  /** The address is another. */
  redraw() {
    if (this.shows("share")) this.shared?.show();
  }

  /** @param {Kind} kind @param {string} title @param {Element} body */
  open(kind, title, body) {
    this.close();
    const { element } = this, opener = this.opener = this.explorer.strip.openers[kind];
    const cross = h("button.close", {
      type: "button",
      "aria-label": "Close",
      onclick: () => this.close(true),
    }, "×");
    element.className = `panel ${kind}`;
    element.setAttribute("aria-label", title);
    element.replaceChildren(h("header", {}, h("h2", {}, title), cross), body);
    element.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    element.focus({ preventScroll: true });
  }

  /** @param {boolean} [back] to what opened it: also where the focus was within, which would be nowhere else */
  close(back = this.element.contains(this.explorer.tree.activeElement)) {
    const { element, opener, word } = this;
    if (element.hidden) return;
    this.word = null;
    element.hidden = true;
    opener?.setAttribute("aria-expanded", "false");
    if (!back) return;
    const there = [word, opener].find((one) => one?.checkVisibility()) ?? this.explorer.scene;
    there.focus({ preventScroll: true });
  }
}

/** A placeholder; its replacement is dropped if the panel shows something else by then. */
function loading() {
  return h("p", { role: "status" }, "Loading …");
}
