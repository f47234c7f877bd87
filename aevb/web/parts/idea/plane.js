// The ELBO over φ, across, and θ, up: its heights as on a map, and the way of whoever climbs it.

import { h } from "../../kit/elements.js";
import { ELBO, MARK } from "../../kit/palette.js";
import { movable, Panel } from "../../kit/panel.js";
import { Axes, marker, nameAxes, paintHeights } from "../../kit/plot.js";
import { BEST, elbo } from "./surface.js";

/** @typedef {import("./surface.js").Place} Place */

/** Where θ and φ end; both begin at 0. */
export const END = 2.8;

const CELLS = 60; // of the grid on which the ELBO is computed, each way
const FULL = 0.7; // of the ink, within the highest contour
const NEAREST = 0.02; // nats below the top of the highest contour; each next is twice as far

/** @type {Float32Array | undefined} */
let heights; // (CELLS + 1)²: θ by φ

function surface() {
  if (heights) return heights;
  heights = new Float32Array((CELLS + 1) ** 2);
  for (let i = 0; i < heights.length; i++) {
    const theta = Math.floor(i / (CELLS + 1)), phi = i % (CELLS + 1);
    heights[i] = elbo([theta / CELLS * END, phi / CELLS * END]);
  }
  return heights;
}

export class Plane {
  /** @param {{ to: (place: Place) => void, by: (theta: number, phi: number) => void, done: () => void }} moves */
  constructor({ to, by, done }) {
    this.canvas = h("canvas.live.field", { role: "slider", tabIndex: 0, "data-sets": "at" });
    this.canvas.setAttribute("aria-roledescription", "two-dimensional slider");
    this.canvas.setAttribute("aria-valuemin", "0");
    this.canvas.setAttribute("aria-valuemax", String(END));
    this.panel = new Panel(this.canvas);
    this.axes = new Axes({ left: 0, top: 0, width: 1, height: 1 }, [0, END], [0, END]);
    const place = (/** @type {PointerEvent} */ event) => {
      const { left, top } = this.canvas.getBoundingClientRect();
      to([this.axes.heightAt(event.clientY - top), this.axes.valueAt(event.clientX - left)]);
    };
    movable(this.canvas, place, (dx, dy) => by(dy, dx), done);
  }

  /** The map, anew: its place has another size or other colours. @param {import("../../kit/panel.js").Theme} theme */
  layout(theme) {
    if (!this.panel.fit()) return;
    const { size } = theme, left = 2.2 * size, { width, height } = this.panel;
    const side = Math.min(width - left - 2, height - 2 * size);
    this.axes = new Axes({ left, top: 1, width: side, height: side }, [0, END], [0, END]);
    this.theme = theme;
    this.panel.keep((context) => {
      const { axes } = this, bands = document.createElement("canvas");
      paintBands(bands, Math.round(side));
      context.drawImage(bands, axes.left, axes.top, side, side);
      axes.draw(context, theme, { xCount: 3, yCount: 3 });
      Object.assign(context, { strokeStyle: theme.text, lineWidth: 2 });
      context.setLineDash([9, 6]);
      context.beginPath();
      context.moveTo(axes.x(0), axes.y(0));
      context.lineTo(axes.x(END), axes.y(END));
      context.stroke();
      context.setLineDash([]);
      Object.assign(context, { fillStyle: theme.text, textAlign: "center", textBaseline: "bottom" });
      context.font = `600 ${size}px ${theme.font}`;
      context.save();
      context.translate(axes.x(0.78 * END), axes.y(0.78 * END) - 6);
      context.rotate(-Math.PI / 4);
      context.fillText("no gap", 0, 0);
      context.restore();
      nameAxes(context, axes, theme, "φ of q", "θ of p");
    });
  }

  /** @param {Place} place @param {Place[]} way that led there */
  show([theta, phi], way) {
    const { axes, panel } = this;
    panel.show((context) => {
      axes.clip(context, () => {
        Object.assign(context, { strokeStyle: this.theme?.text, lineWidth: 3, lineJoin: "round" });
        context.beginPath();
        for (const [theta, phi] of way) context.lineTo(axes.x(phi), axes.y(theta));
        context.stroke();
      });
      marker(context, axes.x(phi), axes.y(theta), { color: MARK });
    });
  }
}

/**
 * Bands between the contours, the fuller the higher.
 * @param {HTMLCanvasElement} canvas
 * @param {number} side in pixels
 */
function paintBands(canvas, side) {
  const top = elbo([BEST, BEST]), count = 8; // contours
  paintHeights(canvas, surface(), CELLS, side, ELBO, (height) => {
    const band = Math.max(0, Math.min(count, Math.ceil(Math.log2((top - height) / NEAREST))));
    return 255 * FULL * (1 - band / (count + 1));
  });
}
