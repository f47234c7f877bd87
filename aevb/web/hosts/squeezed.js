// Weights as the static edition holds them, in codes (aevb/site/weights.py), back in the form in which a server sends
// them (aevb/explore/packing.py).

const CODES = 16;

/** @param {ArrayBuffer} squeezed @returns {ArrayBuffer} */
export function expand(squeezed) {
  const start = 4 + new DataView(squeezed).getUint32(0, true);
  /** @type {[string, number][]} */
  const arrays = JSON.parse(new TextDecoder().decode(new Uint8Array(squeezed, 4, start - 4))).arrays;
  const total = arrays.reduce((sum, [, size]) => sum + size, 0);
  const packed = new Uint8Array(start + 2 * total), bytes = new Uint8Array(squeezed);
  packed.set(bytes.subarray(0, start));
  packed.set(bytes.subarray(start, start + total), start + total);
  let from = start + total, to = start;
  arrays.forEach(([, size], k) => {
    const following = arrays[k + 1]?.[1], columns = size % following === 0 ? following : size;
    from = matrix(bytes, from, packed.subarray(to, to + size), columns);
    to += size;
  });
  return packed.buffer;
}

/**
 * Writes a matrix's high bytes, and says where the next one begins.
 * @param {Uint8Array} bytes
 * @param {number} from
 * @param {Uint8Array} high
 * @param {number} columns
 */
function matrix(bytes, from, high, columns) {
  const take = (/** @type {number} */ count) => bytes.subarray(from, from += count);
  const rowsBelow = take(high.length / columns), columnsBelow = take(columns);
  const codes = Array.from({ length: CODES }, () => codeOf(take(256)));
  let bit = 8 * from, at = 0;
  for (const row of rowsBelow) {
    for (const column of columnsBelow) {
      const { counts, symbols } = codes[Math.min((row + column) >> 1, CODES - 1)];
      let word = 0, first = 0, index = 0; // the least word of a length, and how many are shorter
      for (let length = 1;; length++) {
        if (length === counts.length) throw new Error("a word of no code");
        word = word << 1 | (bytes[bit >> 3] >> (7 - (bit & 7)) & 1);
        bit++;
        if (word - first < counts[length]) break;
        index += counts[length];
        first = (first + counts[length]) << 1;
      }
      high[at++] = symbols[index + word - first];
    }
  }
  return (bit + 7) >> 3;
}

/** A canonical code: how many words it has of each length, and what they stand for. @param {Uint8Array} lengths */
function codeOf(lengths) {
  const counts = new Uint16Array(Math.max(...lengths) + 1);
  for (const length of lengths) counts[length]++;
  const symbols = Array.from(lengths.keys()).filter((byte) => lengths[byte])
    .sort((a, b) => lengths[a] - lengths[b] || a - b);
  return { counts, symbols: Uint8Array.from(symbols) };
}
