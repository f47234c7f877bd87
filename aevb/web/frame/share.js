// What can be taken along of a view: its link, a frame for a page of one's own, a notebook's cell, a picture.

import { button } from "../kit/controls.js";
import { h } from "../kit/elements.js";
import { loadJson } from "../kit/loading.js";
import { written } from "./cell.js";
import { Builder } from "./lesson.js";
import { pngOf, svgOf } from "./snapshot.js";

/** Of a frame on another page, as high as a scene needs. */
const HEIGHT = 720;

export class Share {
  /**
   * @param {object} view
   * @param {string} view.title of the scene
   * @param {string} view.name of the files, page and scene
   * @param {HTMLElement} view.instrument what a picture shows
   * @param {() => string} view.address the view's link, as it stands
   * @param {string} [view.cell] where the notebook's cell is that computes what is seen
   * @param {{ get(key: string): any }} view.link what the link says
   */
  constructor(view) {
    this.view = view;
    this.outcome = h("p.outcome", { role: "status" });
    this.link = this.field("Link", 2);
    this.frame = this.field("Embed in a page", 4);
    this.cell = this.field("This view in Python", 13);
    this.cell.element.hidden = !view.cell;
    this.lesson = new Builder(this.field("Link of a lesson", 2), view);
    const save = (/** @type {string} */ title, /** @type {() => Promise<void>} */ make) =>
      button(title, () => this.attempt(make, `${title}: done.`, "The picture could not be made."));
    const pictures = h(
      "section",
      {},
      h("h3", {}, "Picture of the instrument"),
      h(
        "div.controls",
        {},
        save("Save as PNG", async () => download(await pngOf(view.instrument), `${view.name}.png`)),
        save("Save as SVG", async () => {
          const { svg } = await svgOf(view.instrument);
          download(new Blob([svg], { type: "image/svg+xml" }), `${view.name}.svg`);
        }),
      ),
    );
    const { link, frame, cell } = this;
    this.element = h(
      "div.body",
      {},
      link.element,
      frame.element,
      this.lesson.element,
      pictures,
      cell.element,
      this.outcome,
    );
    this.show();
  }

  /** What the view has come to. */
  async show() {
    const { address, cell, link, title } = this.view, url = address();
    this.link.area.value = url;
    this.frame.area.value = embedding(url, title);
    this.lesson.show(url);
    if (!cell) return;
    try {
      this.cell.area.value = written(await loadJson(cell, "The cell"), link);
    } catch (error) {
      this.cell.area.value = `# ${/** @type {Error} */ (error).message}`;
    }
  }

  /** A text to be copied. @param {string} title @param {number} rows */
  field(title, rows) {
    const area = h("textarea", {
      readOnly: true,
      rows,
      spellcheck: false,
      "aria-label": title,
      wrap: "soft",
    });
    if (rows > 4) area.wrap = "off"; // lines of a program stay lines
    const copy = button("Copy", () => {
      const failed = "Copying is not allowed here: the text is selected, copy it with your keyboard or menu.";
      this.attempt(() => copied(area), `${title}: copied.`, failed);
    }, { "aria-label": `Copy: ${title}` });
    const element = h("section", {}, h("header.controls", {}, h("h3", {}, title), copy), area);
    return { area, element };
  }

  /** Does it, and says how it went. @param {() => Promise<void>} does @param {string} done @param {string} failed */
  async attempt(does, done, failed) {
    this.outcome.textContent = "";
    try {
      await does();
      this.outcome.textContent = done;
    } catch (error) {
      console.error(error);
      this.outcome.textContent = failed;
    }
  }
}

/** A frame that shows a link's scene alone. @param {string} url @param {string} title */
export function embedding(url, title) {
  const source = new URL(url);
  source.searchParams.set("embed", "true");
  const address = escaped(source.href.replaceAll("%2C", ","));
  return `<iframe src="${address}" title="${escaped(title)}" width="100%" height="${HEIGHT}" ` +
    `style="border: 0" loading="lazy" allow="clipboard-write"></iframe>`;
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}

/** Into the clipboard; where that is not allowed, the old way. @param {HTMLTextAreaElement} area */
async function copied(area) {
  area.focus({ preventScroll: true });
  area.select();
  try {
    await navigator.clipboard.writeText(area.value);
  } catch {
    if (!document.execCommand("copy")) throw new Error("The clipboard is closed.");
  }
}

/** @param {Blob} blob @param {string} name */
function download(blob, name) {
  const url = URL.createObjectURL(blob), link = h("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it after the click
}
