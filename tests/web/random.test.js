import assert from "node:assert/strict";
import { sum } from "../../aevb/web/engine/arithmetic.js";
import { Random } from "../../aevb/web/engine/random.js";
import { close } from "./tiny.js";

Deno.test("a seed repeats its noise, another has other noise", () => {
  const [first, again, other] = [1, 1, 2].map((seed) => new Random(seed).normal(20));
  assert.deepEqual(first, again);
  assert.ok(first.every((value, i) => value !== other[i]));
});

Deno.test("noise is normal, one draw independent of the next", () => {
  const count = 20_000, draws = new Random(1).normal(count);
  close([sum(draws) / count, sum(draws.map((value) => value ** 2)) / count], [0, 1], 0.03);
  close([sum(draws.subarray(1).map((value, i) => value * draws[i])) / count], [0], 0.03);
  close([draws.filter((value) => Math.abs(value) < 1.96).length / count], [0.95], 0.01);
});

Deno.test("uniform numbers are within (0, 1), evenly", () => {
  const random = new Random(2 ** 32 - 1), draws = Array.from({ length: 20_000 }, () => random.uniform());
  assert.ok(draws.every((value) => value > 0 && value < 1));
  for (let k = 0; k < 10; k++) {
    close([draws.filter((value) => Math.floor(10 * value) === k).length / draws.length], [0.1], 0.01);
  }
});
