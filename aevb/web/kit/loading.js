// What is fetched, once for all parts of the document: a model's weights, what is known of it, the digits.
//
// A resource is named by its URL, or is there already as bytes (a notebook hands those over).

import { build } from "../engine/models/index.js";
import { halves, unpack } from "../engine/weights.js";
import { source } from "./source.js";

/** @typedef {string | DataView | ArrayBuffer} Resource */
/** @typedef {{ url: string, about: Resource, p: Resource, q: Resource, [more: string]: any }} Checkpoint */

/** @type {Map<Resource, Promise<any>>} */
const loaded = new Map();

/** How much of a resource has come, of how much where that is known. @typedef {{ got: number, whole?: number }} Arrival */

/** What is being fetched. @type {Map<Resource, Arrival>} */
const arriving = new Map();

/** Whether nothing is being fetched. */
export function idle() {
  return !arriving.size;
}

/** Where `loadOnce` notes each arrival while `Arrivals.of` runs. @type {Set<Arrival> | null} */
let listening = null;

/** What is fetched for somebody who waits, together. */
export class Arrivals {
  /** @type {Set<Arrival>} */
  all = new Set();

  /** Counts what `load` asks for before it waits for anything. @template T @param {() => T} load @returns {T} */
  of = (load) => {
    const before = listening;
    listening = this.all;
    try {
      return load();
    } finally {
      listening = before;
    }
  };

  /** Bytes that have come, and of how many: of what says so, if anything does, for what does not is small. @returns {Arrival} */
  get share() {
    const all = [...this.all], known = all.filter(({ whole }) => whole !== undefined);
    const got = (known.length ? known : all).reduce((sum, one) => sum + one.got, 0);
    return { got, whole: known.reduce((sum, { whole = 0 }) => sum + whole, 0) || undefined };
  }
}

/**
 * What `read` makes of a resource's bytes. A failure is not remembered, so that whoever asks again tries again.
 * Rejects with an Error whose message is a sentence for the visitor, which begins with `what`.
 * @template T
 * @param {Resource} resource
 * @param {string} what
 * @param {(buffer: ArrayBuffer) => T} read
 * @returns {Promise<T>}
 */
export function loadOnce(resource, what, read) {
  let found = loaded.get(resource);
  if (!found) {
    found = load(resource, what, read);
    loaded.set(resource, found);
    found.catch(() => loaded.delete(resource));
  }
  const arrival = arriving.get(resource);
  if (arrival) listening?.add(arrival);
  return found;
}

/**
 * @template T
 * @param {Resource} resource
 * @param {string} what
 * @param {(buffer: ArrayBuffer) => T} read
 */
async function load(resource, what, read) {
  const buffer = typeof resource === "string" ? await fetchBytes(resource, what) : bytesOf(resource);
  try {
    return read(buffer);
  } catch (error) {
    console.error(error);
    throw new Error(`${what} could not be loaded. What arrived was damaged.`);
  }
}

/** @param {string} url @param {string} what */
async function fetchBytes(url, what) {
  /** @type {Arrival} */
  const arrival = { got: 0 };
  arriving.set(url, arrival);
  try {
    return await source.bytes(url, (got, whole) => Object.assign(arrival, { got, whole }));
  } catch (error) {
    throw new Error(`${what} could not be loaded. ${/** @type {Error} */ (error).message}.`);
  } finally {
    arriving.delete(url);
  }
}

/** @param {DataView | ArrayBuffer} bytes @returns {ArrayBuffer} */
function bytesOf(bytes) {
  if (bytes instanceof ArrayBuffer) return bytes;
  return /** @type {ArrayBuffer} */ (bytes.buffer.slice(
    bytes.byteOffset,
    bytes.byteOffset + bytes.byteLength,
  ));
}

/** A text in JSON. @param {Resource} resource @param {string} what */
export function loadJson(resource, what) {
  return loadOnce(resource, what, (buffer) => JSON.parse(new TextDecoder().decode(buffer)));
}

/** What is known of a checkpoint: its configuration, what was measured, how it was trained. @param {Resource} about */
export function loadAbout(about) {
  return loadJson(about, "What is known of the model");
}

/** The models that were asked for last, the last one last. @type {Map<Resource, { model: any, of: Checkpoint }>} */
const models = new Map();
const KEPT = 12; // models: a class's runs, looked at one after the other, would fill the memory

/**
 * A checkpoint's model with the nets that are needed: "p" generates, "q" infers.
 * @param {Checkpoint} checkpoint
 * @param {("p" | "q")[]} needs
 * @returns {Promise<any>}
 */
export async function loadModel(checkpoint, needs) {
  const parts = await Promise.all(needs.map((part) => loadOnce(checkpoint[part], "The model", unpack)));
  const { p } = checkpoint, model = models.get(p)?.model ?? build(parts[0].header);
  for (const part of parts) model.learn(part.arrays);
  models.delete(p);
  models.set(p, { model, of: checkpoint });
  if (models.size > KEPT) {
    const [[oldest, { of }]] = models;
    models.delete(oldest);
    // What is recorded of it, too: latent values and maps of all test images.
    const { maps = {}, ...others } = of;
    for (const resource of [...Object.values(maps), ...Object.values(others)]) loaded.delete(resource);
  }
  return model;
}

/** Numbers in float16, one after the other. @param {Resource} resource @param {string} what */
export function loadHalves(resource, what) {
  return loadOnce(resource, what, (buffer) => halves(buffer));
}
