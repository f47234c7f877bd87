// Three shares of a whole in whole percent, as a link says them and sliders move them.

/**
 * Three whole percent that add up to a hundred, "50-30-20".
 * @param {number[]} initial
 * @param {number} least that each has at least
 * @returns {import("./params.js").Param<number[]>}
 */
export function percents(initial, least) {
  return {
    initial,
    read(text) {
      const values = /^\d{1,2}-\d{1,2}-\d{1,2}$/.test(text) ? text.split("-").map(Number) : [];
      return values.reduce((a, b) => a + b, 0) === 100 && Math.min(...values) >= least ? values : undefined;
    },
    write: (values) => values.join("-"),
  };
}

/**
 * Share k has so many percent; the other two divide the rest as they did before.
 * @param {number[]} percents
 * @param {number} k
 * @param {number} value
 * @param {number} least
 */
export function divide(percents, k, value, least) {
  const [a, b] = [0, 1, 2].filter((other) => other !== k), rest = 100 - value, divided = percents.slice();
  const part = Math.round(rest * percents[a] / (percents[a] + percents[b]));
  divided[k] = value;
  divided[a] = Math.min(rest - least, Math.max(least, part));
  divided[b] = rest - divided[a];
  return divided;
}
