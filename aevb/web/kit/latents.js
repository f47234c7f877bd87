// The latent values of all test images: recorded, or else found here, by the encoder.

import { style } from "../engine/explore.js";
import { ownChoice } from "./choices.js";
import { loadHalves, loadModel } from "./loading.js";
import { inSlices } from "./slices.js";

/**
 * @typedef {import("./digits.js").Digits} Digits
 * @typedef {import("./loading.js").Checkpoint} Checkpoint
 */

/** @type {Map<any, Promise<Float32Array>>} */
const found = new Map();

/**
 * Of each test image, (N · L,), the posterior mean of z, or its style ε: as the label or the most probable cluster
 * has it.
 * @param {Checkpoint} checkpoint
 * @param {"means" | "styles"} kind
 * @param {Digits} digits
 * @returns {Promise<Float32Array>}
 */
export function loadLatents(checkpoint, kind, digits) {
  if (checkpoint[kind]) return loadHalves(checkpoint[kind], "The latent values");
  const key = `${kind} ${checkpoint.q}`;
  let values = found.get(key);
  if (!values) {
    found.set(key, values = infer(checkpoint, kind, digits));
    values.catch(() => found.delete(key)); // whoever asks again tries again
  }
  return values;
}

/** @param {Checkpoint} checkpoint @param {"means" | "styles"} kind @param {Digits} digits */
async function infer(checkpoint, kind, digits) {
  const everyone = Array.from({ length: digits.count }, (_, i) => i);
  const [engine, labels] = await Promise.all([
    loadModel(checkpoint, ["p", "q"]),
    digits.loadLabels(),
    digits.loadAll(everyone),
  ]);
  const values = new Float32Array(digits.count * engine.latentDim);
  await inSlices((function* () {
    for (const i of everyone) {
      const x = engine.observe(digits.peek(i)), y = ownChoice(engine, x, labels[i]);
      const mean = engine.encode(x, y).loc;
      values.set(kind === "styles" ? style(engine, mean, y) : mean, i * engine.latentDim);
      yield;
    }
  })());
  return values;
}
