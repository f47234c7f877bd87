/** Where a drawing's ELBO stands among those of the test digits, and what the most alike are called. */

import assert from "node:assert/strict";
import { asDrawn } from "../../aevb/web/engine/ink.js";
import { Digits } from "../../aevb/web/kit/digits.js";
import { beginningOf } from "../../aevb/web/kit/endings.js";
import { Answer } from "../../aevb/web/parts/draw/answer.js";
import { below, rank } from "../../aevb/web/parts/draw/rebuilt.js";

const PERCENTILES = Array.from({ length: 101 }, (_, percent) => percent ** 2 - 2000);

Deno.test("an ELBO stands between percentiles, and is told no better and no worse than it is", () => {
  assert.equal(below(-2000 + 78 ** 2, PERCENTILES), 0.78);
  assert.equal(below(-2000 + (78 ** 2 + 79 ** 2) / 2, PERCENTILES), 0.785);
  const ranks = [-2001, -2000, -1999.5, -1100, 4200, 7999.9, 8000].map((value) => rank(value, PERCENTILES));
  assert.deepEqual(ranks, [
    "lower than all test digits’",
    "lower than all test digits’",
    "lower than 99 % of the test digits’",
    "lower than 70 % of the test digits’",
    "higher than 78 % of the test digits’",
    "higher than 99 % of the test digits’",
    "higher than all test digits’",
  ]);
});

Deno.test("images without labels are not called 0, though the bytes of their labels are", () => {
  const at = { count: 2, side: 8, chunk: 2, labels: "", images: "" };
  const [digits, shapes, none] = [undefined, ["circle", "star"], []].map((classes) =>
    Object.assign(new Digits({ ...at, classes }), { labels: Uint8Array.of(0, 1) })
  );
  assert.deepEqual([digits, shapes, none].map((images) => images.label(1)), ["1", "1", ""]);
  assert.equal(none.title(0), "image 0");
});

Deno.test("an answer to an earlier drawing is none to the present one", () => {
  let dimmed = false;
  const classList = {
    remove() {},
    toggle: (/** @type {string} */ _name, /** @type {boolean} */ on) => dimmed = on,
  };
  const answer = Object.assign(Object.create(Answer.prototype), {
    engine: {},
    due: 0,
    body: { classList },
    *read() {
      yield;
    },
  });
  const [first, second] = [0, 1].map(() => ({ pixels: new Float32Array(0), strokes: [] }));
  const { now } = performance;
  try {
    let time = 1000;
    performance.now = () => time;
    answer.change(first);
    const work = answer.answer(first);
    work.next();
    answer.change(second);
    work.next();
    time = 2000;
    answer.write();
    assert.ok(dimmed);
    [...answer.answer(second)];
    answer.write();
    assert.ok(!dimmed);
  } finally {
    performance.now = now;
  }
});

Deno.test("a drawing within the upper half is a beginning, where it was drawn; another one is whole", () => {
  const engine = { observe: (/** @type {Float32Array} */ x) => x }, pixels = new Float32Array(784);
  /** @type {[number, number][]} */
  const line = [[80, 60], [170, 60]];
  const begun = beginningOf(engine, 28, pixels, [line]);
  assert.deepEqual(begun.x, asDrawn([line]));
  assert.ok(7 <= begun.rows && begun.rows <= 9, `${begun.rows}`); // to the lower edge of the pen
  for (const strokes of [[], [line, [[80, 200]]]]) {
    const whole = beginningOf(engine, 28, pixels, /** @type {[number, number][][]} */ (strokes));
    assert.ok(whole.x === pixels && whole.rows === 28);
  }
});
