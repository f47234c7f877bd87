// The digits within a loop: how many of each class, their mean image, and some of them.

import { button, chooseDigit } from "../../kit/controls.js";
import { h, setText } from "../../kit/elements.js";
import { counted } from "../../kit/format.js";
import { whenLoaded } from "../../kit/notice.js";
import { DIGITS } from "../../kit/palette.js";
import { paint, picture } from "../../kit/pictures.js";
import { inSlices } from "../../kit/slices.js";

/** @typedef {import("../../kit/controls.js").Model} Model */
/** @typedef {import("../../kit/digits.js").Digits} Digits */

const SHOWN = 24; // of the digits

export class Compared {
  /**
   * @param {Model} model
   * @param {Digits} digits
   * @param {number} known how many of their classes have a colour
   * @param {{ all: () => void, clear: () => void, name: (i: number) => string }} map what its buttons do, and how a
   *   digit is called
   */
  constructor(model, digits, known, { all, clear, name }) {
    this.model = model;
    this.digits = digits;
    this.name = name;
    this.count = h("b");
    this.clear = button("Clear", clear);
    this.bars = DIGITS.slice(0, known).map((color, y) => {
      const bar = h("i", { style: { background: color } }), count = h("span");
      return { bar, count, element: h("li", {}, h("span", {}, String(y)), bar, count) };
    });
    this.mean = picture();
    this.mean.element.hidden = true; // until there is one
    this.some = h("div.some", { role: "group", "aria-label": "Some of them" });
    this.found = h(
      "div.found",
      { hidden: true },
      h(
        "ol.bars",
        { "aria-label": "How many of each digit", hidden: !known },
        ...this.bars.map(({ element }) => element),
      ),
      this.mean.element,
      this.some,
    );
    this.element = h(
      "div.compared",
      {},
      h("div.controls", {}, this.count, button("All in view", all), this.clear),
      this.found,
    );
    this.loading = () => {};
    this.working = new AbortController();
  }

  end() {
    this.loading();
    this.working.abort();
  }

  /** @param {number[]} chosen the digits @param {Uint8Array} labels of all */
  show(chosen, labels) {
    this.end();
    setText(this.count, chosen.length ? counted(chosen.length, "digit") : "No digits yet");
    this.clear.disabled = !chosen.length;
    this.found.hidden = !chosen.length;
    if (!chosen.length) return;
    const counts = this.bars.map((_, y) => chosen.filter((i) => labels[i] === y).length);
    this.bars.forEach(({ bar, count }, y) => {
      bar.style.width = `${(100 * counts[y]) / Math.max(1, ...counts)}%`;
      setText(count, counts[y].toLocaleString("en"));
    });
    this.some.replaceChildren();
    this.mean.dim(true);
    this.working = new AbortController();
    const { signal } = this.working;
    this.loading = whenLoaded(this.element, () => this.digits.loadAll(chosen), () => {
      this.showSome(chosen);
      inSlices(mean(this.digits, chosen), { signal }).then((image) => {
        if (!image) return;
        this.mean.show(image, "mean image");
        this.mean.element.hidden = false;
        this.mean.dim(false);
      });
    }, "Loading the digits …");
  }

  /** @param {number[]} chosen */
  showSome(chosen) {
    const stride = Math.max(1, chosen.length / SHOWN);
    const some = Array.from(
      { length: Math.min(SHOWN, chosen.length) },
      (_, k) => chosen[Math.floor(k * stride)],
    );
    this.some.replaceChildren(...some.map((i) => {
      const canvas = h("canvas.pixels"), name = this.name(i);
      paint(canvas, /** @type {Float32Array} */ (this.digits.peek(i)));
      const onclick = () => chooseDigit(this.model, i);
      return h("button", { type: "button", title: name, "aria-label": `Load ${name}`, onclick }, canvas);
    }));
  }
}

/** @param {Digits} digits @param {number[]} chosen */
function* mean(digits, chosen) {
  const total = new Float32Array(digits.at.side ** 2);
  for (const i of chosen) {
    digits.peek(i)?.forEach((value, d) => (total[d] += value / chosen.length));
    yield;
  }
  return total;
}
