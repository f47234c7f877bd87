// The run of the link's settings, trained here, and the step of it that is looked at.

import { follow, slider } from "../../kit/controls.js";
import { h } from "../../kit/elements.js";
import { number as said } from "../../kit/format.js";
import { number } from "../../kit/params.js";
import { Player } from "../../kit/player.js";
import { inSlices, onNextFrame } from "../../kit/slices.js";
import { runOnce } from "../../engine/factor_analysis/experiments.js";
import { experimentOf, KEYS, MOST_STEPS } from "./settings.js";

/**
 * @typedef {import("../../kit/controls.js").Model} Model
 * @typedef {import("../../engine/factor_analysis/trajectory.js").Trajectory} Trajectory
 */

const BUDGET = 12; // ms of a frame: the tutorial's experiments are trained anew within it
const ROUGH = 120; // states of a run whose settings are being moved: so many are measured and drawn within a frame
const STILL = 150; // ms without another setting, until all states are measured
const SECONDS = 8; // of playing

/** The step that is looked at; null for the last, wherever that is. */
export const params = { step: number({ initial: null, least: 0, most: MOST_STEPS }) };

export class Run {
  /**
   * Trains now and whenever a setting moves: with fewer states first, and with all of them once it stands still. What
   * takes longer than a frame grows over several.
   * @param {Model} model
   * @param {HTMLElement} el where it is told that a run could not go on
   * @param {{ grown: () => void, moved: () => void }} view `grown` is called on the frame on which there is another
   *   run or more of it, `moved` on one on which another step is looked at
   * @param {{ work?: typeof runOnce, keys?: string[] }} [settings] what is done in place of training, and the keys that it
   *   depends on beside those of a run
   */
  constructor(model, el, { grown, moved }, { work = runOnce, keys = [] } = {}) {
    this.model = model;
    this.el = el;
    this.work = work;
    this.experiment = experimentOf(model);
    /** @type {Trajectory | null} */
    this.trajectory = null;
    this.rough = false; // whether it has fewer states than it will have
    this.notice = h("p.notice", { role: "alert" });
    this.grown = grown;
    this.later = onNextFrame(grown);
    this.working = new AbortController();
    this.move = onNextFrame(moved);
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.refining = undefined;
    this.restart = onNextFrame(() => {
      clearTimeout(this.refining);
      if (this.trajectory) {
        this.train(ROUGH);
        this.refining = setTimeout(() => this.train(), STILL);
      } else this.train();
    });
    this.unfollow = [follow(model, [...KEYS, ...keys], this.restart), follow(model, ["step"], this.move)];
  }

  end() {
    for (const end of this.unfollow) end();
    this.restart.cancel();
    clearTimeout(this.refining);
    this.move.cancel();
    this.later.cancel();
    this.working.abort();
  }

  /** @param {number} [states] */
  train(states) {
    this.working.abort();
    this.working = new AbortController();
    this.experiment = experimentOf(this.model);
    this.rough = states !== undefined;
    const { signal } = this.working,
      each = (/** @type {Trajectory} */ trajectory) => {
        this.trajectory = trajectory;
        this.later();
      };
    this.notice.remove();
    inSlices(this.work(this.experiment, states), { budget: BUDGET, signal, each }).catch(({ message }) => {
      this.notice.textContent = message;
      this.el.append(this.notice);
    });
    this.later.cancel(); // the first slice has been done already
    this.grown();
  }

  /** The index of the state that is looked at. */
  get index() {
    const { trajectory } = this, step = this.model.get("step");
    if (!trajectory) return 0;
    return step === null ? trajectory.count - 1 : trajectory.nearest(step);
  }

  /** Looks at another state. @param {number} index */
  go(index) {
    const { trajectory } = this;
    if (!trajectory) return;
    const last = trajectory.count - 1, at = Math.max(0, Math.min(last, index));
    this.model.set("step", at === last ? null : trajectory.position[at]);
  }
}

/**
 * What a phase moves, in words.
 * @param {string} phase
 */
export function inWords(phase) {
  const words = /** @type {Record<string, string>} */ ({
    "": "the initial parameters",
    E: "E-step: φ moves, θ stands still",
    M: "M-step: θ moves, φ stands still",
    EM: "φ and θ move together",
  });
  return words[phase];
}

/**
 * A play button and a slider over a run.
 * @param {Run} run
 * @param {string} [unit] what it and the axis of a chart count
 * @param {() => number} [length] steps in one of them
 */
export function timeline(run, unit = "step", length = () => 1) {
  const { model } = run, done = () => model.save_changes();
  const positionOf = (/** @type {number} */ index) => run.trajectory?.position[index] ?? 0;
  const end = () => (run.trajectory?.count ?? 1) - 1;
  const to = (/** @type {number} */ position) => run.trajectory && run.go(run.trajectory.nearest(position));
  const player = new Player({ // over the link's positions, for the states are others while a setting moves
    seconds: SECONDS,
    frame: () => model.get("step") ?? positionOf(end()),
    last: () => Math.max(1, positionOf(end())),
    go: to,
    stopped: done,
  });
  const stepAt = (/** @type {number} */ index) => said(Number((positionOf(index) / length()).toFixed(1)));
  const steps = slider({
    label: unit,
    least: 0,
    most: 1,
    step: 1,
    say: stepAt,
    input: (index) => run.go(index),
    done,
  });
  return {
    element: h("div.timeline", { "data-control": "", "data-sets": "step" }, player.button, steps.element),
    /** Follows the run. @param {string} spoken what a screen reader says of the state */
    show(spoken) {
      steps.range.max = String(Math.max(1, end()));
      steps.show(run.index, `${unit} ${stepAt(run.index)}: ${spoken}`);
    },
    /**
     * Lets a pointer on a chart choose the step.
     * @param {import("./chart.js").Chart} chart
     */
    scrubs(chart) {
      chart.scrub((position) => to(position * length()), done);
    },
    end: () => player.stop(),
  };
}
