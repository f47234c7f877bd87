import assert from "node:assert/strict";
import { halves, unpack } from "../../aevb/web/engine/weights.js";

const HEADER = { model: "vae", config: { latent_dim: 2 }, observation: "continuous" };

/** @param {[string, Uint16Array][]} arrays */
function packed(arrays) {
  const header = { ...HEADER, arrays: arrays.map(([name, bits]) => [name, bits.length]) };
  const plain = JSON.stringify(header),
    text = new TextEncoder().encode(plain.padEnd(4 * Math.ceil(plain.length / 4)));
  const bytes = new Uint8Array(
    4 + text.length + arrays.reduce((size, [, bits]) => size + 2 * bits.length, 0),
  );
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  let offset = 4 + text.length;
  for (const [, bits] of arrays) {
    bytes.set(new Uint8Array(bits.buffer), offset);
    offset += 2 * bits.length;
  }
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
