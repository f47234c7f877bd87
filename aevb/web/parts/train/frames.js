// What is recorded of a run in pictures, fetched once: what it reconstructs, and each frame of its film.

import { itemsOf, unpackFrame } from "./record.js";
import { ask } from "./wire.js";

/** @typedef {import("./record.js").About} About */
/** @typedef {ReturnType<typeof unpackFrame>} Frame */

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
    this.ended = new AbortController();
    this.loadImages();
  }

  end() {
    this.ended.abort();
  }

  /** @param {string} path */
  ask(path) {
    return ask(`run/${this.id}/${path}`, { bytes: true, signal: this.ended.signal });
  }

  async loadImages() {
    try {
      this.images = itemsOf(await this.ask("images"), this.about.shape);
      this.arrived();
    } catch { /* the poll says what is the matter */ }
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
    } catch {
      this.asked.delete(frame); // asked again when it is next wanted
    }
  }
}
