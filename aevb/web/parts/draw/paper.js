// What a visitor draws on: white ink on black, as MNIST's digits are.

import { h } from "../../kit/elements.js";
import { Panel, themeOf } from "../../kit/panel.js";
import { paint } from "../../kit/pictures.js";
import { PEN, simplify, UNITS } from "../../engine/ink.js";

/** @typedef {import("../../engine/ink.js").Stroke} Stroke */

const FRAME = 28; // pixels of MNIST's images
const BOX = 20; // of the square that a digit fills in them
const PIECE = 40; // points of a stroke that are drawn again on each move, at most

export class Paper {
  /** @param {{ begin: () => void, change: () => void, done: (strokes: Stroke[]) => void }} told of a
   *   stroke's beginning, way and end */
  constructor(told) {
    this.canvas = h("canvas.paper.live", {
      role: "img",
      "data-control": "",
      "data-sets": "strokes",
      "aria-label": "Canvas",
    });
    this.panel = new Panel(this.canvas);
    this.digit = document.createElement("canvas");
    /** @type {Stroke[]} */
    this.strokes = [];
    /** The one that is being drawn, the last of them. @type {Stroke | null} */
    this.stroke = null;
    this.still = 0; // points of it that stand still
    /** What strokes would take the place of. @type {Float32Array | null} */
    this.under = null;
    this.keep();
    this.listen(told);
  }

  /** @param {ConstructorParameters<typeof Paper>[0]} told */
  listen({ begin, change, done }) {
    const { canvas } = this;
    canvas.onpointerdown = (/** @type {PointerEvent} */ event) => {
      if (!event.isPrimary || event.button !== 0) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      begin();
      this.keep();
      this.stroke = [this.at(event)];
      this.strokes = [...this.strokes, this.stroke];
      change();
    };
    canvas.onpointermove = (/** @type {PointerEvent} */ event) => {
      if (!this.stroke || !event.isPrimary) return;
      for (const each of event.getCoalescedEvents?.() ?? []) this.extend(this.stroke, each);
      this.extend(this.stroke, event);
      change();
    };
    canvas.onpointerup = canvas.onpointercancel = (/** @type {PointerEvent} */ event) => {
      if (!this.stroke || !event.isPrimary) return;
      done([...this.strokes.slice(0, -1), simplify(this.stroke)]); // as a link will have it
    };
    canvas.oncontextmenu = (/** @type {Event} */ event) => event.preventDefault();
  }

  /** Where a pointer is, within the canvas even where it has left it. @param {PointerEvent} event @returns {[number, number]} */
  at({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const within = (/** @type {number} */ share) => Math.max(0, Math.min(UNITS - 1, share * UNITS));
    return [within((clientX - left) / width), within((clientY - top) / height)];
  }

  /** @param {Stroke} stroke @param {PointerEvent} event */
  extend(stroke, event) {
    const [x, y] = this.at(event), last = stroke[stroke.length - 1];
    if (Math.hypot(x - last[0], y - last[1]) >= 1) stroke.push([x, y]);
  }

  /** Strokes in place of those that are there. @param {Stroke[]} strokes */
  show(strokes) {
    this.strokes = strokes;
    this.stroke = null;
    this.keep();
  }

  /** Draws the strokes; where there are none, a digit that they would take the place of. @param {Float32Array | null} digit */
  draw(digit) {
    const { panel, stroke } = this;
    this.under = digit;
    if (!panel.width) return;
    if (stroke && stroke.length - this.still > PIECE) this.keep();
    const moving = stroke ? [stroke.slice(Math.max(0, this.still - 1))] : [];
    panel.show((context) => this.trace(context, moving));
  }

  /** All that is drawn by now stands still, and is not drawn again on each move. */
  keep() {
    const strokes = this.strokes.map((stroke) => [...stroke]), { panel } = this;
    this.still = this.stroke?.length ?? 0;
    panel.keep((context) => {
      context.fillStyle = "#000";
      context.fillRect(0, 0, panel.width, panel.width);
      if (!this.strokes.length) this.invite(context, this.under);
      this.trace(context, strokes);
    });
  }

  /** @param {CanvasRenderingContext2D} context @param {Stroke[]} strokes */
  trace(context, strokes) {
    const { width } = this.panel, unit = width / UNITS;
    Object.assign(context, { strokeStyle: "#fff", lineWidth: PEN / FRAME * width });
    Object.assign(context, { lineCap: "round", lineJoin: "round" });
    for (const [first, ...others] of strokes) {
      context.beginPath();
      context.moveTo(first[0] * unit, first[1] * unit);
      for (const [x, y] of others.length ? others : [first]) context.lineTo(x * unit, y * unit);
      context.stroke();
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {Float32Array | null} digit */
  invite(context, digit) {
    const { width } = this.panel,
      edge = (FRAME - BOX) / 2 / FRAME * width,
      { font, size } = themeOf(this.canvas);
    if (digit) {
      paint(this.digit, digit);
      Object.assign(context, { globalAlpha: 0.45, imageSmoothingEnabled: false });
      context.drawImage(this.digit, 0, 0, width, width);
      context.globalAlpha = 1;
    }
    Object.assign(context, { strokeStyle: "#8a8a8a", lineWidth: 1.5 });
    context.setLineDash([5, 6]);
    context.strokeRect(edge, edge, width - 2 * edge, width - 2 * edge);
    context.setLineDash([]);
    Object.assign(context, { fillStyle: "#fff", textAlign: "center", textBaseline: "middle" });
    context.font = `650 ${1.3 * size}px ${font}`;
    context.fillText("Draw a digit here", width / 2, width - edge / 2);
  }
}
