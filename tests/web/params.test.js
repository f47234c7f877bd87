import assert from "node:assert/strict";
import { choice, flag, number, numbers, text } from "../../aevb/web/kit/params.js";

Deno.test("numbers of a link are read within their bounds, and nothing else is", () => {
  const digit = number({ initial: 0, least: 0, most: 9999 });
  assert.deepEqual(["7", "007", "9999"].map(digit.read), [7, 7, 9999]);
  for (
    const words of [
      "",
      "-1",
      "10000",
      "1e3",
      "0x10",
      "1.5",
      "Infinity",
      "-inf",
      "nan",
      " 7",
      "7 ",
      "٣",
      "9".repeat(400),
    ]
  ) {
    assert.equal(digit.read(words), undefined, words);
  }
  const rate = number({ initial: 1, least: -2, most: 2, digits: 2 });
  assert.deepEqual(["1.234", "-2", "+0.5", "-0.001"].map(rate.read), [1.23, -2, 0.5, 0]);
  assert.equal(rate.read("2.01"), undefined);
  assert.equal(rate.write(0.1 + 0.2), "0.3");
});

Deno.test("lists of numbers, words and switches", () => {
  const z = numbers({ reach: 5, count: 3 });
  assert.deepEqual(z.read("1,-.5,5"), [1, -0.5, 5]);
  for (const words of ["foo", "1,2", "1,2,6", "1,,2", "1,2,NaN", ""]) {
    assert.equal(z.read(words), undefined, words);
  }
  assert.equal(z.write([0.125, -0, 2]), "0.13,0,2");
  const map = choice({ initial: "tsne", of: ["tsne", "umap"] });
  assert.deepEqual(["umap", "", "constructor"].map(map.read), ["umap", undefined, undefined]);
  const on = flag(true);
  assert.deepEqual(["yes", "no", "true", "constructor"].map(on.read), [true, false, undefined, undefined]);
  const drawing = text({ form: /^[a-f]+$/, longest: 4 });
  assert.deepEqual(["abc", "abcde", "xyz"].map(drawing.read), ["abc", undefined, undefined]);
});
