// What the server is asked for, and who asks.

import { loadModel } from "../../kit/loading.js";

/** @typedef {import("./record.js").Point} Point */
/** @typedef {import("./record.js").About} About */

/** @typedef {{ learning_rate: number, beta: number, schedule: "AEVB" | number[] }} Values of a run that can be steered */

/**
 * A run as the server tells of it, with all its points.
 * @typedef {object} Told
 * @property {"queued" | "running" | "paused" | "done" | "failed" | "stopped" | "lost"} status
 * @property {string} problem
 * @property {number | null} place in the line
 * @property {number | null} wait_s
 * @property {number | null} left_s
 * @property {number} frames
 * @property {number} steps in all
 * @property {About | null} about its data, once they are there
 * @property {boolean} checkpoint whether it can be taken home
 * @property {string | null} page whose scenes look at it
 * @property {string | null} scene of this page that does
 * @property {any} specification
 * @property {Partial<Values>} values what it was steered to
 * @property {Point[]} points
 */

const FINISHED = new Set(["done", "failed", "stopped", "lost"]);

/** Whether nothing will come of a run any more. @param {Told} told */
export const finished = ({ status }) => FINISHED.has(status);

/** An answer that is a sentence: to try again would bring the same. */
export class Refused extends Error {}

/**
 * What the server answers, in JSON or in bytes.
 * @param {string} path below training/
 * @param {{ body?: any, bytes?: boolean, signal?: AbortSignal, seconds?: number }} [settings] with a body it is sent
 * @returns {Promise<any>} rejects with an Error whose message is a sentence; Refused where the server has said no
 */
export async function ask(path, { body, bytes = false, signal, seconds = 30 } = {}) {
  const sent = body && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  const timeout = AbortSignal.timeout(1000 * seconds);
  /** @type {Response} */
  let response;
  try {
    response = await fetch(new URL(`training/${path}`, document.baseURI), {
      ...sent,
      cache: "no-store",
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    if (response.ok && bytes) return await response.arrayBuffer();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Error("The server does not answer.");
  }
  const found = await response.json().catch(() => null);
  if (found?.problem && (response.ok ? body : response.status < 500)) throw new Refused(found.problem);
  if (response.ok && found) return found;
  throw new Error(found?.problem ?? `The server answered ${response.status}.`);
}

/**
 * The model that a run has ended with, which the browser computes, and the test images that fit it.
 * @param {string} id
 * @returns {Promise<{ engine: any, digits: import("../../kit/digits.js").DigitsAt }>}
 */
export async function modelOf(id) {
  const { digits, checkpoint } = await ask(`run/${id}/model`);
  return { digits, engine: await loadModel(checkpoint, ["p", "q"]) };
}

/** Where something of a run is to be fetched by the browser itself. @param {string} path */
export const urlOf = (path) => new URL(`training/${path}`, document.baseURI).href;

// Who asks: a number that this browser keeps. Whoever has it steers the runs that it started.

const VISITOR = "aevb:visitor", MANY = 50;

/** @type {Map<string, string>} */
const kept = new Map(); // where the browser keeps nothing

/** @param {string} key */
function recall(key) {
  try {
    return localStorage.getItem(key) ?? kept.get(key);
  } catch {
    return kept.get(key);
  }
}

/** @param {string} key @param {string} value */
function remember(key, value) {
  kept.set(key, value);
  try {
    localStorage.setItem(key, value);
  } catch { /* for as long as this page is open */ }
}

/** This browser's own number. */
export function visitor() {
  let found = recall(VISITOR);
  if (!found) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    found = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    remember(VISITOR, found);
  }
  return found;
}

/** Names that this browser keeps, the last one first. @param {string} key */
function names(key) {
  return {
    /** @returns {string[]} */
    all: () => (recall(key) ?? "").split(" ").filter(Boolean),
    /** @param {string} name */
    add(name) {
      remember(key, [name, ...this.all()].slice(0, MANY).join(" "));
    },
  };
}

const RUNS = names("aevb:runs");

/** The images that this browser has brought. */
export const UPLOADS = names("aevb:uploads");

/** The runs that this browser has started, the last one first. */
export const ownRuns = RUNS.all;

/** @param {string} id */
export const rememberRun = (id) => RUNS.add(id);

const BEAT = 500; // ms between two questions while a run is under way
const SLOW = 2000; // while it is paused: another device may set it going
const MOST = 15_000; // where the server does not answer
const LATE = 60; // questions after a run was stopped: what it has learnt is saved by a last turn

/**
 * Asks for a run again and again, while the page is in view and something may come of it. Where the server does not
 * answer it goes on asking, at longer and longer intervals.
 */
export class Poll {
  /**
   * @param {string} id
   * @param {{ told: (told: Told) => void, failed: (problem: string, again: boolean) => void }} to `again`: it goes on asking
   */
  constructor(id, to) {
    this.id = id;
    this.to = to;
    /** @type {Point[]} */
    this.points = [];
    /** @type {Told["about"]} */
    this.about = null;
    this.failures = 0;
    this.late = 0;
    this.over = false;
    this.asking = false;
    this.ended = new AbortController();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.waiting = undefined;
    const { signal } = this.ended;
    document.addEventListener("visibilitychange", () => this.now(), { signal });
    addEventListener("online", () => this.now(), { signal });
    this.now();
  }

  end() {
    this.over = true;
    clearTimeout(this.waiting);
    this.ended.abort();
  }

  /** Asks at once: something was done, or the page is in view again. */
  async now() {
    if (this.over || this.asking || document.visibilityState === "hidden") return;
    clearTimeout(this.waiting);
    this.asking = true;
    let pause = BEAT;
    try {
      const path = `run/${encodeURIComponent(this.id)}?from=${this.points.length}`;
      const found = await ask(path, { signal: this.ended.signal });
      this.failures = 0;
      this.points = [...this.points, ...found.points];
      this.about ??= found.about;
      const told = { ...found, points: this.points, about: this.about };
      const saving = told.status === "stopped" && !told.checkpoint && this.late++ < LATE;
      this.over = finished(told) && !saving;
      if (told.status === "paused") pause = SLOW;
      this.to.told(told);
    } catch (error) {
      if (this.ended.signal.aborted) return;
      this.over = error instanceof Refused;
      pause = Math.min(MOST, BEAT * 2 ** this.failures++);
      this.to.failed(/** @type {Error} */ (error).message, !this.over);
    } finally {
      this.asking = false;
    }
    if (!this.over) this.waiting = setTimeout(() => this.now(), pause);
  }
}
