// What is drawn over the points: rings around some of them, and the lasso.

import { MARK } from "../../kit/palette.js";
import { marker } from "../../kit/plot.js";

/**
 * Four arms around a place, from one distance to another.
 * @param {CanvasRenderingContext2D} context
 * @param {number[]} at
 * @param {{ from: number, to: number, width: number, color: string }} look
 */
export function cross(context, [x, y], { from, to, width, color }) {
  context.beginPath();
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(x + from * dx, y + from * dy);
    context.lineTo(x + to * dx, y + to * dy);
  }
  Object.assign(context, { strokeStyle: color, lineWidth: width });
  context.stroke();
}

/** How far the arms reach around a chosen digit, in pixels. */
export const TARGET = 19;

/** The chosen digit: a ring with four arms. @param {CanvasRenderingContext2D} context @param {number[]} at */
export function target(context, [x, y]) {
  for (const { color, width } of [{ color: "white", width: 7 }, { color: MARK, width: 4 }]) {
    cross(context, [x, y], { from: 9, to: TARGET - 2, width, color });
    marker(context, x, y, { ring: color, radius: 9, width });
  }
}

/** One near a drawing: a small ring. @param {CanvasRenderingContext2D} context @param {number[]} at */
export function neighbour(context, [x, y]) {
  marker(context, x, y, { radius: 6, width: 6 });
  marker(context, x, y, { ring: MARK, radius: 6 });
}

/**
 * A lasso through places of the canvas.
 * @param {CanvasRenderingContext2D} context
 * @param {number[][]} places
 * @param {{ closed: boolean, corners: boolean }} look whether each place is marked: the first one, larger, closes it
 */
export function lasso(context, places, { closed, corners }) {
  context.beginPath();
  for (const [x, y] of places) context.lineTo(x, y);
  if (closed) context.closePath();
  for (const { color, width } of [{ color: "white", width: 5 }, { color: MARK, width: 2.5 }]) {
    Object.assign(context, { strokeStyle: color, lineWidth: width, lineJoin: "round" });
    context.stroke();
  }
  if (!corners) return;
  Object.assign(context, { fillStyle: MARK, strokeStyle: "white", lineWidth: 2 });
  places.forEach(([x, y], k) => {
    const half = k ? 3 : 6;
    context.strokeRect(x - half, y - half, 2 * half, 2 * half);
    context.fillRect(x - half, y - half, 2 * half, 2 * half);
  });
}
