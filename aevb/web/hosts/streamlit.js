// The explorer within Streamlit: a components-v2 element for a page, and the browser's own history for its link.
//
// Streamlit runs a page's script for the menu and for Back and Forward between pages. What a link says within a page is
// the front end's alone, so that a click asks nothing of the server.

import { Explorer } from "../frame/explorer.js";
import { keep, leftWith, remembered } from "./memory.js";
import { leadToScene } from "./skip.js";
import { turn } from "./theme.js";

/** @typedef {import("../frame/explorer.js").Page} Page */
/** @typedef {{ data: Page, parentElement: HTMLElement | ShadowRoot }} Component */

/** @type {WeakMap<object, { explorer: Explorer, page: string }>} */
const mounted = new WeakMap();

/**
 * The address that was asked for by a link, or by Back or Forward, until its page is shown; the menu's is another. Where
 * Back is pressed twice, Streamlit shows the page between too, and may give it an address of its own.
 */
let asked = location.href;

/** @type {Explorer | null} */
let inView = null;

if (new URLSearchParams(location.search).get("embed") !== "true") leadToScene(() => inView);

// What was just let go of is noted before a press of the menu leads away.
for (const event of ["pointerdown", "keydown"]) {
  addEventListener(event, () => inView?.link.flush(), { capture: true });
}

// Streamlit hears of this too, and runs the page's script: within a page that says nothing new. It cannot be kept from
// it: it began to listen before this module came, and of those who listen at the window itself Chromium calls the first
// to come first, in the capture phase as well; its one exception is made for links with a "#". A step costs the server
// some 9 ms of processor time, 0.1 kB to it and 9 to 14 kB from it, and the scene does not wait for that.
addEventListener("popstate", () => {
  const here = inView && pageOf(inView.page) === inView.page.page;
  if (asked || !here) asked = location.href;
  if (!inView || !here) return;
  inView.link.read();
  keep(inView.page, location.search, inView.link.ofSubject);
});

// Where its server does not answer Streamlit opens a dialog over the whole page, and nothing can be used until that is
// closed. A scene needs no server: it is closed at once, and the explorer says what is the matter.
new MutationObserver(() => {
  const state = document.querySelector("[data-testid=stApp]")?.getAttribute("data-test-connection-state");
  const away = Boolean(state) && state !== "CONNECTED",
    dialog = document.querySelector("[data-testid=stDialog]");
  inView?.warnings.tellAway(away);
  if (!inView || !away || !dialog?.textContent?.includes("Connection error")) return;
  /** @type {HTMLElement | null} */ (dialog.querySelector("[aria-label=Close]"))?.click();
}).observe(document.body, {
  subtree: true,
  childList: true,
  attributeFilter: ["data-test-connection-state"],
});

/** Where the app is: this module lies in web/…/hosts/ below it. */
const ROOT = new URL("../../../", import.meta.url).pathname;

/** What an address says after that. @param {string} path */
const nameIn = (path) => path.slice(ROOT.length).replace(/\/+$/, "");

/** What the document was opened with, perhaps no page, until one is shown: Streamlit may have changed it by now. */
let opened = nameIn(new URL(performance.getEntriesByType("navigation")[0]?.name ?? location.href).pathname);

/** The page that the address names, or the first. @param {Page} page */
function pageOf({ pages }) {
  const name = nameIn(location.pathname);
  return pages.includes(name) ? name : "";
}

/** To another page of the app, as Back and Forward go there: without loading the document anew. @param {string} url */
function navigate(url) {
  history.pushState({}, "", url);
  dispatchEvent(new PopStateEvent("popstate", { state: {} }));
}

/** @param {Component} component */
export function show({ data, parentElement }) {
  const root = /** @type {HTMLElement} */ (parentElement.querySelector(".explorer"));
  const known = mounted.get(root);
  if (known?.page === JSON.stringify(data)) {
    if (location.href === asked) asked = ""; // the page in view has read that address already
    theme(root);
    return;
  }
  known?.explorer.close();
  /** @type {Explorer | null} */
  let explorer = null;
  const passing = pageOf(data) !== data.page; // the address names another: nothing of it is kept
  const address = {
    read: () => location.search,
    write: (/** @type {string} */ search, /** @type {boolean} */ entry) => {
      if (passing) return;
      keep(data, search, explorer?.link.ofSubject ?? leftWith(data.page).ofSubject);
      if (pageOf(data) !== data.page) return; // the menu has led away already
      const url = location.pathname + search, own = location.href === asked;
      if (entry) history.pushState({}, "", url);
      else history.replaceState({}, "", url);
      if (own) asked = location.href;
    },
  };
  if (!passing) {
    if (location.href === asked) asked = "";
    else address.write(remembered(data), false);
  }
  explorer = new Explorer(root, data, { address, navigate });
  if (!passing) keep(data, location.search, explorer.link.ofSubject);
  if (!data.pages.includes(opened)) explorer.warnings.tellNoPage(opened);
  opened = "";
  inView = explorer;
  mounted.set(root, { explorer, page: JSON.stringify(data) });
  theme(root);
}

/** @param {Component} component */
export function close({ parentElement }) {
  const root = /** @type {HTMLElement} */ (parentElement.querySelector(".explorer"));
  const known = root && mounted.get(root);
  if (!known) return;
  known.explorer.close();
  if (inView === known.explorer) inView = null;
  mounted.delete(root);
}

/** Light or dark, as the page is: a canvas cannot know by itself. @param {HTMLElement} root */
function theme(root) {
  const background = getComputedStyle(root).getPropertyValue("--st-background-color");
  const [red, green, blue] = background.match(/[0-9a-f]{2}/gi)?.map((part) => parseInt(part, 16)) ??
    [255, 255, 255];
  turn(root, 0.3 * red + 0.6 * green + 0.1 * blue < 128);
}
