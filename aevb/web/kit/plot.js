// What is drawn on canvases: axes, words, marks, landscapes.

import { number } from "./format.js";

/** @typedef {import("./panel.js").Theme} Theme */

/** A rectangle of a canvas with the values at its edges; `log` is for the vertical axis. */
export class Axes {
  /**
   * @param {{ left: number, top: number, width: number, height: number }} box
   * @param {[number, number] | number[]} across the values at its left and right
   * @param {[number, number] | number[]} up at its bottom and top
   */
  constructor({ left, top, width, height }, [x0, x1], [y0, y1], log = false) {
    this.left = left;
    this.top = top;
    this.width = width;
    this.height = height;
    this.x0 = x0;
    this.x1 = x1;
    this.y0 = y0;
    this.y1 = y1;
    this.log = log;
  }

  /** @param {number} value */
  x(value) {
    return this.left + ((value - this.x0) / (this.x1 - this.x0)) * this.width;
  }

  /** @param {number} value */
  y(value) {
    const [v, a, b] = this.log ? [value, this.y0, this.y1].map(Math.log10) : [value, this.y0, this.y1];
    return this.top + this.height - ((v - a) / (b - a)) * this.height;
  }

  /**
   * As `y`, no further from the frame than its height: the dashes of a line that leads a million pixels away would all be
   * drawn.
   * @param {number} value
   */
  yNear(value) {
    const y = this.y(this.log ? Math.max(value, this.y0) : value);
    return Math.max(this.top - this.height, Math.min(this.top + 2 * this.height, y));
  }

  /** The horizontal value under a pixel. @param {number} pixel */
  valueAt(pixel) {
    return this.x0 + ((pixel - this.left) / this.width) * (this.x1 - this.x0);
  }

  /** The vertical value under a pixel. @param {number} pixel */
  heightAt(pixel) {
    const share = 1 - (pixel - this.top) / this.height;
    return this.log
      ? 10 ** (Math.log10(this.y0) + share * Math.log10(this.y1 / this.y0))
      : this.y0 + share * (this.y1 - this.y0);
  }

  /** @param {CanvasRenderingContext2D} context @param {() => void} draw */
  clip(context, draw) {
    context.save();
    context.beginPath();
    context.rect(this.left, this.top, this.width, this.height);
    context.clip();
    draw();
    context.restore();
  }

  /**
   * The frame, light grid lines and numbers at round values.
   * @param {CanvasRenderingContext2D} context
   * @param {Theme} theme
   * @param {{ xTicks?: boolean, yTicks?: boolean, xCount?: number, yCount?: number, xSay?: (value: number) => string }}
   *   [settings] what is at the axes, about how many numbers, and how those across read
   */
  draw(context, theme, { xTicks = true, yTicks = true, xCount = 5, yCount = 5, xSay = number } = {}) {
    const { size } = theme, across = ticks(this.x0, this.x1, xCount);
    const linear = yTicks ? ticks(this.y0, this.y1, yCount) : [];
    const up = this.log ? decades(this.y0, this.y1) : linear;
    context.save();
    context.font = `${size}px ${theme.font}`;
    Object.assign(context, { lineWidth: 1, strokeStyle: theme.border, fillStyle: theme.border });
    // Rectangles: a path of lines takes several times as long to fill with ink.
    for (const value of across) context.fillRect(this.x(value) - 0.5, this.top, 1, this.height);
    for (const value of up) context.fillRect(this.left, this.y(value) - 0.5, this.width, 1);
    context.strokeRect(this.left, this.top, this.width, this.height);
    context.fillStyle = theme.text;
    Object.assign(context, { textAlign: "right", textBaseline: "middle" });
    for (const value of up) context.fillText(number(value), this.left - 6, this.y(value));
    context.textBaseline = "top";
    if (xTicks) {
      let free = -Infinity; // to the right of the last number
      for (const value of across) {
        const x = this.x(value), text = xSay(value), wide = context.measureText(text).width;
        const atEdge = x > this.left + this.width - size,
          right = atEdge ? this.left + this.width : x + wide / 2;
        if (right - wide < free) continue;
        context.textAlign = "right";
        context.fillText(text, right, this.top + this.height + 5);
        free = right + 0.4 * size;
      }
    }
    context.restore();
  }
}

/** @typedef {{ left: number, top: number, right: number, bottom: number }} Box */

/**
 * Words on a chart, legible over its lines. None stands on another: each takes the one of its places that covers the
 * least of what is drawn, and is left out where none is free.
 */
export class Notes {
  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Theme} theme
   * @param {{ left: number, top: number, width: number, height: number }} box that none leaves
   * @param {number[][]} [points] of what is drawn, in pixels
   * @param {Box[]} [taken] where words stand already
   */
  constructor(context, theme, box, points = [], taken = []) {
    this.context = context;
    this.theme = theme;
    this.box = box;
    this.points = points;
    this.taken = [...taken];
  }

  /** @param {string} text @param {number[][]} places of its lower right corner, in pixels */
  write(text, places) {
    const { context, theme, box, points, taken } = this, { size } = theme;
    context.font = `600 ${size}px ${theme.font}`;
    const width = context.measureText(text).width;
    let best = null, least = Infinity;
    for (const [right, bottom] of places) {
      const at = { left: right - width, top: bottom - 1.2 * size, right, bottom };
      const inside = at.left >= box.left && at.right <= box.left + box.width && at.top >= box.top - 1 &&
        at.bottom <= box.top + box.height + 1;
      const free = taken.every((other) =>
        at.left > other.right || at.right < other.left || at.top > other.bottom || at.bottom < other.top
      );
      if (!inside || !free) continue;
      const covered = points.filter(([x, y]) => x > at.left && x < right && y > at.top && y < bottom).length;
      if (covered < least) [best, least] = [at, covered];
    }
    if (!best) return;
    taken.push(best);
    Object.assign(context, {
      textAlign: "right",
      textBaseline: "bottom",
      strokeStyle: theme.background,
      lineWidth: 5,
      lineJoin: "round",
      fillStyle: theme.text,
    });
    context.strokeText(text, best.right, best.bottom);
    context.fillText(text, best.right, best.bottom);
  }
}

/**
 * Points of a line, close enough that none of its parts passes between them through words.
 * @param {number[][]} corners in pixels
 */
export function along(corners) {
  return corners.flatMap(([x, y], i) => {
    const [nextX, nextY] = corners[i + 1] ?? [x, y],
      count = Math.ceil(Math.hypot(nextX - x, nextY - y) / 8) || 1;
    return Array.from(
      { length: count },
      (_, k) => [x + k / count * (nextX - x), y + k / count * (nextY - y)],
    );
  });
}

/**
 * What the two axes stand for, inside the frame where there is room, legible over points; and where that is. Where what is
 * drawn is told, each name stands in the one of its two corners where it covers less of it.
 * @param {CanvasRenderingContext2D} context
 * @param {Axes} axes
 * @param {Theme} theme
 * @param {string} across
 * @param {string} up
 * @param {number[][]} [drawn] points of what is drawn, in pixels
 * @returns {Box[]}
 */
export function nameAxes(context, axes, theme, across, up, drawn = []) {
  context.save();
  context.font = `600 ${theme.size}px ${theme.font}`;
  Object.assign(context, {
    strokeStyle: theme.background,
    fillStyle: theme.text,
    lineWidth: 5,
    lineJoin: "round",
  });
  const left = axes.left + 6, right = axes.left + axes.width - 6, high = 1.2 * theme.size;
  const upper = axes.top + 5, lower = axes.top + axes.height - 4 - high;
  /** @typedef {{ align: CanvasTextAlign, x: number, top: number }} Corner */
  /** @type {Record<"lowerRight" | "upperRight" | "upperLeft", Corner>} */
  const corners = {
    lowerRight: { align: "right", x: right, top: lower },
    upperRight: { align: "right", x: right, top: upper },
    upperLeft: { align: "left", x: left, top: upper },
  };
  /** @type {Box[]} */
  const boxes = [];
  /** @type {[string, Corner[]][]} */
  const names = [
    [across, [corners.lowerRight, corners.upperRight]],
    [up, [corners.upperLeft, corners.upperRight]],
  ];
  for (const [text, places] of names) {
    const wide = context.measureText(text).width;
    const found = places.map(({ align, x, top }) => {
      const start = align === "left" ? x : x - wide;
      const box = { left: start, top, right: start + wide, bottom: top + high };
      const covered = drawn.filter(([px, py]) =>
        px >= box.left && px <= box.right && py >= top && py <= box.bottom
      );
      const taken = boxes.some((other) =>
        box.left < other.right && other.left < box.right && top < other.bottom && other.top < box.bottom
      );
      return { align, x, box, covers: taken ? Infinity : covered.length };
    });
    const { align, x, box } = found[1].covers < found[0].covers ? found[1] : found[0];
    const under = box.top === lower;
    Object.assign(context, { textAlign: align, textBaseline: under ? "bottom" : "top" });
    context.strokeText(text, x, under ? box.bottom : box.top);
    context.fillText(text, x, under ? box.bottom : box.top);
    boxes.push(box);
  }
  context.restore();
  return boxes;
}

/** Round values from one to another, about `count` of them. @param {number} from @param {number} to @param {number} count */
export function ticks(from, to, count) {
  if (!count) return [];
  const rough = (to - from) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.75) ?? 10 * power;
  const values = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + 1e-9 * step; i++) values.push(i * step + 0);
  return values;
}

/** Powers of ten, at most four. @param {number} from @param {number} to */
export function decades(from, to) {
  const first = Math.ceil(Math.log10(from) - 1e-9), last = Math.floor(Math.log10(to) + 1e-9);
  const stride = Math.max(1, Math.ceil((last - first + 1) / 4)), values = [];
  for (let power = last; power >= first; power -= stride) values.push(10 ** power);
  return values;
}

/**
 * A line across, where something is looked at.
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {Axes} axes
 * @param {number} x in pixels
 */
export function cursor(context, theme, { top, height }, x) {
  Object.assign(context, { strokeStyle: theme.text, lineWidth: 2 });
  context.beginPath();
  context.moveTo(x, top);
  context.lineTo(x, top + height);
  context.stroke();
}

/**
 * Shades where E-steps were taken.
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {Axes} axes
 * @param {{ from: number, to: number, phase: string }[]} spans
 */
export function shade(context, theme, axes, spans) {
  axes.clip(context, () => {
    Object.assign(context, { fillStyle: theme.text, globalAlpha: 0.07 });
    for (const { from, to, phase } of spans) {
      if (phase === "E") context.fillRect(axes.x(from), axes.top, axes.x(to) - axes.x(from), axes.height);
    }
  });
}

/**
 * Discs of one colour, in one path.
 * @param {CanvasRenderingContext2D} context
 * @param {number} count
 * @param {(i: number) => number} x
 * @param {(i: number) => number} y
 * @param {number} radius
 */
export function dots(context, count, x, y, radius) {
  context.beginPath();
  for (let i = 0; i < count; i++) {
    const px = x(i), py = y(i);
    context.moveTo(px + radius, py);
    context.arc(px, py, radius, 0, 6.2832);
  }
  context.fill();
}

/**
 * A mark that can be told from a disc by its shape: a disc of one colour in a ring of another, or a ring alone.
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {{ color?: string, ring?: string, radius?: number, width?: number }} look `width` is the ring's, in pixels
 */
export function marker(context, x, y, { color = "transparent", ring = "#fff", radius = 9, width = 3 }) {
  Object.assign(context, { fillStyle: color, strokeStyle: ring, lineWidth: width });
  context.beginPath();
  context.arc(x, y, radius, 0, 6.2832);
  context.fill();
  context.stroke();
}

/**
 * An arrow in one colour, over a thin halo in another.
 * @param {CanvasRenderingContext2D} context
 * @param {number[]} ends x and y of its foot, then of its head
 * @param {number} width
 * @param {string} color
 * @param {string} halo
 */
export function arrow(context, [x0, y0, x1, y1], width, color, halo) {
  const angle = Math.atan2(y1 - y0, x1 - x0), head = 3.5 * width;
  const shaft = (/** @type {string} */ strokeStyle, /** @type {number} */ lineWidth) => {
    Object.assign(context, { strokeStyle, lineWidth });
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x1 - 0.7 * head * Math.cos(angle), y1 - 0.7 * head * Math.sin(angle));
    context.stroke();
  };
  const point = () => {
    context.beginPath();
    context.moveTo(x1, y1);
    for (const side of [-0.45, 0.45]) {
      context.lineTo(x1 - head * Math.cos(angle + side), y1 - head * Math.sin(angle + side));
    }
    context.closePath();
  };
  shaft(halo, width + 3);
  context.lineWidth = 3;
  point();
  context.stroke();
  shaft(color, width);
  context.fillStyle = color;
  point();
  context.fill();
}

/**
 * The ellipse at `sigmas` standard deviations of N(mean, [[a, b], [b, c]]), as a path.
 * @param {CanvasRenderingContext2D} context
 * @param {Axes} axes
 * @param {ArrayLike<number>} mean
 * @param {number[]} covariance a, b and c
 * @param {number} sigmas
 */
export function ellipse(context, axes, mean, covariance, sigmas) {
  const across = axes.width / (axes.x1 - axes.x0), up = -axes.height / (axes.y1 - axes.y0); // pixels to a unit
  const a = covariance[0] * across ** 2, b = covariance[1] * across * up, c = covariance[2] * up ** 2;
  const middle = (a + c) / 2, spread = Math.hypot((a - c) / 2, b), angle = 0.5 * Math.atan2(2 * b, a - c);
  const long = sigmas * Math.sqrt(Math.max(0, middle + spread));
  const short = sigmas * Math.sqrt(Math.max(0, middle - spread));
  context.beginPath();
  context.ellipse(axes.x(mean[0]), axes.y(mean[1]), long, short, angle, 0, -2 * Math.PI, true);
  context.closePath();
}

/** @param {ArrayLike<number>} values @param {number} fraction */
export function quantile(values, fraction) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.round(fraction * (sorted.length - 1))];
}

/**
 * A landscape on a canvas, in one colour of more or less ink.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} heights at the corners of cells × cells squares, from the lowest row, (cells + 1)²
 * @param {number} cells
 * @param {number} side of the canvas, in pixels
 * @param {string} color of the palette, "#RRGGBB"
 * @param {(height: number) => number} ink of 255
 */
export function paintHeights(canvas, heights, cells, side, color, ink) {
  canvas.width = canvas.height = side;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(side, side), pixels = new Uint32Array(image.data.buffer);
  const [red, green, blue] = [1, 3, 5].map((first) => parseInt(color.slice(first, first + 2), 16));
  const solid = (blue << 16) | (green << 8) | red;
  for (let row = 0; row < side; row++) {
    const v = (1 - (row + 0.5) / side) * cells, i = Math.floor(v), up = v - i;
    for (let column = 0; column < side; column++) {
      const u = (column + 0.5) / side * cells, k = Math.floor(u), right = u - k, at = i * (cells + 1) + k;
      const below = heights[at] + right * (heights[at + 1] - heights[at]);
      const above = heights[at + cells + 1] + right * (heights[at + cells + 2] - heights[at + cells + 1]);
      pixels[row * side + column] = (Math.round(ink(below + up * (above - below))) << 24) | solid;
    }
  }
  context.putImageData(image, 0, 0);
}
