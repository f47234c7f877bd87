// A scene for a lecture: it alone fills the screen, in letters for the back row. Keys are as clickers send them; notes,
// a code to open the view by, and a black screen are behind one key each.

import { adoptStyle, h } from "../kit/elements.js";
import { loadJson } from "../kit/loading.js";
import { source } from "../kit/source.js";
import { unembedded } from "./link.js";

/** @typedef {import("./explorer.js").Explorer} Explorer */

/** What a clicker sends, besides the arrows that lead from scene to scene anyway. */
const STEPS = /** @type {Record<string, number>} */ ({ PageDown: 1, " ": 1, PageUp: -1 });

/** What a press of a mouse gives the focus to, and the keys with it. */
const PRESSED =
  "input[type=range], input[type=checkbox], select, button, summary, [role=application], [role=slider]";

export class Presenter {
  /** @param {Explorer} explorer */
  constructor(explorer) {
    this.explorer = explorer;
    this.on = false;
    this.notes = h("aside.notes", { hidden: true, "aria-label": "Notes" });
    this.code = h("div.code", {
      hidden: true,
      role: "dialog",
      tabIndex: -1,
      "aria-label": "This view’s link",
      onclick: () => this.close(),
    });
    this.black = h("div.black", {
      hidden: true,
      role: "dialog",
      tabIndex: -1,
      "aria-label": "The screen is black: any key brings it back",
      onclick: () => this.close(),
    });
    this.where = h("span.where");
    this.handle = h("span.handle", { "aria-hidden": "true" }, "⋮");
    const tool = (
      /** @type {string} */ sign,
      /** @type {string} */ title,
      /** @type {() => void} */ onclick,
    ) => h("button.tool", { type: "button", onclick, title, "aria-label": title }, sign);
    this.bar = h(
      "div.lectern",
      { role: "toolbar", "aria-label": "Presenting" },
      tool("‹", "Previous (Page Up)", () => explorer.step(-1)),
      this.where,
      tool("›", "Next (Page Down)", () => explorer.step(1)),
      tool("Notes", "Notes (n)", () => this.toggleNotes()),
      tool("Link", "The view’s link, as a code (q)", () => this.toggleCode()),
      tool("Black", "Black screen (b)", () => this.toggleBlack()),
      tool("×", "Leave (Esc)", () => this.leave()),
    );
    const { signal } = explorer.ended;
    explorer.root.addEventListener("click", (event) => this.release(/** @type {MouseEvent} */ (event)), {
      signal,
    });
    explorer.root.addEventListener("change", (event) => this.release(event), { signal });
    document.addEventListener("fullscreenchange", () => {
      if (this.on && !document.fullscreenElement) this.leave(); // Esc is the browser's own there
    }, { signal });
  }

  /** @param {boolean} on */
  async turn(on) {
    if (on === this.on) return;
    this.on = on;
    const { explorer } = this, { root, tree, scene } = explorer;
    if (on) {
      try {
        await adoptStyle(tree, "style/present.css");
      } catch (error) {
        this.on = false; // it goes on as it is
        throw error;
      }
      if (!this.on) return;
      scene.append(this.handle, this.bar);
      root.append(this.notes, this.code, this.black);
      explorer.aside.close();
      explorer.strip.fold();
    } else {
      if (this.bar.contains(tree.activeElement)) scene.focus({ preventScroll: true });
      for (const one of [this.handle, this.bar, this.notes, this.code, this.black]) one.remove();
    }
    root.classList.toggle("presenting", on);
    if (explorer.ended.signal.aborted) return; // the next page goes on, or does not
    document.documentElement.classList.toggle("presenting", on); // what the host has around it follows
    for (const element of root.querySelectorAll(".instrument, .instrument *")) {
      element.dispatchEvent(new Event("themechange")); // letters on canvases are of another size
    }
    this.fill(on);
    if (!on) return;
    this.tell();
    scene.focus({ preventScroll: true });
  }

  /** The whole screen, where the browser grants it: only to a press. @param {boolean} on */
  fill(on) {
    const { documentElement: page, fullscreenElement: full } = document;
    if (on && !full && navigator.userActivation?.isActive) page.requestFullscreen?.().catch(() => {});
    if (!on && full) document.exitFullscreen().catch(() => {});
  }

  leave() {
    this.explorer.link.set("present", false);
    this.explorer.link.save();
  }

  /** What there is to say of the scene in view. */
  async tell() {
    const { explorer } = this, { page, current, tour } = explorer;
    this.where.textContent = `${page.scenes.indexOf(current) + 1} / ${page.scenes.length}`;
    if (this.notes.hidden) return;
    let said = tour?.notes;
    try {
      said ||= page.notes && (await loadJson(page.notes, "The notes"))[current.id];
    } catch (error) {
      said = /** @type {Error} */ (error).message;
    }
    if (current === explorer.current) {
      this.notes.replaceChildren(h("p", {}, said || "There are no notes on this scene."));
    }
  }

  /** Folds away what is over the scene; false where nothing was. */
  close() {
    const open = [this.black, this.code, this.notes].find((one) => !one.hidden);
    if (!open) return false;
    open.hidden = true;
    this.explorer.scene.focus({ preventScroll: true });
    return true;
  }

  toggleNotes() {
    this.notes.hidden = !this.notes.hidden;
    this.tell();
  }

  toggleBlack() {
    this.black.hidden = false;
    this.black.focus();
  }

  toggleCode() {
    if (!this.code.hidden) return this.close();
    this.code.hidden = false;
    this.code.focus();
    this.draw();
  }

  /** The view is another. */
  redraw() {
    if (!this.code.hidden) this.draw();
  }

  /** The link as a code: of the view, not of its lecture. */
  async draw() {
    this.explorer.link.flush();
    const url = unembedded(location.href);
    const { hostname, protocol } = new URL(url);
    const near = protocol === "file:" || /^(localhost|127\.|\[::1\])/.test(hostname);
    const warning = near &&
      h("p.near", {}, "This address is this machine’s own: other devices cannot open it.");
    const text = h("p.address", {}, url);
    try {
      const { drawing } = await source.module("frame/qr.js");
      this.code.replaceChildren(drawing(url), text, warning || "");
    } catch (error) {
      this.code.replaceChildren(h("p", { role: "alert" }, /** @type {Error} */ (error).message), text);
    }
  }

  /** Whether a key was meant for the lecture. @param {KeyboardEvent} event @param {boolean} typing in a field */
  key(event, typing) {
    if (!this.on) return false;
    const { key } = event, at = /** @type {HTMLElement} */ (event.composedPath()[0]);
    if (!this.black.hidden) return this.close();
    if (typing) return false;
    this.fill(true);
    if (key === "b" || key === ".") this.toggleBlack();
    else if (key === "n") this.toggleNotes();
    else if (key === "q") this.toggleCode();
    else if (key === "Escape") this.close() || this.leave();
    else if (key in STEPS && !(key === " " && at.matches(PRESSED))) this.explorer.step(STEPS[key]);
    else return false;
    return true;
  }

  /** What was pressed with a mouse or a finger gives the keys back: the clicker's are not for a slider. @param {Event} event */
  release(event) {
    const at = /** @type {HTMLElement} */ (event.composedPath()[0]).closest?.(PRESSED);
    const byKey = event.type === "click" && !(/** @type {MouseEvent} */ (event).detail);
    if (!this.on || !at || byKey || (event.type === "change" && at.tagName !== "SELECT")) return;
    if (this.black.hidden && this.code.hidden) this.explorer.scene.focus({ preventScroll: true });
  }
}
