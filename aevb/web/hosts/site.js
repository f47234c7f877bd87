// The explorer without a server: a document of its own, with a menu of the pages beside it, and the browser's history.
//
// Which page it is stands in the query, `?page=vae&scene=map`, the one part of an address that a file has too.

import { Explorer } from "../frame/explorer.js";
import { h } from "../kit/elements.js";
import { idle } from "../kit/loading.js";
import { provide } from "../kit/source.js";
import { keep, remembered } from "./memory.js";
import { leadToScene } from "./skip.js";
import { turn } from "./theme.js";

/** @typedef {import("../frame/explorer.js").Page} Page */

/**
 * @typedef {object} Site
 * @property {Page[]} pages in the order of the menu
 * @property {string} name of it all
 * @property {string} note what there is to say of this edition, in HTML
 */

const THEMES = /** @type {const} */ (["light", "dark", "system"]);
const SEEN = ".explorer[data-shown] .instrument :is(.live[data-painted], [data-ready])";
const PAUSE = 300, LOOKS = 3; // ms between looks, and how many in turn find nothing under way
const NARROW = matchMedia("(max-width: 768px)");
const DARK = matchMedia("(prefers-color-scheme: dark)");

/** A link's query of a page. @param {string} page @param {string} search what the page's own link says */
const queryOf = (page, search) => {
  const said = [page && `page=${page}`, search.replace(/^\?/, "")].filter(Boolean).join("&");
  return `${location.pathname}${said && `?${said}`}`;
};

/** What the link of the page in view says. */
function searchOf() {
  const said = new URLSearchParams(location.search);
  said.delete("page");
  const words = said.toString().replaceAll("%2C", ",");
  return words && `?${words}`;
}

/**
 * @param {Site} site
 * @param {Omit<import("../kit/source.js").Source, "address">} source where the modules and the contents are
 */
export function start(site, source) {
  provide({ ...source, address: queryOf });
  const host = new Host(site);
  host.open(false);
  if (location.protocol === "file:" || !("serviceWorker" in navigator)) return;
  whenSeen().then(() => navigator.serviceWorker.register("offline.js")).catch(() => {});
}

/**
 * Until a scene is seen and all is there that it asked for: what is to open without a network is fetched after that, for
 * it is large, and what is waited for would share the line with it.
 */
async function whenSeen() {
  for (let looks = 0; looks < LOOKS;) {
    await new Promise((done) => setTimeout(done, PAUSE));
    looks = idle() && document.querySelector(SEEN) ? looks + 1 : 0;
  }
}

class Host {
  /** @param {Site} site */
  constructor(site) {
    this.site = site;
    /** @type {Explorer | null} */
    this.explorer = null;
    this.links = site.pages.map(({ page, title }) =>
      h("a", {
        href: queryOf(page, ""),
        onclick: (/** @type {MouseEvent} */ event) => this.press(event, page),
      }, title)
    );
    this.themes = THEMES.map((theme) =>
      h(
        "button",
        { type: "button", onclick: () => this.dress(theme) },
        theme[0].toUpperCase() + theme.slice(1),
      )
    );
    this.fold = h(
      "button.fold",
      { type: "button", "aria-controls": "menu", onclick: () => this.unfold() },
      "☰",
    );
    this.menu = h(
      "aside.menu",
      { id: "menu" },
      h("p.name", {}, site.name),
      h("nav", { "aria-label": "Pages" }, h("ul", {}, ...this.links.map((link) => h("li", {}, link)))),
      h("div.segments", { role: "group", "aria-label": "Colours" }, ...this.themes),
      h("p.note", { innerHTML: site.note }),
    );
    this.place = h("main", {
      onpointerdown: () => {
        if (NARROW.matches) this.unfold(false);
      },
    });
    const embedded = new URLSearchParams(location.search).get("embed") === "true"; // a scene, in a frame
    document.body.append(...(embedded ? [] : [this.fold, this.menu]), this.place);
    if (!embedded) leadToScene(() => this.explorer);
    this.unfold(!NARROW.matches);
    NARROW.addEventListener("change", () => this.unfold(!NARROW.matches));
    this.dress(preference());
    DARK.addEventListener("change", () => this.dress(preference()));
    addEventListener("popstate", () => this.travel());
    // What was just let go of is noted before a press of the menu leads away.
    for (const event of ["pointerdown", "keydown"]) {
      addEventListener(event, () => this.explorer?.link.flush(), { capture: true });
    }
    addEventListener("keydown", ({ key }) => {
      if (key === "Escape" && NARROW.matches && this.unfolded) this.unfold(false);
    });
  }

  /** The page that the address names, or the first. */
  get page() {
    const name = new URLSearchParams(location.search).get("page") ?? "";
    return this.site.pages.find(({ page }) => page === name) ?? this.site.pages[0];
  }

  /** Shows the page that the address names. @param {boolean} byMenu then it is as it was left */
  open(byMenu) {
    const { page } = this;
    this.explorer?.close();
    this.explorer = null;
    if (byMenu) history.replaceState({}, "", queryOf(page.page, remembered(page)));
    const root = h("div.explorer");
    this.place.replaceChildren(root);
    turn(root, this.dark);
    /** @type {Explorer} */
    const explorer = new Explorer(root, page, {
      address: {
        read: searchOf,
        write: (search, entry) => {
          keep(page, search, explorer.link.ofSubject);
          if (entry) history.pushState({}, "", queryOf(page.page, search));
          else history.replaceState({}, "", queryOf(page.page, search));
        },
      },
      navigate: (url) => {
        history.pushState({}, "", url);
        this.open(false);
      },
    });
    this.explorer = explorer;
    this.note(explorer);
    document.title = page.page ? `${page.title} · ${this.site.name}` : this.site.name;
    this.site.pages.forEach((other, k) => {
      if (other === page) this.links[k].setAttribute("aria-current", "page");
      else this.links[k].removeAttribute("aria-current");
    });
  }

  /** What the address says of the page in view is kept; where it names another, that is told. @param {Explorer} explorer */
  note(explorer) {
    const { page, link } = explorer, asked = new URLSearchParams(location.search).get("page") ?? "";
    keep(page, searchOf(), link.ofSubject);
    if (asked !== page.page) explorer.warnings.tellNoPage(asked);
  }

  /** Back or Forward. */
  travel() {
    const { explorer, page } = this;
    if (explorer?.page !== page) return this.open(false);
    explorer.link.read();
    this.note(explorer);
  }

  /** A press of the menu. @param {MouseEvent} event @param {string} page */
  press(event, page) {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (NARROW.matches) this.unfold(false);
    if (page === this.page.page) return;
    history.pushState({}, "", queryOf(page, ""));
    this.open(true);
  }

  get unfolded() {
    return document.body.classList.contains("unfolded-menu");
  }

  /** Shows the menu or folds it away. */
  unfold(open = !this.unfolded) {
    document.body.classList.toggle("unfolded-menu", open);
    this.fold.setAttribute("aria-expanded", String(open));
    this.fold.setAttribute("aria-label", open ? "Fold the menu away" : "Menu");
  }

  get dark() {
    return document.documentElement.dataset.theme === "dark";
  }

  /** Light, dark, or as the system is. @param {typeof THEMES[number]} theme */
  dress(theme) {
    prefer(theme);
    document.documentElement.dataset.theme = theme === "dark" || (theme === "system" && DARK.matches)
      ? "dark"
      : "light";
    THEMES.forEach((each, k) => this.themes[k].setAttribute("aria-pressed", String(each === theme)));
    if (this.explorer) turn(this.explorer.root, this.dark);
  }
}

/** What was chosen here before. @returns {typeof THEMES[number]} */
function preference() {
  try {
    const found = localStorage.getItem("aevb:theme");
    return THEMES.find((theme) => theme === found) ?? "system";
  } catch {
    return "system"; // in a frame of another site a browser may keep nothing
  }
}

/** @param {string} theme */
function prefer(theme) {
  try {
    localStorage.setItem("aevb:theme", theme);
  } catch { /* it holds until the page is left */ }
}
