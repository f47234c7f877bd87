// An equation in numbers: each over its name, underlined as its line is drawn elsewhere.

import { h, setText } from "./elements.js";

/**
 * @typedef {object} Term
 * @property {string} name
 * @property {string} [sign] before it
 * @property {string} [color] of the line under it
 * @property {string} [line] how that is drawn: solid, dashed, double, dotted
 * @property {string} [title] more of it, for whoever asks
 */

/**
 * An equation whose numbers are told later: `show(["1,830.1", …])`; null for one that is still being computed.
 * @param {Term[]} terms
 */
export function equation(terms) {
  const numbers = terms.map(() => h("b", {}, "…"));
  const element = h(
    "div.equation",
    { role: "group", "aria-label": terms.map(({ name }) => name).join(", ") },
    ...terms.flatMap(({ name, sign, color, line, title }, k) => [
      sign && h("span.sign", {}, sign),
      h(
        "span.term",
        { title, style: { "--color": color ?? "transparent", "--line": line ?? "solid" } },
        numbers[k],
        h("span", {}, name),
      ),
    ]),
  );
  return {
    element,
    /** @param {(string | null)[]} shown */
    show(shown) {
      shown.forEach((text, k) => setText(numbers[k], text ?? "…"));
    },
  };
}
