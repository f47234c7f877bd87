// Above the scene: the names of the page's scenes, the checkpoint that they look at, tools.

import { h } from "../kit/elements.js";
import { source } from "../kit/source.js";

/** @typedef {import("./explorer.js").Explorer} Explorer */
/** @typedef {import("./aside.js").Kind} Kind */

export class Strip {
  /** @param {Explorer} explorer */
  constructor(explorer) {
    const { page, chip, aside } = explorer;
    this.explorer = explorer;
    /** @type {any[]} */
    this.tabs = page.scenes.map(({ id, title }, i) =>
      h(
        "a.tab",
        {
          href: source.address(page.page, `?scene=${id}`),
          title: i < 9 ? `${title} (${i + 1})` : title,
          "data-scene": id,
        },
        h("span.number", { "aria-hidden": "true" }, String(i + 1)),
        h("span.name", {}, title),
      )
    );
    const step = (/** @type {string} */ label, /** @type {string} */ sign, /** @type {number} */ by) =>
      h("button.step", { type: "button", "aria-label": label, onclick: () => explorer.step(by) }, sign);
    this.previous = step("Previous scene", "‹", -1);
    this.next = step("Next scene", "›", 1);
    this.list = h("nav.tabs", { "aria-label": "Scenes" }, ...this.tabs);
    this.where = h("button.where", {
      type: "button",
      "aria-expanded": "false",
      "aria-label": "All scenes",
      onclick: () => this.unfold(),
    });
    const opener = (
      /** @type {Kind} */ kind,
      /** @type {string} */ sign,
      /** @type {string} */ word,
      /** @type {string} */ title,
    ) => {
      const settings = { type: "button", onclick: () => aside.toggle(kind), "aria-expanded": "false", title };
      return h("button.tool", settings, h("span", { "aria-hidden": "true" }, sign), h("span.word", {}, word));
    };
    /** What opens the aside. */
    this.openers = {
      mathematics: opener("mathematics", "∑", "Mathematics", "Mathematics (m)"),
      glossary: opener("glossary", "?", "Glossary", "Glossary and keys (g)"),
      share: opener("share", "↗", "Share", "Share (s)"),
    };
    const present = h(
      "button.tool",
      {
        type: "button",
        onclick: () => explorer.togglePresent(),
        title: "Present (p)",
        "aria-label": "Present",
      },
      h("span", { "aria-hidden": "true" }, "▷"),
    );
    this.element = h(
      "header.strip",
      {},
      h("h1", { "data-brief": page.brief }, h("span", {}, page.title)),
      chip.element,
      this.previous,
      this.where,
      this.list,
      this.next,
      h("span.tools", {}, ...Object.values(this.openers), present),
    );
    const alone = page.scenes.length < 2;
    for (const element of [this.previous, this.next, this.list, this.where]) element.hidden = alone;
  }

  /**
   * The names of the scenes are one stop of the Tab key, at the one in view: arrows lead on from there (`Explorer.key`).
   * Unfolded they are a list, each with its own.
   */
  rove() {
    const { root, current } = this.explorer, open = root.classList.contains("unfolded");
    for (const tab of this.tabs) tab.tabIndex = open || tab.dataset.scene === current.id ? 0 : -1;
  }

  /** Which scene is in view. @param {import("./explorer.js").Scene} scene */
  show(scene) {
    const { tabs, list } = this, { scenes } = this.explorer.page, at = scenes.indexOf(scene);
    this.where.textContent = `${at + 1} / ${scenes.length}`;
    this.fold();
    for (const tab of tabs) {
      if (tab.dataset.scene === scene.id) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    const current = tabs[at], focused = this.explorer.tree.activeElement;
    if (tabs.includes(focused)) current.focus({ preventScroll: true });
    list.scrollTo({ left: current.offsetLeft - list.clientWidth / 2 + current.offsetWidth / 2 });
    this.previous.disabled = at === 0;
    this.next.disabled = at === scenes.length - 1;
    this.openers.mathematics.hidden = !scene.mathematics;
  }

  /** On a phone the names fold away behind the number. */
  unfold() {
    const open = this.explorer.root.classList.toggle("unfolded");
    this.where.setAttribute("aria-expanded", String(open));
    this.rove();
  }

  fold() {
    this.explorer.root.classList.remove("unfolded");
    this.where.setAttribute("aria-expanded", "false");
    this.rove();
  }
}
