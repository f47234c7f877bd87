// Bring your own: images to train on, or a checkpoint to look at, as a file or from the Hub.

import { button, folded } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { counted, number } from "../../kit/format.js";
import { Sheet } from "../../kit/pictures.js";
import { source } from "../../kit/source.js";
import { firstOf, pull, send } from "./brought.js";
import { UPLOADS } from "./wire.js";

/**
 * @typedef {import("./brought.js").Images} Images
 * @typedef {import("./brought.js").Checkpoint} Checkpoint
 * @typedef {import("./specification.js").Options} Options
 */

const NAMES = 4; // classes that are named

export class Bring {
  /**
   * @param {HTMLElement} el where files may be dropped
   * @param {Options} options
   * @param {(images: Images) => void} taken what is done with images that have come
   */
  constructor(el, { uploads, hub, limits }, taken) {
    this.taken = taken;
    this.ended = new AbortController();
    this.file = h("input", {
      type: "file",
      hidden: true,
      accept: ".zip,.npz",
      onchange: () => this.choose(),
    });
    this.pick = button("Choose a file", () => this.file.click());
    this.repository = h("input.list", {
      type: "text",
      placeholder: "owner/name",
      autocapitalize: "off",
      autocomplete: "off",
      spellcheck: false,
      "aria-label": "Repository on the Hugging Face Hub",
      onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && this.fetch(),
    });
    this.ask = button("Fetch", () => this.fetch());
    this.said = h("p.said", { role: "status" });
    this.problem = h("p.problem", { role: "alert", hidden: true });
    this.found = h("div.found", { hidden: true });
    const most = number(Math.round(limits.upload / 1e6));
    const box = h(
      "div.box",
      {},
      uploads &&
        h(
          "div.drop",
          {},
          h("p", {}, h("b", {}, "Drop a file here, or "), this.pick, this.file),
          h(
            "p",
            {},
            "A zip of images, whose folders are their classes; an .npz of arrays x and y; or a checkpoint’s zip, as " +
              `Download makes it. Up to ${most} MB.`,
          ),
        ),
      hub &&
        h(
          "div.controls.hub",
          {},
          h("label.select", {}, h("span", {}, "From the Hugging Face Hub"), this.repository),
          this.ask,
        ),
      this.said,
      this.problem,
      this.found,
    );
    const { element, end } = folded("Bring your own", box);
    element.classList.add("bring");
    element.hidden = !uploads && !hub;
    this.element = element;
    this.ends = [end, () => this.ended.abort()];
    if (uploads) this.listen(el);
  }

  end() {
    for (const end of this.ends) end();
  }

  /** Files are dropped anywhere. @param {HTMLElement} el */
  listen(el) {
    const { signal } = this.ended, { classList } = this.element;
    const files = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
    el.addEventListener("dragover", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      this.element.open = true;
      classList.add("over");
    }, { signal });
    el.addEventListener("dragleave", (event) => {
      if (!el.contains(/** @type {Node | null} */ (event.relatedTarget))) classList.remove("over");
    }, { signal });
    el.addEventListener("drop", (event) => {
      classList.remove("over");
      if (!files(event)) return;
      event.preventDefault();
      const { files: [file, more], items: [first] } = /** @type {DataTransfer} */ (event.dataTransfer);
      if (first?.webkitGetAsEntry?.()?.isDirectory) {
        this.refuse("A folder cannot be sent: bring it as a zip.");
      } else if (more) this.refuse("One file at a time: several images go into a zip.");
      else if (file) this.take(file);
    }, { signal });
  }

  choose() {
    const file = this.file.files?.[0];
    this.file.value = ""; // so that the same file, mended, can be chosen again
    if (file) this.take(file);
  }

  /** @param {File} file */
  take(file) {
    const progress = (/** @type {number} */ share) =>
      setText(
        this.said,
        share < 1 ? `${Math.round(100 * share)} % of ${file.name} is sent.` : "It is being read …",
      );
    return this.work("Sending …", () => send(file, progress, this.ended.signal));
  }

  fetch() {
    const name = this.repository.value.trim();
    return this.work(`Fetching ${name} …`, () => pull(name));
  }

  /** Says why something is not taken. @param {string} problem */
  refuse(problem) {
    setText(this.problem, problem);
    this.problem.hidden = false;
  }

  /**
   * Waits for what comes, and shows it.
   * @param {string} said
   * @param {() => Promise<Images | Checkpoint>} come
   */
  async work(said, come) {
    if (this.pick.disabled) return this.refuse("One at a time: that was not taken.");
    this.pick.disabled = this.ask.disabled = true;
    this.problem.hidden = this.found.hidden = true;
    setText(this.said, said);
    try {
      const found = await come();
      if (this.ended.signal.aborted) return;
      if ("checkpoint" in found) this.offer(found);
      else await this.show(found);
    } catch (error) {
      if (this.ended.signal.aborted) return;
      setText(this.said, "");
      this.refuse(/** @type {Error} */ (error).message);
    } finally {
      this.pick.disabled = this.ask.disabled = false;
    }
  }

  /** Images, sixteen of which are shown. @param {Images} images */
  async show(images) {
    UPLOADS.add(images.name);
    this.taken(images);
    setText(this.said, inWords(images));
    const sheet = new Sheet({
      columns: 8,
      rows: 2,
      label: `Sixteen of ${images.title}`,
    });
    this.found.replaceChildren(sheet.canvas, h("p", {}, images.note));
    this.found.hidden = false;
    (await firstOf(images)).forEach((x, i) => sheet.put(i % 8, Math.floor(i / 8), x));
  }

  /** A checkpoint, and where it can be looked at. @param {Checkpoint} checkpoint */
  offer({ checkpoint, kind, page, title, parameters, shape }) {
    const of = `${shape.map(number).join(" × ")} ${shape.length > 1 ? "pixels" : "numbers"}`,
      query = `?checkpoint=${checkpoint}`;
    setText(
      this.said,
      `${title}: a ${kind.toUpperCase()} of ${of}, ${counted(parameters, "parameter")}.`,
    );
    const link = (/** @type {string} */ name, /** @type {string} */ words) =>
      h("a.button.primary", { href: source.address(name, query), "data-page": "" }, words);
    this.found.replaceChildren(
      page
        ? h("div.controls", {}, link(page, "Explore it"), link("draw", "Draw with it"))
        : h("p", {}, "No page has scenes of such a model."),
    );
    this.found.hidden = false;
  }
}

/** @param {Images} images */
function inWords({ images, shape, classes }) {
  const named = classes.slice(0, NAMES).join(", ") + (classes.length > NAMES ? ", …" : "");
  const told = classes.length ? `${counted(classes.length, "class", "classes")}: ${named}` : "no labels";
  return `${counted(images, "image")} of ${shape.join(" × ")} pixels, ${told}.`;
}
