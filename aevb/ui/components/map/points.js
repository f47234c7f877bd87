// The points of a map, as maps.py packs them: two float32 each, then every label, then the class of every
// point's cluster.

const NO_CLASS = 10; // the colour after those of the ten digits

class Points {
  constructor(buffer) {
    const count = (this.count = buffer.byteLength / 10);
    this.places = new Float32Array(buffer, 0, 2 * count);
    this.digit = new Uint8Array(buffer, 8 * count, count);
    this.cluster = new Uint8Array(buffer, 9 * count, count).map((cluster) => Math.min(cluster, NO_CLASS));
    this.bounds = [Infinity, Infinity, -Infinity, -Infinity]; // left, bottom, right, top
    for (let i = 0; i < 2 * count; i++) {
      const axis = i % 2;
      this.bounds[axis] = Math.min(this.bounds[axis], this.places[i]);
      this.bounds[2 + axis] = Math.max(this.bounds[2 + axis], this.places[i]);
    }
  }

  // The `k` points nearest to a place and how far they are, nearest first. To look at all 10,000 takes
  // 0.03 ms: an index would save nothing that could be seen.
  nearest(x, y, k = 1) {
    const { places, count } = this, found = new Int32Array(k), distances = new Float64Array(k).fill(Infinity);
    for (let i = 0; i < count; i++) {
      const dx = places[2 * i] - x, dy = places[2 * i + 1] - y, square = dx * dx + dy * dy;
      if (square >= distances[k - 1]) continue;
      let rank = k - 1;
      for (; rank > 0 && distances[rank - 1] > square; rank--) {
        distances[rank] = distances[rank - 1];
        found[rank] = found[rank - 1];
      }
      distances[rank] = square;
      found[rank] = i;
    }
    return { found, distances: distances.map(Math.sqrt) };
  }

  // The numbers of the points within a loop [x, y, x, y, …], whose ends are joined.
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

  // The median [x, y] of each class's points, by "digit" or "cluster"; null for a class without any.
  medians(by) {
    return Array.from({ length: NO_CLASS }, (_, value) => {
      const own = [[], []];
      for (let i = 0; i < this.count; i++) {
        if (this[by][i] !== value) continue;
        own[0].push(this.places[2 * i]);
        own[1].push(this.places[2 * i + 1]);
      }
      return own[0].length ? own.map((values) => quantile(values, 0.5)) : null;
    });
  }
}

// The weights of points at these distances (Shepard's inverse distances): at a point, that point alone.
function inverseDistances(distances) {
  const inverse = distances.map((distance) => 1 / Math.max(distance, 1e-9));
  const sum = inverse.reduce((a, b) => a + b, 0);
  return inverse.map((value) => value / sum);
}
