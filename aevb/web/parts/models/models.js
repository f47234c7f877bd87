// The models as cards, each of which leads to its page; a last one to the canvas where all of them look at a drawing.

import { h } from "../../kit/elements.js";
import { source } from "../../kit/source.js";

/**
 * Graph, variables and density are HTML.
 * @typedef {object} Card
 * @property {string} page its address
 * @property {string} title
 * @property {string} text
 * @property {string} section of the tutorial
 * @property {string} graph
 * @property {string[]} observed
 * @property {string[]} latent
 * @property {string} density
 */

const SEVEN = `<svg viewBox="0 0 100 100" aria-hidden="true"><rect width="100" height="100" rx="6"/>
  <path d="M29 26H69L46 78" fill="none" stroke="#fff" stroke-width="11" stroke-linecap="round" stroke-linejoin="round"/>
  </svg>`;

export const params = {};

export default {
  /** @param {{ model: import("../../kit/controls.js").Model, el: HTMLElement }} host */
  render({ model, el }) {
    /** @type {Card[]} */
    const cards = model.get("cards");
    const elements = cards.map(({ page, title, text, section, graph, observed, latent, density }) =>
      h(
        "a.card",
        { href: source.address(page, ""), "data-page": "" },
        h("h3", {}, title, h("small", {}, `section ${section}`)),
        h("div.graph", { innerHTML: graph }),
        h(
          "div.variables",
          {},
          ...[["observed", observed], ["latent", latent]].map(([kind, variables]) =>
            h("p", { innerHTML: [kind, ...variables].join("<br>") })
          ),
        ),
        h("div.density", { innerHTML: density }),
        h("p.text", {}, text),
      )
    );
    const draw = h(
      "a.card.hand",
      { href: source.address("draw", ""), "data-page": "" },
      h("h3", {}, "Draw a digit"),
      h("div.graph", { innerHTML: SEVEN }),
      h(
        "p.text",
        {},
        "Four models answer while you draw: they rebuild it, rewrite it, sort it and finish it.",
      ),
    );
    // On a phone the cards are a long list: the first stands for the others.
    elements[0].setAttribute("data-instrument", "");
    elements[0].setAttribute("data-control", "");
    el.append(h("nav.cards", { "aria-label": "Models", "data-ready": "" }, ...elements, draw));
  },
};
