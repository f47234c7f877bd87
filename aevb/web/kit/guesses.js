// What a model takes each test image for, the cluster that q(y | x) puts it in or the label that it guesses, beside the
// label that it has.

import { loadClusters } from "./clusters.js";
import { digitsAt } from "./digits.js";
import { loadAbout } from "./loading.js";

/**
 * As `Clusters`, of clusters or of labels; the images' labels; the label that is matched with each choice, −1 for
 * none; and the images' numbers, where they are not all of those in view.
 * @typedef {import("./clusters.js").Clusters & { labels: Uint8Array, matched: number[], images?: number[] }} Guesses
 */

/**
 * Null where there is nothing to hold against: the images have no labels, or nothing was measured.
 * @param {import("./controls.js").Model} model
 * @returns {Promise<Guesses | null>}
 */
export async function loadGuesses(model) {
  const { about: resource, clusters } = model.get("checkpoint");
  const [about, labels] = await Promise.all([
    loadAbout(resource),
    digitsAt(model.get("digits")).loadLabels(),
  ]);
  if (about.labelled) return guessed(about.measures, labels);
  const { class_of: matched } = about.measures;
  return matched ? { ...await loadClusters(clusters), labels, matched } : null;
}

/**
 * What was measured of guessed labels: all that is no mistake is right, and how sure it was is not kept. Where few of
 * the images were looked at, `measures.guessed` says which.
 * @param {any} measures
 * @param {Uint8Array} labels of the images in view, which may be fewer than were measured, or more
 * @returns {Guesses | null}
 */
export function guessed({ mistakes, confusion, guessed: few }, labels) {
  if (!mistakes) return null;
  /** @type {number[]} */
  const numbers = few ?? Array.from({ length: imagesOf(confusion) }, (_, i) => i);
  const images = numbers.filter((image) => image < labels.length);
  const own = Uint8Array.from(images, (image) => labels[image]), of = own.slice();
  const shares = new Float32Array(images.length).fill(1);
  const places = new Map(images.map((image, i) => [image, i]));
  for (const [image, guess, share] of mistakes) {
    const i = places.get(image);
    if (i === undefined) continue;
    of[i] = guess;
    shares[i] = share;
  }
  return { of, shares, labels: own, images, matched: Array.from(confusion.keys()) };
}

/** How many images are in a table of them. @param {number[][]} confusion */
export function imagesOf(confusion) {
  return confusion.flat().reduce((sum, count) => sum + count, 0);
}
