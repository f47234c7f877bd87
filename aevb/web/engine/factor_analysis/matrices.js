/**
 * The few operations on small dense matrices that factor analysis needs.
 *
 * A matrix is a Float64Array, row by row. Where two are multiplied, `inner` is the size that they share; the
 * other sizes follow from their lengths. A matrix that should be positive definite and is not gives NaN.
 */

/** @typedef {Float64Array<ArrayBuffer>} Matrix */

/**
 * How many rows a square matrix has.
 * @param {Matrix} A
 */
export function order(A) {
  return Math.sqrt(A.length);
}

/**
 * I.
 * @param {number} size
 * @returns {Matrix}
 */
export function identity(size) {
  const I = new Float64Array(size * size);
  for (let i = 0; i < size; i++) I[i * size + i] = 1;
  return I;
}

/**
 * Aᵀ, (columns, rows).
 * @param {Matrix} A
 * @param {number} rows
 * @returns {Matrix}
 */
export function transpose(A, rows) {
  const columns = A.length / rows, T = new Float64Array(A.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) T[j * rows + i] = A[i * columns + j];
  }
  return T;
}

/**
 * A B, (n, m).
 * @param {Matrix} A (n, inner)
 * @param {Matrix} B (inner, m)
 * @param {number} inner
 * @param {Matrix} [C] receives the result
 */
export function multiply(A, B, inner, C = room(A, B, inner)) {
  const n = A.length / inner, m = B.length / inner;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += A[i * inner + k] * B[k * m + j];
      C[i * m + j] = sum;
    }
  }
  return C;
}

/**
 * A Bᵀ, (n, m).
 * @param {Matrix} A (n, inner)
 * @param {Matrix} B (m, inner)
 * @param {number} inner
 * @param {Matrix} [C] receives the result
 */
export function multiplyTransposed(A, B, inner, C = room(A, B, inner)) {
  const n = A.length / inner, m = B.length / inner;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += A[i * inner + k] * B[j * inner + k];
      C[i * m + j] = sum;
    }
  }
  return C;
}

/**
 * Aᵀ B, (n, m).
 * @param {Matrix} A (inner, n)
 * @param {Matrix} B (inner, m)
 * @param {number} inner
 * @param {Matrix} [C] receives the result
 */
export function transposedMultiply(A, B, inner, C = room(A, B, inner)) {
  const n = A.length / inner, m = B.length / inner;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += A[k * n + i] * B[k * m + j];
      C[i * m + j] = sum;
    }
  }
  return C;
}

/**
 * Where a product of A and B goes that is given no place: allocation is most of what so small a product
 * costs.
 * @param {Matrix} A
 * @param {Matrix} B
 * @param {number} inner
 */
function room(A, B, inner) {
  return new Float64Array((A.length / inner) * (B.length / inner));
}

/**
 * tr(Aᵀ B): the sum of the products of their entries.
 * @param {Matrix} A
 * @param {Matrix} B
 */
export function dot(A, B) {
  let sum = 0;
  for (let i = 0; i < A.length; i++) sum += A[i] * B[i];
  return sum;
}

/**
 * diag(A Bᵀ), (n,): the products of their rows.
 * @param {Matrix} A (n, inner)
 * @param {Matrix} B (n, inner)
 * @param {number} inner
 * @param {Matrix} [sums] receives the result
 */
export function rowDots(A, B, inner, sums = new Float64Array(A.length / inner)) {
  for (let i = 0; i < sums.length; i++) {
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += A[i * inner + k] * B[i * inner + k];
    sums[i] = sum;
  }
  return sums;
}

/**
 * The lower triangular C with C Cᵀ = A.
 * @param {Matrix} A positive definite, (n, n)
 * @param {Matrix} [C] receives the result; 0 above its diagonal
 * @returns {Matrix}
 */
export function cholesky(A, C = new Float64Array(A.length)) {
  const n = order(A);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = A[i * n + j];
      for (let k = 0; k < j; k++) rest -= C[i * n + k] * C[j * n + k];
      C[i * n + j] = i === j ? Math.sqrt(rest) : rest / C[j * n + j];
    }
  }
  return C;
}

/**
 * log |C Cᵀ|.
 * @param {Matrix} C lower triangular, (n, n)
 */
export function logDeterminant(C) {
  const n = order(C);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += 2 * Math.log(C[i * n + i]);
  return sum;
}

/**
 * The X with C Cᵀ X = B, (n, m).
 * @param {Matrix} C lower triangular, (n, n)
 * @param {Matrix} B (n, m)
 * @param {Matrix} [X] receives the result
 * @returns {Matrix}
 */
export function solve(C, B, X = new Float64Array(B.length)) {
  const n = order(C), m = B.length / n;
  X.set(B);
  for (let j = 0; j < m; j++) {
    for (let i = 0; i < n; i++) { // C Y = B
      for (let k = 0; k < i; k++) X[i * m + j] -= C[i * n + k] * X[k * m + j];
      X[i * m + j] /= C[i * n + i];
    }
    for (let i = n - 1; i >= 0; i--) { // Cᵀ X = Y
      for (let k = i + 1; k < n; k++) X[i * m + j] -= C[k * n + i] * X[k * m + j];
      X[i * m + j] /= C[i * n + i];
    }
  }
  return X;
}
