// The plane of the points: p(x), the decoder's curve through it, and from each point a line to where its q has its mean.

import { h } from "../../kit/elements.js";
import { signed } from "../../kit/format.js";
import { DATA, EVIDENCE, GENERATED, MARK } from "../../kit/palette.js";
import { movable, Panel } from "../../kit/panel.js";
import { along, Axes, dots, marker, Notes, paintHeights } from "../../kit/plot.js";
import { CELLS, density, LINE, placeAt } from "./known.js";
import { COUNT, EDGE } from "./shapes.js";

/**
 * @typedef {import("../../kit/panel.js").Theme} Theme
 * @typedef {import("./known.js").Known} Known
 */

export const SHOWN = 3.5; // of z, each way
const DEEPEST = 110; // of p(x)'s ink, of 255

export class Plane {
  /** @param {{ to: (place: number[]) => void, by: (dx: number, dy: number) => void, done: () => void }} moves */
  constructor({ to, by, done }) {
    const canvas = this.canvas = h("canvas.live", {
      role: "slider",
      tabIndex: 0,
      "data-sets": "point",
      "aria-label": "Points, and the decoder’s curve through them",
    });
    canvas.setAttribute("aria-roledescription", "two-dimensional slider");
    canvas.setAttribute("aria-valuemin", "0");
    canvas.setAttribute("aria-valuemax", String(COUNT - 1));
    this.tell(0, "no point yet");
    this.panel = new Panel(canvas);
    this.axes = new Axes({ left: 0, top: 0, width: 1, height: 1 }, [-EDGE, EDGE], [-EDGE, EDGE]);
    const place = (/** @type {PointerEvent} */ event) => {
      const { left, top } = canvas.getBoundingClientRect();
      to([this.axes.valueAt(event.clientX - left), this.axes.heightAt(event.clientY - top)]);
    };
    movable(canvas, place, by, done);
    this.tones = document.createElement("canvas");
    /** What stands still. @type {{ theme: Theme, known: Known } | null} */
    this.kept = null;
  }

  /** To a screen reader. @param {number} chosen @param {string} text */
  tell(chosen, text) {
    this.canvas.setAttribute("aria-valuenow", String(chosen));
    this.canvas.setAttribute("aria-valuetext", text);
  }

  /** @param {number[] | Float32Array} x */
  at(x) {
    return [this.axes.x(x[0]), this.axes.y(x[1])];
  }

  /** @param {Theme} theme @param {Known} known @param {number} chosen */
  show(theme, known, chosen) {
    if (this.kept?.theme !== theme || this.kept.known !== known) this.keep(theme, known);
    const { points, qs } = known, [x, y] = this.at(points[chosen]);
    this.panel.show((context) => {
      Object.assign(context, { strokeStyle: MARK, lineWidth: 4 });
      this.axes.clip(context, () => {
        context.beginPath();
        context.moveTo(x, y);
        const [onX, onY] = this.at(placeAt(known, qs[chosen].loc[0]));
        context.lineTo(onX, onY);
        context.stroke();
      });
      marker(context, x, y, { color: MARK, radius: 0.45 * theme.size });
    });
  }

  /** @param {Theme} theme @param {Known} known */
  keep(theme, known) {
    const { panel, tones } = this, { points, qs, curve } = known, { size } = theme;
    this.kept = { theme, known };
    const box = { left: 1, top: 1, width: panel.width - 2, height: panel.height - 2 };
    const axes = this.axes = new Axes(box, [-EDGE, EDGE], [-EDGE, EDGE]);
    const heights = density(known), most = Math.max(...heights);
    const ink = (/** @type {number} */ height) => DEEPEST * Math.sqrt(height / most);
    paintHeights(tones, heights, CELLS, 4 * CELLS, EVIDENCE, ink);
    const places = points.map((x) => this.at(x));
    const path = (/** @type {number} */ reach) =>
      curve.filter((_, k) => Math.abs(LINE[k]) <= reach).map((x) => this.at(x));
    panel.keep((context) => {
      axes.draw(context, theme, { xTicks: false, yTicks: false, xCount: 1 });
      context.fillStyle = theme.border;
      context.fillRect(axes.left, axes.y(0) - 0.5, axes.width, 1);
      axes.clip(context, () => {
        context.drawImage(tones, axes.left, axes.top, axes.width, axes.height);
        Object.assign(context, { strokeStyle: theme.text, lineWidth: 1, globalAlpha: 0.4 });
        context.beginPath();
        places.forEach(([x, y], i) => {
          const [onX, onY] = this.at(placeAt(known, qs[i].loc[0]));
          context.moveTo(x, y);
          context.lineTo(onX, onY);
        });
        context.stroke();
        Object.assign(context, { fillStyle: DATA, globalAlpha: 1 });
        dots(context, places.length, (i) => places[i][0], (i) => places[i][1], 0.17 * size);
        Object.assign(context, { strokeStyle: GENERATED, lineJoin: "round" });
        for (const [reach, lineWidth] of [[SHOWN, 2], [2, 5]]) {
          context.lineWidth = lineWidth;
          context.beginPath();
          for (const [x, y] of path(reach)) context.lineTo(x, y);
          context.stroke();
        }
        for (const z of [-2, 0, 2]) {
          const [x, y] = this.at(placeAt(known, z));
          marker(context, x, y, { color: GENERATED, ring: theme.background, radius: 0.3 * size });
        }
      });
      const notes = new Notes(context, theme, axes, [...places, ...along(path(SHOWN))]);
      context.font = `600 ${size}px ${theme.font}`;
      for (const z of [0, -2, 2]) {
        const [x, y] = this.at(placeAt(known, z)),
          text = z ? signed(z, 0) : "z = 0",
          half = context.measureText(text).width / 2;
        const near = 0.6 * size;
        notes.write(text, [
          [x - near, y - near],
          [x + 2 * half + near, y - near],
          [x + 2 * half + near, y + 1.2 * size + near],
          [x - near, y + 1.2 * size + near],
        ]);
      }
    });
  }
}
