/**
 * A posterior of one number with two modes, and a normal q that cannot have both (tutorial sections 3.1 and 5.3.2): both
 * divergences between them, in nats, and the way down each. By quadrature, except what is in closed form.
 */

/** q's mean and standard deviation. @typedef {[number, number]} Place */

const SHARES = [0.6, 0.4], SCALE = 0.5; // of the modes
const REACH = 7, NODES = 401; // of the quadrature, in standard deviations each way
/** Steps of a descent, after which it stands. */
export const STEPS = 300;
const H = 1e-4, RATE = 0.25; // of a descent

/** @param {number} t in standard deviations */
const logNormal = (t) => -0.5 * (t * t + Math.log(2 * Math.PI));

/**
 * E[f(z)] for z ~ N(m, s²), by the trapezoid rule.
 * @param {Place} place
 * @param {(z: number) => number} f
 * @param {number} nodes
 */
function expected([m, s], f, nodes) {
  const step = 2 * REACH / (nodes - 1);
  let total = 0;
  for (let i = 0; i < nodes; i++) {
    const t = i * step - REACH;
    total += step * Math.exp(logNormal(t)) * f(m + s * t);
  }
  return total;
}

/** log q(z). @param {Place} place @param {number} z */
export function logQ([m, s], z) {
  return logNormal((z - m) / s) - Math.log(s);
}

export class TwoModes {
  /** @param {number} apart how far the modes are from each other */
  constructor(apart) {
    this.modes = [-apart / 2, apart / 2];
    this.mean = SHARES[0] * this.modes[0] + SHARES[1] * this.modes[1];
    this.variance = SCALE ** 2 + SHARES[0] * SHARES[1] * apart ** 2;
    this.minusEntropy = SHARES.reduce(
      (sum, share, k) => sum + share * expected([this.modes[k], SCALE], (z) => this.log(z), NODES),
      0,
    );
  }

  /** log p(z | x). @param {number} z */
  log(z) {
    const [a, b] = this.modes.map((mode, k) => Math.log(SHARES[k]) + logQ([mode, SCALE], z));
    return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
  }

  /** KL(q ‖ p), which the ELBO's gap is. @param {Place} place */
  reverse(place, nodes = NODES) {
    return -0.5 * Math.log(2 * Math.PI * Math.E) - Math.log(place[1]) -
      expected(place, (z) => this.log(z), nodes);
  }

  /** KL(p ‖ q). @param {Place} place */
  forward([m, s]) {
    const square = this.variance + (this.mean - m) ** 2;
    return this.minusEntropy + Math.log(s) + 0.5 * (Math.log(2 * Math.PI) + square / s ** 2);
  }

  /**
   * The way down by the gradient in m and log s, in steps that are never long.
   * @param {"reverse" | "forward"} kl
   * @param {Place} from
   * @returns {Generator<Place, void>} after each step
   */
  *descent(kl, from) {
    let [m, log] = [from[0], Math.log(from[1])];
    const at = (/** @type {number} */ m, /** @type {number} */ log) => this[kl]([m, Math.exp(log)]);
    for (let step = 0; step < STEPS; step++) {
      const across = (at(m + H, log) - at(m - H, log)) / (2 * H),
        up = (at(m, log + H) - at(m, log - H)) / (2 * H);
      const rate = RATE / Math.max(1, Math.hypot(across, up));
      m -= rate * across;
      log -= rate * up;
      yield [m, Math.exp(log)];
    }
  }
}
