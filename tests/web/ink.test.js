import assert from "node:assert/strict";
import { sum } from "../../aevb/web/engine/arithmetic.js";
import {
  asDrawn,
  inkedRows,
  LONGEST,
  parse,
  prepare,
  resampled,
  simplify,
  UNITS,
  write,
} from "../../aevb/web/engine/ink.js";
import { close } from "./tiny.js";

/** @typedef {import("../../aevb/web/engine/ink.js").Stroke} Stroke */

/** Strokes in shares of the canvas, and how much ink MNIST's such digits have at least and at most. */
const DIGITS = /** @type {[Stroke, number, number][]} */ ([
  [[[0.52, 0.15], [0.5, 0.5], [0.48, 0.86]], 0.05, 0.1], // a one
  [
    Array.from({ length: 41 }, (_, a) => [
      0.5 + 0.24 * Math.sin(a / 20 * Math.PI),
      0.5 - 0.34 * Math.cos(a / 20 * Math.PI),
    ]),
    0.14,
    0.2,
  ], // a zero
  [[[0.28, 0.2], [0.72, 0.2], [0.45, 0.85]], 0.09, 0.15], // a seven
]);

/** @param {Float32Array} pixels */
function measured(pixels) {
  const mass = sum(pixels), inked = [...pixels.keys()].filter((i) => pixels[i] > 0.1);
  const extent = (/** @type {(i: number) => number} */ axis) => {
    const places = inked.map(axis);
    return Math.max(...places) - Math.min(...places) + 1;
  };
  const centre = (/** @type {(i: number) => number} */ axis) =>
    sum(pixels.map((v, i) => v * (axis(i) + 0.5))) / mass;
  const axes = [(/** @type {number} */ i) => i % 28, (/** @type {number} */ i) => Math.floor(i / 28)];
  return { mean: mass / 784, most: Math.max(...pixels), extent: axes.map(extent), centre: axes.map(centre) };
}

Deno.test("strokes are prepared as MNIST's were, however large they are drawn", () => {
  for (const [stroke, least, most] of DIGITS) {
    for (const size of [0.5, 0.75, 1]) {
      const drawn = stroke.map(([x, y]) => /** @type {[number, number]} */ ([
        20 + 200 * size * x,
        40 * (1 - size) + 200 * size * y,
      ]));
      const found = measured(prepare([drawn]));
      assert.ok([20, 21].includes(Math.max(...found.extent)));
      assert.ok(found.centre.every((value) => value >= 14 - 0.01 && value < 15.01));
      assert.ok(found.mean > least && found.mean < most);
      close([found.most], [1]);
    }
  }
});

Deno.test("a dot stays a dot, and nothing is blank", () => {
  const found = measured(prepare([[[200, 30]]]));
  assert.ok(Math.max(...found.extent) <= 4);
  assert.ok(found.centre.every((value) => value >= 14 && value < 15));
  assert.equal(Math.max(...prepare([])), 0);
});

Deno.test("as drawn, strokes stand where they are on the canvas", () => {
  const pixels = asDrawn([[[64, 192], [64, 192]]]), { centre } = measured(pixels);
  close(centre, [7, 21], 1e-3);
  assert.equal(inkedRows(pixels), 22);
  assert.equal(inkedRows(new Float32Array(784)), 0);
});

Deno.test("a stroke keeps its shape in a link", () => {
  const drawn = Array.from({ length: 300 }, (_, i) => {
    const angle = i / 299 * 2 * Math.PI;
    return /** @type {[number, number]} */ ([128 + 60 * Math.sin(angle), 120 - 80 * Math.cos(angle)]);
  });
  const kept = simplify(drawn), text = write([kept, kept]);
  assert.deepEqual(parse(text), [kept, kept]);
  assert.ok(kept.length > 20 && kept.length < 45);
  for (const [x, y] of kept) {
    assert.ok(Math.min(...drawn.map(([a, b]) => Math.abs(a - x) + Math.abs(b - y))) < 1.5);
  }
  assert.deepEqual([kept[0], kept.at(-1)], [[128, 40], [128, 40]]);
});

Deno.test("points are kept on the canvas, and a dot is a stroke", () => {
  assert.deepEqual(simplify([[-3, 1000]]), [[0, UNITS - 1]]);
  assert.deepEqual(parse(write([[[0, 255]]])), [[[0, 255]]]);
  assert.deepEqual(parse(write([])), []);
});

Deno.test("what is no drawing is refused", () => {
  for (
    const text of ["0", "00g0", "0000-", "-0000", "0000--0000", "00001", "0000 ", "0".repeat(LONGEST + 4)]
  ) {
    assert.equal(parse(text), null);
  }
  assert.equal(parse("0".repeat(LONGEST))?.length, 1);
});

Deno.test("an image on another grid has the mean of each area", () => {
  const image = Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1);
  assert.equal(resampled(image, 16), image);
  close(resampled(image, 4), [0.25, 0, 0, 1]);
  close(resampled(Float32Array.of(1, 0, 0, 0), 9), [1, 0.5, 0, 0.5, 0.25, 0, 0, 0, 0]);
});
