// Elements, briefly: h("button.tool", { onclick }, "Lasso").

import { source } from "./source.js";

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * An element.
 * @param {string} kind its tag and classes, "div.row.wide"
 * @param {Record<string, any>} [settings] properties; names with a hyphen, and `role`, are attributes; `style` may
 *   be an object
 * @param {...(Child | Child[])} children
 * @returns {any}
 */
export function h(kind, settings = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  /** @type {any} */
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined || value === null) continue;
    if (name === "style" && typeof value === "object") {
      for (const [property, set] of Object.entries(value)) element.style.setProperty(property, String(set));
    } else if (name.includes("-") || name === "role" || name === "for") {
      element.setAttribute(name, String(value));
    } else if (name.startsWith("on")) {
      element[name] = (/** @type {Event} */ event) => {
        value(event); // Returns nothing: a handler that returns false would cancel the event.
      };
    } else element[name] = value;
  }
  element.append(
    ...children.flat().filter((child) => child || child === "").map((child) => /** @type {any} */ (child)),
  );
  return element;
}

/** Whether a key is the browser's: Alt and an arrow go back. @param {KeyboardEvent} event */
export function withCommand({ altKey, ctrlKey, metaKey }) {
  return altKey || ctrlKey || metaKey;
}

/**
 * Sets a text that is another than before, and says whether: the same set again would be laid out again.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  const changed = element.textContent !== text;
  if (changed) element.textContent = text;
  return changed;
}

/**
 * Adopts a style sheet, by its path within aevb/web/, for a document or a shadow root. It is fetched once for all roots.
 * @param {Document | ShadowRoot} root
 * @param {string} path
 */
export async function adoptStyle(root, path) {
  let sheet = sheets.get(path);
  if (!sheet) {
    sheet = source.text(path).then((text) => new CSSStyleSheet().replace(text));
    sheets.set(path, sheet);
    sheet.catch(() => sheets.delete(path));
  }
  const found = await sheet;
  if (!root.adoptedStyleSheets.includes(found)) root.adoptedStyleSheets.push(found);
}

/** @type {Map<string, Promise<CSSStyleSheet>>} */
const sheets = new Map();

/**
 * Rules that hold in a document or a shadow root until what is returned is called.
 * @param {Document | ShadowRoot} root
 * @param {string} rules
 */
export function holdRules(root, rules) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  root.adoptedStyleSheets.push(sheet);
  return () => {
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter((other) => other !== sheet);
  };
}
