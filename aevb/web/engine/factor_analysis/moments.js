/**
 * Second moments, which are all that factor analysis ever asks of its data.
 *
 * Its every quantity is a mean of quadratic forms in x, or in u = (x, ε) where z = V x + C ε is a sample of
 * q. So a mini-batch and its noise enter a gradient step through the (D + L, D + L) mean of u uᵀ alone. None
 * of the parameters is in that mean, so a run whose moments are kept is trained again in no time, at another
 * learning rate.
 */

import { cholesky, identity, multiply, multiplyTransposed, order, transposedMultiply } from "./matrices.js";

/**
 * @typedef {import("./matrices.js").Matrix} Matrix
 * @typedef {import("../random.js").Noise} Noise
 */

/**
 * S, the mean of x xᵀ, (D, D); of a single point x xᵀ itself.
 * @param {Matrix} points (N, D)
 * @param {number} D
 */
export function secondMoment(points, D) {
  const N = points.length / D;
  return transposedMultiply(points, points, N).map((sum) => sum / N);
}

/**
 * The mean of u uᵀ, (D + L, D + L), over some of the points with a given ε ~ N(0, I) each.
 * @param {Matrix} points (N, D)
 * @param {ArrayLike<number>} chosen which of the points, (B,)
 * @param {ArrayLike<number>} noise (B, L)
 * @param {number} D
 * @returns {Matrix}
 */
export function sampledMoment(points, chosen, noise, D) {
  const B = chosen.length, L = noise.length / B, n = D + L;
  const u = new Float64Array(n), moment = new Float64Array(n * n);
  for (let b = 0; b < B; b++) {
    for (let i = 0; i < D; i++) u[i] = points[chosen[b] * D + i];
    for (let k = 0; k < L; k++) u[D + k] = noise[b * L + k];
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) moment[i * n + j] += u[i] * u[j];
    }
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) moment[j * n + i] = moment[i * n + j] /= B;
  }
  return moment;
}

/**
 * The expectation of `sampledMoment` over ε: E[ε εᵀ] = I and E[x εᵀ] = 0.
 * @param {Matrix} S (D, D)
 * @param {number} L
 */
export function expectedMoment(S, L) {
  return joined(S, new Float64Array(order(S) * L), identity(L));
}

/**
 * `sampledMoment` over N points with fresh noise, drawn from its own distribution in place of N draws of ε.
 *
 * Let X = Q R be the points, (N, D), with QᵀQ = I, and E their noise, (N, L). Then G = QᵀE is standard
 * normal, and XᵀE = RᵀG, where XᵀX = RᵀR gives Rᵀ. Of EᵀE, GᵀG lies in the D directions of Q; the rest is
 * independent of it: a Wishart matrix of N - D degrees of freedom, whose Cholesky factor has normal entries
 * below χs (Bartlett 1933).
 * @param {Matrix} S the points' second moment, (D, D), positive definite
 * @param {number} N at least D + L
 * @param {number} L
 * @param {Noise} random
 */
export function drawnMoment(S, N, L, random) {
  const D = order(S), noise = Float64Array.from(random.normal(D * L + L * L));
  const G = noise.subarray(0, D * L), T = noise.subarray(D * L);
  for (let i = 0; i < L; i++) {
    T[i * L + i] = Math.sqrt(chiSquare(N - D - i, random));
    T.fill(0, i * L + i + 1, (i + 1) * L);
  }
  const xe = multiply(cholesky(S), G, D), free = multiplyTransposed(T, T, L);
  const ee = transposedMultiply(G, G, D).map((sum, i) => (sum + free[i]) / N);
  return joined(S, xe.map((sum) => sum / Math.sqrt(N)), ee);
}

/** Moments that are drawn one after the other, each when it is first asked for, and kept. */
export class Moments {
  /** @param {() => Matrix} draw the next */
  constructor(draw) {
    this.draw = draw;
    /** @type {Matrix[]} */
    this.drawn = [];
  }

  /** @param {number} index from 0 */
  at(index) {
    while (this.drawn.length <= index) this.drawn.push(this.draw());
    return this.drawn[index];
  }
}

/**
 * [[xx, xe], [xeᵀ, ee]].
 * @param {Matrix} xx (D, D)
 * @param {Matrix} xe (D, L)
 * @param {Matrix} ee (L, L)
 * @returns {Matrix}
 */
function joined(xx, xe, ee) {
  const D = order(xx), L = order(ee), n = D + L, moment = new Float64Array(n * n);
  for (let i = 0; i < D; i++) {
    for (let j = 0; j < D; j++) moment[i * n + j] = xx[i * D + j];
    for (let k = 0; k < L; k++) moment[i * n + D + k] = moment[(D + k) * n + i] = xe[i * L + k];
  }
  for (let k = 0; k < L; k++) {
    for (let l = 0; l < L; l++) moment[(D + k) * n + D + l] = ee[k * L + l];
  }
  return moment;
}

/**
 * A draw of χ² (Marsaglia and Tsang 2000).
 * @param {number} freedom degrees of freedom, at least 2
 * @param {Noise} random
 */
function chiSquare(freedom, random) {
  const d = freedom / 2 - 1 / 3, c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = random.normal(1)[0], v = (1 + c * normal) ** 3;
    if (v > 0 && Math.log(random.uniform()) < 0.5 * normal ** 2 + d * (1 - v + Math.log(v))) return 2 * d * v;
  }
}
