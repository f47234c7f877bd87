/** Strokes, and what MNIST would make of them. */

/**
 * A place on the canvas, in units 0 … 255 from its top left.
 * @typedef {[number, number]} Point
 *
 * @typedef {Point[]} Stroke
 *
 * Ink: side × side numbers in [0, 1].
 * @typedef {Float32Array} Ink
 */

/** Units of the canvas, each way. */
export const UNITS = 256;

/** The pen, in pixels of an image: as wide as MNIST's, whose digits have as much ink with it. */
export const PEN = 2.9;

/** Characters at most of a drawing in a link. */
export const LONGEST = 2000;

const FRAME = 28; // of MNIST's images, in pixels
const BOX = 20; // of the square that a digit is scaled to
const LEAST = UNITS / 4; // a drawing smaller than this is not scaled up to the box: a dot stays a dot
const FINE = 4; // numbers of ink to a pixel, each way
const TOLERANCE = 0.7; // units that a simplified stroke may be off

// ---- Pixels ----

/**
 * The 784 pixels, as MNIST's were made: scaled to a box of 20, then centred by the centre of mass. The pen is
 * as wide in the end, however large the drawing.
 * @param {Stroke[]} strokes
 */
export function prepare(strokes) {
  const [x, y] = [0, 1].map((axis) => rangeOf(strokes, axis));
  const scale = (FINE * (BOX - PEN)) / Math.max(LEAST, x.size, y.size), margin = (FINE * PEN) / 2 + 1;
  const place = { left: x.least - margin / scale, top: y.least - margin / scale, scale };
  return normalise(trace(strokes, place, FINE * BOX + 2), FINE * BOX);
}

/**
 * The 784 pixels where the strokes stand on the canvas.
 * @param {Stroke[]} strokes
 */
export function asDrawn(strokes) {
  const ink = trace(strokes, { left: 0, top: 0, scale: (FINE * FRAME) / UNITS }, FINE * FRAME);
  return average(ink, 0, 0, FINE, FRAME);
}

/**
 * Any ink in MNIST's frame, as 784 pixels: what is inked is scaled to the box, or less if it is smaller than
 * `least`, averaging over each pixel's area, and moved by whole pixels, so that the centre of mass is in the
 * frame's middle. MNIST's own images come out as they are.
 * @param {Ink} ink
 */
export function normalise(ink, least = 1) {
  const box = boundsOf(ink), pixels = new Float32Array(FRAME * FRAME);
  if (!box) return pixels;
  const cell = Math.max(least, box.width, box.height) / BOX;
  const boxed = average(ink, box.left, box.top, cell, BOX);
  let mass = 0, x = 0, y = 0;
  boxed.forEach((value, i) => {
    mass += value;
    x += value * ((i % BOX) + 0.5);
    y += value * (Math.floor(i / BOX) + 0.5);
  });
  const move = (/** @type {number} */ centre, /** @type {number} */ size) =>
    Math.max(0, Math.min(FRAME - Math.ceil(size / cell - 1e-6), Math.ceil(FRAME / 2 - centre - 1e-6)));
  const right = move(x / mass, box.width), down = move(y / mass, box.height);
  boxed.forEach((value, i) => {
    const column = (i % BOX) + right, row = Math.floor(i / BOX) + down;
    if (column < FRAME && row < FRAME) pixels[row * FRAME + column] = value;
  });
  return pixels;
}

/**
 * A square image on a grid of another size, a mean over the area of each of its pixels.
 * @param {Float32Array} pixels
 * @param {number} count of pixels that are wanted
 */
export function resampled(pixels, count) {
  if (pixels.length === count) return pixels;
  const [from, to] = [pixels.length, count].map((area) => Math.round(Math.sqrt(area)));
  return average(pixels, 0, 0, from / to, to);
}

/**
 * The number of an image's rows down to the last with any ink.
 * @param {Float32Array} pixels
 */
export function inkedRows(pixels, width = FRAME) {
  let rows = pixels.length / width;
  while (rows > 0 && !pixels.subarray((rows - 1) * width, rows * width).some((value) => value >= 0.5)) rows--;
  return rows;
}

/**
 * Ink of a round pen, smooth at its edges, on the square whose top left is at (left, top) of the canvas and that
 * has `scale` numbers to a unit.
 * @param {Stroke[]} strokes
 * @param {{ left: number, top: number, scale: number }} place
 * @param {number} side
 */
function trace(strokes, { left, top, scale }, side) {
  const ink = new Float32Array(side * side), reach = (FINE * PEN) / 2 + 0.5;
  const inside = (/** @type {number} */ value) => Math.max(0, Math.min(side - 1, Math.floor(value)));
  for (const stroke of strokes) {
    let [ax, ay] = stroke[0].map((value, axis) => (value - (axis ? top : left)) * scale);
    for (const [x, y] of stroke) {
      const bx = (x - left) * scale, by = (y - top) * scale;
      const dx = bx - ax, dy = by - ay, squared = dx * dx + dy * dy || 1;
      const first = inside(Math.min(ax, bx) - reach), last = inside(Math.max(ax, bx) + reach);
      const bottom = inside(Math.max(ay, by) + reach);
      for (let row = inside(Math.min(ay, by) - reach); row <= bottom; row++) {
        for (let column = first; column <= last; column++) {
          const px = column + 0.5 - ax, py = row + 0.5 - ay;
          const along = Math.max(0, Math.min(1, (px * dx + py * dy) / squared));
          const ex = px - along * dx, ey = py - along * dy, distance = Math.sqrt(ex * ex + ey * ey);
          const value = Math.min(1, reach - distance), i = row * side + column;
          if (value > ink[i]) ink[i] = value;
        }
      }
      [ax, ay] = [bx, by];
    }
  }
  return ink;
}

/**
 * `count` × `count` means over squares of `cell` numbers a side, the first of them at (left, top).
 * @param {Ink} ink
 * @param {number} left
 * @param {number} top
 * @param {number} cell
 * @param {number} count
 */
function average(ink, left, top, cell, count) {
  const side = Math.round(Math.sqrt(ink.length)), across = shares(left, cell, count, side);
  const rows = new Float32Array(side * count), means = new Float32Array(count * count);
  for (let y = 0; y < side; y++) {
    for (const { from, to, share } of across) rows[y * count + to] += share * ink[y * side + from];
  }
  for (const { from, to, share } of shares(top, cell, count, side)) {
    for (let x = 0; x < count; x++) means[to * count + x] += share * rows[from * count + x];
  }
  return means;
}

/**
 * Along one axis, how much of the cell `to` the number `from` covers.
 * @param {number} start
 * @param {number} cell
 * @param {number} count
 * @param {number} side
 */
function shares(start, cell, count, side) {
  const found = [];
  for (let to = 0; to < count; to++) {
    const first = start + to * cell, last = first + cell;
    for (let from = Math.max(0, Math.floor(first)); from < Math.min(side, last); from++) {
      const share = (Math.min(from + 1, last) - Math.max(from, first)) / cell;
      if (share > 0) found.push({ from, to, share });
    }
  }
  return found;
}

/** @param {Ink} ink */
function boundsOf(ink) {
  const side = Math.round(Math.sqrt(ink.length));
  let left = side, right = -1, top = side, bottom = -1;
  for (let i = 0; i < ink.length; i++) {
    if (ink[i] === 0) continue;
    const x = i % side, y = Math.floor(i / side);
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * @param {Stroke[]} strokes
 * @param {number} axis
 */
function rangeOf(strokes, axis) {
  let least = Infinity, most = -Infinity;
  for (const stroke of strokes) {
    for (const point of stroke) {
      least = Math.min(least, point[axis]);
      most = Math.max(most, point[axis]);
    }
  }
  return { least, size: most - least };
}

// ---- Links ----

/**
 * A stroke with few points that keeps within `TOLERANCE` of it (Ramer 1972, Douglas and Peucker 1973), in whole units.
 * @param {Stroke} stroke of at least one point
 * @returns {Stroke}
 */
export function simplify(stroke) {
  const kept = new Set([0, stroke.length - 1]), pending = [{ first: 0, last: stroke.length - 1 }];
  for (const { first, last } of pending) { // which grows meanwhile
    let far = 0, farthest = -1;
    for (let i = first + 1; i < last; i++) {
      const distance = distanceTo(stroke[i], stroke[first], stroke[last]);
      if (distance > far) [far, farthest] = [distance, i];
    }
    if (far <= TOLERANCE) continue;
    kept.add(farthest);
    pending.push({ first, last: farthest }, { first: farthest, last });
  }
  const whole = (/** @type {number} */ value) => Math.max(0, Math.min(UNITS - 1, Math.round(value)));
  return [...kept].sort((a, b) => a - b).map((i) => [whole(stroke[i][0]), whole(stroke[i][1])]);
}

/**
 * From a point to the way between two others.
 * @param {Point} point
 * @param {Point} a
 * @param {Point} b
 */
function distanceTo([x, y], [ax, ay], [bx, by]) {
  const dx = bx - ax, dy = by - ay;
  const along = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}

/**
 * Strokes in whole units as text for a link: four hexadecimal digits a point, a hyphen between strokes.
 * @param {Stroke[]} strokes
 */
export function write(strokes) {
  const byte = (/** @type {number} */ value) => value.toString(16).padStart(2, "0");
  return strokes.map((stroke) => stroke.map(([x, y]) => byte(x) + byte(y)).join("")).join("-");
}

/**
 * The strokes that `write` made text of; null for any other text, or one longer than `LONGEST`.
 * @param {string} text
 * @returns {Stroke[] | null}
 */
export function parse(text) {
  if (text === "") return [];
  if (text.length > LONGEST || !/^([0-9a-f]{4})+(-([0-9a-f]{4})+)*$/.test(text)) return null;
  const byte = (/** @type {string} */ digits) => parseInt(digits, 16);
  return text.split("-").map((stroke) =>
    Array.from(
      { length: stroke.length / 4 },
      (_, i) => [byte(stroke.slice(4 * i, 4 * i + 2)), byte(stroke.slice(4 * i + 2, 4 * i + 4))],
    )
  );
}
