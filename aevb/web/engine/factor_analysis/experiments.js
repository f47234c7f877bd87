/**
 * The tutorial's Experiments 1 and 2 (section 5.2.4), classic EM (section 2) and a walk by hand, from the
 * same initial parameters and with the same record, a `Trajectory`. Their oracles are aevb/training.py and the exact
 * steps of aevb/models/factor_analysis.py; aevb/experiments.py has the experiments themselves.
 *
 * An experiment determines its trajectory entirely. Everything random in it depends on its seed, L and batch
 * size alone, and is kept: another learning rate, number of steps or schedule meets the same batches and the
 * same noise, so its curves differ by nothing else.
 */

import { phaseAt } from "../schedule.js";
import { finish } from "../steps.js";
import { DATA_DIM, randomOf, remembered, STREAMS, synthetic } from "./data.js";
import { FactorAnalysis } from "./model.js";
import { ascend, miniBatches } from "./training.js";
import { Recorder } from "./trajectory.js";

/**
 * @typedef {import("../schedule.js").Schedule} Schedule
 * @typedef {import("./trajectory.js").Trajectory} Trajectory
 *
 * @typedef {object} Experiment
 * @property {number} steps gradient steps in all
 * @property {number} learningRate of Adam
 * @property {Schedule} schedule
 * @property {number} batchSize
 * @property {number} latentDim L
 * @property {import("./model.js").Family} family of q
 * @property {number} seed of the data, the initial parameters, the batches and the noise
 *
 * One step of a walk by hand: in closed form where `steps` is 0, else so many gradient steps.
 * @typedef {{ phase: "E" | "M", steps: number }} Move
 */

/**
 * The tutorial's: φ and θ together, 1,000 steps of Adam at 0.01 on batches of 32.
 * @type {Experiment}
 */
export const EXPERIMENT_1 = {
  steps: 1000,
  learningRate: 0.01,
  schedule: null,
  batchSize: 32,
  latentDim: 2,
  family: "full",
  seed: 14,
};

/**
 * The tutorial's: 1,000 steps of φ alone, 1,000 of θ alone, twice.
 * @type {Experiment}
 */
export const EXPERIMENT_2 = { ...EXPERIMENT_1, steps: 4000, schedule: { eSteps: 1000, mSteps: 1000 } };

const STATES = 800; // of a run that are kept
const RUNS = 64; // that are kept: a slider has fewer places
const STRIDES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]; // so that the states kept stand at round steps

/**
 * The model before the first step.
 * @param {Pick<Experiment, "seed" | "latentDim" | "family">} experiment
 */
export function initialModel({ seed, latentDim, family }) {
  return FactorAnalysis.initial(DATA_DIM, latentDim, randomOf(seed, STREAMS.start), family);
}

/**
 * Gradient steps in one pass over the training data, which is what an iteration of EM costs.
 * @param {Experiment} experiment
 */
export function stepsPerPass({ seed, batchSize }) {
  return Math.max(1, Math.floor(synthetic(seed).train.count / batchSize));
}

/**
 * Trains by gradient steps, a slice at a time. States are kept before the first step, at evenly chosen steps,
 * where a phase ends and after the last.
 * @param {Experiment} experiment
 * @param {number} [states] that are kept at the most, but for the ends of phases: a run of fewer is measured
 *   sooner, and is the same run
 * @returns {Generator<Trajectory, Trajectory>} after each state that is kept, the one trajectory, which grows
 * @throws {RangeError} where the parameters are not finite numbers any more
 */
export function* run(experiment, states = STATES) {
  const { steps, schedule, seed, latentDim, batchSize } = experiment;
  const kept = keptSteps(steps, strideOf(steps, states), schedule);
  const model = initialModel(experiment), recorder = new Recorder(model, seed, 1 + kept.size);
  recorder.note(0, "");
  yield recorder.trajectory;
  for (const { step, phase } of ascend(model, batchesOf(seed, latentDim, batchSize), experiment)) {
    if (!kept.has(step)) continue;
    recorder.note(step, phase);
    yield recorder.trajectory;
  }
  return recorder.trajectory;
}

/**
 * As `run`, and done at once where it was done lately: a slider goes to and fro over the same few settings.
 * @param {Experiment} experiment
 * @param {number} [states]
 * @returns {Generator<Trajectory, Trajectory>} as of `run`; the trajectory is shared, and not to be changed
 * @throws {RangeError} where the parameters are not finite numbers any more
 */
export function* runOnce(experiment, states = STATES) {
  const known = lately(experiment, states);
  if (known.trajectory) yield known.trajectory;
  return known.trajectory ??= yield* run(experiment, states);
}

const lately = remembered((
  /** @type {Experiment} */ _experiment,
  /** @type {number} */ _states,
) => ({ trajectory: /** @type {Trajectory | null} */ (null) }), RUNS);

/**
 * All of `run` at once: some milliseconds where the batches are known.
 * @param {Experiment} experiment
 * @returns {Trajectory}
 * @throws {RangeError} where the parameters are not finite numbers any more
 */
export function train(experiment) {
  return finish(run(experiment));
}

/**
 * Classic EM: each step in closed form. A state after each E-step, at half an iteration, and after each
 * M-step.
 * @param {Pick<Experiment, "seed" | "latentDim">} experiment the rest of one makes no difference
 * @param {number} iterations
 */
export function classicEM({ seed, latentDim }, iterations) {
  const { moment } = synthetic(seed).train, model = initialModel({ seed, latentDim, family: "full" });
  const recorder = new Recorder(model, seed, 2 * iterations + 1);
  recorder.note(0, "");
  for (let iteration = 1; iteration <= iterations; iteration++) {
    model.eStep();
    recorder.note(iteration - 0.5, "E");
    model.mStep(moment);
    recorder.note(iteration, "M");
  }
  return recorder.trajectory;
}

/**
 * A walk by hand: a state after each exact step, and in moves of gradient steps as in `run`. Moves end at
 * whole positions.
 *
 * A move of gradient steps has batches and noise of its own, which no other move changes.
 * @param {Experiment} experiment its steps and schedule count for nothing
 * @param {Move[]} moves at most 60
 * @param {number} [states] as in `run`
 * @throws {RangeError} where the parameters are not finite numbers any more
 */
export function walk(experiment, moves, states = STATES) {
  const { seed, latentDim, batchSize, learningRate } = experiment, { train } = synthetic(seed);
  const stride = strideOf(moves.reduce((sum, { steps }) => sum + steps, 0), states);
  const kept = moves.map(({ steps }) => keptSteps(steps, stride));
  const capacity = kept.reduce((count, { size }) => count + Math.max(1, size), 1);
  const model = initialModel(experiment), recorder = new Recorder(model, seed, capacity);
  recorder.note(0, "");
  moves.forEach(({ phase, steps }, begun) => {
    if (steps === 0) {
      if (phase === "E") model.eStep();
      else model.mStep(train.moment);
      recorder.note(begun + 1, phase);
      return;
    }
    const batches = miniBatches(train, latentDim, batchSize, randomOf(seed, STREAMS.moves + begun));
    const schedule = phase === "E" ? { eSteps: 1, mSteps: 0 } : { eSteps: 0, mSteps: 1 };
    for (const { step } of ascend(model, batches, { steps, learningRate, schedule })) {
      if (kept[begun].has(step)) recorder.note(begun + step / steps, phase);
    }
  });
  return recorder.trajectory;
}

const batchesOf = remembered((
  /** @type {number} */ seed,
  /** @type {number} */ latentDim,
  /** @type {number} */ size,
) => miniBatches(synthetic(seed).train, latentDim, size, randomOf(seed, STREAMS.batches)));

/**
 * So many steps lie between two states that are kept.
 * @param {number} steps in all
 * @param {number} states
 */
function strideOf(steps, states) {
  return STRIDES.find((stride) => steps <= states * stride) ?? /** @type {number} */ (STRIDES.at(-1));
}

/**
 * The steps whose states are kept: every so many, where a phase ends, and the last.
 * @param {number} steps
 * @param {number} stride
 * @param {Schedule} [schedule]
 */
function keptSteps(steps, stride, schedule = null) {
  /** @type {Set<number>} */
  const kept = new Set();
  for (let step = 1; step <= steps; step++) {
    const ends = step === steps || phaseAt(schedule, step) !== phaseAt(schedule, step + 1);
    if (ends || step % stride === 0) kept.add(step);
  }
  return kept;
}
