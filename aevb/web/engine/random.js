/**
 * Where noise comes from: `Random`, or in tests numbers that are known.
 * @typedef {object} Noise
 * @property {() => number} uniform one number in (0, 1)
 * @property {(count: number) => Float32Array} normal `count` draws of N(0, 1)
 */

/**
 * A seeded generator (mulberry32), so that the same seed shows the same picture.
 * @implements {Noise}
 */
export class Random {
  /** @param {number} seed */
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** One number in (0, 1). */
  uniform() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  }

  /**
   * `count` draws of N(0, 1), by Box and Muller.
   * @param {number} count
   */
  normal(count) {
    return Float32Array.from(
      { length: count },
      () => Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform()),
    );
  }
}

/**
 * A uniformly random order (Fisher and Yates), in place.
 * @param {Uint32Array} values
 * @param {Noise} random
 */
export function shuffle(values, random) {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1)), value = values[i];
    values[i] = values[j];
    values[j] = value;
  }
}
