// A posterior dimension by dimension: a whisker from μ − σ to μ + σ for each, over the prior's band, 0 ± 1; a drawn z is a diamond.

import { number } from "./format.js";
import { Axes } from "./plot.js";

/**
 * @typedef {object} Shown
 * @property {ArrayLike<number>} loc
 * @property {ArrayLike<number>} scale
 * @property {ArrayLike<number>} [z]
 * @property {number[]} order the dimensions from left to right
 * @property {string} color
 * @property {string} [drawn] the colour of z
 */

/**
 * Draws whiskers into a box of a canvas, and returns its axes: the place of the k-th dimension is k.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./panel.js").Theme} theme
 * @param {{ left: number, top: number, width: number, height: number }} box
 * @param {Shown} shown
 */
export function drawWhiskers(context, theme, box, { loc, scale, z, order, color, drawn = color }) {
  const ends = order.map((l) => Math.max(Math.abs(loc[l]) + scale[l], z ? Math.abs(z[l]) : 0));
  const reach = Math.max(2.4, ...ends.map((end) => end + 0.2));
  const axes = new Axes(box, [-0.6, order.length - 0.4], [-reach, reach]);
  const bottom = box.top + box.height;
  context.save();
  context.fillStyle = theme.text;
  context.globalAlpha = 0.12;
  context.fillRect(box.left, axes.y(1), box.width, axes.y(-1) - axes.y(1));
  context.globalAlpha = 1;
  axes.draw(context, theme, { xTicks: false, xCount: 0, yCount: box.height < 12 * theme.size ? 3 : 5 });
  const gap = box.width / order.length, thick = Math.min(10, 0.45 * gap);
  order.forEach((l, k) => {
    const x = axes.x(k);
    context.fillStyle = color;
    context.globalAlpha = 0.55;
    context.fillRect(
      x - thick / 2,
      axes.y(loc[l] + scale[l]),
      thick,
      axes.y(loc[l] - scale[l]) - axes.y(loc[l] + scale[l]),
    );
    context.globalAlpha = 1;
    context.fillRect(x - thick, axes.y(loc[l]) - 1.5, 2 * thick, 3);
    if (z) {
      const y = axes.y(z[l]), half = Math.max(4, 0.75 * thick);
      context.beginPath();
      for (const [dx, dy] of [[0, -half], [half, 0], [0, half], [-half, 0]]) context.lineTo(x + dx, y + dy);
      context.closePath();
      Object.assign(context, { fillStyle: drawn, strokeStyle: theme.background, lineWidth: 1.5 });
      context.fill();
      context.stroke();
    }
  });
  nameDimensions(context, theme, axes, order, bottom);
  context.restore();
  return axes;
}

/**
 * The numbers of the dimensions below a plot, as many as there is room for.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./panel.js").Theme} theme
 * @param {Axes} axes
 * @param {number[]} order
 * @param {number} bottom
 */
function nameDimensions(context, theme, axes, order, bottom) {
  const stride = Math.ceil((1.7 * theme.size * order.length) / axes.width);
  Object.assign(context, {
    font: `${theme.size}px ${theme.font}`,
    fillStyle: theme.text,
    textAlign: "center",
    textBaseline: "top",
  });
  order.forEach((l, k) => k % stride === 0 && context.fillText(number(l + 1), axes.x(k), bottom + 5));
}
