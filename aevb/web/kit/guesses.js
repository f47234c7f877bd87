// What a model takes each test image for, the cluster that q(y | x) puts it in or the label that it guesses, beside the
// label that it has.

import { loadClusters } from "./clusters.js";
import { digitsAt } from "./digits.js";
import { loadAbout } from "./loading.js";

/**
 * As `Clusters`, of clusters or of labels; the images' numbers and labels; and the label that is matched with each
 * choice, −1 for none.
 * @typedef {import("./clusters.js").Clusters & { images: number[], labels: Uint8Array, matched: number[] }} Guesses
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
  return matched
    ? { ...await loadClusters(clusters), images: Array.from(labels.keys()), labels, matched }
    : null;
}

/**
 * What was measured of guessed labels: all that is no mistake is right, and how sure it was is not kept.
 * @param {any} measures whose `guessed` are the images that were asked about; without it, the first
 * @param {Uint8Array} labels of the images in view, which may be fewer than were measured, or more
 * @returns {Guesses | null}
 */
export function guessed({ mistakes, confusion, guessed: asked }, labels) {
  if (!mistakes) return null;
  /** @type {number[]} */
  const numbers = asked ?? Array.from({ length: imagesOf(confusion) }, (_, i) => i);
  const images = numbers.filter((image) => image < labels.length);
  const own = Uint8Array.from(images, (image) => labels[image]), of = own.slice();
  const shares = new Float32Array(images.length).fill(1),
    places = new Map(images.map((image, i) => [image, i]));
  for (const [image, guess, share] of mistakes) {
    const place = places.get(image);
    if (place === undefined) continue;
    of[place] = guess;
    shares[place] = share;
  }
  return { of, shares, images, labels: own, matched: Array.from(confusion.keys()) };
}

/** How many images are in a table of them. @param {number[][]} confusion */
export function imagesOf(confusion) {
  return confusion.flat().reduce((sum, count) => sum + count, 0);
}
