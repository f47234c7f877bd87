import assert from "node:assert/strict";
import { halves, unpack } from "../../aevb/web/engine/weights.js";

const HEADER = { model: "vae", config: { latent_dim: 2 }, observation: "continuous" };

/** @param {[string, Uint16Array][]} arrays */
function packed(arrays) {
  const header = { ...HEADER, arrays: arrays.map(([name, bits]) => [name, bits.length]) };
  const text = new TextEncoder().encode(JSON.stringify(header)),
    all = arrays.flatMap(([, bits]) => [...bits]);
  const bytes = Uint8Array.from([
    ...new Uint8Array(Uint32Array.of(text.length).buffer),
    ...text,
    ...all.map((half) => half >> 8),
    ...all.map((half) => half & 255),
  ]);
  return bytes.buffer;
}

Deno.test("every float16 is read as what it is", () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const found = halves(bits.buffer), expected = new Float16Array(bits.buffer);
  assert.ok(found.every((value, i) => Object.is(value, expected[i])));
});

Deno.test("a header and its arrays are unpacked", () => {
  const { header, arrays } = unpack(packed([
    ["a.weight", Uint16Array.of(0x3c00, 0xc000, 0x0001)],
    ["b.bias", Uint16Array.of(0x7bff)],
  ]));
  assert.equal(header.model, "vae");
  assert.deepEqual(header.config, { latent_dim: 2 });
  assert.deepEqual({ ...arrays }, {
    "a.weight": Float32Array.of(1, -2, 2 ** -24),
    "b.bias": Float32Array.of(65504),
  });
});

Deno.test("what is damaged is refused", () => {
  const whole = packed([["a", new Uint16Array(8)]]);
  assert.throws(() => unpack(whole.slice(0, -2)));
  assert.throws(() => unpack(whole.slice(0, 20)));
  assert.throws(() => unpack(new TextEncoder().encode("<!doctype html>").buffer));
});
