// The points on their canvas, numerals over their classes, and marks over both.

import { DIGITS, NO_CLASS } from "../../kit/palette.js";
import { themeOf } from "../../kit/panel.js";
import { onNextFrame } from "../../kit/slices.js";
import { TARGET } from "./marks.js";
import { rgb, Scatter } from "./scatter.js";
import { View } from "./view.js";

/** @typedef {import("./points.js").Points} Points */
/** @typedef {import("../../kit/panel.js").Theme} Theme */

const FLIGHT = 700; // ms from one projection to the next

/** The colours of the classes; the last is of points that have none. */
export const COLORS = [...DIGITS, NO_CLASS];
export const NONE = COLORS.length - 1;

/**
 * What a class is coloured as: beyond those that have a colour as what has no class.
 * @param {number} value
 * @param {number} known how many have one
 */
export const colouredAs = (value, known) => value >= 0 && value < known ? value : NONE;

/**
 * Where a numeral stands, in pixels: where it should, or above or below a target that would cover it.
 * @param {number[]} place
 * @param {number[] | null} target
 * @param {number} size of its letters
 */
export function beside([x, y], target, size) {
  const clear = TARGET + 0.5 * size;
  if (!target || Math.abs(x - target[0]) >= TARGET + 0.3 * size || Math.abs(y - target[1]) >= clear) {
    return [x, y];
  }
  return [x, target[1] + (y < target[1] ? -clear : clear)];
}

export class Picture {
  view = new View();
  scatter = new Scatter();
  /** @type {Points | null} */
  points = null;
  /** The class of each point. */
  classes = new Uint8Array(0);
  /** Where each class's numeral stands, if it does. @type {(number[] | null)[]} */
  numerals = [];
  /** 1 for the points that are hardly seen. @type {Uint8Array | null} */
  faded = null;
  /** Where the map's (0, 0) is, in pixels of the display, and where each point is from there. */
  origin = [0, 0];
  offsets = new Int32Array(0);
  scale = 0; // at which they were computed
  /** @type {{ from: Int32Array, since: number } | null} */
  flight = null;
  /** @type {Theme | null} */
  theme = null;
  ratio = 1; // pixels of the display to one of CSS
  background = [255, 255, 255];

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{ look: () => void, mark: (context: CanvasRenderingContext2D, theme: Theme) => void, chosen: () => number }}
   *   more is asked before each picture, draws over the points, and says which one has a target; −1 for none
   */
  constructor(canvas, { look, mark, chosen }) {
    this.canvas = canvas;
    // Its pixels are written rather than drawn: they are to stay in memory, not on a graphics card.
    const settings = { willReadFrequently: true };
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", settings));
    this.look = look;
    this.mark = mark;
    this.chosen = chosen;
    this.colors = COLORS.map(rgb);
    this.frame = onNextFrame(() => this.theme && this.draw());
  }

  end() {
    this.frame.cancel();
  }

  /** @param {Points} points */
  take(points) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const other = this.points && this.points !== points;
    if (other && !still) {
      const from = this.offsets.map((value, i) => this.origin[i % 2] + value);
      this.flight = { from, since: performance.now() };
    }
    this.points = points;
    this.scale = 0;
    this.view.bounds = points.bounds;
  }

  layout() {
    const { canvas, view } = this, { width, height } = canvas.getBoundingClientRect();
    if (!this.points || !width || !height) return;
    Object.assign(view, { width, height });
    const ratio = globalThis.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.ratio = ratio;
    this.theme = themeOf(canvas);
    this.background = rgb(this.theme.background);
    this.draw();
  }

  /** At most one picture a frame. */
  request() {
    this.frame();
  }

  draw() {
    this.look();
    this.place();
    this.paint();
    const { context, theme } = this;
    if (!this.flight) {
      this.drawNumerals(context);
      this.mark(context, /** @type {Theme} */ (theme));
    }
    if (!this.canvas.dataset.painted) this.canvas.dataset.painted = "yes";
    if (this.flight) this.request();
  }

  /** Every point's pixel of the display. A drag moves all by whole ones, so that none trembles. */
  place() {
    const { places } = /** @type {Points} */ (this.points),
      { ratio, view } = this,
      scale = view.scale * ratio;
    this.origin = view.toScreen([0, 0]).map((value) => Math.round(value * ratio));
    if (!this.flight && scale === this.scale) return;
    this.scale = scale;
    const offsets = this.offsets = new Int32Array(places.length);
    for (let i = 0; i < offsets.length; i += 2) {
      offsets[i] = Math.round(places[i] * scale);
      offsets[i + 1] = -Math.round(places[i + 1] * scale);
    }
    if (!this.flight) return;
    const { from, since } = this.flight, done = Math.min(1, (performance.now() - since) / FLIGHT);
    const share = done * done * (3 - 2 * done);
    for (let i = 0; i < offsets.length; i++) {
      const before = from[i] - this.origin[i % 2];
      offsets[i] = Math.round(before + share * (offsets[i] - before));
    }
    if (done === 1) this.flight = null;
  }

  paint() {
    const { background, classes, colors, context, faded, offsets, origin, ratio, view } = this;
    const radius = 0.11 * Math.sqrt(Math.min(view.width, view.height)) * Math.min(3.2, view.zoom ** 0.4) *
      ratio;
    this.scatter.show(context, origin, { offsets, classes, colors, faded, radius, background });
  }

  /**
   * A numeral tells its class where it stands apart: where two are closer than they are wide, while all of the map is in
   * view, neither is shown, and the colours alone say the classes. One that the chosen digit's target would cover stands
   * above or below it.
   * @param {CanvasRenderingContext2D} context
   */
  drawNumerals(context) {
    const { view, numerals } = this, theme = /** @type {Theme} */ (this.theme);
    const size = Math.round((view.width < 520 ? 1.7 : 2.1) * theme.size), apart = (0.8 * size) / view.unit;
    context.font = `700 ${size}px ${theme.font}`;
    Object.assign(context, {
      textAlign: "center",
      textBaseline: "middle",
      lineJoin: "round",
      strokeStyle: "#10151F",
      fillStyle: "white",
      lineWidth: size / 6,
    });
    const chosen = this.chosen(), target = chosen < 0 ? null : this.spot(chosen);
    numerals.forEach((own, value) => {
      const near = (/** @type {number[] | null} */ other) =>
        own && other && other !== own && Math.hypot(other[0] - own[0], other[1] - own[1]) < apart;
      if (!own || numerals.some(near)) return;
      const [x, y] = beside(view.toScreen(own), target, size);
      context.strokeText(String(value), x, y);
      context.fillText(String(value), x, y);
    });
  }

  /** Where a point is, in CSS pixels. @param {number} i */
  spot(i) {
    return [0, 1].map((axis) => (this.origin[axis] + this.offsets[2 * i + axis]) / this.ratio);
  }
}
