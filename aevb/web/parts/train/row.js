// A run among others: its name, what it draws, and what it makes of an image.

import { h, setText } from "../../kit/elements.js";
import { number, signed } from "../../kit/format.js";
import { paint, Sheet } from "../../kit/pictures.js";
import { drawn, panel } from "./clouds.js";
import { LOOKS } from "./contender.js";

/** @typedef {import("./contender.js").Contender} Contender */
/** @typedef {import("../../kit/panel.js").Theme} Theme */
/** @typedef {import("./through.js").Through} Through */

const ACROSS = 4; // draws in a row

export class Row {
  /** @param {Contender} contender @param {number} k which of them it is @param {() => void} leave called when it is to go */
  constructor(contender, k, leave) {
    const { letter, color, dash } = LOOKS[k];
    this.contender = contender;
    this.letter = letter;
    const swatch = h("span.swatch", { "aria-hidden": "true" });
    swatch.innerHTML =
      `<svg viewBox="0 0 40 6"><path d="M0 3h40" stroke="${color}" stroke-width="4" stroke-dasharray="${dash}" /></svg>`;
    this.title = h("b");
    this.said = h("span.said");
    this.lacks = h("span.lacks"); // why nothing goes through it
    const away = h("button.away", {
      type: "button",
      "aria-label": `Take ${letter} away`,
      title: "Take away",
      onclick: leave,
    }, "×");
    this.place = h("div.shown");
    this.element = h(
      "section.row",
      { "aria-label": `Run ${letter}`, "data-run": contender.id },
      h(
        "header",
        {},
        h("span.name", {}, h("b.letter", {}, letter), swatch, away),
        this.title,
        this.said,
        this.lacks,
      ),
      this.place,
    );
    /** @type {Sheet | null} */
    this.sheet = null;
    this.cloud = panel("");
    this.pair = h("figure.pair");
    this.original = h("canvas.pixels.live", { role: "img", "aria-label": "The image" });
    this.through = h("canvas.pixels.live", { role: "img", "aria-label": "The image" });
  }

  fit() {
    this.cloud.fit();
  }

  /** The places of its pictures. @param {import("./record.js").About} about */
  build({ shape }) {
    if (shape.length === 1) {
      this.place.replaceChildren(h("figure.draws", {}, this.cloud.canvas));
      this.fit();
      return;
    }
    this.sheet = new Sheet({ columns: ACROSS, rows: 16 / ACROSS, label: "" });
    this.place.replaceChildren(
      h("figure.draws", {}, this.sheet.canvas),
      this.pair,
    );
    this.pair.replaceChildren(this.original, h("span", { "aria-hidden": "true" }, "→"), this.through);
  }

  /**
   * @param {Theme} theme
   * @param {number | null} at the step that is looked at
   * @param {number} image of the film
   * @param {Through} any what goes through instead, where it is chosen
   */
  show(theme, at, image, any) {
    const { contender, letter } = this, { told, film, problem } = contender, point = contender.pointAt(at);
    const { model, data } = told?.specification ?? {};
    setText(this.title, model ? `${model.toUpperCase()}, ${data}` : "");
    const elbo = point?.validation ? `${signed(point.validation.elbo, 1)} at step ${number(point.step)}` : "";
    setText(this.said, problem || elbo || (told ? told.status : "Asking …"));
    this.element.classList.toggle("gone", !told && Boolean(problem));
    if (!film || !point) return;
    if (!this.place.children.length) this.build(film.about);
    setText(this.lacks, any.chosen ? any.lacksOf(contender) : "");
    if (any.chosen && this.sheet) this.send(any);
    const frame = contender.frameAt(at);
    this.place.classList.toggle("stale", !frame);
    if (!frame) return;
    const label = `Draws of ${letter} from the prior, step ${number(point.step)}`;
    this.element.dataset.frame = String(point.frame);
    if (!this.sheet) {
      this.cloud.canvas.setAttribute("aria-label", label);
      return drawn(this.cloud, theme, film.images, frame.draws, film.about.choices);
    }
    const { sheet } = this, chosen = Math.min(image, frame.reconstructions.length - 1);
    frame.draws.forEach((x, i) => sheet.put(i % ACROSS, Math.floor(i / ACROSS), x));
    sheet.canvas.setAttribute("aria-label", label);
    if (any.chosen) return;
    this.pair.classList.remove("stale");
    if (film.images.length) paint(this.original, film.images[chosen]);
    paint(this.through, frame.reconstructions[chosen]);
    this.original.setAttribute("aria-label", `Image ${chosen + 1} of the validation`);
    this.through.setAttribute("aria-label", `Image ${chosen + 1}, reconstructed by ${letter}`);
  }

  /** What goes through the run in the place of an image of the film. @param {Through} any */
  send(any) {
    const found = any.pairs.get(this.contender);
    this.pair.classList.toggle("stale", !found?.ready || found.ready !== found.key);
    if (!found?.ready) return;
    paint(this.original, found.x);
    paint(this.through, found.rebuilt);
    this.original.setAttribute("aria-label", `Test ${any.title}`);
    this.through.setAttribute("aria-label", `Test ${any.title}, reconstructed by ${this.letter}`);
  }
}
