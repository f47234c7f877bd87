/** Work in steps: generators that pause often, so that a caller may do them over several frames. */

/**
 * All steps at once, and what they return.
 * @template T
 * @param {Iterator<unknown, T, void>} steps
 * @returns {T}
 */
export function finish(steps) {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}
