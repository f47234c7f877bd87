// What a link can say: each part names its parameters, and how their values read in a URL.
//
// A parameter has `initial`, the value without which a link needs no word of it; `read(text)`, undefined where the
// text makes no sense; and `write(value)`. One that is `ofSubject` belongs to the digit or drawing that is shown, and
// is forgotten with it. One that is an `entry` shows something else altogether: Back leads to what was there before.

/**
 * @template T
 * @typedef {object} Param
 * @property {T} initial
 * @property {(text: string) => T | undefined} read
 * @property {(value: T) => string} write
 * @property {boolean} [ofSubject]
 * @property {boolean} [entry]
 */

/**
 * A number within bounds; whole unless it has `digits` after the point.
 * @param {{ initial: number | null, least: number, most: number, digits?: number, ofSubject?: boolean }} settings
 * @returns {Param<any>}
 */
export function number({ initial, least, most, digits = 0, ofSubject }) {
  const form = digits ? /^[-+]?\d{1,9}(\.\d{1,9})?$/ : /^-?\d{1,9}$/;
  return {
    initial,
    ofSubject,
    read(text) {
      const value = form.test(text) ? Number(text) : NaN;
      return value >= least && value <= most ? round(value, digits) : undefined;
    },
    write: (value) => String(round(value, digits)),
  };
}

/**
 * One of several words.
 * @param {{ initial: string, of: readonly string[] }} settings
 * @returns {Param<any>}
 */
export function choice({ initial, of }) {
  return { initial, read: (text) => (of.includes(text) ? text : undefined), write: (value) => value };
}

/**
 * A list of numbers within ±`reach`; null where the link has none.
 * @param {{ reach: number, digits?: number, count?: number, ofSubject?: boolean }} settings
 * @returns {Param<number[] | null>}
 */
export function numbers({ reach, digits = 2, count, ofSubject }) {
  return {
    initial: null,
    ofSubject,
    read(text) {
      const parts = text.split(",");
      const values = parts.map((part) => (/^[-+]?(\d+\.?\d*|\.\d+)$/.test(part) ? Number(part) : NaN));
      const sound = values.every((value) => Math.abs(value) <= reach) && (!count || values.length === count);
      return sound ? values.map((value) => round(value, digits)) : undefined;
    },
    write: (values) => (values ?? []).map((value) => String(round(value, digits))).join(","),
  };
}

/**
 * A text of a certain form, "" where the link has none.
 * @param {{ form: RegExp, longest?: number, ofSubject?: boolean, entry?: boolean }} settings
 * @returns {Param<string>}
 */
export function text({ form, longest = 2000, ofSubject, entry }) {
  return {
    initial: "",
    ofSubject,
    entry,
    read: (text) => (text.length <= longest && form.test(text) ? text : undefined),
    write: (value) => value,
  };
}

/** On or off. @param {boolean} initial @returns {Param<any>} */
export function flag(initial) {
  return {
    initial,
    read: (text) => (text === "yes" || text === "no" ? text === "yes" : undefined),
    write: (value) => (value ? "yes" : "no"),
  };
}

/** A flag: "true" in the link, or absent. @type {Param<boolean>} */
export const mark = {
  initial: false,
  read: (text) => (text === "true" ? true : undefined),
  write: String,
};

/** A seed, the same in all scenes of a page. */
export const seed = number({ initial: 0, least: 0, most: 9999 });

/** @param {number} value @param {number} digits */
export function round(value, digits) {
  return Math.round(value * 10 ** digits) / 10 ** digits + 0;
}

/**
 * Says that the link's value of a key makes no sense, where only the part can know: it is at its default then.
 * @param {HTMLElement} el the part's
 * @param {string} key
 */
export function unread(el, key) {
  el.dispatchEvent(new CustomEvent("unread", { bubbles: true, detail: key }));
}

/**
 * The same of a number beyond the last that there is. Its default stands, however few there are.
 * @param {{ get(key: string): any }} model
 * @param {HTMLElement} el the part's
 * @param {string} key
 * @param {{ initial: any }} param
 * @param {number} last
 */
export function within(model, el, key, { initial }, last) {
  const value = model.get(key);
  if (value !== null && value !== initial && value > last) unread(el, key);
}
