// Marks that are told apart by their shape.

const SHAPES = [
  (/** @type {Path2D} */ path, /** @type {number} */ r) => path.arc(0, 0, r, 0, 6.2832),
  (/** @type {Path2D} */ path, /** @type {number} */ r) => path.rect(-0.9 * r, -0.9 * r, 1.8 * r, 1.8 * r),
  (/** @type {Path2D} */ path, /** @type {number} */ r) =>
    polygon(path, r, [[0, -1.2], [1.15, 0.8], [-1.15, 0.8]]),
  (/** @type {Path2D} */ path, /** @type {number} */ r) =>
    polygon(path, r, [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]]),
];

/** @param {Path2D} path @param {number} r @param {number[][]} corners */
function polygon(path, r, corners) {
  for (const [x, y] of corners) path.lineTo(r * x, r * y);
  path.closePath();
}

/**
 * Fills the k-th mark: disc, square, triangle, lozenge, and again.
 * @param {CanvasRenderingContext2D} context
 * @param {number} k
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
export function mark(context, k, x, y, radius) {
  const path = new Path2D(), placed = new Path2D();
  SHAPES[k % SHAPES.length](path, radius);
  placed.addPath(path, new DOMMatrix([1, 0, 0, 1, x, y]));
  context.fill(placed);
}
