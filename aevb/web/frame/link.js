// The state of a page: what its link says. Every part's values are parameters of the URL, and nothing else is.
//
// Values change at once; the URL is written a moment after the visitor has let go. A scene, and whatever else is an
// entry (kit/params.js), is a new entry of the history, every other value replaces the present one. The front end alone
// writes the URL.

import { choice, mark, number, text } from "../kit/params.js";

/** @typedef {import("../kit/params.js").Param<any>} Param */

const WRITE = 200; // ms until the URL is written: browsers refuse to have it written on every frame
const CHECKPOINT = /^[0-9a-f]{16,32}$/;
const NAMES = /^[a-z]\w*(,[a-z]\w*)*$/i; // of values, or of one number of several: z3
const TOUR = /^([a-z][a-z0-9-]*|~[\w-]+)$/; // its name, or all of it
const STROKES = /^([0-9a-f]{4})+(-([0-9a-f]{4})+)*$/;

export class Link {
  /**
   * @param {{ page: string, scenes: string[], digits: number, checkpoints?: boolean }} about the scenes' names, how
   *   many test digits there are, and whether a link may name a checkpoint
   * @param {{ read(): string, write(search: string, entry: boolean): void }} address the URL's query, and how to set
   *   it, as a new entry of the history or in place of the present one
   */
  constructor({ page, scenes, digits, checkpoints }, address) {
    this.page = page;
    this.address = address;
    /** @type {Record<string, Param>} */
    this.params = {
      // First, since what else there is belongs to it.
      ...(checkpoints && { checkpoint: text({ form: CHECKPOINT, entry: true }) }),
      scene: choice({ initial: scenes[0], of: scenes }),
      digit: number({ initial: 0, least: 0, most: 999_999_999 }), // of a checkpoint's own test set, perhaps
      strokes: text({ form: STROKES }),
      present: mark,
      free: text({ form: NAMES }), // in a lesson: what may be changed
      tour: text({ form: TOUR, longest: 7000 }),
      stop: number({ initial: 1, least: 1, most: 60 }), // of the tour: the step that one is at
    };
    /** @type {Map<string, Set<() => void>>} */
    this.listeners = new Map();
    /** @type {Map<string, any>} */
    this.values = new Map();
    /** @type {Map<string, string>} */
    this.texts = new Map(); // what the URL says under names that no part has asked for yet
    /** @type {Set<string>} */
    this.unread = new Set();
    this.digits = digits; // how many there are
    this.left = false; // whether the digit or drawing is another than the URL's
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.writing = undefined; // the URL, in a moment
    this.entry = false; // whether as a new entry of the history
    this.read();
  }

  /** Reads the URL: on arrival, and after Back or Forward. */
  read() {
    clearTimeout(this.writing);
    this.writing = undefined;
    this.entry = false;
    this.texts = new Map(new URLSearchParams(this.address.read()));
    this.unread.clear();
    this.left = false;
    const before = this.values;
    this.values = new Map();
    for (const key of Object.keys(this.params)) this.take(key);
    // Those of another checkpoint are counted once it is there.
    const another = (this.get("checkpoint") ?? "") !== (before.get("checkpoint") ?? "");
    if (!another && !this.has(this.get("digit"))) {
      this.unread.add("digit");
      this.values.set("digit", this.params.digit.initial);
    }
    for (const key of Object.keys(this.params)) {
      if (!same(before.get(key), this.values.get(key))) this.tell(key);
    }
  }

  /** Takes a parameter from the URL's words. @param {string} key */
  take(key) {
    const { initial, read } = this.params[key], words = this.texts.get(key);
    const value = words === undefined ? undefined : read(words);
    this.texts.delete(key);
    if (words !== undefined && value === undefined) this.unread.add(key);
    this.values.set(key, value ?? initial);
  }

  /** Learns a part's parameters. @param {Record<string, Param>} params */
  learn(params) {
    for (const [key, param] of Object.entries(params)) {
      if (Object.hasOwn(this.params, key)) continue; // parts may share one
      this.params[key] = param;
      if (this.left && param.ofSubject && this.texts.delete(key)) this.save();
      this.take(key);
    }
  }

  /** @param {string} key */
  get(key) {
    return this.values.get(key);
  }

  /** @param {string} key @param {any} value */
  set(key, value) {
    if (same(this.values.get(key), value)) return;
    if (this.params[key]?.entry) {
      this.flush(); // what was there before
      this.entry = true;
    }
    this.values.set(key, value);
    if (key === "digit" || key === "strokes") this.forget(key);
    this.tell(key);
  }

  /** What belonged to another digit or drawing goes with it. @param {string} key */
  forget(key) {
    this.left = true;
    if (key === "digit") this.values.set("strokes", "");
    for (const [other, { initial, ofSubject }] of Object.entries(this.params)) {
      if (ofSubject && !same(this.values.get(other), initial)) {
        this.values.set(other, initial);
        this.tell(other);
      }
    }
  }

  /** @param {string} key */
  tell(key) {
    for (const f of [...(this.listeners.get(key) ?? [])]) f();
  }

  /** @param {string} key @param {() => void} f */
  on(key, f) {
    let listeners = this.listeners.get(key);
    if (!listeners) this.listeners.set(key, listeners = new Set());
    listeners.add(f);
  }

  /** @param {string} key @param {() => void} f */
  off(key, f) {
    this.listeners.get(key)?.delete(f);
  }

  /** The names of what belongs to the digit or drawing. */
  get ofSubject() {
    return Object.keys(this.params).filter((key) => this.params[key].ofSubject);
  }

  /** The link as it stands, "?…" or "". Only what differs from the beginning is in it. */
  get search() {
    const said = new URLSearchParams();
    for (const [key, { initial, write }] of Object.entries(this.params)) {
      const value = this.values.get(key);
      if (!same(value, initial)) said.set(key, write(value));
    }
    for (const [key, words] of this.texts) if (!said.has(key)) said.set(key, words);
    const words = said.toString().replaceAll("%2C", ",");
    return words && `?${words}`;
  }

  /** Notes the values in the URL, in a moment. */
  save() {
    clearTimeout(this.writing);
    if (this.entry) this.write(false);
    else this.writing = setTimeout(() => this.write(false), WRITE);
  }

  /** Notes them at once. @param {boolean} entry whether as a new entry of the history */
  write(entry) {
    clearTimeout(this.writing);
    this.writing = undefined;
    if (this.address.read() !== this.search) this.address.write(this.search, entry || this.entry);
    this.entry = false;
  }

  /** Nothing is left to be noted. */
  flush() {
    if (this.writing) this.write(false);
  }

  /** The names of what a lesson leaves free; null where all is. @returns {string[] | null} */
  get free() {
    return this.get("free") ? this.get("free").split(",") : null;
  }

  /**
   * Whether the visitor may change a value, or some of its numbers.
   * @param {string} key
   */
  may(key) {
    return this.free?.some((name) => name === key || valueOf(name) === key) ?? true;
  }

  /**
   * Sets a value as far as a visitor may: in a lesson what is not free stays as it is.
   * @param {string} key
   * @param {any} value
   */
  move(key, value) {
    const { free } = this, before = this.get(key);
    if (!this.may(key)) return;
    if (!free || free.includes(key) || !Array.isArray(value) || !Array.isArray(before)) {
      return this.set(key, value);
    }
    this.set(key, value.map((one, i) => (free.includes(key + (i + 1)) ? one : before[i])));
  }

  /** To another scene: an entry of its own. @param {string} scene */
  go(scene) {
    if (scene === this.get("scene") || !this.may("scene")) return;
    this.flush();
    this.set("scene", scene);
    this.write(true);
  }

  /** To another checkpoint, or "" to the shipped one. All else was said of the one before, but the scene. @param {string} name */
  choose(name) {
    this.flush();
    for (const [key, { initial }] of Object.entries(this.params)) {
      if (!["scene", "checkpoint", "present", "free", "tour", "stop"].includes(key)) {
        this.values.set(key, initial);
      }
    }
    this.texts.clear();
    this.set("checkpoint", name);
    this.write(true);
  }

  /** A test set of so many: a digit that it has not is at its default. @param {number} digits */
  count(digits) {
    this.digits = digits;
    if (!this.has(this.get("digit"))) this.refuse("digit");
  }

  /** @param {number} digit */
  has(digit) {
    return digit < Math.max(1, this.digits);
  }

  /** What a part can make no sense of is at its default, as what could not be read. @param {string} key */
  refuse(key) {
    this.unread.add(key);
    this.set(key, this.params[key].initial);
  }

  /** Refuses a lesson that frees a value which no part has. Called once all parts of the page have told theirs. */
  checkFree() {
    const known = (/** @type {string} */ name) => Object.hasOwn(this.params, name);
    if (this.free?.some((name) => !known(name) && !known(valueOf(name)))) {
      this.refuse("free");
    }
  }

  /** The names that could not be read, once. */
  takeUnread() {
    const names = [...this.unread];
    this.unread.clear();
    return names;
  }
}

/** The value that a name in a lesson is of: z of z3. @param {string} name */
function valueOf(name) {
  return name.replace(/\d+$/, "");
}

/** @param {any} a @param {any} b */
function same(a, b) {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/**
 * A part's model over a link, as anywidget's front-end modules expect one: values of the link by their names, and
 * beside them what is fixed.
 */
export class SceneModel {
  /** @param {Link} link @param {Record<string, any>} fixed */
  constructor(link, fixed) {
    this.link = link;
    this.fixed = fixed;
  }

  /** @param {string} key */
  get(key) {
    return key in this.fixed ? this.fixed[key] : this.link.get(key);
  }

  /** @param {string} key @param {any} value */
  set(key, value) {
    this.link.move(key, value);
  }

  save_changes() {
    this.link.save();
  }

  /** @param {string} event "change:key" @param {() => void} f */
  on(event, f) {
    this.link.on(event.replace(/^change:/, ""), f);
  }

  /** @param {string} event @param {() => void} f */
  off(event, f) {
    this.link.off(event.replace(/^change:/, ""), f);
  }
}

/** A link without what makes it a frame's or a lecturer's. @param {string} url */
export function unembedded(url) {
  const link = new URL(url);
  for (const name of ["embed", "embed_options", "present"]) link.searchParams.delete(name);
  return link.href.replaceAll("%2C", ",");
}
