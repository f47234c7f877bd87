// The pictures of a run, frame by frame: sixteen fixed images with what the model makes of them, sixteen draws from the
// prior, and the map of a latent space of two dimensions.

import { halves } from "../../engine/weights.js";
import { h } from "../../kit/elements.js";
import { DIGITS } from "../../kit/palette.js";
import { Sheet } from "../../kit/pictures.js";
import { Axes, dots, Panel, quantile } from "../../kit/plot.js";
import { imagesOf, unpackFrame } from "./record.js";
import { ask } from "./wire.js";

/** @typedef {import("../../kit/plot.js").Theme} Theme */
/** @typedef {ReturnType<typeof unpackFrame>} Frame */

const SIXTEEN = 16, ACROSS = 8; // images in a row

export class Film {
  /**
   * @param {string} id of the run
   * @param {number[]} shape of an image
   * @param {number[] | null} labels of the images on the map, where there is one
   * @param {{ arrived: () => void }} to
   */
  constructor(id, shape, labels, { arrived }) {
    this.id = id;
    this.size = shape.reduce((a, b) => a * b, 1);
    this.labels = labels;
    this.arrived = arrived;
    const side = shape[0];
    this.pairs = new Sheet({
      columns: ACROSS,
      rows: 2 * SIXTEEN / ACROSS,
      side,
      label: "Sixteen images of the validation, each above its reconstruction",
    });
    const columns = labels ? ACROSS / 2 : ACROSS;
    this.draws = new Sheet({ columns, rows: SIXTEEN / columns, side, label: "Sixteen draws from the prior" });
    this.map = new Panel(
      h("canvas.live.latents", { role: "img", "aria-label": "The latent means of images of the validation" }),
    );
    this.sizes = new Panel(h("canvas.live.sizes", { role: "img" }));
    this.counted = h(
      "figure.clusters",
      { hidden: true },
      this.sizes.canvas,
      h("figcaption", {}, "images in each cluster"),
    );
    this.element = h(
      "div.film",
      {},
      h("figure.pairs", {}, this.pairs.canvas, h("figcaption", {}, "images, each above its reconstruction")),
      h("figure.draws", {}, this.draws.canvas, h("figcaption", {}, "drawn from the prior")),
      labels &&
        h(
          "figure.latent",
          {},
          this.map.canvas,
          h("figcaption", {}, `means of q(z | x), ${labels.length} images`),
        ),
      this.counted,
    );
    this.element.classList.toggle("mapped", Boolean(labels));
    /** @type {Map<number, Frame>} */
    this.frames = new Map();
    /** @type {Set<number>} */
    this.asked = new Set();
    this.wanted = -1;
    this.ended = new AbortController();
    this.loadImages();
  }

  end() {
    this.ended.abort();
  }

  /** The sixteen images themselves. */
  async loadImages() {
    try {
      const buffer = await ask(`run/${this.id}/images`, { bytes: true, signal: this.ended.signal });
      imagesOf(new Uint8Array(buffer), this.size).slice(0, SIXTEEN).forEach((x, i) =>
        this.pairs.put(i % ACROSS, 2 * Math.floor(i / ACROSS), x)
      );
    } catch { /* the poll says what is the matter */ }
  }

  /** Fetches a frame, once. @param {number} frame */
  async load(frame) {
    if (this.asked.has(frame)) return;
    this.asked.add(frame);
    try {
      const buffer = await ask(`run/${this.id}/frame/${frame}`, { bytes: true, signal: this.ended.signal });
      this.frames.set(frame, unpackFrame(buffer, this.size));
      if (frame === this.wanted) this.arrived();
    } catch {
      this.asked.delete(frame); // asked again when it is next wanted
    }
  }

  /**
   * Shows a frame; until it is there, what was shown is dimmed.
   * @param {Theme} theme
   * @param {number} frame
   * @param {number[]} [sizes] of the clusters, where there are any
   */
  show(theme, frame, sizes) {
    this.wanted = frame;
    const found = this.frames.get(frame);
    this.element.classList.toggle("stale", !found && frame >= 0);
    if (frame < 0) return;
    if (!found) {
      this.load(frame);
      return;
    }
    found.reconstructions.forEach((x, i) => this.pairs.put(i % ACROSS, 2 * Math.floor(i / ACROSS) + 1, x));
    const { columns } = this.draws;
    found.draws.forEach((x, i) => this.draws.put(i % columns, Math.floor(i / columns), x));
    this.element.dataset.frame = String(frame);
    if (sizes) this.drawSizes(theme, sizes);
    if (this.labels && found.rest.byteLength) this.drawMap(theme, halves(found.rest), this.labels);
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
        const classes = [...new Set(labels)].sort();
        for (const label of classes) {
          const own = Array.from({ length: count }, (_, i) => i).filter((i) =>
            !labels || labels[i] === label
          );
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

  /** @param {string} spoken of what step this is */
  say(spoken) {
    const label = `Sixteen draws from the prior, ${spoken}`;
    if (this.draws.canvas.getAttribute("aria-label") !== label) {
      this.draws.canvas.setAttribute("aria-label", label);
    }
  }
}
