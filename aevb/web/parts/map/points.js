// The points of a map in its own units, and which of them are where.

/** A mask over the points: those at 1 take no part. @typedef {Uint8Array | null} Out */

export class Points {
  /** @param {ArrayBuffer} buffer x and y of each point in float32 */
  constructor(buffer) {
    /** x, y, x, y, … */
    this.places = new Float32Array(buffer);
    this.count = this.places.length / 2;
    /** Left, bottom, right, top of all; an axis along which they do not differ is as long as the other. */
    this.bounds = [Infinity, Infinity, -Infinity, -Infinity];
    this.places.forEach((value, i) => {
      const axis = i % 2;
      this.bounds[axis] = Math.min(this.bounds[axis], value);
      this.bounds[2 + axis] = Math.max(this.bounds[2 + axis], value);
    });
    // One latent number alone is projected to a line: across it nothing would be a share of its extent.
    const extents = [0, 1].map((axis) => this.bounds[2 + axis] - this.bounds[axis]);
    extents.forEach((extent, axis) => {
      if (extent) return;
      const half = (extents[1 - axis] || 1) / 2;
      this.bounds[axis] -= half;
      this.bounds[2 + axis] += half;
    });
  }

  /** A place as shares of the map's width and height: a link says it so, whatever the units. @param {number[]} place */
  toShares([x, y]) {
    const [left, bottom, right, top] = this.bounds;
    return [(x - left) / (right - left), (y - bottom) / (top - bottom)];
  }

  /** @param {number[]} shares */
  fromShares([across, up]) {
    const [left, bottom, right, top] = this.bounds;
    return [left + across * (right - left), bottom + up * (top - bottom)];
  }

  /**
   * The `k` points nearest to a place and how far they are, nearest first; fewer where there are fewer. To look at all
   * 10,000 takes 0.03 ms: an index would save nothing that could be seen.
   * @param {number[]} place
   * @param {number} k
   * @param {Out} out
   */
  nearest([x, y], k, out) {
    const { places, count } = this, found = new Int32Array(k), squares = new Float64Array(k).fill(Infinity);
    for (let i = 0; i < count; i++) {
      const dx = places[2 * i] - x, dy = places[2 * i + 1] - y, square = dx * dx + dy * dy;
      if (square >= squares[k - 1] || out?.[i]) continue;
      let rank = k - 1;
      for (; rank > 0 && squares[rank - 1] > square; rank--) {
        squares[rank] = squares[rank - 1];
        found[rank] = found[rank - 1];
      }
      squares[rank] = square;
      found[rank] = i;
    }
    const distances = Array.from(squares, Math.sqrt).filter(Number.isFinite);
    return { found: Array.from(found.subarray(0, distances.length)), distances };
  }

  /**
   * The numbers of the points within a loop [x, y, x, y, …], whose ends are joined.
   * @param {number[]} loop
   */
  within(loop) {
    const inside = [];
    for (let i = 0; i < this.count; i++) {
      const x = this.places[2 * i], y = this.places[2 * i + 1];
      let odd = false; // how often a ray to the right crosses the loop
      for (let a = 0, b = loop.length - 2; a < loop.length; b = a, a += 2) {
        const [x0, y0, x1, y1] = [loop[b], loop[b + 1], loop[a], loop[a + 1]];
        if (y0 > y !== y1 > y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) odd = !odd;
      }
      if (odd) inside.push(i);
    }
    return inside;
  }

  /**
   * The median [x, y] of each class's points; null for a class without any.
   * @param {Uint8Array} classes of the points
   * @param {number} count of the classes
   * @returns {(number[] | null)[]}
   */
  medians(classes, count) {
    return Array.from({ length: count }, (_, value) => {
      /** @type {[number[], number[]]} */
      const own = [[], []];
      for (let i = 0; i < this.count; i++) {
        if (classes[i] !== value) continue;
        own[0].push(this.places[2 * i]);
        own[1].push(this.places[2 * i + 1]);
      }
      return own[0].length ? own.map((values) => values.sort((a, b) => a - b)[values.length >> 1]) : null;
    });
  }
}

/**
 * The weights of points at these distances (Shepard's inverse distances): at a point, that point alone.
 * @param {number[]} distances
 */
export function inverseDistances(distances) {
  const inverse = distances.map((distance) => 1 / Math.max(distance, 1e-9));
  const sum = inverse.reduce((a, b) => a + b, 0);
  return inverse.map((value) => value / sum);
}
