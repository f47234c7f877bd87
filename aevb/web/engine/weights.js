/** Weights as aevb/explore/packing.py packs them. */

/**
 * What stands before the weights: the model's name in the registry, the arguments that rebuild it, how it
 * looks at an image, and each array's name and size in their order.
 * @typedef {object} Header
 * @property {string} model
 * @property {Record<string, any>} config
 * @property {string} observation "continuous", "binary", "rows" or "vector", as in aevb/data.py
 * @property {[string, number][]} arrays
 */

const HALVES = new Float32Array(65536); // every float16 there is
for (let bits = 0; bits < 65536; bits++) {
  const sign = bits >> 15 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 0) HALVES[bits] = sign * fraction * 2 ** -24;
  else if (exponent === 31) HALVES[bits] = fraction ? NaN : sign * Infinity;
  else HALVES[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Float16 numbers as float32.
 * @param {ArrayBuffer} buffer
 */
export function halves(buffer, offset = 0, count = (buffer.byteLength - offset) / 2) {
  const bits = new Uint16Array(buffer, offset, count), values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = HALVES[bits[i]]; // several times as fast as Float32Array.from
  return values;
}

/**
 * The bytes of one part of a model: p, what it generates with (θ), or q, what it infers with (φ).
 * @param {ArrayBuffer} buffer
 * @returns {{ header: Header, arrays: import("./layers.js").Arrays }}
 * @throws {Error} for bytes that are something else, or too few
 */
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  /** @type {Header} */
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  /** @type {import("./layers.js").Arrays} */
  const arrays = {};
  let offset = 4 + length;
  for (const [name, count] of header.arrays) {
    arrays[name] = halves(buffer, offset, count);
    offset += 2 * count;
  }
  return { header, arrays };
}
