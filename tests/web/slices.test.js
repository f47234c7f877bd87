/** What an element shows while work in slices goes on. */

import assert from "node:assert/strict";
import { whileStale } from "../../aevb/web/kit/slices.js";

/** An element, as far as it is looked at. */
function stub() {
  const attributes = new Map(), classes = new Set();
  return {
    classes,
    hasAttribute: (/** @type {string} */ name) => attributes.has(name),
    setAttribute: (/** @type {string} */ name, /** @type {string} */ value) => attributes.set(name, value),
    classList: {
      toggle: (/** @type {string} */ name, /** @type {boolean} */ on) =>
        on ? classes.add(name) : classes.delete(name),
      remove: (/** @type {string} */ name) => classes.delete(name),
    },
    get busy() {
      return attributes.get("aria-busy");
    },
  };
}

Deno.test("what is redrawn in slices is dimmed until all is there, also by work that follows it, but not at first", async () => {
  /** @type {any} */ (globalThis).requestAnimationFrame = (/** @type {() => void} */ frame) =>
    setTimeout(frame);
  const all = [stub(), stub()], elements = /** @type {any} */ (all);
  const dimmed = () => all.map(({ classes }) => classes.has("stale"));
  function* work() {
    for (let k = 0; k < 3; k++) yield;
    return 7;
  }
  const settings = () => ({ budget: 0, signal: new AbortController().signal });
  const first = whileStale(elements, work(), settings());
  assert.deepEqual([dimmed(), all[0].busy], [[false, false], "true"]);
  assert.equal(await first, 7);
  const ended = new AbortController();
  const passedOver = whileStale(elements, work(), { budget: 0, signal: ended.signal });
  assert.deepEqual(dimmed(), [true, true]);
  ended.abort();
  const last = whileStale(elements, work(), settings());
  assert.equal(await passedOver, undefined);
  assert.deepEqual([dimmed(), all[0].busy], [[true, true], "true"]);
  assert.equal(await last, 7);
  assert.deepEqual([dimmed(), all[0].busy], [[false, false], "false"]);
});
