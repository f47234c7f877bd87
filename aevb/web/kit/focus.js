// The focus of the keyboard, where what has it goes: a button that ends what it did, an item that is removed. Browsers
// give it to nothing then, and whoever has no mouse begins anew at the top of the page.

import { onNextFrame } from "./slices.js";

const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";

/** Text fields never get the focus unasked: the next key would be typed there, and a phone would open its keyboard. */
const TYPED = "input:not([type=range], [type=checkbox], [type=radio]), textarea";

/** Whether an element can have the focus now. @param {HTMLElement} element */
function usable(element) {
  return element.isConnected && !element.matches(":disabled, [inert], [inert] *") &&
    element.checkVisibility({ visibilityProperty: true });
}

/** What the keyboard comes to within an element, in its order. @param {Element} place @returns {HTMLElement[]} */
function within(place) {
  const all = /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll(FOCUSABLE));
  return Array.from(all).filter((one) => one.tabIndex >= 0);
}

/** Whether the focus may go on to an element. @param {HTMLElement} element */
const open = (element) => !element.matches(TYPED) && usable(element);

/**
 * As long as this holds, the focus is never lost from an element: it goes on to what took the place of what had it, or
 * to the next beside it that takes no letters, within the smallest part of the page that has any; at most to what holds
 * that part together, an element with a `tabIndex` of its own. Returns what ends it.
 * @param {HTMLElement} root
 */
export function holdFocus(root) {
  const tree = /** @type {Document | ShadowRoot} */ (root.getRootNode());
  /** What had the focus last, and its ancestors, innermost first: in each, how many that can have it come before. */
  /** @type {{ element: HTMLElement, around: { place: HTMLElement, before: number }[] } | null} */
  let held = null;
  /** What had to give the focus up: it gets it back once it can, unless anything is pressed. @type {HTMLElement | null} */
  let left = null;

  const note = () => {
    const element = /** @type {HTMLElement | null} */ (tree.activeElement);
    if (!element || element === root || !root.contains(element)) return;
    held = { element, around: [] };
    for (let place = element.parentElement; place; place = place.parentElement) {
      const before = within(place).findIndex((one) => follows(element, one) || one === element);
      held.around.push({ place, before: before < 0 ? Infinity : before });
      if (place === root) break;
    }
  };

  /** Where it goes on from what is held. */
  const next = () => {
    if (!held) return null;
    const { element, around } = held;
    for (const { place, before } of around) {
      if (!place.isConnected) continue;
      const all = within(place);
      const at = element.isConnected ? all.findIndex((one) => follows(element, one)) : before;
      const later = all.slice(at < 0 ? all.length : at).find(open);
      const found = later ?? all.slice(0, at < 0 ? all.length : at).findLast(open);
      if (found && found !== element) return found;
      if (place.hasAttribute("tabindex") && usable(place)) return place;
    }
    return null;
  };

  const check = () => {
    if (!held) return;
    const { activeElement: now } = document, mine = tree.activeElement;
    const nowhere = !now || now === document.body || mine === held.element;
    if (usable(held.element)) {
      if (nowhere && mine !== held.element) held = null; // let go of, by a press beside it
      else if (left && mine === held.element && usable(left)) left.focus({ preventScroll: true });
      return;
    }
    if (!nowhere) return;
    const from = held.element, to = next();
    held = null;
    if (!to) return;
    to.focus({ preventScroll: true });
    left = from;
  };

  /** Once all is painted: to ask before whether something is visible would lay it out twice. */
  const painted = onNextFrame(() => setTimeout(check));
  const later = () => {
    if (held) painted();
  };
  const acted = () => {
    left = null;
    note();
  };
  const changes = new MutationObserver(later);
  changes.observe(root, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["disabled", "hidden", "inert", "class"],
  });
  const given = new AbortController(), { signal } = given;
  root.addEventListener("focusin", note, { signal });
  root.addEventListener("focusout", later, { signal });
  for (const event of ["keydown", "pointerdown", "click"]) {
    root.addEventListener(event, acted, { capture: true, signal });
  }
  return () => {
    given.abort();
    changes.disconnect();
    painted.cancel();
    held = null;
  };
}

/** Whether one element comes after another. @param {Element} element @param {Element} other */
function follows(element, other) {
  return Boolean(element.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING);
}
