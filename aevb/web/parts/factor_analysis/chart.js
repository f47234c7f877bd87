// Curves over a run, and below them the gap on a logarithmic scale, under one cursor. Lines are named where they end.

import { h } from "../../kit/elements.js";
import { ELBO, EVIDENCE, GAP, TRUE_MODEL } from "../../kit/palette.js";
import { Panel } from "../../kit/panel.js";
import { Axes, cursor, marker, shade } from "../../kit/plot.js";

/**
 * @typedef {import("../../kit/panel.js").Theme} Theme
 * @typedef {import("../../engine/factor_analysis/trajectory.js").Trajectory} Trajectory
 *
 * @typedef {object} Line
 * @property {string} name
 * @property {ArrayLike<number>} x
 * @property {ArrayLike<number>} y
 * @property {string} color
 * @property {number} width
 * @property {number[]} [dash]
 * @property {number} [alpha]
 * @property {number} [squares] of how many of its points one is marked
 * @property {boolean} [held] whether all of it is to be in sight
 * @property {boolean} [aside] whether it has neither a name nor a mark under the cursor
 *
 * @typedef {object} Plan
 * @property {Line[]} lines
 * @property {Line[]} gaps
 * @property {[upper: Line, lower: Line]} [area] what is filled
 * @property {number} reference the true model's evidence
 * @property {{ from: number, to: number, phase: string }[]} [spans]
 * @property {[number, number]} window the values at the left and right
 * @property {string} unit what the horizontal axis counts
 */

const SHARE = 0.68; // of the height, that the upper curves have
const REACH = 12; // pixels to either side of the cursor, that its marks have
const FLOOR = 1e-4; // nats: no gap below is told from none

/**
 * The curves of a trajectory: evidence, ELBO and the gap between them.
 * @param {Trajectory} trajectory
 * @param {number} [scale] positions in one unit of the axis
 */
export function curvesOf(trajectory, scale = 1) {
  const of = (/** @type {Float64Array} */ column) => column.subarray(0, trajectory.count);
  const x = scale === 1
    ? of(trajectory.position)
    : of(trajectory.position).map((position) => position / scale);
  /** @type {Line} */
  const evidence = {
    name: "evidence",
    x,
    y: of(trajectory.evidence),
    color: EVIDENCE,
    width: 4.5,
    held: true,
  };
  /** @type {Line} */
  const elbo = { name: "ELBO", x, y: of(trajectory.elbo), color: ELBO, width: 2.5, dash: [9, 5] };
  /** @type {Line} */
  const gap = { name: "gap", x, y: of(trajectory.gap), color: GAP, width: 3 };
  return { evidence, elbo, gap };
}

export class Chart {
  /** @param {string} label */
  constructor(label) {
    this.canvas = h("canvas.live.chart", { role: "img", "aria-label": label });
    this.label = label;
    this.panel = new Panel(this.canvas);
    const axes = () => new Axes({ left: 0, top: 0, width: 1, height: 1 }, [0, 1], [0, 1]);
    this.main = axes();
    this.below = axes();
    /** @type {Plan | null} */
    this.plan = null;
    /** Where the cursor is in the frame that is shown, in pixels; null where a range is. @type {number | null} */
    this.at = null;
  }

  /**
   * Lets a pointer choose a position.
   * @param {(position: number) => void} to
   * @param {() => void} done
   */
  scrub(to, done) {
    const { canvas } = this;
    const at = (/** @type {PointerEvent} */ event) => to(this.main.valueAt(event.offsetX));
    canvas.classList.add("scrubbed");
    canvas.onpointerdown = (/** @type {PointerEvent} */ event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      at(event);
    };
    canvas.onpointermove = (/** @type {PointerEvent} */ event) =>
      canvas.hasPointerCapture(event.pointerId) && at(event);
    canvas.onlostpointercapture = done;
  }

  /**
   * Draws the curves, under the cursor.
   * @param {Theme} theme
   * @param {Plan} plan
   */
  keep(theme, plan) {
    const { lines, gaps, area, reference, spans = [], window, unit } = this.plan = plan;
    const { panel } = this, { size } = theme, { context } = panel;
    context.font = `600 ${size}px ${theme.font}`;
    /** @type {Line} */
    const truth = {
      name: "true model",
      x: window,
      y: [reference, reference],
      color: TRUE_MODEL,
      width: 3,
      dash: [2, 5],
    };
    const names = [...lines, ...gaps, truth].map(({ name }) => context.measureText(name).width);
    const left = 3.9 * size, right = Math.max(...names) + 1.6 * size, top = 0.5 * size, bottom = 1.6 * size;
    const width = panel.width - left - right, room = panel.height - top - bottom - 0.9 * size;
    const main = this.main = new Axes(
      { left, top, width, height: SHARE * room },
      window,
      rangeOf(lines, reference, window),
    );
    const below = this.below = new Axes(
      { left, top: top + SHARE * room + 0.9 * size, width, height: (1 - SHARE) * room },
      window,
      decadesOf(gaps, window),
      true,
    );
    panel.keep((context) => {
      const xCount = Math.min(Math.floor(width / (5 * size)), window[1] - window[0]);
      for (const axes of [main, below]) shade(context, theme, axes, spans);
      main.draw(context, theme, { xTicks: false, xCount });
      below.draw(context, theme, { xCount });
      main.clip(context, () => {
        if (area) fill(context, main, area);
        for (const line of [truth, ...lines]) stroke(context, main, line);
      });
      below.clip(context, () => gaps.forEach((line) => stroke(context, below, line)));
      letter(context, theme, main, spans);
      name(context, theme, main, [truth, ...lines]);
      name(context, theme, below, gaps);
      Object.assign(context, { font: `${size}px ${theme.font}`, textAlign: "left", textBaseline: "top" });
      context.fillText(unit, left + width + 0.8 * size, below.top + below.height + 5);
    });
  }

  /**
   * Draws the cursor; what comes after it is paler.
   * @param {Theme} theme
   * @param {number} position
   * @param {number[]} [range] that is being chosen, from and to
   */
  show(theme, position, range) {
    const { main, below, panel, plan } = this;
    if (!plan) return;
    const x = main.x(position), inside = x >= main.left - 1 && x <= main.left + main.width + 1;
    const before = this.at, at = this.at = range ? null : x;
    panel.show(
      (context) => {
        const from = Math.max(main.left, Math.min(main.left + main.width, x));
        for (const axes of [main, below]) {
          Object.assign(context, { fillStyle: theme.background, globalAlpha: 0.6 });
          context.fillRect(from, axes.top + 1, axes.left + axes.width - from, axes.height - 2);
          context.globalAlpha = 1;
          if (!inside) continue;
          cursor(context, theme, axes, x);
        }
        if (range) {
          const [start, end] = range.map((value) =>
            Math.max(main.left, Math.min(main.left + main.width, main.x(value)))
          );
          Object.assign(context, { fillStyle: theme.text, globalAlpha: 0.25 });
          for (const axes of [main, below]) context.fillRect(start, axes.top, end - start, axes.height);
          context.globalAlpha = 1;
        }
        // Over what is paler, and beside a mark on the left edge.
        for (const [axes, unit] of /** @type {const} */ ([[main, "nats"], [below, "log scale"]])) {
          write(context, theme, unit, axes.left + theme.size, axes.top + axes.height - 4, "left", "bottom");
        }
        if (!inside) return;
        for (const [axes, lines] of /** @type {const} */ ([[main, plan.lines], [below, plan.gaps]])) {
          for (const line of lines) {
            if (!line.aside) mark(context, theme, axes, x, valueAt(line, position, axes.log), line);
          }
        }
      },
      before !== null && at !== null
        ? [Math.min(before, at) - REACH, Math.max(before, at) + REACH]
        : undefined,
    );
  }

  /** Tells a screen reader of the state under the cursor. @param {string} spoken */
  say(spoken) {
    this.canvas.setAttribute("aria-label", `${this.label}. ${spoken}`);
  }
}

/**
 * A point of a line; an arrow head at the edge where it lies beyond.
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {Axes} axes
 * @param {number} x
 * @param {number} value
 * @param {Line} line
 */
function mark(context, theme, axes, x, value, { color, width }) {
  if (value >= axes.y0) {
    marker(context, x, axes.y(value), { color, ring: theme.background, radius: 2 + 1.4 * width });
    return;
  }
  const edge = axes.top + axes.height;
  Object.assign(context, { fillStyle: color, strokeStyle: theme.background, lineWidth: 2 });
  context.beginPath();
  for (const [dx, dy] of [[-8, -14], [8, -14], [0, 0]]) context.lineTo(x + dx, edge + dy);
  context.closePath();
  context.fill();
  context.stroke();
}

/**
 * The value of a line at a position: between two of its points where it is drawn straight from one to the other, beyond
 * its ends that of the end.
 * @param {Pick<Line, "x" | "y">} line
 * @param {number} position
 * @param {boolean} log whether it is drawn on a logarithmic scale
 */
function valueAt({ x, y }, position, log) {
  let low = 0, high = x.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (x[middle] <= position) low = middle;
    else high = middle - 1;
  }
  if (position <= x[low] || low === x.length - 1) return y[low];
  const share = (position - x[low]) / (x[low + 1] - x[low]), [from, to] = [y[low], y[low + 1]];
  if (!log) return from + share * (to - from);
  return Math.max(from, FLOOR) ** (1 - share) * Math.max(to, FLOOR) ** share;
}

/**
 * The values of a line in sight, and where it enters and leaves: of a long run there may be no state between.
 * @param {Pick<Line, "x" | "y">} line
 * @param {[number, number]} window
 * @param {boolean} [log]
 */
export function inSight({ x, y }, [from, to], log = false) {
  const values = [from, to].map((edge) => valueAt({ x, y }, edge, log));
  for (let i = 0; i < x.length; i++) if (x[i] > from && x[i] < to) values.push(y[i]);
  return values;
}

/**
 * The values at the bottom and the top. The ELBO of the first steps lies far below all that is of interest: it enters
 * from below.
 * @param {Line[]} lines
 * @param {number} reference
 * @param {[number, number]} window
 * @returns {[number, number]}
 */
function rangeOf(lines, reference, window) {
  const values = lines.flatMap((line) => inSight(line, window));
  const held = lines.filter(({ held }) => held).flatMap((line) => inSight(line, window));
  const whole = window[0] === 0;
  const high = Math.max(...values, ...(whole ? [reference] : [])), worst = Math.min(...held, high);
  const low = Math.max(Math.min(...values, high), worst - 0.45 * (high - worst) - 0.1);
  const margin = 0.06 * (high - low) || 0.01;
  return [low - margin, high + margin];
}

/**
 * Whole powers of ten around the gaps.
 * @param {Line[]} gaps
 * @param {[number, number]} window
 * @returns {[number, number]}
 */
function decadesOf(gaps, window) {
  const values = gaps.flatMap((line) => inSight(line, window, true));
  const least = Math.max(FLOOR, Math.min(...values)), most = Math.max(...values, 10 * least);
  return [10 ** Math.floor(Math.log10(least)), 10 ** Math.ceil(Math.log10(most))];
}

/**
 * The phases' letters, where there is room.
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {Axes} axes
 * @param {NonNullable<Plan["spans"]>} spans
 */
function letter(context, theme, axes, spans) {
  const inTurn = spans.filter(({ phase }) => phase !== "EM").map(({ from, to, phase }) => {
    const left = Math.max(axes.left, axes.x(from)), right = Math.min(axes.left + axes.width, axes.x(to));
    return { phase, middle: (left + right) / 2, room: (right - left) / theme.size };
  });
  const note = (/** @type {string} */ text, /** @type {number} */ x) =>
    write(context, theme, text, x, axes.top + 4, "center", "top");
  const wide = inTurn.filter(({ room }) => room > 1.3);
  for (const { phase, middle, room } of wide) note(room > 4.5 ? `${phase}-step` : phase, middle);
  if (inTurn.length && !wide.length) note("shaded: E-steps", axes.left + axes.width / 2);
}

/** @param {CanvasRenderingContext2D} context @param {Axes} axes @param {[upper: Line, lower: Line]} area */
function fill(context, axes, [upper, lower]) {
  Object.assign(context, { fillStyle: GAP, globalAlpha: 0.28 });
  context.beginPath();
  for (let i = 0; i < upper.x.length; i++) context.lineTo(axes.x(upper.x[i]), axes.yNear(upper.y[i]));
  for (let i = lower.x.length - 1; i >= 0; i--) {
    context.lineTo(axes.x(lower.x[i]), axes.yNear(lower.y[i]));
  }
  context.fill();
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {Axes} axes @param {Omit<Line, "name">} line */
function stroke(context, axes, { x, y, color, width, dash = [], alpha = 1, squares = 0 }) {
  Object.assign(context, { strokeStyle: color, lineWidth: width, lineJoin: "bevel", globalAlpha: alpha });
  context.setLineDash(dash);
  context.beginPath();
  for (let i = 0; i < x.length; i++) context.lineTo(axes.x(x[i]), axes.yNear(y[i]));
  context.stroke();
  context.setLineDash([]);
  if (squares && axes.x(x[squares] ?? 0) - axes.x(x[0]) > 9) {
    context.fillStyle = color;
    for (let i = 0; i < x.length; i += squares) {
      context.fillRect(axes.x(x[i]) - 4, axes.yNear(y[i]) - 4, 8, 8);
    }
  }
  context.globalAlpha = 1;
}

/**
 * Names lines to the right of the axes, each at its end as far as the others leave it room.
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {Axes} axes
 * @param {Line[]} lines
 */
function name(context, theme, axes, lines) {
  const { size } = theme, right = axes.left + axes.width, apart = 1.25 * size;
  const top = axes.top + 0.6 * size, bottom = axes.top + axes.height - 0.4 * size;
  const within = (/** @type {number} */ y) => Math.max(top, Math.min(bottom, y));
  const named = lines.filter((line) => !line.aside && valueAt(line, axes.x1, axes.log) <= axes.y1);
  const ends = named.map((line) => {
    const value = valueAt(line, axes.x1, axes.log), y = axes.y(axes.log ? Math.max(value, axes.y0) : value);
    return { line, end: Math.max(axes.top, Math.min(axes.top + axes.height, y)), at: within(y) };
  }).sort((a, b) => a.end - b.end);
  for (let i = 1; i < ends.length; i++) ends[i].at = Math.max(ends[i].at, ends[i - 1].at + apart);
  for (let i = ends.length - 1, most = bottom; i >= 0; i--, most -= apart) {
    ends[i].at = Math.min(ends[i].at, most);
  }
  for (const { line, end, at } of ends) {
    Object.assign(context, { strokeStyle: line.color, lineWidth: Math.min(line.width, 3) });
    context.beginPath();
    context.moveTo(right + 2, end);
    context.lineTo(right + 0.7 * size, at);
    context.stroke();
    write(context, theme, line.name, right + 0.9 * size, at, "left", "middle");
  }
}

/**
 * Words that are legible over lines.
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {CanvasTextAlign} textAlign
 * @param {CanvasTextBaseline} textBaseline
 */
function write(context, theme, text, x, y, textAlign, textBaseline) {
  Object.assign(context, {
    font: `600 ${theme.size}px ${theme.font}`,
    textAlign,
    textBaseline,
    strokeStyle: theme.background,
    fillStyle: theme.text,
    lineWidth: 5,
    lineJoin: "round",
  });
  context.strokeText(text, x, y);
  context.fillText(text, x, y);
}
