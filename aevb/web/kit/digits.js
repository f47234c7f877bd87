// The test set, a hundred images at a time as they are needed, and its labels.

import { one } from "./format.js";
import { loadOnce } from "./loading.js";

/**
 * Where they are; of the labels also their names, none where there are no labels.
 * @typedef {{ count: number, side: number, chunk: number, labels: any, images: string | any[],
 *   classes?: readonly string[] }} DigitsAt
 */

const TEN = Array.from({ length: 10 }, (_, y) => String(y));

export class Digits {
  /** @param {DigitsAt} at where they are */
  constructor(at) {
    this.at = at;
    this.count = at.count;
    this.classes = at.classes ?? TEN;
    /** @type {Map<number, Uint8Array>} */
    this.chunks = new Map(); // those that have arrived
    /** @type {Uint8Array | null} */
    this.labels = null; // once they have arrived
  }

  /** All labels, a byte each. */
  async loadLabels() {
    this.labels ??= await loadOnce(this.at.labels, "The labels", (buffer) => new Uint8Array(buffer));
    return /** @type {Uint8Array} */ (this.labels);
  }

  /** The label of test image i, "" where there are none. It must have arrived. @param {number} i */
  label(i) {
    return this.classes.length ? String(/** @type {Uint8Array} */ (this.labels)[i]) : "";
  }

  /** What test image i is called: "digit 7, a 9". Its label must have arrived. @param {number} i */
  title(i) {
    const name = this.classes[/** @type {Uint8Array} */ (this.labels)[i]];
    if (name === undefined) return `image ${i}`;
    return /^\d$/.test(name) ? `digit ${i}, ${one(name)}` : `image ${i}, ${name}`;
  }

  /** Test image i as D numbers in [0, 1]. @param {number} i */
  async load(i) {
    await this.loadChunk(Math.floor(i / this.at.chunk));
    return /** @type {Float32Array} */ (this.peek(i));
  }

  /** @param {number} number */
  async loadChunk(number) {
    const { images } = this.at;
    const at = typeof images === "string" ? images.replace("{chunk}", String(number)) : images[number];
    this.chunks.set(number, await loadOnce(at, "The digits", (buffer) => new Uint8Array(buffer)));
  }

  /** All of the images that these numbers name. @param {Iterable<number>} numbers */
  async loadAll(numbers) {
    const chunks = new Set(Array.from(numbers, (i) => Math.floor(i / this.at.chunk)));
    await Promise.all(Array.from(chunks, (chunk) => this.loadChunk(chunk)));
  }

  /** Test image i where it has arrived, else null. @param {number} i @returns {Float32Array | null} */
  peek(i) {
    const { chunk, side } = this.at, bytes = this.chunks.get(Math.floor(i / chunk)), size = side * side;
    if (!bytes) return null;
    const first = (i % chunk) * size;
    return Float32Array.from(bytes.subarray(first, first + size), (byte) => byte / 255);
  }
}

/** @type {Map<any, Digits>} */
const known = new Map();

/** The test set at its place, one for all parts. @param {DigitsAt} at */
export function digitsAt(at) {
  const key = typeof at.labels === "string" ? at.labels : at;
  let found = known.get(key);
  if (!found) known.set(key, found = new Digits(at));
  return found;
}
