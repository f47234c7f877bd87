import assert from "node:assert/strict";
import { adler32, halves, unpack } from "../../aevb/web/engine/weights.js";

const HEADER = { model: "vae", config: { latent_dim: 2 }, observation: "continuous" };

/** @param {[string, Uint16Array][]} arrays */
function packed(arrays) {
  const all = arrays.flatMap(([, bits]) => [...bits]);
  const weights = Uint8Array.from([...all.map((half) => half >> 8), ...all.map((half) => half & 255)]);
  const sizes = arrays.map(([name, bits]) => [name, bits.length]);
  const header = { ...HEADER, arrays: sizes, adler32: adler32(weights) };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = Uint8Array.from([
    ...new Uint8Array(Uint32Array.of(text.length).buffer),
    ...text,
    ...weights,
  ]);
  return bytes.buffer;
}

Deno.test("every float16 is read as what it is", () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const found = halves(bits.buffer), expected = new Float16Array(bits.buffer);
  assert.ok(found.every((value, i) => Object.is(value, expected[i])));
});

Deno.test("the checksum is zlib's", () => {
  assert.equal(adler32(new TextEncoder().encode("Wikipedia")), 0x11e60398); // its article's example
  const long = Uint8Array.from({ length: 20_000 }, (_, i) => 255 - i % 7);
  const [sum, sums] = long.reduce(([a, b], byte) => [(a + byte) % 65521, (a + byte + b) % 65521], [1, 0]);
  assert.equal(adler32(long), sums * 65536 + sum);
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
  for (const at of [1, 5, 16]) { // from the end: in low bytes, and in high ones
    const turned = new Uint8Array(whole.slice(0));
    turned[turned.length - at] ^= 4;
    assert.throws(() => unpack(turned.buffer), /checksum/);
  }
  assert.throws(() => unpack(new TextEncoder().encode("<!doctype html>").buffer));
});
