// Below the map: its classes by their colours, one of which can be shown alone, and the view.

import { follow, put } from "../../kit/controls.js";
import { h } from "../../kit/elements.js";
import { COLORS, NONE } from "./picture.js";

/** @typedef {import("../../kit/controls.js").Model} Model */

const ICONS = {
  in: "M12 4v16M4 12h16",
  out: "M4 12h16",
  whole: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  chosen: "M12 2v5M12 17v5M2 12h5M17 12h5M7.5 12a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0",
};
const TITLES = {
  in: "Zoom in",
  out: "Zoom out",
  whole: "The whole map",
  chosen: "The chosen digit in the middle",
};

/**
 * @param {Model} model
 * @param {number} known how many classes have a colour
 * @param {Record<keyof typeof ICONS, () => void>} acts
 */
export function bar(model, known, acts) {
  const classes = COLORS.map((color, value) => {
    const none = value === NONE, title = none ? "Only clusters of no class" : `Only ${value}s`;
    const onclick = () => put(model, "only", model.get("only") === value ? null : value);
    const swatch = h("i", { style: { background: color } });
    return h(
      "button",
      { type: "button", title, onclick, hidden: value >= known, "data-sets": "only" },
      swatch,
      none ? "none" : String(value),
    );
  });
  const names = /** @type {(keyof typeof ICONS)[]} */ (Object.keys(ICONS));
  const view = names.map((name) =>
    h("button", {
      type: "button",
      title: TITLES[name],
      "aria-label": TITLES[name],
      "data-sets": "view",
      innerHTML: `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}" /></svg>`,
      onclick: () => {
        acts[name]();
        model.save_changes();
      },
    })
  );
  const element = h(
    "div.bar",
    { "data-control": "" },
    h("div.segments.legend", { role: "group", "aria-label": "Only one class", hidden: !known }, ...classes),
    h("div.segments.view", { role: "group", "aria-label": "View" }, ...view),
  );
  const end = follow(model, ["only"], () => {
    classes.forEach((one, value) => one.setAttribute("aria-pressed", String(value === model.get("only"))));
  });
  return {
    element,
    end,
    /** @param {boolean} some whether there are clusters of no class */
    unmatched(some) {
      classes[NONE].hidden = !some;
    },
  };
}
