// A small VAE that learns here, and how it has gone so far.

import { exactElbo, logEvidence } from "../../engine/quadrature.js";
import { sum } from "../../engine/arithmetic.js";
import { Random, shuffle } from "../../engine/random.js";
import { Learner, untrained } from "../../engine/training.js";

const BATCH = 32;

/**
 * @typedef {import("../../engine/schedule.js").Phase} Phase
 *
 * What a VAE learns, and from what.
 * @typedef {object} Task
 * @property {import("../../engine/training.js").Sizes} sizes
 * @property {number} rate of Adam
 * @property {Float32Array[]} examples
 * @property {(example: Float32Array, random: Random) => Float32Array} seen an example in a step, as the model sees it
 * @property {number} shown of them, the first ones
 * @property {number} measured of those, as E- and M-steps are: of what it learns from
 *
 * What was measured after a step, a mean over examples, in nats.
 * @typedef {{ step: number, phase: Phase | "", evidence: number, elbo: number }} Measured
 */

/** Whether it is measured after a step: often while it learns most. @param {number} step */
const measuredAfter = (step) => step % (step <= 50 ? 10 : step <= 200 ? 25 : step <= 1000 ? 50 : 100) === 0;

export class Pupil {
  /** @param {Task} task @param {number} seed */
  constructor(task, seed) {
    this.task = task;
    this.model = untrained(task.sizes, new Random(seed));
    this.learner = new Learner(this.model, task.rate);
    this.seed = seed;
    this.step = 0;
    /** What the last step moved. @type {Phase | ""} */
    this.phase = "";
    /** What is shown of it, as the model sees that. */
    this.shown = task.examples.slice(0, task.shown).map((example) => this.model.observe(example));
    this.evidence = NaN; // of the present θ, once it is known
    /** @type {Measured[]} */
    this.measured = [];
    /** The examples' numbers in the present epoch's order. */
    this.order = Uint32Array.from(task.examples.keys());
    this.epoch = -1;
  }

  /** The examples of a step and a draw of ε for each: the same whenever a step is taken again. */
  batch() {
    const { task: { examples, seen, sizes }, order, seed, step } = this,
      size = Math.min(BATCH, examples.length);
    const each = Math.floor(examples.length / size), epoch = Math.floor(step / each);
    if (epoch !== this.epoch) {
      order.forEach((_, i) => order[i] = i);
      shuffle(order, new Random(100_003 * (seed + 1) + epoch));
      this.epoch = epoch;
    }
    const random = new Random(7919 * (seed + 1) + step), first = size * (step % each);
    const batch = Array.from(order.subarray(first, first + size), (i) => seen(examples[i], random));
    return { batch, noise: batch.map(() => random.normal(sizes.latentDim)) };
  }

  /**
   * One step, and a measurement where one is due: now and then, and where the steps begin to move something else.
   * @param {Phase} phase
   * @returns {Generator<undefined, void>}
   */
  *advance(phase) {
    if (phase !== this.phase) yield* this.measure();
    const { batch, noise } = this.batch();
    yield* this.learner.step(batch, noise, phase);
    if (phase !== "E") this.evidence = NaN;
    this.phase = phase;
    this.step++;
    if (measuredAfter(this.step)) yield* this.measure();
  }

  /**
   * Measures evidence and ELBO, unless that has been done.
   * @returns {Generator<undefined, void>}
   */
  *measure() {
    if (this.measured.at(-1)?.step === this.step) return;
    const { model, task } = this, examples = this.shown.slice(0, task.measured);
    const mean = (/** @type {Iterable<number>} */ values) => sum(values) / examples.length;
    if (Number.isNaN(this.evidence)) this.evidence = mean(yield* logEvidence(model, examples));
    const elbos = [];
    for (const x of examples) {
      elbos.push(exactElbo(model, x));
      yield;
    }
    this.measured.push({ step: this.step, phase: this.phase, evidence: this.evidence, elbo: mean(elbos) });
  }
}
