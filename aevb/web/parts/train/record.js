// What is recorded of a run, point by point, as curves and pictures need it.

/**
 * @typedef {object} Point
 * @property {number} step
 * @property {"E" | "M" | "EM"} phase
 * @property {number} seconds
 * @property {number} elbo of the mini-batch, in nats
 * @property {Record<string, number>} terms
 * @property {{ elbo: number, terms: Record<string, number>, bound: number | null } | null} validation
 * @property {{ p: number | null, q: number | null }} gradient norms in θ and in φ
 * @property {Record<string, any>} [scores]
 * @property {number} rate
 * @property {number} beta
 * @property {string | null} mark what was changed
 * @property {number | null} frame
 *
 * What a run's first turn has found.
 * @typedef {object} About
 * @property {number[]} shape of an image, or of a vector: one number alone
 * @property {number} shown how many are reconstructed in a frame, and as many drawn
 * @property {boolean} rows whether one row of an image is drawn after the other
 * @property {number} choices of a y that is drawn with each x in turn, or 0
 * @property {number} map how many have a place on a map of the latent space
 * @property {number[]} labels theirs, if there are any
 *
 * @typedef {object} Line
 * @property {string} name
 * @property {string} color
 * @property {number[]} dash
 * @property {number} width
 * @property {number[]} x steps
 * @property {boolean} [late] whether its beginning may lie beyond the chart
 * @property {number[]} y NaN where the line is broken
 *
 * @typedef {{ title: string, lines: Line[], log?: boolean, cut?: number }} Chart `cut`: the share of low values that may be below
 */

import { halves } from "../../engine/weights.js";
import { termName } from "../../kit/format.js";
import { DATA, ELBO, EVIDENCE, GENERATED, TRUE_MODEL } from "../../kit/palette.js";

/**
 * The curves of a run: the ELBO with the bound above it, the other terms, and the gradients' norms.
 * @param {Point[]} points
 * @returns {Chart[]}
 */
export function chartsOf(points) {
  const line = (
    /** @type {string} */ name,
    /** @type {(point: Point) => number | null | undefined} */ value,
    /** @type {{ color: string, dash?: number[], width?: number }} */ { color, dash = [], width = 3 },
  ) => {
    const there = points.filter((point) => value(point) !== null && value(point) !== undefined);
    return {
      name,
      color,
      dash,
      width,
      x: there.map(({ step }) => step),
      y: there.map((point) => /** @type {number} */ (value(point))),
    };
  };
  const [first = "", ...others] = Object.keys(points[0]?.terms ?? {});
  const elbo = [
    { ...line("+ gap", ({ validation }) => validation?.bound, { color: EVIDENCE, width: 4 }), late: true },
    line("training", (point) => point.elbo, { color: DATA, dash: [9, 5], width: 2 }),
    line("validation", ({ validation }) => validation?.elbo, { color: ELBO, width: 3.5 }),
  ];
  const looks = [{ color: DATA, dash: [9, 5] }, { color: TRUE_MODEL, dash: [2, 5] }];
  const term = (/** @type {string} */ name, /** @type {number} */ k) =>
    line(termName(name), (point) => point.terms[name], looks[k % looks.length]);
  const likelihood = line(termName(first), (point) => point.terms[first], { color: GENERATED });
  const scored = points.find(({ scores }) => scores && "accuracy" in scores);
  const scores = scored
    ? [
      line("accuracy", ({ scores }) => scores?.accuracy, { color: ELBO }),
      line("entropy", ({ scores }) => scores?.conditional_entropy, { color: TRUE_MODEL, dash: [2, 5] }),
    ]
    : [];
  return [
    { title: "ELBO, nats:", lines: elbo, cut: 0.1 },
    { title: "", lines: [likelihood], cut: 0.1 },
    { title: "", lines: others.map(term) },
    { title: "", lines: scores },
    {
      title: "gradient:",
      log: true,
      lines: [
        line("θ", ({ gradient }) => gradient?.p || NaN, { color: GENERATED, width: 2.5 }),
        line("φ", ({ gradient }) => gradient?.q || NaN, {
          color: DATA,
          dash: [9, 5],
          width: 2.5,
        }),
      ],
    },
  ].filter(({ lines }) => lines.length);
}

/**
 * The values at a chart's bottom and top. The first steps climb by hundreds of nats: to show them whole would flatten
 * all that follows, and so would a gap that is still nearly all of the bound.
 * @param {Chart} chart
 * @returns {[number, number]}
 */
export function rangeOf({ lines, log = false, cut = 0 }) {
  const values = lines.flatMap(({ y, late }) => (late ? y.slice(Math.floor(y.length / 3)) : y))
    .filter(Number.isFinite).sort((a, b) => a - b);
  const count = values.length, high = values[count - 1];
  if (!count) return log ? [0.1, 10] : [0, 1];
  if (log) return [10 ** Math.floor(Math.log10(values[0])), 10 ** Math.ceil(Math.log10(1.001 * high))];
  const low = values[Math.floor(cut * count)], margin = 0.08 * (high - low) || 0.5;
  return [low - margin, high + margin];
}

/** The point of a frame of the film, or the last before it. @param {Point[]} points @param {number} frame */
export function pointAt(points, frame) {
  const at = points.findLastIndex((point) => point.frame !== null && point.frame <= frame);
  return points[Math.max(0, at)];
}

/**
 * A frame: reconstructions, as many draws, and x and y of each place on the latent map, where there is one.
 * @param {ArrayBuffer} buffer
 * @param {{ shape: number[], shown: number }} about
 */
export function unpackFrame(buffer, { shape, shown }) {
  const bytes = shown * sizeOf(shape) * (shape.length === 1 ? 2 : 1);
  return {
    reconstructions: itemsOf(buffer.slice(0, bytes), shape),
    draws: itemsOf(buffer.slice(bytes, 2 * bytes), shape),
    places: halves(buffer.slice(2 * bytes)),
  };
}

/** Images, their levels in [0, 1]; or vectors. @param {ArrayBuffer} buffer @param {number[]} shape */
export function itemsOf(buffer, shape) {
  const size = sizeOf(shape);
  const values = shape.length === 1
    ? halves(buffer)
    : Float32Array.from(new Uint8Array(buffer), (level) => level / 255);
  return Array.from(
    { length: Math.floor(values.length / size) },
    (_, i) => values.subarray(i * size, (i + 1) * size),
  );
}

/** @param {number[]} shape */
const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1);

/** So many seconds in words. @param {number} seconds */
export function duration(seconds) {
  if (seconds < 1) return "less than a second";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

const ORDINALS = new Intl.PluralRules("en", { type: "ordinal" });
const ENDINGS = /** @type {Record<string, string>} */ ({ one: "st", two: "nd", few: "rd", other: "th" });

/** A place in a line. @param {number} place */
export const ordinal = (place) => `${place}${ENDINGS[ORDINALS.select(place)]}`;
