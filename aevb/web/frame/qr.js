// A QR code of a link, drawn here: ISO/IEC 18004, in bytes, at level M, so that 15 % of it may be hidden.

/** Of each version from 1: the codewords for correction in a block, and how many blocks there are. Table 9. */
const CORRECTION = [
  10,
  16,
  26,
  18,
  24,
  16,
  18,
  22,
  22,
  26,
  30,
  22,
  22,
  24,
  24,
  28,
  28,
  26,
  26,
  26,
  26,
  28,
  28,
  28,
  28,
  28,
]
  .concat([28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28]);
const BLOCKS = [
  1,
  1,
  1,
  2,
  2,
  4,
  4,
  4,
  5,
  5,
  5,
  8,
  9,
  9,
  10,
  10,
  11,
  13,
  14,
  16,
  17,
  17,
  18,
  20,
  21,
  23,
  25,
  26,
  28,
  29,
]
  .concat([31, 33, 35, 37, 38, 40, 43, 45, 47, 49]);
const M = 0b00; // the level's own bits
const QUIET = 4; // modules around the code that stay white

// Numbers of 8 bits as a field: polynomials over two elements, modulo x⁸ + x⁴ + x³ + x² + 1.
const EXP = new Uint8Array(510), LOG = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i++) {
  EXP[i] = EXP[i + 255] = x;
  LOG[x] = i;
  x = x << 1 ^ (x > 127 ? 0x11d : 0);
}

/** @param {number} a @param {number} b */
const times = (a, b) => (a && b ? EXP[LOG[a] + LOG[b]] : 0);

/**
 * The remainder of a polynomial after division by (x − 1)(x − 2)(x − 4)…, of so many factors: Reed and Solomon's code.
 * @param {number[]} data
 * @param {number} count
 */
function remainder(data, count) {
  let divisor = [1];
  for (let i = 0; i < count; i++) {
    const next = [...divisor, 0];
    divisor.forEach((c, k) => (next[k + 1] ^= times(c, EXP[i])));
    divisor = next;
  }
  const rest = [...data, ...new Array(count).fill(0)];
  for (let i = 0; i < data.length; i++) {
    const factor = rest[i];
    divisor.forEach((c, k) => (rest[i + k] ^= times(c, factor)));
  }
  return rest.slice(data.length);
}

/** @param {number} version */
const sideOf = (version) => 17 + 4 * version;

/** The middles of the small squares, along either side. @param {number} version */
function alignments(version) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2, last = sideOf(version) - 7;
  const step = version === 32 ? 26 : 2 * Math.ceil((last - 6) / (2 * (count - 1)));
  return [6, ...Array.from({ length: count - 1 }, (_, k) => last - step * (count - 2 - k))];
}

/** How many codewords a version has room for. @param {number} version */
function capacity(version) {
  const squares = alignments(version).length, side = sideOf(version);
  let bits = side ** 2 - 3 * 64 - 31 - 2 * (side - 16); // without finders, their formats, and timing
  if (squares) bits -= 25 * (squares ** 2 - 3) - 10 * (squares - 2);
  if (version > 6) bits -= 36;
  return bits >> 3;
}

/** The codewords of data in it. @param {number} version */
const room = (version) => capacity(version) - CORRECTION[version - 1] * BLOCKS[version - 1];

/** All codewords, as they are laid out. @param {Uint8Array} bytes @param {number} version */
function codewords(bytes, version) {
  const wide = version > 9 ? 16 : 8, size = room(version);
  const bits = [4, bytes.length, ...bytes].flatMap((value, i) => {
    const width = [4, wide][i] ?? 8;
    return Array.from({ length: width }, (_, k) => value >> (width - 1 - k) & 1);
  });
  bits.push(...new Array(Math.min(4, 8 * size - bits.length)).fill(0));
  while (bits.length % 8) bits.push(0);
  const data = Array.from(
    { length: bits.length / 8 },
    (_, i) => parseInt(bits.slice(8 * i, 8 * i + 8).join(""), 2),
  );
  for (let i = 0; data.length < size; i++) data.push(i % 2 ? 0x11 : 0xec);

  const count = BLOCKS[version - 1], short = Math.floor(size / count), long = size % count; // the last ones, by one
  /** @type {number[][]} */
  const blocks = [];
  for (let k = 0, at = 0; k < count; k++) {
    const length = short + (k >= count - long ? 1 : 0);
    blocks.push(data.slice(at, at += length));
  }
  const corrections = blocks.map((block) => remainder(block, CORRECTION[version - 1]));
  const inTurn = (/** @type {number[][]} */ lists) =>
    Array.from(
      { length: Math.max(...lists.map(({ length }) => length)) },
      (_, i) => lists.flatMap((list) => (i < list.length ? [list[i]] : [])),
    ).flat();
  return [...inTurn(blocks), ...inTurn(corrections)];
}

/** A number of so many bits with its own check, by a generator polynomial. @param {number} value @param {number} bits @param {number} by */
function checked(value, bits, by) {
  const width = Math.floor(Math.log2(by));
  let rest = value << width;
  for (let i = bits + width - 1; i >= width; i--) if (rest >> i & 1) rest ^= by << (i - width);
  return value << width | rest;
}

/** Which modules a mask turns over, by row and column. Table 10. @type {((i: number, j: number) => boolean)[]} */
const MASKS = [
  (i, j) => (i + j) % 2 === 0,
  (i) => i % 2 === 0,
  (_, j) => j % 3 === 0,
  (i, j) => (i + j) % 3 === 0,
  (i, j) => (Math.floor(i / 2) + Math.floor(j / 3)) % 2 === 0,
  (i, j) => (i * j) % 2 + (i * j) % 3 === 0,
  (i, j) => ((i * j) % 2 + (i * j) % 3) % 2 === 0,
  (i, j) => ((i + j) % 2 + (i * j) % 3) % 2 === 0,
];

/** A code's modules, row by row: 1 is black. */
class Modules {
  /** @param {number} version */
  constructor(version) {
    this.version = version;
    this.side = sideOf(version);
    this.dark = Array.from({ length: this.side }, () => new Uint8Array(this.side));
    this.fixed = Array.from({ length: this.side }, () => new Uint8Array(this.side)); // no data, no mask
    this.patterns();
  }

  /** @param {number} i @param {number} j @param {boolean | number} dark */
  fix(i, j, dark) {
    if (i < 0 || j < 0 || i >= this.side || j >= this.side) return;
    this.dark[i][j] = Number(dark);
    this.fixed[i][j] = 1;
  }

  /** Squares in squares: black rings and white ones by their distance from the middle. @param {number} i @param {number} j @param {number[]} white @param {number} reach */
  square(i, j, white, reach) {
    for (let a = -reach; a <= reach; a++) {
      for (let b = -reach; b <= reach; b++) {
        this.fix(i + a, j + b, !white.includes(Math.max(Math.abs(a), Math.abs(b))));
      }
    }
  }

  /** What is the same whatever the code says. */
  patterns() {
    const { side, version } = this, far = side - 4, middles = alignments(version), last = middles.length - 1;
    for (let k = 0; k < side; k++) {
      this.fix(6, k, k % 2 === 0);
      this.fix(k, 6, k % 2 === 0);
    }
    for (const [i, j] of [[3, 3], [3, far], [far, 3]]) this.square(i, j, [2, 4], 4);
    middles.forEach((i, a) =>
      middles.forEach((j, b) => {
        const atFinder = (a === 0 && b === 0) || (a === 0 && b === last) || (a === last && b === 0);
        if (!atFinder) this.square(i, j, [1], 2);
      })
    );
    this.format(0);
    if (version < 7) return;
    const bits = checked(version, 6, 0x1f25);
    for (let k = 0; k < 18; k++) {
      const [i, j] = [Math.floor(k / 3), side - 11 + k % 3];
      this.fix(i, j, bits >> k & 1);
      this.fix(j, i, bits >> k & 1);
    }
  }

  /** Which level and which mask it is, twice. @param {number} mask */
  format(mask) {
    const { side } = this, bits = checked(M << 3 | mask, 5, 0x537) ^ 0x5412;
    for (let k = 0; k < 15; k++) {
      const bit = bits >> k & 1;
      const along = k < 8 ? side - 1 - k : [7, 5, 4, 3, 2, 1, 0][k - 8]; // the row 8, from its right end
      const down = k < 6 ? k : k < 8 ? k + 1 : side - 15 + k; // the column 8, from above
      this.fix(8, along, bit);
      this.fix(down, 8, bit);
    }
    this.fix(side - 8, 8, 1);
  }

  /** Two columns at a time, from the right, up and down in turn. @param {number[]} words */
  fill(words) {
    const { side, dark, fixed } = this;
    let at = 0;
    for (let right = side - 1, up = true; right > 0; right -= 2, up = !up) {
      if (right === 6) right--; // the timing pattern
      for (let k = 0; k < side; k++) {
        const i = up ? side - 1 - k : k;
        for (const j of [right, right - 1]) {
          if (fixed[i][j]) continue;
          dark[i][j] = words[at >> 3] >> (7 - at % 8) & 1; // past the last there is 0
          at++;
        }
      }
    }
  }

  /** @param {number} mask applied again it is undone */
  mask(mask) {
    this.format(mask);
    this.dark.forEach((row, i) =>
      row.forEach((_, j) => {
        if (!this.fixed[i][j] && MASKS[mask](i, j)) row[j] ^= 1;
      })
    );
  }

  /** How hard it is to read: long runs, squares of one colour, what looks like a finder, too much black. Section 7.8.3. */
  get penalty() {
    const { side, dark } = this;
    let found = 0, black = 0;
    const lines = [...dark, ...Array.from({ length: side }, (_, j) => dark.map((row) => row[j]))];
    for (const line of lines) {
      const text = Array.from(line).join("");
      for (const run of text.match(/0{5,}|1{5,}/g) ?? []) found += run.length - 2;
      for (let k = 0; k + 11 <= side; k++) {
        if (/^(10111010000|00001011101)$/.test(text.slice(k, k + 11))) found += 40;
      }
    }
    for (let i = 0; i < side; i++) {
      for (let j = 0; j < side; j++) {
        black += dark[i][j];
        if (i && j) {
          const sum = dark[i][j] + dark[i - 1][j] + dark[i][j - 1] + dark[i - 1][j - 1];
          if (sum % 4 === 0) found += 3;
        }
      }
    }
    return found + 10 * Math.floor(Math.abs(20 * black / side ** 2 - 10));
  }
}

/**
 * The modules of a text's code, row by row: 1 is black.
 * @param {string} text
 * @param {number} [mask] one of the eight; else the one that is read best
 * @returns {Uint8Array[]}
 */
export function modules(text, mask) {
  const bytes = new TextEncoder().encode(text);
  const version = BLOCKS.findIndex((_, k) => bytes.length + (k > 8 ? 3 : 2) <= room(k + 1)) + 1;
  if (!version) throw new RangeError("This link is too long for a code: copy it from the Share panel.");
  const code = new Modules(version);
  code.fill(codewords(bytes, version));
  let best = mask ?? 0, least = Infinity;
  for (let k = 0; mask === undefined && k < MASKS.length; k++) {
    code.mask(k);
    const { penalty } = code;
    code.mask(k);
    if (penalty < least) [best, least] = [k, penalty];
  }
  code.mask(best);
  return code.dark;
}

/** A text's code as an SVG. @param {string} text */
export function drawing(text) {
  const rows = modules(text), side = rows.length + 2 * QUIET;
  const path = rows.flatMap((row, i) =>
    [...Array.from(row).join("").matchAll(/1+/g)].map(({ index, 0: run }) =>
      `M${index + QUIET} ${i + QUIET}h${run.length}v1h-${run.length}z`
    )
  );
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (
    const [name, value] of Object.entries({
      viewBox: `0 0 ${side} ${side}`,
      role: "img",
      "aria-label": "QR code",
    })
  ) {
    svg.setAttribute(name, value);
  }
  const drawn = document.createElementNS(svg.namespaceURI, "path");
  drawn.setAttribute("d", path.join(""));
  drawn.setAttribute("shape-rendering", "crispEdges");
  svg.append(drawn);
  return svg;
}
