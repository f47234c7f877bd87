// The film of a run, frame by frame: what it reconstructs and draws, the map of a latent space of two dimensions, and the
// sizes of its clusters.

import { h } from "../../kit/elements.js";
import { DIGITS } from "../../kit/palette.js";
import { Panel } from "../../kit/panel.js";
import { Axes, dots, quantile } from "../../kit/plot.js";
import { Clouds } from "./clouds.js";
import { Frames } from "./frames.js";
import { Sheets } from "./sheets.js";

/** @typedef {import("../../kit/panel.js").Theme} Theme */

export class Film {
  /**
   * @param {string} id of the run
   * @param {import("./record.js").About} about
   * @param {{ arrived: () => void }} to
   */
  constructor(id, about, { arrived }) {
    const vectors = about.shape.length === 1, things = vectors ? "points" : "images";
    this.labels = about.labels;
    this.frames = new Frames(id, about, arrived);
    this.pictures = vectors ? new Clouds(about) : new Sheets(about);
    this.map = new Panel(
      h("canvas.live.latents", { role: "img", "aria-label": "The latent means of images of the validation" }),
    );
    this.sizes = new Panel(h("canvas.live.sizes", { role: "img" }));
    this.counted = h(
      "figure.clusters",
      { hidden: true },
      this.sizes.canvas,
      h("figcaption", {}, `${things} in each cluster`),
    );
    const latent = h(
      "figure.latent",
      {},
      this.map.canvas,
      h("figcaption", {}, `means of q(z | x) of ${about.map} ${things}`),
    );
    this.element = h("div.film", {}, ...this.pictures.elements, about.map && latent, this.counted);
    this.element.classList.toggle("mapped", about.map > 0);
    this.element.classList.toggle("vectors", vectors);
  }

  end() {
    this.frames.end();
    this.pictures.end();
  }

  /** Fits its panels to their places. */
  fit() {
    this.map.fit();
    this.sizes.fit();
    this.pictures.fit();
  }

  /**
   * Shows a frame; until it is there, what was shown is dimmed.
   * @param {Theme} theme
   * @param {number} frame
   * @param {{ newest: boolean, sizes?: number[] }} point whether it is the newest, and the clusters' sizes
   */
  show(theme, frame, { newest, sizes }) {
    const found = this.frames.at(frame);
    this.element.classList.toggle("stale", !found && frame >= 0);
    this.pictures.take(this.frames.images);
    if (!found) return;
    this.pictures.show(theme, found, newest);
    this.element.dataset.frame = String(frame);
    if (sizes) this.drawSizes(theme, sizes);
    if (found.places.length) this.drawMap(theme, found.places, this.labels);
  }

  /** How many images each cluster has, as bars above its number. @param {Theme} theme @param {number[]} sizes */
  drawSizes(theme, sizes) {
    const { sizes: panel, counted, element } = this, { size } = theme;
    counted.hidden = false;
    element.classList.add("counted");
    if (!panel.width && !panel.fit()) return;
    const most = Math.max(...sizes), wide = panel.width / sizes.length, room = panel.height - 2.6 * size;
    panel.show((context) => {
      Object.assign(context, {
        font: `600 ${size}px ${theme.font}`,
        textAlign: "center",
        textBaseline: "bottom",
      });
      const few = wide > 2 * size; // whether there is room for numbers
      sizes.forEach((count, cluster) => {
        const middle = (cluster + 0.5) * wide, height = Math.max(2, (room * count) / most);
        const foot = panel.height - 1.3 * size;
        context.fillStyle = DIGITS[cluster % DIGITS.length];
        context.fillRect(middle - 0.4 * wide, foot - height, 0.8 * wide, height);
        context.fillStyle = theme.text;
        if (few) context.fillText(String(count), middle, foot - height);
        if (few) context.fillText(String(cluster), middle, panel.height);
      });
    });
    panel.canvas.setAttribute("aria-label", `Images in each cluster: ${sizes.join(", ")}`);
  }

  /** The places of images, in the colours of their classes, each class under its numeral. @param {Theme} theme @param {Float32Array} places @param {number[]} labels */
  drawMap(theme, places, labels) {
    const { map } = this, { size } = theme;
    if (!map.width && !map.fit()) return;
    const count = places.length / 2, reach = 1.1 * Math.max(3, quantile(places.map(Math.abs), 0.99));
    const side = Math.min(map.width, map.height) - 2.1 * size, left = map.width - side - 0.2 * size;
    const axes = new Axes({ left, top: 0.4 * size, width: side, height: side }, [-reach, reach], [
      -reach,
      reach,
    ]);
    map.keep((context) => axes.draw(context, theme, { xCount: 3, yCount: 3 }));
    map.show((context) => {
      axes.clip(context, () => {
        const classes = [...new Set(labels)].sort((a, b) => a - b);
        for (const label of labels.length ? classes : [0]) {
          const own = Array.from({ length: count }, (_, i) => i).filter((i) => (labels[i] ?? 0) === label);
          const x = own.map((i) => places[2 * i]), y = own.map((i) => places[2 * i + 1]);
          context.fillStyle = DIGITS[label % DIGITS.length];
          dots(context, own.length, (i) => axes.x(x[i]), (i) => axes.y(y[i]), 3);
        }
        Object.assign(context, {
          font: `700 ${1.15 * size}px ${theme.font}`,
          textAlign: "center",
          textBaseline: "middle",
          strokeStyle: theme.background,
          fillStyle: theme.text,
          lineWidth: 5,
          lineJoin: "round",
        });
        for (const label of classes) {
          const own = Array.from({ length: count }, (_, i) => i).filter((i) => labels[i] === label);
          const [x, y] = [0, 1].map((axis) => quantile(own.map((i) => places[2 * i + axis]), 0.5));
          context.strokeText(String(label), axes.x(x), axes.y(y));
          context.fillText(String(label), axes.x(x), axes.y(y));
        }
      });
    });
  }
}
