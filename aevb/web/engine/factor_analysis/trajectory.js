/** The states that a model passes through, and what each is worth on the test points. */

import { spansOf } from "../schedule.js";
import { randomOf, remembered, STREAMS, synthetic } from "./data.js";
import { FactorAnalysis } from "./model.js";
import { drawnMoment, expectedMoment, Moments } from "./moments.js";

/**
 * @typedef {import("./model.js").State} State
 * @typedef {import("../schedule.js").Phase} Phase
 */

/**
 * Up to `capacity` states one after the other, of which there are `count` so far; what stands behind them is
 * 0. D = 3 observed and L latent dimensions. The curves are means over the 1,000 test points, in nats.
 */
export class Trajectory {
  /**
   * @param {number} capacity how many states there will be
   * @param {number} dataDim D
   * @param {number} latentDim L
   */
  constructor(capacity, dataDim, latentDim) {
    const D = dataDim, L = latentDim, column = (size = 1) => new Float64Array(capacity * size);
    this.dataDim = D;
    this.latentDim = L;
    this.capacity = capacity;
    this.count = 0;
    /** Where each state stands: gradient steps, iterations of EM or moves done. The first is at 0. */
    this.position = column();
    /** @type {(Phase | "")[]} what led to each state, "" for the first */
    this.phase = [];
    /** One sample of z for each test point. */
    this.estimate = column();
    /** Its expectation, in closed form. */
    this.elbo = column();
    /** log p(x). */
    this.evidence = column();
    /** KL(q(z | x) ‖ p(z | x)): by equation 2 what lies between them. */
    this.gap = column();
    this.W = column(D * L);
    this.sigma = column(D);
    this.V = column(L * D);
    this.scaleTril = column(L * L);
  }

  /**
   * The parameters at one state.
   * @param {number} index
   * @returns {State}
   */
  state(index) {
    /** @param {Float64Array<ArrayBuffer>} column */
    const at = (column) => {
      const size = column.length / this.capacity;
      return column.subarray(index * size, (index + 1) * size);
    };
    return { W: at(this.W), sigma: at(this.sigma), V: at(this.V), scaleTril: at(this.scaleTril) };
  }

  /**
   * The model at one state.
   * @param {number} index
   */
  model(index) {
    return FactorAnalysis.of(this.state(index));
  }

  /**
   * The index of the state nearest to a position, the earlier of two.
   * @param {number} position
   */
  nearest(position) {
    let low = 0, high = this.count - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.position[middle] <= position) low = middle;
      else high = middle;
    }
    return position - this.position[low] <= this.position[high] - position ? low : high;
  }

  /** The stretches of the time axis in which one phase lasts. */
  spans() {
    return spansOf(this.phase.map((phase, i) => ({ step: this.position[i], phase })));
  }
}

/** Keeps a model's states as it changes. */
export class Recorder {
  /**
   * @param {FactorAnalysis} model
   * @param {number} seed of the test points and of the estimates' samples
   * @param {number} capacity how many states will be noted
   */
  constructor(model, seed, capacity) {
    this.model = model;
    this.test = synthetic(seed).test;
    this.sampled = testMoments(seed, model.latentDim);
    this.expected = expectedMoment(this.test.moment, model.latentDim);
    this.trajectory = new Trajectory(capacity, model.dataDim, model.latentDim);
  }

  /**
   * Adds the model's present state.
   * @param {number} position
   * @param {Phase | ""} phase
   * @throws {RangeError} where the parameters are not finite numbers any more
   */
  note(position, phase) {
    const { model, test, trajectory: to } = this, i = to.count++;
    to.position[i] = position;
    to.phase[i] = phase;
    to.estimate[i] = model.elbo(this.sampled.at(i));
    to.elbo[i] = model.elbo(this.expected);
    to.evidence[i] = model.evidence(test.moment);
    to.gap[i] = Math.max(to.evidence[i] - to.elbo[i], 0); // rounding can leave -1e-16 where q is exact
    const { W, sigma, V, scaleTril } = to.state(i);
    W.set(model.W);
    sigma.set(model.sigma);
    V.set(model.V);
    scaleTril.set(model.scaleTril);
    if (!Number.isFinite(to.elbo[i]) || !Number.isFinite(to.evidence[i])) {
      throw new RangeError("The parameters are not finite numbers any more: lower the learning rate.");
    }
  }
}

/** The moments of the test points with fresh noise for each state. */
const testMoments = remembered((/** @type {number} */ seed, /** @type {number} */ latentDim) => {
  const { moment, count } = synthetic(seed).test, random = randomOf(seed, STREAMS.estimates);
  return new Moments(() => drawnMoment(moment, count, latentDim, random));
});
