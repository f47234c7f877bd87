// The small VAE that learns here, from what, and how it has gone so far.

import { dequantised } from "../../engine/models/base.js";
import { resampled } from "../../engine/ink.js";
import { exactElbo, logEvidence } from "../../engine/quadrature.js";
import { sum } from "../../engine/arithmetic.js";
import { Random, shuffle } from "../../engine/random.js";
import { Learner, untrained } from "../../engine/training.js";

/** @typedef {import("../../engine/schedule.js").Phase} Phase */

export const IMAGES = 1000; // of the test set, which a page has at hand
const SIDE = 14; // pixels: a quarter of MNIST's, so that a step takes a few milliseconds
const MAPPED = 200, MEASURED = 60; // of those that it learns from, as E- and M-steps are
const HIDDEN = 64, LATENT = 2, BATCH = 32, RATE = 0.004;

/**
 * What was measured after a step, a mean over images that it learns from, in nats.
 * @typedef {{ step: number, phase: Phase | "", evidence: number, elbo: number }} Measured
 */

/** Whether it is measured after a step: often while it learns most. @param {number} step */
const measuredAfter = (step) => step % (step <= 50 ? 10 : step <= 200 ? 25 : step <= 1000 ? 50 : 100) === 0;

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
    /** What the last step moved. @type {Phase | ""} */
    this.phase = "";
    this.learns = small;
    /** Those that are mapped, of which the first are measured, as the model sees them. */
    this.mapped = small.slice(0, MAPPED).map((pixels) => this.model.observe(pixels));
    this.whole = true; // whether no step is half done
    this.evidence = NaN; // of the present θ, once it is known
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

  /**
   * One step, and a measurement where one is due: now and then, and where the steps begin to move something else.
   * @param {Phase} phase
   * @returns {Generator<undefined, void>}
   */
  *advance(phase) {
    if (phase !== this.phase) yield* this.measure();
    this.phase = phase;
    const { images, noise } = this.batch();
    this.whole = false;
    yield* this.learner.step(images, noise, phase);
    if (phase !== "E") this.evidence = NaN;
    this.step++;
    this.whole = true;
    if (measuredAfter(this.step)) yield* this.measure();
  }

  /**
   * Measures evidence and ELBO, unless that has been done.
   * @returns {Generator<undefined, void>}
   */
  *measure() {
    if (this.measured.at(-1)?.step === this.step) return;
    const { model } = this, images = this.mapped.slice(0, MEASURED);
    const mean = (/** @type {Iterable<number>} */ values) => sum(values) / images.length;
    if (Number.isNaN(this.evidence)) this.evidence = mean(yield* logEvidence(model, images));
    const elbos = [];
    for (const x of images) {
      elbos.push(exactElbo(model, x));
      yield;
    }
    this.measured.push({ step: this.step, phase: this.phase, evidence: this.evidence, elbo: mean(elbos) });
  }
}
