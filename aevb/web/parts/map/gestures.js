// What pointers, the wheel and keys do over the map's canvas. Places are in its CSS pixels.

import { withCommand } from "../../kit/elements.js";
import { zoomable } from "../../kit/zoom.js";

/**
 * @typedef {"pan" | "lasso" | "sweep"} Kind
 *
 * @typedef {object} Acts
 * @property {(event: PointerEvent) => Kind} kind what a drag does that begins so
 * @property {(dx: number, dy: number) => void} pan
 * @property {(factor: number, about?: number[]) => boolean} zoom whether there was more to see, or less
 * @property {() => void} whole
 * @property {() => void} point something else is pointed at
 * @property {(at: number[], reach: number, kind: Kind) => void} click without a drag; `reach` is how exact it can be
 * @property {(at: number[], begins: boolean) => void} draw a loop
 * @property {() => void} undraw the loop that was begun
 * @property {() => void} enter
 * @property {() => void} clear
 * @property {(loop: boolean) => void} done the visitor has let go, of a loop that was drawn or of anything else
 * @property {(words: string) => void} hint
 */

const REACH = 14, TOUCH = 24; // px within which a point is meant
const SLACK = 4, TOUCH_SLACK = 10; // px that a click may move

export class Gestures {
  /** The pointers that are down. @type {Map<number, number[]>} */
  pointers = new Map();
  /** What is done with them. @type {{ kind: Kind | "pinch", from: number[], moved: boolean } | null} */
  pull = null;
  /** Where one points; by keyboard, the middle. @type {number[] | null} */
  pointer = null;
  byKeyboard = false;

  /** @param {HTMLCanvasElement} canvas @param {Acts} acts */
  constructor(canvas, acts) {
    this.canvas = canvas;
    this.acts = acts;
    canvas.onpointerdown = (event) => this.press(event);
    canvas.onpointermove = (event) => this.move(event);
    canvas.onpointerup = (event) => this.release(event);
    canvas.onpointercancel = (event) => {
      if (event.pointerType === "touch" && !this.ownsTouch) acts.hint("Tap the map, then drag to move it");
      this.pointers.delete(event.pointerId);
      this.giveUp();
    };
    canvas.onpointerleave = () => this.point(null);
    zoomable(canvas, (factor, at) => {
      const zoomed = acts.zoom(factor, at);
      acts.done(false);
      return zoomed;
    }, () => acts.hint("Click the map, then scroll to zoom"));
    canvas.onkeydown = (event) => this.key(event);
    canvas.onblur = () => this.byKeyboard && this.point(null);
  }

  /** Whether a finger moves the map rather than the page. */
  get ownsTouch() {
    return getComputedStyle(this.canvas).touchAction === "none";
  }

  /** Whether the map or a loop is being drawn, so that nothing is pointed at. */
  get dragging() {
    return Boolean(this.pull?.moved) && this.pull?.kind !== "sweep";
  }

  /** How near to the pointer a point must be to be meant. */
  get reach() {
    return this.byKeyboard ? Infinity : REACH;
  }

  /** @param {number[] | null} at */
  point(at, byKeyboard = false) {
    this.pointer = at;
    this.byKeyboard = byKeyboard;
    this.acts.point();
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button) return;
    const { canvas, pointers } = this, at = [event.offsetX, event.offsetY];
    if (event.pointerType !== "touch" || this.ownsTouch) canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at);
    const pinch = pointers.size > 1;
    if (pinch) this.giveUp();
    this.pull = { kind: pinch ? "pinch" : this.acts.kind(event), from: at, moved: pinch };
    this.point(at);
  }

  /** What was begun is not gone on with: one finger of two had come first, or the page has taken it over. */
  giveUp() {
    const { pull, canvas, acts } = this;
    this.pull = null;
    canvas.classList.remove("dragging");
    if (pull?.kind === "lasso" && pull.moved) acts.undraw();
  }

  /** @param {PointerEvent} event */
  move(event) {
    const { pull, pointers, acts } = this;
    const at = [event.offsetX, event.offsetY], before = pointers.get(event.pointerId);
    if (!pull || !before) return this.point(at);
    if (!pull.moved) {
      const slack = event.pointerType === "touch" ? TOUCH_SLACK : SLACK;
      if (Math.hypot(at[0] - pull.from[0], at[1] - pull.from[1]) < slack) return;
      pull.moved = true;
      if (pull.kind === "lasso") acts.draw(pull.from, true);
    }
    pointers.set(event.pointerId, at);
    if (pull.kind === "pinch") return this.pinch(event.pointerId, before, at);
    if (pull.kind === "lasso") acts.draw(at, false);
    if (pull.kind === "pan") {
      this.canvas.classList.add("dragging");
      acts.pan(at[0] - before[0], at[1] - before[1]);
    }
    this.point(at);
  }

  /** @param {number} id @param {number[]} before @param {number[]} at */
  pinch(id, before, at) {
    const other = [...this.pointers].find(([each]) => each !== id)?.[1];
    if (!other) return;
    const apart = (/** @type {number[]} */ [x, y]) => Math.max(10, Math.hypot(x - other[0], y - other[1]));
    this.acts.pan((at[0] - before[0]) / 2, (at[1] - before[1]) / 2);
    this.acts.zoom(apart(at) / apart(before), [(at[0] + other[0]) / 2, (at[1] + other[1]) / 2]);
  }

  /** @param {PointerEvent} event */
  release(event) {
    const { pull, pointers, acts } = this, at = [event.offsetX, event.offsetY];
    if (!pointers.delete(event.pointerId) || !pull) return;
    this.canvas.classList.remove("dragging");
    // One finger of two stays: nothing more.
    this.pull = pointers.size ? { kind: "pinch", from: at, moved: true } : null;
    const { kind, moved } = pull;
    if (!moved && kind !== "pinch") acts.click(at, event.pointerType === "touch" ? TOUCH : REACH, kind);
    acts.done(moved && kind === "lasso");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (withCommand(event)) return;
    const { acts, canvas: { clientWidth, clientHeight } } = this,
      step = Math.min(clientWidth, clientHeight) / 12;
    /** @type {Record<string, (() => void) | undefined>} */
    const moves = {
      ArrowLeft: () => acts.pan(step, 0),
      ArrowRight: () => acts.pan(-step, 0),
      ArrowUp: () => acts.pan(0, step),
      ArrowDown: () => acts.pan(0, -step),
      "+": () => acts.zoom(1.3),
      "=": () => acts.zoom(1.3),
      "-": () => acts.zoom(1 / 1.3),
      _: () => acts.zoom(1 / 1.3),
      "0": acts.whole,
    };
    const move = moves[event.key], act = { Enter: acts.enter, Escape: acts.clear }[event.key];
    if (!move && !act) return;
    event.preventDefault();
    act?.();
    move?.();
    acts.done(false);
    if (move) this.point([clientWidth / 2, clientHeight / 2], true);
  }
}
