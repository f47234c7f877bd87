// Numbers in words: a true minus sign, thousands with a comma, and sums that add up; and what is added up.

/** @type {Map<number, Intl.NumberFormat>} */
const formats = new Map();

/** @param {number} digits */
function format(digits) {
  let found = formats.get(digits);
  if (!found) {
    found = new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    formats.set(digits, found);
  }
  return found;
}

/**
 * A number with a true minus sign, never "−0.0"; with `plus` what is not below 0 has its sign too.
 * @param {number} value
 * @param {number} [digits]
 * @param {"" | "+"} [plus]
 */
export function signed(value, digits = 1, plus = "") {
  const text = format(digits).format(Math.abs(value));
  return (value < 0 && /[1-9]/.test(text) ? "−" : plus) + text;
}

/**
 * A share in percent, to one decimal. What is not all, or not none, does not read as if it were.
 * @param {number} share
 */
export function percent(share) {
  if (share > 0.999 && share < 1) return "> 99.9 %";
  if (share < 0.001 && share > 0) return "< 0.1 %";
  return `${(100 * share).toFixed(share === 0 || share === 1 ? 0 : 1)} %`;
}

/**
 * A probability in percent: by a model none is quite certain or impossible, however it was rounded.
 * @param {number} share
 */
export function probability(share) {
  return percent(Math.min(1 - Number.EPSILON, Math.max(Number.MIN_VALUE, share)));
}

/**
 * The same after its symbol, with what it is to it: "= 97.1 %", "> 99.9 %".
 * @param {number} share
 */
export function stated(share) {
  return probability(share).replace(/^(?=\d)/, "= ");
}

/**
 * The share of so many examples, in percent, with its standard error.
 * @param {number} share
 * @param {number} count
 */
export function estimated(share, count) {
  const error = Math.sqrt(share * (1 - share) / count);
  return `${(100 * share).toFixed(1)} % ± ${(100 * error).toFixed(1)}`;
}

/**
 * Numbers rounded so that they add up to their rounded sum (by largest remainders).
 * @param {number[]} values
 * @param {number} [digits]
 * @returns {number[]}
 */
export function addingUp(values, digits = 1) {
  const unit = 10 ** -digits, scaled = values.map((value) => value / unit);
  const floors = scaled.map(Math.floor), sum = scaled.reduce((a, b) => a + b, 0);
  const missing = Math.round(sum) - floors.reduce((a, b) => a + b, 0);
  const order = Array.from(scaled.keys()).sort((a, b) => (scaled[b] - floors[b]) - (scaled[a] - floors[a]));
  for (const i of order.slice(0, missing)) floors[i] += 1;
  return floors.map((value) => value * unit);
}

const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 6 });

/**
 * A number for an axis: no tail of rounding errors.
 * @param {number} value
 */
export function number(value) {
  return NUMBER.format(Number(value.toPrecision(6))).replace("-", "−");
}

/** @param {number} count @param {string} one @param {string} [many] */
export function counted(count, one, many = `${one}s`) {
  return `${NUMBER.format(count)} ${count === 1 ? one : many}`;
}

/** With its article: "a 3", "an 8". @param {string | number} name */
export function one(name) {
  return `${/^([aeiou]|8|11$|18$)/i.test(String(name)) ? "an" : "a"} ${name}`;
}

const TERMS = /** @type {Record<string, string>} */ ({
  reconstruction: "log p(x | z)",
  minus_kl_z: "−KL of z",
  minus_kl_y: "−KL of y",
});

/** What a term of the ELBO is called. @param {string} name */
export const termName = (name) => TERMS[name] ?? name.replaceAll("_", " ");

/** A time in words, to two digits. @param {number} milliseconds */
export function duration(milliseconds) {
  const seconds = milliseconds / 1000, two = (/** @type {number} */ value) => Number(value.toPrecision(2));
  if (seconds < 1) return `${two(milliseconds)} ms`;
  if (seconds < 100) return `${two(seconds)} s`;
  const minutes = seconds / 60;
  return minutes < 100 ? `${Math.round(minutes)} min` : `${Math.round(minutes / 60)} h`;
}
