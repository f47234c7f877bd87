/** Which parameters each step of a training moves; as `Simultaneous` and `Alternating` in aevb/training.py. */

/**
 * What a step moves: φ (E), θ (M), or both.
 * @typedef {"E" | "M" | "EM"} Phase
 *
 * So many steps in φ alone, then so many in θ alone, and again; one of the two may be 0. Null: both at every
 * step.
 * @typedef {{ eSteps: number, mSteps: number } | null} Schedule
 */

/**
 * The phase of a step, counted from 1.
 * @param {Schedule} schedule
 * @param {number} step
 * @returns {Phase}
 */
export function phaseAt(schedule, step) {
  if (!schedule) return "EM";
  return (step - 1) % (schedule.eSteps + schedule.mSteps) < schedule.eSteps ? "E" : "M";
}
