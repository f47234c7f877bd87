// The labels or clusters that a model can decode under: how they are called, and which is an image's own.

import { argmax } from "../engine/arithmetic.js";
import { labelBounds } from "../engine/explore.js";
import { Random } from "../engine/random.js";
import { finish } from "../engine/steps.js";

/**
 * @typedef {object} Choices
 * @property {"label" | "cluster"} of what they are
 * @property {number[]} numbers as the model counts them, in the order in which they are shown
 * @property {string[]} titles what each is called, in that order
 * @property {boolean} between whether the model also takes weights of several
 */

/**
 * A model's choices by what is known of it; null where it has none.
 * @param {any} about
 * @returns {Choices | null}
 */
export function choicesOf({ choices, labelled, measures }) {
  if (!choices) return null;
  const numbers = Array.from({ length: choices }, (_, y) => y);
  if (labelled) return { of: "label", numbers, titles: numbers.map(String), between: true };
  const { order = numbers, titles = numbers.map((y) => `no. ${y + 1}`) } = measures;
  return { of: "cluster", numbers: order, titles, between: false };
}

/**
 * One of them in words: "label 7", "cluster of 7s", "cluster no. 11".
 * @param {Choices} choices
 * @param {number} k its place in the order in which they are shown
 */
export function inWords({ of, titles }, k) {
  return /^\d+s$/.test(titles[k]) ? `${of} of ${titles[k]}` : `${of} ${titles[k]}`;
}

/** K of the bounds on log p(x | y) by which an image's label is guessed at once. */
export const FEW_SAMPLES = 3;

/**
 * The choice that is an image's own, as the model counts: the label it has, else the most probable one; null for a
 * model without any.
 * @param {any} engine
 * @param {Float32Array} x as the model sees it
 * @param {number | null} label
 * @returns {number | null}
 */
export function ownChoice(engine, x, label) {
  if (!engine.choices) return null;
  const weights = engine.weigh(x);
  if (weights) return argmax(weights);
  return label ?? argmax(finish(labelBounds(engine, x, FEW_SAMPLES, new Random(0))));
}
