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

/**
 * The stretches in which one phase lasts.
 * @template {string} P
 * @param {{ step: number, phase: P }[]} states one after the other, each with the phase that led to it
 */
export function spansOf(states) {
  /** @type {{ from: number, to: number, phase: P }[]} */
  const spans = [];
  let from = 0;
  for (const { step, phase } of states) {
    const last = spans.at(-1);
    if (last?.phase === phase) last.to = step;
    else if (step > from) spans.push({ from, to: step, phase });
    from = step;
  }
  return spans;
}
