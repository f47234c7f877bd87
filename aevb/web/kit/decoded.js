// What a place in latent space decodes to, beside the digit or drawing: for a model without choices how well it
// explains that one, for others the same place under every label or cluster, and a dial of them.

import { h, setText } from "./elements.js";
import { equation } from "./equation.js";
import { addingUp, signed } from "./format.js";
import { DATA, GENERATED } from "./palette.js";
import { picture, Sheet } from "./pictures.js";

/** @typedef {import("./latent.js").Latent} Latent */

const BUDGET = 3; // ms of a frame that the images of other choices may take
const LETTERS = 60; // in all titles together, at most, for them to fit beside each other

export class Decoded {
  /** @param {Latent} latent */
  constructor(latent) {
    this.latent = latent;
    this.large = picture("large");
    this.original = picture();
    /** The one that is shown beside it. @type {Latent["subject"]} */
    this.subject = null;
    /** Every choice's image. @type {Sheet | null} */
    this.strip = null;
    /** The values that each of them shows. @type {(number[] | null)[]} */
    this.shown = [];
    /** @type {any[]} */
    this.buttons = [];
    this.said = -1; // the position that the words and the frame are of
    /** @type {Element[]} */
    this.gains = [];
    const pictures = h("div.pictures", {}, this.large.element, this.original.element);
    const said = latent.choices ? this.buildDial(latent.choices) : this.buildTerms();
    this.element = h("div.decoded", { "data-instrument": "" }, pictures, said);
  }

  /** @param {import("./choices.js").Choices} choices */
  buildDial({ of, titles, between }) {
    const { latent } = this;
    this.shown = titles.map(() => null);
    this.strip = new Sheet({ columns: titles.length, rows: 1, label: "" });
    this.buttons = titles.map((title, k) => {
      const onclick = () => {
        latent.choose(k);
        latent.model.save_changes();
      };
      // Not in the tab order: the keyboard uses the dial below.
      const settings = { type: "button", tabIndex: -1, "aria-label": `${of} ${title}`, onclick };
      return h("button", settings, h("span", {}, title));
    });
    this.dial = h("input.under", {
      type: "range",
      min: "0",
      max: String(titles.length - 1),
      step: between ? "0.05" : "1",
      "aria-label": of,
      oninput: () => latent.choose(Number(this.dial.value)),
      onchange: () => latent.model.save_changes(),
    });
    this.strip.canvas.setAttribute("aria-hidden", "true"); // its buttons lie over it
    const settings = { role: "group", "aria-label": `The same under every ${of}` };
    const choices = h("div.choices", settings, this.strip.canvas, ...this.buttons);
    choices.classList.toggle("crowded", titles.join("").length > LETTERS); // only the chosen one's is written
    return h("div", { style: { "--count": titles.length }, "data-sets": "choice" }, choices, this.dial);
  }

  buildTerms() {
    this.terms = equation([
      { name: "log p(x | z)", color: GENERATED },
      { name: "log p(z)", sign: "+", color: DATA, line: "dashed" },
      { name: "log p(x, z)", sign: "=" },
    ]);
    this.gains = Array.from(this.terms.element.querySelectorAll(".term"), (term) => {
      const gain = h("span");
      term.append(gain);
      return gain;
    });
    return this.terms.element;
  }

  /** The images, on the frame. Where there is no time for all choices, they are dimmed, and false says so. */
  draw() {
    const { latent } = this, { values } = latent, until = performance.now() + BUDGET;
    if (latent.subject !== this.subject) {
      this.subject = latent.subject;
      this.original.show(latent.x, latent.subject?.title);
    }
    this.large.show(latent.decode(values));
    for (const [k, y] of latent.choices?.numbers.entries() ?? []) {
      if (this.shown[k] === values) continue;
      if (performance.now() > until) break;
      this.strip?.put(k, 0, latent.decode(values, y));
      this.shown[k] = values;
    }
    const whole = this.shown.every((shown) => shown === values);
    this.strip?.canvas.classList.toggle("stale", !whole);
    return whole;
  }

  /** Words, numbers and the dial, at leisure. */
  write() {
    if (this.latent.choices) this.writeChoice(this.latent.choices);
    else this.writeTerms();
  }

  /** In brackets below: how much more they are than at the encoder's mean. */
  writeTerms() {
    const { latent } = this, here = latent.terms(latent.values), mean = latent.terms(latent.mean);
    const withSum = (/** @type {number[]} */ [a, b]) => [a, b, a + b];
    const gains = withSum(addingUp(here.map((value, k) => value - mean[k])));
    this.terms?.show(withSum(addingUp(here)).map((value) => signed(value)));
    gains.forEach((gain, k) => setText(this.gains[k], `(${signed(gain, 1, "+")})`));
    this.large.show(null, "decoded");
  }

  /** The chosen label or cluster is framed; between two both are, by their weights. @param {import("./choices.js").Choices} choices */
  writeChoice({ of, titles }) {
    const { weights, position } = this.latent;
    if (position === this.said) return;
    this.said = position;
    this.buttons.forEach((button, k) => {
      button.style.setProperty("--weight", `${100 * weights[k]}%`);
      button.setAttribute("aria-pressed", String(weights[k] === 1));
    });
    const shares = titles.flatMap((title, k) => {
      const percent = Math.round(100 * weights[k]);
      return percent ? [percent === 100 ? title : `${percent} % ${title}`] : [];
    });
    this.dial.value = String(position);
    this.dial.setAttribute("aria-valuetext", shares.join(", "));
    this.large.show(null, shares.length > 1 ? shares.join(", ") : `${of} ${shares[0]}`);
  }
}
