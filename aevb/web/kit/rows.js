// What parts share that look at images row by row: their parameters, an image as far as its rows have come, a scrubber
// of the rows, and the latent plane of one of them.

import { slider } from "./controls.js";
import { h } from "./elements.js";
import { ELBO, GENERATED, TRUE_MODEL } from "./palette.js";
import { Panel } from "./panel.js";
import { number } from "./params.js";
import { imageData } from "./pictures.js";
import { Player } from "./player.js";
import { Axes, ellipse, marker, nameAxes } from "./plot.js";
import { rowNoise } from "../engine/rows.js";
import { Random } from "../engine/random.js";

/**
 * @typedef {import("./controls.js").Model} Model
 * @typedef {import("./panel.js").Theme} Theme
 * @typedef {import("../engine/densities.js").Normal} Normal
 * @typedef {import("../engine/models/vrnn.js").VRNN} VRNN
 *
 * What is shown of a row: z of its plane, the prior it had there and, of a row that was read, q; its pixels.
 * @typedef {{ x: Float32Array, z: Float32Array, prior: Normal, posterior?: Normal }} Shown
 */

/** Rows of an image at most, in a link. */
export const MOST = 64;

/** T: the rows of an image. @param {Model} model @returns {number} */
export function rowsOf(model) {
  return model.get("digits").side;
}

/** Images that are sampled at a time. */
export const SAMPLES = 12;

/**
 * The seed of a page of samples; at first that of those that are recorded (SEED in aevb/explore/rows.py), the first of
 * which anybody can read.
 */
export const seed = number({ initial: 4, least: 0, most: 9999 });

/** Of sampling: at 1 the model's own distributions, below 1 bolder ones. */
export const temperature = number({ initial: 1, least: 0.25, most: 2, digits: 2 });

/** @param {Model} model */
export function temperatureSlider(model) {
  return slider({
    label: "Temperature",
    least: 0.25,
    most: 2,
    step: 0.05,
    say: (value) => value.toFixed(2),
    sets: "temperature",
    input: (value) => model.set("temperature", value),
    done: () => model.save_changes(),
  });
}

/**
 * What `count` samples are drawn with. Sample k of a seed is the same in all scenes.
 * @param {VRNN} engine
 * @param {number} seed
 * @param {number} count
 */
export function sampleNoise(engine, seed, count) {
  const random = new Random(seed);
  return Array.from({ length: count }, () => rowNoise(engine, random));
}

// Images

/**
 * The rows' numbers one after the other, as an image.
 * @param {ArrayLike<number>[]} rows
 */
export function joined(rows) {
  return Float32Array.from(rows.flatMap((row) => Array.from(row)));
}

/**
 * Paints the first `grown` rows of a square image; those below are as opaque as `ahead` says.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} x
 * @param {number} grown
 */
export function paintRows(canvas, x, grown, ahead = 0) {
  const side = Math.round(Math.sqrt(x.length)), image = imageData(x, side);
  for (let i = grown * side; i < x.length; i++) image.data[4 * i + 3] = 255 * ahead;
  if (canvas.width !== side || canvas.height !== side) Object.assign(canvas, { width: side, height: side });
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  if (!canvas.dataset.painted) canvas.dataset.painted = "yes";
}

/**
 * An image of so many rows over its caption, with a frame around one of them, which a mouse drags from row to row, and
 * a finger taps on.
 * @param {string} said
 * @param {number} length
 * @param {(row: number) => void} go to a row, from 1
 * @param {() => void} done
 */
export function rowPicture(said, length, go, done) {
  const canvas = h("canvas.pixels.live", { role: "img", width: length, height: length, "aria-label": said });
  const place = h("div.rowed", { style: { "--rows": length } }, canvas, h("i.at"));
  scrubbable(
    canvas,
    length,
    (event) => 1 + Math.floor(length * event.offsetY / canvas.clientHeight),
    go,
    done,
  );
  return {
    element: h("figure.picture", {}, place, h("figcaption", {}, said)),
    canvas,
    place,
    /** @param {Float32Array} x @param {number} row from 1 @param {number} grown */
    show(x, row, grown, ahead = 0) {
      paintRows(canvas, x, grown, ahead);
      place.style.setProperty("--row", String(row - 1));
    },
  };
}

/**
 * Lets a mouse drag from row to row, and a finger tap on one: its drag scrolls the page.
 * @param {HTMLCanvasElement} canvas
 * @param {number} length
 * @param {(event: MouseEvent) => number} rowAt from 1
 * @param {(row: number) => void} go
 * @param {() => void} done
 */
export function scrubbable(canvas, length, rowAt, go, done) {
  const to = (/** @type {MouseEvent} */ event) => go(Math.max(1, Math.min(length, rowAt(event))));
  canvas.onmousedown = (event) => event.preventDefault(); // takes no focus: the keys stay with the scenes
  canvas.onpointerdown = (event) => {
    if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId);
  };
  canvas.onpointermove = (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) to(event);
  };
  canvas.onclick = (event) => {
    to(event);
    done();
  };
}

// Rows

const SECONDS = 6; // for all of them

/**
 * A play button and a slider of the rows, from 1, whose place stands in the link.
 * @param {Model} model
 * @param {string} key
 * @param {() => number} present
 * @param {number} [usual] the row of which the link needs no word
 */
export function scrubber(model, key, present, usual) {
  const length = rowsOf(model);
  const done = () => model.save_changes();
  const go = (/** @type {number} */ row) => model.set(key, row === usual ? null : row);
  const player = new Player({
    seconds: SECONDS,
    frame: () => present() - 1,
    last: () => length - 1,
    go: (frame) => go(frame + 1),
    stopped: done,
  });
  const range = slider({ label: "Row", least: 1, most: length, step: 1, input: go, done });
  return {
    element: h("div.scrubber", { "data-sets": key }, player.button, range.element),
    player,
    go,
    done,
    /** From the first row. */
    replay() {
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      go(still ? length : 1);
      if (!still) player.start();
    },
    show() {
      range.show(present(), `row ${present()} of ${length}`);
    },
  };
}

// The latent plane

const REACH = 2.1; // standard deviations that are in view

/**
 * What of the plane is in view: all rows that have ink, so that it stays the same from one to the next and one sees
 * who moves. Blank rows, above and below a digit, lie far away: for one of them it opens wider.
 * @param {Shown[]} rows
 * @param {Shown} row
 */
export function windowOf(rows, row) {
  const inked = rows.filter(({ x }) => x.some((value) => value > 0));
  const bounds = [0, 1].map((k) => {
    let from = Infinity, to = -Infinity;
    for (const { prior, posterior } of [...inked, row]) {
      for (const { loc, scale } of posterior ? [prior, posterior] : [prior]) {
        from = Math.min(from, at(loc, k) - REACH * at(scale, k));
        to = Math.max(to, at(loc, k) + REACH * at(scale, k));
      }
    }
    return [from, to];
  });
  const half = 0.52 * Math.max(...bounds.map(([from, to]) => to - from));
  return bounds.map(([from, to]) => [(from + to) / 2 - half, (from + to) / 2 + half]);
}

/** A row's number k in the plane: one latent number alone lies on a line. @param {Float32Array} z @param {number} k */
const at = (z, k) => z[k] ?? 0;

/** The plane of a row's first two latent numbers, over what its marks mean. */
export class RowPlane {
  /** @param {{ posterior?: boolean, path?: boolean, z?: string }} [legend] what there is, and what z is */
  constructor({ posterior, path, z = "z, drawn from it" } = {}) {
    this.canvas = h("canvas.live", { role: "img", "aria-label": "The latent plane of a row" });
    this.panel = new Panel(this.canvas);
    const oval = (/** @type {string} */ look) =>
      `<ellipse cx="15" cy="7" rx="12.5" ry="5.5" fill="none" ${look}/>`;
    const items = [
      [oval(`stroke="${TRUE_MODEL}" stroke-width="2.5"`), "prior, 1 and 2 σ"],
      posterior && [oval(`stroke="${ELBO}" stroke-width="2.5" stroke-dasharray="4 2.5"`), "posterior q"],
      [`<circle cx="15" cy="7" r="5.5" fill="${GENERATED}"/>`, z],
      path && ['<path d="M1 7H29" stroke="currentColor" stroke-width="1.5" opacity="0.6"/>', "its path"],
    ];
    const legend = h("figcaption.legend");
    legend.innerHTML = items.filter(Boolean).map((item) => {
      const [mark, title] = /** @type {string[]} */ (item);
      return `<span><svg viewBox="0 0 30 14" aria-hidden="true">${mark}</svg>${title}</span>`;
    }).join("");
    this.element = h("figure.picture.row-plane", {}, this.canvas, legend);
    this.axes = new Axes({ left: 0, top: 0, width: 1, height: 1 }, [0, 1], [0, 1]);
  }

  /**
   * @param {Theme} theme
   * @param {number[][]} window
   * @param {Omit<Shown, "x">} row
   * @param {{ path?: Float32Array[], ring?: string }} [more] z of the rows so far; the ring of a z that was moved
   */
  show(theme, [x, y], { prior, posterior, z }, { path = [], ring } = {}) {
    const { panel } = this, { size } = theme, left = 3 * size, top = 0.5 * size;
    const side = Math.min(panel.width - left - 4, panel.height - top - 1.8 * size);
    const axes = this.axes = new Axes({ left, top, width: side, height: side }, x, y);
    panel.show((context) => {
      axes.draw(context, theme, { xCount: 4, yCount: 4 });
      axes.clip(context, () => {
        Object.assign(context, {
          strokeStyle: theme.text,
          lineWidth: 1.5,
          globalAlpha: 0.4,
          lineJoin: "round",
        });
        context.beginPath();
        for (const place of path) context.lineTo(axes.x(place[0]), axes.y(at(place, 1)));
        context.stroke();
        context.globalAlpha = 1;
        outline(context, axes, prior, TRUE_MODEL, []);
        if (posterior) outline(context, axes, posterior, ELBO, [8, 5]);
        const across = axes.x(z[0]), up = axes.y(at(z, 1));
        marker(context, across, up, { color: GENERATED, ring: theme.background, radius: 0.5 * size });
        if (ring) marker(context, across, up, { ring, radius: 0.9 * size });
      });
      nameAxes(context, axes, theme, "z₁", z.length > 1 ? "z₂" : "");
    });
  }
}

/**
 * A normal distribution at 1 and 2 standard deviations.
 * @param {CanvasRenderingContext2D} context
 * @param {Axes} axes
 * @param {Normal} normal
 * @param {string} color
 * @param {number[]} dash
 */
function outline(context, axes, { loc, scale }, color, dash) {
  Object.assign(context, { strokeStyle: color, fillStyle: color, lineWidth: 3 });
  context.setLineDash(dash);
  for (const sigmas of [2, 1]) {
    ellipse(context, axes, [loc[0], at(loc, 1)], [scale[0] ** 2, 0, at(scale, 1) ** 2], sigmas);
    context.globalAlpha = 0.13;
    context.fill();
    context.globalAlpha = 1;
    context.stroke();
  }
  context.setLineDash([]);
}
