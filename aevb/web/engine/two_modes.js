/**
 * A posterior of one number with two modes, and a normal q that cannot have both (tutorial sections 3.1 and 5.3.2): both
 * divergences between them, in nats, and the way down each. By quadrature, except what is in closed form.
 */

/** q's mean and standard deviation. @typedef {[number, number]} Place */

const SHARES = [0.6, 0.4], SCALE = 0.5; // of the modes
const REACH = 7; // of the quadrature, in standard deviations each way
/** Steps of a descent, after which it stands. */
export const STEPS = 150;
const H = 1e-4, RATE = 0.1; // of a descent

/** @param {number} t in standard deviations */
const logNormal = (t) => -0.5 * (t * t + Math.log(2 * Math.PI));

const FINE = trapezoids(401);
/** For a landscape, which is drawn as it is dragged. */
export const COARSE = trapezoids(121);

/** Places and weights for a mean under N(0, 1), by the trapezoid rule. @param {number} count */
function trapezoids(count) {
  const step = 2 * REACH / (count - 1),
    places = Float64Array.from({ length: count }, (_, i) => i * step - REACH);
  return { places, weights: places.map((t) => step * Math.exp(logNormal(t))) };
}

/** log q(z). @param {Place} place @param {number} z */
export function logQ([m, s], z) {
  return logNormal((z - m) / s) - Math.log(s);
}

/** log p(z | x) at the modes, of each one's own part. */
const PEAKS = SHARES.map((share) => Math.log(share) + logQ([0, SCALE], 0));

export class TwoModes {
  /** @param {number} apart how far the modes are from each other */
  constructor(apart) {
    this.modes = [-apart / 2, apart / 2];
    this.mean = SHARES[0] * this.modes[0] + SHARES[1] * this.modes[1];
    this.variance = SCALE ** 2 + SHARES[0] * SHARES[1] * apart ** 2;
    this.minusEntropy = SHARES.reduce(
      (sum, share, k) => sum + share * this.expected([this.modes[k], SCALE], FINE),
      0,
    );
  }

  /** log p(z | x). @param {number} z */
  log(z) {
    // Written out: a landscape calls it 200,000 times in a frame.
    const [left, right] = this.modes;
    const a = PEAKS[0] - 0.5 * ((z - left) / SCALE) ** 2, b = PEAKS[1] - 0.5 * ((z - right) / SCALE) ** 2;
    return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
  }

  /** E_q[log p(z | x)]. @param {Place} place @param {typeof FINE} rule */
  expected([m, s], { places, weights }) {
    let total = 0;
    for (let i = 0; i < places.length; i++) total += weights[i] * this.log(m + s * places[i]);
    return total;
  }

  /** KL(q ‖ p), which the ELBO's gap is. @param {Place} place */
  reverse(place, rule = FINE) {
    return -0.5 * Math.log(2 * Math.PI * Math.E) - Math.log(place[1]) - this.expected(place, rule);
  }

  /** KL(p ‖ q). @param {Place} place */
  forward([m, s]) {
    const square = this.variance + (this.mean - m) ** 2;
    return this.minusEntropy + Math.log(s) + 0.5 * (Math.log(2 * Math.PI) + square / s ** 2);
  }

  /**
   * The way down by the natural gradient in m and log s, in steps that are never long. By the plain one a narrow q would
   * overshoot where a broad one crawls.
   * @param {"reverse" | "forward"} kl
   * @param {Place} from
   * @returns {Generator<Place, void>} after each step
   */
  *descent(kl, from) {
    let [m, log] = [from[0], Math.log(from[1])];
    const at = (/** @type {number} */ m, /** @type {number} */ log) => this[kl]([m, Math.exp(log)]);
    for (let step = 0; step < STEPS; step++) {
      const across = Math.exp(2 * log) * (at(m + H, log) - at(m - H, log)) / (2 * H),
        up = 0.5 * (at(m, log + H) - at(m, log - H)) / (2 * H);
      const rate = RATE / Math.max(1, Math.hypot(across, up));
      m -= rate * across;
      log -= rate * up;
      yield [m, Math.exp(log)];
    }
  }
}
