// The course of a training: what its steps moved, one leg after the other, as a link says it: "B400,E100".

import { phaseAt } from "../../engine/schedule.js";

/** @typedef {import("../../engine/schedule.js").Phase} Phase */

export const MOST = 5000; // steps: a page takes all of them again where its link is opened
const LEGS = 200;
export const TURN = 50; // steps of one kind, where both take turns
const LEG = "[BEMT][1-9]\\d{0,3}";

export const FORM = new RegExp(`^${LEG}(,${LEG}){0,${LEGS - 1}}$`);

/**
 * The kinds of legs: both at once, φ alone, θ alone, φ and θ in turn.
 * @type {Record<string, import("../../engine/schedule.js").Schedule>}
 */
const SCHEDULES = {
  B: null,
  E: { eSteps: 1, mSteps: 0 },
  M: { eSteps: 0, mSteps: 1 },
  T: { eSteps: TURN, mSteps: TURN },
};
export const KINDS = Object.keys(SCHEDULES);

export class Course {
  /** @param {string} text as a link says it */
  constructor(text = "") {
    /** @type {{ kind: string, steps: number }[]} */
    this.legs = [];
    for (const leg of text ? text.split(",") : []) this.go(leg[0], Number(leg.slice(1)));
  }

  /** Its steps in all. */
  get length() {
    return this.legs.reduce((sum, { steps }) => sum + steps, 0);
  }

  /** Whether more steps of a kind go on. @param {string} kind */
  takes(kind) {
    return this.length < MOST && (this.legs.length < LEGS || this.legs[LEGS - 1].kind === kind);
  }

  /** Goes on by so many steps. @param {string} kind @param {number} [steps] */
  go(kind, steps = 1) {
    const last = this.legs.at(-1);
    if (last?.kind === kind) last.steps += steps;
    else this.legs.push({ kind, steps });
  }

  /** Leaves out what comes after so many steps. @param {number} steps */
  cut(steps) {
    const legs = this.legs;
    this.legs = [];
    for (const leg of legs) {
      const left = Math.min(leg.steps, steps - this.length);
      if (left > 0) this.go(leg.kind, left);
    }
  }

  /** Whether the first steps of another move the same. @param {Course} other @param {number} steps */
  beginsAs(other, steps) {
    if (Math.min(this.length, other.length) < steps) return false;
    return Array.from({ length: steps }, (_, step) => step).every((step) =>
      this.phase(step) === other.phase(step)
    );
  }

  /** What a step moves, counted from 0. @param {number} step @returns {Phase} */
  phase(step) {
    let first = 0;
    for (const { kind, steps } of this.legs) {
      if (step < first + steps) return phaseAt(SCHEDULES[kind], step - first + 1);
      first += steps;
    }
    throw new RangeError(`The course has no step ${step}.`);
  }

  toString() {
    return this.legs.map(({ kind, steps }) => kind + steps).join(",");
  }
}
