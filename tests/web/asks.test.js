import assert from "node:assert/strict";
import { asks } from "../../aevb/web/parts/factor_analysis/asks.js";
import { slant } from "../../aevb/web/parts/dimensions/asks.js";
import { another } from "../../aevb/web/parts/rewrite/asks.js";
import { asks as gumbel } from "../../aevb/web/parts/gumbel/asks.js";
import { estimated, one } from "../../aevb/web/kit/format.js";
import { guessed } from "../../aevb/web/kit/guesses.js";

/** A part's model of fixed values. @param {Record<string, any>} values @returns {any} */
const modelOf = (values) => ({ get: (/** @type {string} */ key) => values[key] });

const SETTINGS = { experiment: "together", lr: 0.01, batch: "32", L: "2", family: "full" };
const WALK = { ...SETTINGS, steps: 1000, seed: 14, moves: "" };

Deno.test("an E-step closes the gap, once; an M-step from an open one may lower the evidence", async () => {
  const judge = async (/** @type {string} */ name, /** @type {object} */ more) => {
    const asked = /** @type {any} */ (await asks[name].ask(modelOf({ ...WALK, ...more })));
    return await asked.judge(0);
  };
  const closed = await judge("e-step", {});
  assert.deepEqual([closed.right, closed.then], [2, { moves: "E" }]);
  assert.match(closed.found, /^It goes from 5\.635 to 0\.000 nats/);
  const again = await judge("e-step", { moves: "E" });
  assert.deepEqual([again.right, again.then], [1, { moves: "E,E" }]);
  assert.equal(await asks["e-step"].ask(modelOf({ ...WALK, moves: Array(20).fill("E").join() })), null);
  const lowered = await judge("m-step", { seed: 2 });
  assert.deepEqual([lowered.right, lowered.then], [1, { seed: 2, moves: "M" }]);
  assert.match(lowered.found, /the evidence from −4\.533 to −11\.055\.$/);
});

Deno.test("strokes that lean by one pixel in two are slanted by 27 degrees, upright ones by none", () => {
  const drawn = (/** @type {number} */ lean) => {
    const x = new Float32Array(28 * 28);
    for (let row = 4; row < 24; row++) x[28 * row + 14 + Math.round(lean * (14 - row))] = 1;
    return x;
  };
  assert.equal(Math.abs(slant(drawn(0))), 0);
  assert.ok(Math.abs(slant(drawn(0.5)) - Math.atan(0.5) * 180 / Math.PI) < 1.5);
  assert.ok(slant(drawn(-0.5)) < -25);
});

Deno.test("a soft sample goes to the corner of its largest weight; no answer lies outside of the simplex", async () => {
  const asked = /** @type {any} */ (await gumbel.cold.ask(modelOf({ pi: [50, 30, 20] })));
  const { right } = await asked.judge(asked.start);
  assert.deepEqual(
    asked.snap(asked.start).map((/** @type {number} */ v) => v.toFixed(6)),
    asked.start.map((/** @type {number} */ v) => v.toFixed(6)),
  );
  const weights = asked.say(right).match(/[\d.]+/g).map(Number),
    before = asked.say(asked.start).match(/[\d.]+/g).map(Number);
  assert.ok(Math.max(...weights) > 0.9);
  assert.equal(weights.indexOf(Math.max(...weights)), before.indexOf(Math.max(...before)));
  assert.equal(asked.say(asked.snap([0, 0])), "at (1.00, 0.00, 0.00)");
});

Deno.test("an image is told to be another than it is, of however few", () => {
  assert.deepEqual([0, 4, 7].map((own) => another(own, 10)), [5, 9, 2]);
  for (const choices of [2, 3, 4, 5, 6, 100]) {
    for (let own = 0; own < choices; own++) {
      const other = another(own, choices);
      assert.ok(other !== own && other >= 0 && other < choices, `${own} of ${choices}`);
    }
  }
});

Deno.test("names have their article", () => {
  assert.deepEqual(["3", "8", "18", "Ankle boot", "Bag"].map(one), [
    "a 3",
    "an 8",
    "an 18",
    "an Ankle boot",
    "a Bag",
  ]);
});

Deno.test("guesses are the labels but for the mistakes that were recorded, of the images in view", () => {
  const measures = { mistakes: [[1, 2, 0.75], [3, 0, 0.5]], confusion: [[1, 0, 1], [0, 0, 0], [0, 1, 1]] };
  const found = guessed(measures, new Uint8Array([0, 1, 2, 2, 1]));
  assert.deepEqual(found && [[...found.of], [...found.shares]], [[0, 2, 2, 0], [1, 0.75, 1, 0.5]]);
  assert.deepEqual(found && [[...found.labels], found.matched], [[0, 1, 2, 2], [0, 1, 2]]);
  assert.deepEqual([...guessed(measures, new Uint8Array([0, 1]))?.of ?? []], [0, 2]);
  // Few of them were looked at, which lie evenly among all.
  const few = guessed(
    { ...measures, mistakes: [[6, 2, 0.75]], guessed: [0, 2, 4, 6, 8] },
    new Uint8Array(8).fill(1),
  );
  assert.deepEqual(few && [[...few.of], few.images], [[1, 1, 1, 2], [0, 2, 4, 6]]);
  assert.equal(guessed(/** @type {any} */ ({}), new Uint8Array(3)), null);
  assert.equal(estimated(0.9, 10_000), "90.0 % ± 0.3");
});
