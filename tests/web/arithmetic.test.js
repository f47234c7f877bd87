import assert from "node:assert/strict";
import {
  argmax,
  argsort,
  cap,
  logSumExp,
  MAX_LOGIT,
  oneHot,
  relu,
  sigmoid,
  softmax,
  softplus,
  sum,
} from "../../aevb/web/engine/arithmetic.js";
import { close } from "./tiny.js";

Deno.test("relu, sigmoid and softplus", () => {
  assert.deepEqual([...relu(Float32Array.of(-1, 0, 2))], [0, 0, 2]);
  close([sigmoid(0), sigmoid(-800), sigmoid(800), sigmoid(2)], [0.5, 0, 1, 1 / (1 + Math.exp(-2))]);
  close([softplus(0), softplus(-50), softplus(1000)], [Math.log(2), 0, 1000]);
});

Deno.test("sums of exponentials neither overflow nor vanish", () => {
  close(
    [logSumExp([Math.log(1), Math.log(3)]), logSumExp([2000, 2000])],
    [Math.log(4), 2000 + Math.log(2)],
    1e-12,
  );
  close([logSumExp([-2000, -Infinity])], [-2000]);
  assert.equal(logSumExp([]), -Infinity);
  assert.equal(logSumExp([-Infinity, -Infinity]), -Infinity);
});

Deno.test("softmax is a distribution that a shift leaves as it is", () => {
  const found = softmax([0, Math.log(3), 900 - 900]);
  close(found, [0.2, 0.6, 0.2]);
  close(softmax([900, 900 + Math.log(3), 900]), found);
  assert.equal(argmax(found), 1);
  assert.equal(argmax([2, 2, 1]), 0);
  assert.equal(argmax([]), -1);
  assert.deepEqual([argsort([1, 3, 2, 3]), argsort([])], [[1, 3, 2, 0], []]);
  close([sum(found)], [1]);
});

Deno.test("capped logits keep their order and small ones their value", () => {
  const found = cap(Float32Array.of(-1e6, -20, 0.01, 20, 1e6));
  close(found, [
    -MAX_LOGIT,
    MAX_LOGIT * Math.tanh(-20 / MAX_LOGIT),
    0.01,
    MAX_LOGIT * Math.tanh(20 / MAX_LOGIT),
    MAX_LOGIT,
  ]);
  close([MAX_LOGIT], [15.942385], 1e-6);
});

Deno.test("a choice as weights", () => {
  assert.deepEqual([...oneHot(2, 3)], [0, 0, 1]);
  const between = Float32Array.of(0.5, 0.5, 0);
  assert.equal(oneHot(between, 3), between);
  for (const y of [null, -1, 3, NaN]) assert.throws(() => oneHot(y, 3), RangeError);
});
