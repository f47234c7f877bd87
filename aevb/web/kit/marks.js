// Marks that are told apart by their shape.

/** @type {((context: CanvasRenderingContext2D, x: number, y: number, radius: number) => void)[]} */
const SHAPES = [
  (context, x, y, r) => context.arc(x, y, r, 0, 6.2832),
  (context, x, y, r) => context.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r),
  (context, x, y, r) => polygon(context, x, y, r, TRIANGLE),
  (context, x, y, r) => polygon(context, x, y, r, LOZENGE),
];
const TRIANGLE = [[0, -1.2], [1.15, 0.8], [-1.15, 0.8]];
const LOZENGE = [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]];

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} r
 * @param {number[][]} corners
 */
function polygon(context, x, y, r, corners) {
  for (const [right, down] of corners) context.lineTo(x + r * right, y + r * down);
  context.closePath();
}

/**
 * Fills the k-th mark: disc, square, triangle, lozenge, and again. Each is a path by itself, which is drawn faster than one
 * of all.
 * @param {CanvasRenderingContext2D} context
 * @param {number} k
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
export function mark(context, k, x, y, radius) {
  context.beginPath();
  SHAPES[k % SHAPES.length](context, x, y, radius);
  context.fill();
}
