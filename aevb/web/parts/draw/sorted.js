// A mixture VAE sorts a drawing.

import { choicesOf, inWords } from "../../kit/choices.js";
import { h, setText } from "../../kit/elements.js";
import { probability, stated } from "../../kit/format.js";
import { argmax } from "../../engine/arithmetic.js";
import { Answer } from "./answer.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../kit/choices.js").Choices} Choices
 * @typedef {import("./answer.js").Seen} Seen
 * @typedef {import("./rebuilt.js").Rebuilt} Rebuilt
 */

/** A bar for each cluster: the probability that it is the drawing's. */
export class Sorted extends Answer {
  /** @param {Model} model @param {Rebuilt} rebuilt which says whether it is like any digit */
  constructor(model, rebuilt) {
    const table = h("table"), about = h("span"), unless = h("b");
    super(
      model,
      { name: "gmvae", title: "GMVAE: sorted", page: "Gaussian mixture VAE", scene: "guess", needs: ["q"] },
      h("p", {}, unless, about),
      table,
    );
    this.rebuilt = rebuilt;
    this.about = about;
    this.unless = unless;
    this.table = table;
    /** As they are shown. @type {{ element: any, bar: any, value: any }[]} */
    this.lines = [];
    /** @type {number[]} */
    this.shares = [];
  }

  /** @param {any} engine @param {any} about */
  start(engine, about) {
    this.choices = /** @type {Choices} */ (choicesOf(about));
    this.lines = this.choices.titles.map((title) => {
      const bar = h("div.bar", {}, h("i")), value = h("td");
      const element = h("tr", {}, h("th", { scope: "row" }, title), h("td", {}, bar), value);
      return { element, bar: bar.firstElementChild, value };
    });
    this.table.replaceChildren(h("tbody", {}, ...this.lines.map(({ element }) => element)));
    super.start(engine, about);
  }

  /** @param {Seen} seen @returns {Generator<void, void>} */
  *read({ pixels }) {
    const { engine } = this, weights = engine.weigh(engine.observe(pixels));
    this.shares = /** @type {Choices} */ (this.choices).numbers.map((y) => weights[y]);
    yield;
  }

  write() {
    super.write();
    const best = argmax(this.shares), { titles } = /** @type {Choices} */ (this.choices);
    const { unlike } = this.rebuilt;
    setText(this.unless, unlike ? `Unlike any digit: if in any cluster, ${titles[best]}.` : "");
    setText(this.about, unlike ? "" : "q(y | x): its cluster. No label was ever told.");
    this.lines.forEach(({ element, bar, value }, k) => {
      element.classList.toggle("best", k === best);
      bar.style.width = `${100 * this.shares[k]}%`;
      setText(value, probability(this.shares[k]));
    });
  }

  say() {
    const best = argmax(this.shares), words = inWords(/** @type {Choices} */ (this.choices), best);
    return `In the ${words}, q ${stated(this.shares[best])}.`;
  }
}
