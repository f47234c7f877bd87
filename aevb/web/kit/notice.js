// What a part says while something loads, and when it could not be loaded.

import { follow, subjectOf } from "./controls.js";
import { h, setText } from "./elements.js";
import { Arrivals } from "./loading.js";

/** @typedef {import("./controls.js").Model} Model */

const BEAT = 200; // ms between two looks at how much has come
const QUIET = 5000; // ms at least between two times that a screen reader says it
const WORTH = 100_000; // bytes: of fewer no progress is told

/** What could not be loaded: tried again together, by a press or once there is a network. @type {Set<() => void>} */
const failed = new Set();
const tryAgain = () => [...failed].forEach((attempt) => attempt());
addEventListener("online", tryAgain);

/**
 * Calls a function and counts what it asks for as waited for: a load calls this for what it asks for after an `await`.
 * @typedef {Arrivals["of"]} Count
 */

/**
 * Waits for something over a part, and hands it over. While it waits, and where it fails, the part says so; a
 * failure has a button to try again. Returns what ends it, with what `start` has returned.
 * @template T
 * @param {HTMLElement} el where the notice stands
 * @param {(count: Count) => Promise<T>} load
 * @param {(found: T) => void | (() => void)} start what it returns ends what it has begun
 * @param {string} [waiting]
 */
export function whenLoaded(el, load, start, waiting = "Loading the model …") {
  const notice = h("p.notice", { tabIndex: -1 });
  const focused = () => notice.matches(":focus");
  let over = false;
  /** @type {void | (() => void)} */
  let end;
  const attempt = async () => {
    failed.delete(attempt);
    if (notice.matches(":focus-within")) notice.focus({ preventScroll: true }); // its button is removed
    const arrivals = new Arrivals(), telling = shares(arrivals);
    notice.setAttribute("role", "status");
    notice.replaceChildren(waiting, ...telling.elements);
    const late = setTimeout(() => !over && el.append(notice), 150); // what comes at once needs no word
    const beat = setInterval(() => over ? clearInterval(beat) : telling.tell(), BEAT);
    try {
      const found = await arrivals.of(() => load(arrivals.of));
      if (over) return;
      if (focused()) {
        /** @type {HTMLElement | null} */ (el.closest("[tabindex]"))?.focus({ preventScroll: true });
      }
      notice.remove();
      end = start(found);
    } catch (error) {
      if (over) return;
      failed.add(attempt);
      const button = fail(notice, /** @type {Error} */ (error));
      el.append(notice);
      if (focused()) button.focus({ preventScroll: true });
    } finally {
      clearTimeout(late);
      clearInterval(beat);
    }
  };
  attempt();
  return () => {
    over = true;
    failed.delete(attempt);
    notice.remove();
    end?.();
  };
}

/**
 * Waits for something over a part, as `whenLoaded`, from when it is first asked for. Returns what asks for it.
 * @template T
 * @param {HTMLElement} el
 * @param {(count: Count) => Promise<T>} load
 * @param {(found: T) => void} start
 * @param {string} [waiting]
 * @returns {{ (): void, end(): void }}
 */
export function onDemand(el, load, start, waiting) {
  /** @type {(() => void) | undefined} */
  let end;
  const ask = () => {
    end ??= whenLoaded(el, load, start, waiting);
  };
  return Object.assign(ask, { end: () => end?.() });
}

/**
 * Waits for something over a part, as `whenLoaded`, now and whenever one of these keys changes: what was waited for
 * before is passed over. Returns what ends it.
 * @template T
 * @param {HTMLElement} el
 * @param {Model} model
 * @param {string[]} keys
 * @param {() => Promise<T>} load
 * @param {(found: T) => void} start
 * @param {string} waiting
 */
export function whenever(el, model, keys, load, start, waiting) {
  let end = () => {};
  const unfollow = follow(model, keys, () => {
    end();
    end = whenLoaded(el, load, start, waiting);
  });
  return () => {
    unfollow();
    end();
  };
}

/**
 * Calls `show` with the digit or drawing of the link, now and whenever it is another one; where it cannot be loaded,
 * the part says so.
 * @param {HTMLElement} el where the notice stands
 * @param {Model} model
 * @param {(subject: import("./controls.js").Subject) => void} show
 */
export function whenSubject(el, model, show) {
  return whenever(el, model, ["digit", "strokes"], () => subjectOf(model), show, "Loading the digit …");
}

/** @param {HTMLElement} notice @param {Error} error */
function fail(notice, error) {
  notice.setAttribute("role", "alert");
  notice.textContent = `${error.message} `;
  const button = h("button.button", { type: "button", onclick: tryAgain }, "Try again");
  notice.append(button);
  return button;
}

/** How much has come of what is waited for: to be seen all the while, and said now and then. @param {Arrivals} arrivals */
function shares(arrivals) {
  const seen = h("span.share", { "aria-hidden": "true" }), said = h("span.spoken");
  let quarters = 0, last = performance.now();
  const tell = () => {
    const { got, whole = 0 } = arrivals.share, millions = (/** @type {number} */ n) => (n / 1e6).toFixed(1);
    if (Math.max(got, whole) < WORTH) return;
    setText(seen, ` ${millions(got)}${whole ? ` of ${millions(whole)}` : ""} MB`);
    const now = performance.now(), come = whole && Math.floor(4 * got / whole);
    if (come <= quarters || now - last < QUIET) return;
    quarters = come;
    last = now;
    setText(said, ` ${25 * come} % has come.`);
  };
  return { elements: [seen, said], tell };
}
