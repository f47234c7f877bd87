// What a part says while something loads, and when it could not be loaded.

import { follow, subjectOf } from "./controls.js";
import { h } from "./elements.js";

/** @typedef {import("./controls.js").Model} Model */

/**
 * Waits for something over a part, and hands it over. While it waits, and where it fails, the part says so; a
 * failure has a button to try again. Returns what ends it.
 * @template T
 * @param {HTMLElement} el where the notice stands
 * @param {() => Promise<T>} load
 * @param {(found: T) => void} start
 * @param {string} [waiting]
 */
export function whenLoaded(el, load, start, waiting = "Loading the model …") {
  const notice = h("p.notice");
  let over = false;
  const attempt = async () => {
    notice.setAttribute("role", "status");
    notice.textContent = waiting;
    const late = setTimeout(() => !over && el.append(notice), 150); // what comes at once needs no word
    try {
      const found = await load();
      if (over) return;
      notice.remove();
      start(found);
    } catch (error) {
      if (over) return;
      fail(notice, /** @type {Error} */ (error), attempt);
      el.append(notice);
    } finally {
      clearTimeout(late);
    }
  };
  attempt();
  return () => {
    over = true;
    notice.remove();
  };
}

/**
 * Waits for something over a part, as `whenLoaded`, from when it is first asked for. Returns what asks for it.
 * @template T
 * @param {HTMLElement} el
 * @param {() => Promise<T>} load
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

/** @param {HTMLElement} notice @param {Error} error @param {() => void} again */
function fail(notice, error, again) {
  notice.setAttribute("role", "alert");
  notice.textContent = `${error.message} `;
  notice.append(h("button.button", { type: "button", onclick: again }, "Try again"));
}
