// The small VAE that learns here, from what, and how it has gone so far.

import { dequantised } from "../../engine/models/base.js";
import { resampled } from "../../engine/ink.js";
import { elbo } from "../../engine/ascent.js";
import { klNormal } from "../../engine/densities.js";
import { sum } from "../../engine/arithmetic.js";
import { Random, shuffle } from "../../engine/random.js";
import { Learner, untrained } from "../../engine/training.js";

/** @typedef {import("../../engine/factor_analysis/training.js").Phase} Phase */

export const IMAGES = 1000; // of the test set, which a page has at hand
const SIDE = 14; // pixels: a quarter of MNIST's, so that a step takes a few milliseconds
const HELD = 5; // one image in so many is held back
const MEASURED = 200; // of either kind
const HIDDEN = 64, LATENT = 2, BATCH = 32, RATE = 0.004;
const EVERY = 20; // steps between two measurements
const OFTEN = 10; // in the first hundred steps

/** @typedef {{ step: number, phase: Phase | "", seen: number, held: number, log: number, kl: number }} Measured in nats */

export class Pupil {
  /** @param {Float32Array[]} images in [0, 1] @param {number} seed */
  constructor(images, seed) {
    const count = Math.min(SIDE * SIDE, images[0].length);
    const small = images.map((pixels) => resampled(pixels, count));
    this.model = untrained({
      dataDim: count,
      latentDim: LATENT,
      hiddenDim: HIDDEN,
      random: new Random(seed),
    });
    this.learner = new Learner(this.model, RATE);
    this.seed = seed;
    this.step = 0;
    this.learns = small.filter((_, i) => (i + 1) % HELD);
    const held = [...small.keys()].filter((i) => (i + 1) % HELD === 0).slice(0, MEASURED);
    /** Numbers of the images that are held back and measured; where there are too few, of all. */
    this.held = held.length ? held : [...small.keys()];
    const seen = (/** @type {Float32Array} */ pixels) => this.model.observe(pixels);
    this.sets = [this.learns.slice(0, MEASURED).map(seen), this.held.map((i) => seen(small[i]))];
    const random = new Random(100);
    this.noise = this.sets[1].map(() => random.normal(LATENT));
    /** @type {Measured[]} */
    this.measured = [];
    /** The images' numbers in the present epoch's order. */
    this.order = Uint32Array.from(this.learns.keys());
    this.epoch = -1;
  }

  /** The images of a step, dequantised, and a draw of ε for each: the same whenever a step is taken again. */
  batch() {
    const { learns, order, seed, step } = this, size = Math.min(BATCH, learns.length);
    const each = Math.floor(learns.length / size), epoch = Math.floor(step / each);
    if (epoch !== this.epoch) {
      order.forEach((_, i) => order[i] = i);
      shuffle(order, new Random(100_003 * (seed + 1) + epoch));
      this.epoch = epoch;
    }
    const random = new Random(7919 * (seed + 1) + step), first = size * (step % each);
    const images = Array.from(order.subarray(first, first + size), (i) => dequantised(learns[i], random));
    return { images, noise: images.map(() => random.normal(LATENT)) };
  }

  /** Whether it is measured after a step. @param {number} step */
  measuredAt(step) {
    return step % (step < 100 ? OFTEN : EVERY) === 0;
  }

  /**
   * One step, and a measurement where one is due.
   * @param {Phase} phase
   * @returns {Generator<undefined, void>}
   */
  *advance(phase) {
    const { images, noise } = this.batch();
    yield* this.learner.step(images, noise, phase);
    this.step++;
    if (this.measuredAt(this.step)) yield* this.measure(phase);
  }

  /**
   * Measures the ELBO of both kinds of images, over the same noise each time.
   * @param {Phase | ""} phase
   * @returns {Generator<undefined, void>}
   */
  *measure(phase) {
    const { model, noise } = this, found = [0, 0];
    let kl = 0;
    for (const [k, images] of this.sets.entries()) {
      for (const [i, x] of images.entries()) {
        const q = model.encode(x);
        found[k] += elbo(model, x, null, q, [noise[i % noise.length]]) / images.length;
        if (k) kl += sum(klNormal(q, model.prior())) / images.length;
        yield;
      }
    }
    const [seen, held] = found;
    this.measured.push({ step: this.step, phase, seen, held, log: held + kl, kl });
  }
}
