import assert from "node:assert/strict";
import {
  addingUp,
  duration,
  number,
  percent,
  probability,
  signed,
  stated,
} from "../../aevb/web/kit/format.js";
import { Axes, decades, nameAxes, ticks } from "../../aevb/web/kit/plot.js";

Deno.test("numbers have a true minus sign, and none before a rounded 0", () => {
  assert.deepEqual([signed(-1826.94), signed(-0.04), signed(3, 2), signed(2, 0, "+")], [
    "−1,826.9",
    "0.0",
    "3.00",
    "+2",
  ]);
  assert.deepEqual([number(0.1 + 0.2), number(-12345.678)], ["0.3", "−12,345.7"]);
});

Deno.test("what is not quite certain does not read as if it were", () => {
  assert.deepEqual([1, 0.9996, 0.998, 0.5, 0.0123, 0.0004, 0].map(percent), [
    "100 %",
    "> 99.9 %",
    "99.8 %",
    "50.0 %",
    "1.2 %",
    "< 0.1 %",
    "0 %",
  ]);
  assert.deepEqual([1, 0.99901, 0.999, 0.9985, 0.001, 0].map(probability), [
    "> 99.9 %",
    "> 99.9 %",
    "99.9 %",
    "99.9 %",
    "0.1 %",
    "< 0.1 %",
  ]);
  assert.deepEqual([1, 0.97, 0].map(stated), ["> 99.9 %", "= 97.0 %", "< 0.1 %"]);
});

Deno.test("rounded parts add up to their rounded sum", () => {
  for (const parts of [[-3.14, -4.149], [1.25, 2.25, 3.25], [-1898.04, 34.26], [0.05, 0.05, 0.05]]) {
    const rounded = addingUp(parts), sum = parts.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(rounded.reduce((a, b) => a + b, 0) - Math.round(10 * sum) / 10) < 1e-9, String(parts));
    rounded.forEach((value, i) => assert.ok(Math.abs(value - parts[i]) < 0.1));
  }
});

Deno.test("ticks are round and within their axis", () => {
  assert.deepEqual(ticks(0, 10, 5), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(ticks(-1, 1, 4).map((value) => Number(value.toFixed(6))), [-1, -0.5, 0, 0.5, 1]);
  assert.deepEqual(decades(0.001, 1), [1, 0.1, 0.01, 0.001]);
  assert.ok(decades(1e-9, 1).length <= 5);
});

Deno.test("an axis' name stands in the corner where it covers less of what is drawn", () => {
  const context = /** @type {any} */ ({
    save() {},
    restore() {},
    strokeText() {},
    fillText() {},
    measureText: (/** @type {string} */ text) => ({ width: 10 * text.length }),
  });
  const axes = new Axes({ left: 0, top: 0, width: 400, height: 200 }, [0, 1], [0, 1]);
  const theme = /** @type {any} */ ({ size: 15 });
  const corners = (/** @type {number[][]} */ drawn) =>
    nameAxes(context, axes, theme, "across", "up", drawn).map(({ left, top }) => [left > 200, top > 100]);
  assert.deepEqual(corners([]), [[true, true], [false, false]]); // lower right, upper left
  assert.deepEqual(corners([[380, 190]]), [[true, false], [false, false]]);
  assert.deepEqual(corners([[10, 10]]), [[true, true], [true, false]]);
  // Neither stands on the other.
  assert.deepEqual(corners([[380, 190], [10, 10]]), [[true, false], [false, false]]);
});

Deno.test("a time has two digits, whatever its unit", () => {
  assert.deepEqual([0.52, 530, 5300, 99_700, 5_340_000, 9_000_000].map(duration), [
    "0.52 ms",
    "530 ms",
    "5.3 s",
    "100 s",
    "89 min",
    "3 h",
  ]);
});
