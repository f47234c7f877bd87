// A ring of digits, a mark on it, and in the middle the image at the mark.

import { h } from "../../kit/elements.js";
import { MARK } from "../../kit/palette.js";
import { movable, Panel } from "../../kit/panel.js";
import { marker } from "../../kit/plot.js";

const RADIUS = 0.415, SMALL = 0.125, LARGE = 0.46; // in shares of the ring's side

export class Ring {
  /** @param {number} steps images from class to class @param {{ to: (turn: number) => void, done: () => void }} moves */
  constructor(steps, { to, done }) {
    this.steps = steps;
    this.classes = 10; // until the images are there
    this.turn = 0;
    /** @type {Uint8Array | null} */
    this.images = null;
    this.side = 28;
    this.image = document.createElement("canvas");
    /** @type {HTMLCanvasElement[]} */
    this.passed = [];
    this.canvas = h("canvas.live", {
      role: "slider",
      tabIndex: 0,
      "aria-label": "Place on the ring of digits",
    });
    this.canvas.setAttribute("aria-valuemin", "0");
    this.panel = new Panel(this.canvas);
    movable(
      this.canvas,
      (event) => {
        const { left, top, width, height } = this.canvas.getBoundingClientRect();
        const angle = Math.atan2(event.clientX - left - width / 2, top + height / 2 - event.clientY); // from the top on
        to(this.around(this.classes * angle / (2 * Math.PI)));
      },
      (dx, dy) => to(this.around(this.turn + dx + dy)),
      done,
    );
  }

  /** The same place, within one turn. @param {number} turn */
  around(turn) {
    return ((turn % this.classes) + this.classes) % this.classes;
  }

  /** @param {Uint8Array} images `steps` of each class, square, one after the other */
  fill(images) {
    this.images = images;
    this.classes = images.length / this.side ** 2 / this.steps;
    this.passed = Array.from({ length: this.classes }, (_, k) => {
      const canvas = document.createElement("canvas");
      this.paint(canvas, k);
      return canvas;
    });
    this.canvas.setAttribute("aria-valuemax", String(this.classes));
    this.keep();
  }

  /** The image at a place: one that was decoded, or a blend of the two beside it. @param {HTMLCanvasElement} canvas @param {number} turn */
  paint(canvas, turn) {
    const { side, steps, images } = this, size = side * side, place = this.around(turn) * steps;
    if (!images) return;
    const k = Math.floor(place),
      from = k * size,
      to = (k + 1) % (this.classes * steps) * size,
      share = place - k;
    const data = new ImageData(side, side), pixels = new Uint32Array(data.data.buffer);
    for (let i = 0; i < size; i++) {
      const level = Math.round(images[from + i] + share * (images[to + i] - images[from + i]));
      pixels[i] = 0xff000000 | (level << 16) | (level << 8) | level;
    }
    canvas.width = canvas.height = side;
    canvas.getContext("2d")?.putImageData(data, 0, 0);
  }

  /** @param {import("../../kit/panel.js").Theme} theme */
  layout(theme) {
    if (!this.panel.fit()) return;
    this.theme = theme;
    this.keep();
  }

  /** Where a place of the ring is, at so many shares of the side from the middle. @param {number} turn */
  at(turn, radius = RADIUS) {
    const { width, height } = this.panel,
      side = Math.min(width, height),
      angle = 2 * Math.PI * turn / this.classes;
    return [width / 2 + radius * side * Math.sin(angle), height / 2 - radius * side * Math.cos(angle)];
  }

  /** What stands still: the digits on their ring. */
  keep() {
    const { panel, theme } = this;
    if (!theme) return;
    const side = Math.min(panel.width, panel.height);
    panel.keep((context) => {
      context.strokeStyle = theme.border;
      context.lineWidth = 0.012 * side;
      context.beginPath();
      context.arc(panel.width / 2, panel.height / 2, RADIUS * side, 0, 2 * Math.PI);
      context.stroke();
      this.passed.forEach((image, k) => stamp(context, image, this.at(k), SMALL * side));
    });
  }

  /** @param {number} turn */
  show(turn) {
    this.turn = turn;
    const { panel, canvas } = this, side = Math.min(panel.width, panel.height);
    if (!this.images || !this.theme) return;
    this.paint(this.image, turn);
    panel.show((context) => {
      stamp(context, this.image, [panel.width / 2, panel.height / 2], LARGE * side);
      const [x, y] = this.at(turn, RADIUS - 0.09);
      marker(context, x, y, { color: MARK, radius: 0.022 * side });
    });
    canvas.setAttribute("aria-valuenow", turn.toFixed(2));
    const before = Math.floor(turn) % this.classes, share = turn % 1;
    canvas.setAttribute(
      "aria-valuetext",
      share
        ? `${Math.round(100 * share)} % of the way from ${before} to ${(before + 1) % this.classes}`
        : `at ${before}`,
    );
  }
}

/** @param {CanvasRenderingContext2D} context @param {HTMLCanvasElement} image @param {number[]} middle @param {number} side */
function stamp(context, image, [x, y], side) {
  const left = Math.round(x - side / 2), top = Math.round(y - side / 2);
  context.imageSmoothingEnabled = false;
  context.drawImage(image, left, top, Math.round(side), Math.round(side));
}
