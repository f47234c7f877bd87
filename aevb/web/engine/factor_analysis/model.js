/**
 * Factor analysis (tutorial section 5.2): the one model here whose every quantity is exact.
 *
 *     z ~ N(0, I)                        the prior, L dimensions
 *     x ~ N(W z, Φ), Φ = diag σ²         the generative model, D dimensions, x of zero mean
 *     q_φ(z | x) = N(V x, C Cᵀ)          contains the exact posterior, so the ELBO can become tight
 *
 * Data enter by their second moments (moments.js): S, (D, D), of x, or that of u = (x, ε), (D + L, D + L).
 * What comes out is a mean over the data, in nats; for one point, pass the moment of that point. The oracle
 * is aevb/models/factor_analysis.py.
 */

import { sigmoid, softplus } from "../arithmetic.js";
import {
  cholesky,
  dot,
  identity,
  logDeterminant,
  multiply,
  multiplyTransposed,
  order,
  rowDots,
  solve,
  transpose,
  transposedMultiply,
} from "./matrices.js";

/**
 * @typedef {import("./matrices.js").Matrix} Matrix
 * @typedef {import("../random.js").Noise} Noise
 *
 * The parameters as one reads them: W: (D, L), σ: (D,), V: (L, D) and C: (L, L), lower triangular.
 * @typedef {{ W: Matrix, sigma: Matrix, V: Matrix, scaleTril: Matrix }} State
 *
 * What q's covariance C Cᵀ may be: any, any that is diagonal, or σ² I of a σ that stands still (section 5.2.4).
 * @typedef {"full" | "diagonal" | number} Family
 *
 * N(V x, Σ): a linear Gaussian posterior, V: (L, D), covariance Σ: (L, L).
 * @typedef {{ V: Matrix, covariance: Matrix }} Posterior
 */

const LOG_2PI = Math.log(2 * Math.PI);
const MIN_VARIANCE = 1e-12; // of the M-step's σ²: a constant column has none, and an infinite density

export class FactorAnalysis {
  /** @type {ReturnType<typeof roomFor> | null} */
  #room = null; // for what each step computes: allocating it would take most of the time

  /**
   * All parameters 0, but C is I, or σ I where that stands still.
   * @param {number} dataDim D
   * @param {number} latentDim L
   * @param {Family} [family]
   */
  constructor(dataDim, latentDim, family = "full") {
    this.family = family;
    const D = (this.dataDim = dataDim), L = (this.latentDim = latentDim);
    /** θ = (W, pre-σ): what an M-step moves. */
    this.theta = new Float64Array(D * L + D);
    this.W = this.theta.subarray(0, D * L);
    this.preSigma = this.theta.subarray(D * L);
    /** φ = (V, pre-C): what an E-step moves. */
    this.phi = new Float64Array(L * D + L * L);
    this.V = this.phi.subarray(0, L * D);
    this.preTril = this.phi.subarray(L * D);
    const scale = typeof family === "number" ? family : 1;
    this.preTril.set(withDiagonal(identity(L), () => inverseSoftplus(scale)));
  }

  /**
   * The model before the first step: W, pre-σ and V from N(0, 1), as in the tutorial's code.
   * @param {number} dataDim
   * @param {number} latentDim
   * @param {Noise} random
   * @param {Family} [family]
   */
  static initial(dataDim, latentDim, random, family) {
    const model = new FactorAnalysis(dataDim, latentDim, family);
    for (const parameter of [model.W, model.preSigma, model.V]) {
      parameter.set(random.normal(parameter.length));
    }
    return model;
  }

  /**
   * The model that is in a state.
   * @param {State} state
   */
  static of({ W, sigma, V, scaleTril }) {
    const model = new FactorAnalysis(sigma.length, order(scaleTril));
    model.setTheta(W, sigma);
    model.setPhi(V, scaleTril);
    return model;
  }

  /**
   * @param {ArrayLike<number>} W (D, L)
   * @param {Matrix} sigma (D,)
   */
  setTheta(W, sigma) {
    this.W.set(W);
    this.preSigma.set(sigma.map(inverseSoftplus));
  }

  /**
   * @param {ArrayLike<number>} V (L, D)
   * @param {Matrix} scaleTril C, (L, L)
   */
  setPhi(V, scaleTril) {
    this.V.set(V);
    this.preTril.set(withDiagonal(scaleTril, inverseSoftplus));
  }

  /** σ, (D,). */
  get sigma() {
    return this.preSigma.map(softplus);
  }

  /** C, (L, L): lower triangular with a positive diagonal. */
  get scaleTril() {
    return withDiagonal(this.preTril, softplus);
  }

  // ---- The estimator (section 5.2.3) ----

  /**
   * The ELBO, E_q[log p(x | z)] - KL(q(z | x) ‖ p(z)): the exact one for an expected moment of u, the
   * one-sample estimate for a sampled or drawn one.
   * @param {Matrix} moment of u, (D + L, D + L)
   */
  elbo(moment) {
    const { sigma, scaleTril, squares, VS } = this.#pass(moment);
    let logLikelihood = 0;
    for (let d = 0; d < sigma.length; d++) {
      logLikelihood -= 0.5 * (LOG_2PI + squares[d] / sigma[d] ** 2) + Math.log(sigma[d]);
    }
    const ofZ = dot(VS, this.V) + dot(scaleTril, scaleTril); // E[|z|²]
    return logLikelihood - 0.5 * (ofZ - this.latentDim - logDeterminant(scaleTril));
  }

  /**
   * The gradient of `elbo` in θ and φ, in their order. The next call overwrites it.
   *
   * With S the moment of u, G = Φ⁻¹ A S is minus the gradient of E_q[log p(x | z)] in A. By A = [I 0] - W M
   * it is G Mᵀ in W, and Wᵀ G in M = [V C].
   * @param {Matrix} moment of u, (D + L, D + L)
   * @returns {{ theta: Matrix, phi: Matrix }}
   */
  gradient(moment) {
    const D = this.dataDim, L = this.latentDim, n = D + L, { W, preSigma, preTril } = this;
    const room = this.#pass(moment), { sigma, scaleTril, M, AS, squares, VS, G, GM, WG, theta, phi } = room;
    for (let d = 0; d < D; d++) {
      for (let i = 0; i < n; i++) G[d * n + i] = AS[d * n + i] / sigma[d] ** 2;
    }
    theta.set(multiplyTransposed(G, M, n, GM));
    for (let d = 0; d < D; d++) {
      theta[D * L + d] = (squares[d] / sigma[d] ** 2 - 1) / sigma[d] * sigmoid(preSigma[d]);
    }
    transposedMultiply(W, G, D, WG);
    for (let k = 0; k < L; k++) {
      for (let d = 0; d < D; d++) phi[k * D + d] = WG[k * n + d] - VS[k * D + d];
      for (let l = 0; l <= k; l++) phi[L * D + k * L + l] = WG[k * n + D + l] - scaleTril[k * L + l];
      const kk = k * L + k;
      phi[L * D + kk] = (phi[L * D + kk] + 1 / scaleTril[kk]) * sigmoid(preTril[kk]);
      if (this.family === "full") continue;
      for (let l = 0; l < k; l++) phi[L * D + k * L + l] = 0;
      if (this.family !== "diagonal") phi[L * D + kk] = 0;
    }
    return room;
  }

  /**
   * What `elbo` and its gradient are made of: z = M u with M = [V C], and x - W z = A u with A = [I 0] - W M,
   * whose mean squares are diag(A S Aᵀ).
   * @param {Matrix} S the moment of u, (D + L, D + L)
   */
  #pass(S) {
    const D = this.dataDim, L = this.latentDim, n = D + L, { W, V, preSigma, preTril } = this;
    const room = this.#room ??= roomFor(D, L), { sigma, scaleTril, M, A, AS, squares, VS } = room;
    for (let d = 0; d < D; d++) sigma[d] = softplus(preSigma[d]);
    for (let k = 0; k < L; k++) {
      for (let l = 0; l < k; l++) scaleTril[k * L + l] = preTril[k * L + l];
      scaleTril[k * L + k] = softplus(preTril[k * L + k]);
      for (let d = 0; d < D; d++) M[k * n + d] = V[k * D + d];
      for (let l = 0; l <= k; l++) M[k * n + D + l] = scaleTril[k * L + l];
    }
    multiply(W, M, L, A);
    for (let i = 0; i < A.length; i++) A[i] = -A[i];
    for (let d = 0; d < D; d++) A[d * n + d] += 1;
    rowDots(multiply(A, S, n, AS), A, n, squares);
    for (let k = 0; k < L; k++) {
      for (let d = 0; d < D; d++) {
        VS[k * D + d] = 0;
        for (let e = 0; e < D; e++) VS[k * D + d] += V[k * D + e] * S[e * n + d];
      }
    }
    return room;
  }

  // ---- What is exact here and intractable elsewhere (section 5.2.4) ----

  /**
   * log p(x) = log N(x; 0, W Wᵀ + Φ).
   * @param {Matrix} S (D, D)
   */
  evidence(S) {
    const D = this.dataDim, L = this.latentDim, { covariance, factor, solved } = this.#room ??= roomFor(D, L);
    multiplyTransposed(this.W, this.W, L, covariance);
    for (let d = 0; d < D; d++) covariance[d * D + d] += softplus(this.preSigma[d]) ** 2;
    solve(cholesky(covariance, factor), S, solved);
    return -0.5 * (D * LOG_2PI + logDeterminant(factor) + trace(solved));
  }

  /** p_θ(z | x). */
  exactPosterior() {
    return posteriorOf(this);
  }

  /**
   * KL(q(z | x) ‖ p(z | x)): by equation 2 exactly `evidence` less the exact `elbo`.
   * @param {Matrix} S (D, D)
   */
  gap(S) {
    const L = this.latentDim, { precision } = precisionOf(this), { scaleTril: C } = this;
    const exact = this.exactPosterior().V, shift = this.V.map((value, i) => value - exact[i]);
    const spread = multiplyTransposed(C, C, L);
    const distance = multiplyTransposed(multiply(shift, S, this.dataDim), shift, this.dataDim);
    const logDeterminants = logDeterminant(cholesky(precision)) + logDeterminant(C);
    return 0.5 * (dot(precision, spread) + dot(precision, distance) - L - logDeterminants);
  }

  // ---- Classic EM (section 2), in closed form ----

  /**
   * Sets q to what its family has nearest to the exact posterior, in KL(q ‖ p): of full covariance, to that itself, which
   * makes the ELBO tight. Its mean is the posterior's in any of them; of diagonals the nearest has its precisions.
   */
  eStep() {
    const { V, covariance } = this.exactPosterior(), { family } = this;
    if (family === "full") return this.setPhi(V, cholesky(covariance));
    const { precision } = precisionOf(this), L = this.latentDim, C = identity(L);
    for (let k = 0; k < L; k++) C[k * L + k] = family === "diagonal" ? precision[k * L + k] ** -0.5 : family;
    this.setPhi(V, C);
  }

  /**
   * Sets W and Φ to the maximiser of the exact ELBO for the q at hand: W = E[x zᵀ] E[z zᵀ]⁻¹, and Φ the
   * variances that W z leaves.
   * @param {Matrix} S (D, D)
   */
  mStep(S) {
    const D = this.dataDim, L = this.latentDim, { V, scaleTril: C } = this;
    const xz = multiplyTransposed(S, V, D), spread = multiplyTransposed(C, C, L);
    const zz = multiply(V, xz, D).map((value, i) => value + spread[i]);
    const W = transpose(solve(cholesky(zz), transpose(xz, D)), L);
    const explained = rowDots(W, xz, L); // diag(W E[z xᵀ]), whatever q is, since W E[z zᵀ] = E[x zᵀ]
    this.setTheta(W, explained.map((value, d) => Math.sqrt(Math.max(S[d * D + d] - value, MIN_VARIANCE))));
  }
}

/**
 * p_θ(z | x) = N(V x, Σ), Σ = (I + Wᵀ Φ⁻¹ W)⁻¹, V = Σ Wᵀ Φ⁻¹ (Murphy 2012, 12.1.2).
 * @param {{ W: Matrix, sigma: Matrix }} theta
 * @returns {Posterior}
 */
export function posteriorOf(theta) {
  const { scaled, precision } = precisionOf(theta), factor = cholesky(precision);
  return { V: solve(factor, scaled), covariance: solve(factor, identity(order(precision))) };
}

/**
 * Wᵀ Φ⁻¹, (L, D), and I + Wᵀ Φ⁻¹ W, (L, L).
 * @param {{ W: Matrix, sigma: Matrix }} theta
 */
function precisionOf({ W, sigma }) {
  const D = sigma.length, scaled = transpose(W, D), precision = identity(W.length / D);
  for (let i = 0; i < scaled.length; i++) scaled[i] /= sigma[i % D] ** 2;
  multiply(scaled, W, D).forEach((value, i) => precision[i] += value);
  return { scaled, precision };
}

/**
 * x = W z + σ ε from given standard normal noise, (count, D): ancestral sampling where the noise is drawn.
 * @param {{ W: Matrix, sigma: Matrix }} theta
 * @param {ArrayLike<number>} noise (count, L + D), z and ε side by side
 * @returns {Matrix}
 */
export function generate({ W, sigma }, noise) {
  const D = sigma.length, L = W.length / D, count = noise.length / (L + D), x = new Float64Array(count * D);
  for (let i = 0; i < count; i++) {
    const z = i * (L + D), epsilon = z + L;
    for (let d = 0; d < D; d++) {
      let value = sigma[d] * noise[epsilon + d];
      for (let k = 0; k < L; k++) value += W[d * L + k] * noise[z + k];
      x[i * D + d] = value;
    }
  }
  return x;
}

/**
 * The x with softplus(x) = y > 0, without overflow for large or cancellation for small y.
 * @param {number} y
 */
export function inverseSoftplus(y) {
  return y + Math.log(-Math.expm1(-y));
}

/**
 * @param {number} D
 * @param {number} L
 */
function roomFor(D, L) {
  const n = D + L, room = (/** @type {number} */ size) => new Float64Array(size);
  return {
    sigma: room(D),
    scaleTril: room(L * L),
    M: room(L * n), // z = M u
    A: room(D * n), // x - W z = A u
    AS: room(D * n),
    squares: room(D), // the mean squares of x - W z
    VS: room(L * D),
    G: room(D * n),
    GM: room(D * L),
    WG: room(L * n),
    theta: room(D * L + D),
    phi: room(L * D + L * L),
    covariance: room(D * D), // of x
    factor: room(D * D), // of that, its Cholesky factor
    solved: room(D * D),
  };
}

/**
 * A lower triangular matrix with f of its diagonal.
 * @param {Matrix} A
 * @param {(value: number) => number} f
 */
function withDiagonal(A, f) {
  const n = order(A), B = A.slice();
  for (let i = 0; i < n; i++) B[i * n + i] = f(A[i * n + i]);
  return B;
}

/** @param {Matrix} A */
function trace(A) {
  const n = order(A);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += A[i * n + i];
  return sum;
}
