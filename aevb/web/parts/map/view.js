// Where a map is on its canvas: which of its places is in the middle, and how many times as large as at first.

import { round } from "../../kit/params.js";

/** @typedef {import("./points.js").Points} Points */

const MOST = 60; // of the zoom
const MARGIN = 24; // around the whole map, in CSS pixels, as all lengths here

export class View {
  zoom = 1;
  middle = [0, 0];
  width = 1;
  height = 1;
  bounds = [0, 0, 1, 1];

  /** The whole map. */
  whole() {
    const [left, bottom, right, top] = this.bounds;
    this.middle = [(left + right) / 2, (bottom + top) / 2];
    this.zoom = 1;
  }

  /** Pixels of a unit of the map while all of it is in view. */
  get unit() {
    const [left, bottom, right, top] = this.bounds, { width, height } = this;
    const fit = Math.min((width - 2 * MARGIN) / (right - left), (height - 2 * MARGIN) / (top - bottom));
    return Math.max(fit, 1e-9);
  }

  get scale() {
    return this.zoom * this.unit;
  }

  /** @param {number[]} at in pixels @returns {number[]} */
  toMap([x, y]) {
    const { middle, scale, width, height } = this;
    return [middle[0] + (x - width / 2) / scale, middle[1] - (y - height / 2) / scale];
  }

  /** @param {number[]} place @returns {number[]} */
  toScreen([x, y]) {
    const { middle, scale, width, height } = this;
    return [width / 2 + (x - middle[0]) * scale, height / 2 - (y - middle[1]) * scale];
  }

  /** The place that is to be in the middle, but for what lies outside of the map. @param {number[]} place */
  centre([x, y]) {
    const [left, bottom, right, top] = this.bounds;
    this.middle = [Math.min(right, Math.max(left, x)), Math.min(top, Math.max(bottom, y))];
  }

  /** @param {number} dx @param {number} dy how far what is seen moves, in pixels */
  shift(dx, dy) {
    const { middle: [x, y], scale } = this;
    this.centre([x - dx / scale, y + dy / scale]);
  }

  /** About a place of the canvas, which stays where it is. @param {number} factor @param {number[]} [about] */
  zoomBy(factor, about = [this.width / 2, this.height / 2]) {
    const before = this.toMap(about);
    this.zoom = Math.min(MOST, Math.max(1, this.zoom * factor));
    const after = this.toMap(about);
    this.centre(this.middle.map((value, axis) => value + before[axis] - after[axis]));
  }

  /** As a link says it: the middle in shares of the map, and the zoom; null for the whole. @param {Points} points */
  said(points) {
    const said = [...points.toShares(this.middle), this.zoom].map((value) => round(value, 4));
    return String(said) === "0.5,0.5,1" ? null : said;
  }

  /** @param {number[] | null} said @param {Points} points */
  take(said, points) {
    this.whole();
    if (!said) return;
    this.zoom = Math.min(MOST, Math.max(1, said[2]));
    this.centre(points.fromShares(said));
  }
}
