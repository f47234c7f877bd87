// What is recorded of a run in pictures, fetched once: what it reconstructs, and each frame of its film.

import { itemsOf, unpackFrame } from "./record.js";
import { ask, Refused } from "./wire.js";

/** @typedef {import("./record.js").About} About */
/** @typedef {ReturnType<typeof unpackFrame>} Frame */

const AGAIN = 3000; // ms until what did not come is asked for once more

export class Frames {
  /** @param {string} id of the run @param {About} about @param {() => void} arrived called when what was wanted is there */
  constructor(id, about, arrived) {
    this.id = id;
    this.about = about;
    this.arrived = arrived;
    /** @type {Float32Array[]} */
    this.images = []; // or vectors, once they are there
    /** @type {Map<number, Frame>} */
    this.frames = new Map();
    /** @type {Set<number>} */
    this.asked = new Set();
    this.wanted = -1;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.again = undefined;
    this.ended = new AbortController();
    this.loadImages();
  }

  end() {
    this.ended.abort();
    clearTimeout(this.again);
  }

  /** Tries again, unless to try would bring the same. @param {unknown} error */
  later(error) {
    if (this.ended.signal.aborted || error instanceof Refused) return;
    this.again ??= setTimeout(() => {
      this.again = undefined;
      if (!this.images.length) this.loadImages();
      this.arrived(); // whoever shows it wants what it shows
    }, AGAIN);
  }

  /** @param {string} path */
  ask(path) {
    return ask(`run/${this.id}/${path}`, { bytes: true, signal: this.ended.signal });
  }

  async loadImages() {
    try {
      this.images = itemsOf(await this.ask("images"), this.about.shape);
      this.arrived();
    } catch (error) { // while a run is under way, the poll says what is the matter
      this.later(error);
    }
  }

  /** A frame, or nothing until it has been fetched. @param {number} frame @returns {Frame | undefined} */
  at(frame) {
    this.wanted = frame;
    if (frame >= 0) this.load(frame);
    return this.frames.get(frame);
  }

  /** Fetches a frame, once. @param {number} frame */
  async load(frame) {
    if (this.asked.has(frame)) return;
    this.asked.add(frame);
    try {
      this.frames.set(frame, unpackFrame(await this.ask(`frame/${frame}`), this.about));
      if (frame === this.wanted) this.arrived();
    } catch (error) {
      this.asked.delete(frame); // asked again when it is next wanted, or if it still is
      this.later(error);
    }
  }
}
