/** Weights as aevb/explore/packing.py packs them. */

/**
 * What stands before the weights: the model's name in the registry, the arguments that rebuild it, how it
 * looks at an image, and each array's name and size in their order.
 * @typedef {object} Header
 * @property {string} model
 * @property {Record<string, any>} config
 * @property {string} observation "continuous", "binary", "rows" or "vector", as in aevb/data.py
 * @property {[string, number][]} arrays
 * @property {number} [adler32] of all bytes after the header
 */

const HALVES = new Float32Array(65536); // every float16 there is
for (let bits = 0; bits < 65536; bits++) {
  const sign = bits >> 15 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 0) HALVES[bits] = sign * fraction * 2 ** -24;
  else if (exponent === 31) HALVES[bits] = fraction ? NaN : sign * Infinity;
  else HALVES[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** As zlib's. @param {Uint8Array} bytes */
export function adler32(bytes) {
  let sum = 1, sums = 0;
  for (let start = 0; start < bytes.length; start += 5552) { // after so many bytes a sum might not fit into 32 bits
    const end = Math.min(start + 5552, bytes.length);
    for (let i = start; i < end; i++) {
      sum = sum + bytes[i] | 0;
      sums = sums + sum | 0;
    }
    sum %= 65521;
    sums = (sums >>> 0) % 65521;
  }
  return (sums << 16 | sum) >>> 0;
}

/**
 * Float16 numbers as float32.
 * @param {ArrayBuffer} buffer
 */
export function halves(buffer) {
  const bits = new Uint16Array(buffer), values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = HALVES[bits[i]]; // several times as fast as Float32Array.from
  return values;
}

/**
 * The bytes of one part of a model: p, what it generates with (θ), or q, what it infers with (φ). After the header stand
 * the high bytes of all its float16 numbers, and then their low bytes.
 * @param {ArrayBuffer} buffer
 * @returns {{ header: Header, arrays: import("./layers.js").Arrays }}
 * @throws {Error} for bytes that are something else, too few, or damaged
 */
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  /** @type {Header} */
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const total = header.arrays.reduce((sum, [, count]) => sum + count, 0);
  const high = new Uint8Array(buffer, 4 + length, total),
    low = new Uint8Array(buffer, 4 + length + total, total);
  const found = adler32(new Uint8Array(buffer, 4 + length, 2 * total));
  if (found !== header.adler32) throw new Error(`The weights' checksum is ${found}, not ${header.adler32}.`);
  const values = new Float32Array(total);
  for (let i = 0; i < total; i++) values[i] = HALVES[high[i] << 8 | low[i]];
  /** @type {import("./layers.js").Arrays} */
  const arrays = {};
  let offset = 0;
  for (const [name, count] of header.arrays) {
    arrays[name] = values.subarray(offset, offset + count);
    offset += count;
  }
  return { header, arrays };
}
