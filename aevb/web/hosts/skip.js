// Past the menu, by keyboard: the first thing in the document, seen while it has the focus.

import { h, holdRules } from "../kit/elements.js";

/** @typedef {import("../frame/explorer.js").Explorer} Explorer */

const RULES = `
  .skip {
    position: fixed; z-index: 1000000; top: 4px; left: 48px; padding: 0.25em 0.8em; font: 600 16px var(--st-font, sans-serif); cursor: pointer;
    color: var(--st-text-color, CanvasText); background: var(--st-background-color, Canvas);
    border: 3px solid var(--st-primary-color, currentColor); border-radius: 0.45em;
  }
  .skip:not(:focus) { clip-path: inset(50%); pointer-events: none; }
  .presenting .skip { display: none; }
`;

/** Leads to the scene of the explorer in view. @param {() => Explorer | null} inView */
export function leadToScene(inView) {
  holdRules(document, RULES);
  document.body.prepend(
    h("button.skip", { type: "button", onclick: () => inView()?.take() }, "To the scene"),
  );
}
