// What a visitor was asked and said, in the browser: nobody else is told. Where the browser keeps nothing, it is kept
// for as long as the page is open.

const KEY = "aevb:predictions";

/**
 * Whether no more is to be asked; and by the questions' ids what was said, null where nothing was.
 * @typedef {{ off: boolean, answers: Record<string, string | null> }} Predictions
 */

/** @type {Predictions} */
let kept = { off: false, answers: {} };

/** @returns {Predictions} */
export function recall() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "null");
    if (found && typeof found === "object") {
      kept = { off: found.off === true, answers: { ...kept.answers, ...Object(found.answers) } };
    }
  } catch { /* closed, or not ours */ }
  return kept;
}

/** @param {Partial<Predictions>} more */
export function remember({ off, answers }) {
  const before = recall();
  kept = { off: off ?? before.off, answers: { ...before.answers, ...answers } };
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch { /* closed, or full */ }
}
