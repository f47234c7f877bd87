import assert from "node:assert/strict";
import { sum } from "../../aevb/web/engine/arithmetic.js";
import { logNormal } from "../../aevb/web/engine/densities.js";
import { Random } from "../../aevb/web/engine/random.js";
import { bound, endings, grow, meanPath, observe, rowNoise, rowOf } from "../../aevb/web/engine/rows.js";
import { finish } from "../../aevb/web/engine/steps.js";
import { close, images, tiny } from "./tiny.js";

const model = tiny("vrnn", { data_dim: 3, latent_dim: 2, length: 4 });
const x = Float32Array.of(0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0);
const NOTHING = new Float32Array();

Deno.test("a row's densities are those after the rows above", () => {
  const rows = finish(observe(model, x, new Random(0)));
  let memory = model.start();
  rows.forEach((row, t) => {
    assert.deepEqual(row.x, rowOf(model, x, t));
    assert.deepEqual([row.prior, row.posterior], [model.rowPrior(memory), model.rowEncode(memory, row.x)]);
    assert.deepEqual(row.probs, model.rowDecode(memory, row.z));
    memory = model.advance(memory, row.x, row.z);
  });
  assert.equal([...observe(model, x, new Random(0))].length, 4); // a pause after each row
});

Deno.test("with one path the bound is its weight", () => {
  const weights = finish(observe(model, x, new Random(0))).map(({ reconstruction, z, prior, posterior }) =>
    reconstruction + logNormal(prior, z) - logNormal(posterior, z)
  );
  close([finish(bound(model, x, 1, new Random(0)))], [sum(weights)]);
});

Deno.test("the evidence of all images is one, and no ELBO is above it", () => {
  const small = tiny("vrnn", { data_dim: 2, latent_dim: 1, length: 2 });
  const random = new Random(1);
  let total = 0;
  for (const each of images(4)) {
    const evidence = finish(bound(small, each, 2000, random));
    const elbos = Array.from(
      { length: 100 },
      () => sum(finish(observe(small, each, random)).map((row) => row.reconstruction + row.minus_kl_z)),
    );
    assert.ok(sum(elbos) / 100 < evidence);
    total += Math.exp(evidence);
  }
  close([total], [1], 0.05);
});

Deno.test("the same noise grows the same image; another row's noise leaves those above", () => {
  const noise = rowNoise(model, new Random(0)), first = finish(grow(model, NOTHING, noise));
  assert.deepEqual(finish(grow(model, NOTHING, noise)), first);
  const moved = noise.map((row, t) => (t === 2 ? { ...row, epsilon: Float32Array.of(3, -3) } : row));
  const other = finish(grow(model, NOTHING, moved));
  assert.deepEqual(other.slice(0, 2), first.slice(0, 2));
  assert.notDeepEqual(other[2].z, first[2].z);
  // From that row on they are what is grown from its memory.
  assert.deepEqual(finish(grow(model, NOTHING, moved, { from: 2, memory: first[2].memory })), other.slice(2));
});

Deno.test("given rows are read and kept, and the temperature counts", () => {
  const noise = rowNoise(model, new Random(0)), given = x.subarray(0, 6);
  const rows = finish(grow(model, given, noise, { temperature: 0.5 }));
  assert.deepEqual(rows.map((row) => row.posterior !== undefined), [true, true, false, false]);
  assert.deepEqual(rows.slice(0, 2).map((row) => row.x), [rowOf(model, x, 0), rowOf(model, x, 1)]);
  const plain = model.rowPrior(rows[3].memory), logits = model.rowOutputs(rows[3].memory, rows[3].z);
  close(rows[3].prior.scale, plain.scale.map((/** @type {number} */ scale) => scale / 2));
  close(rows[3].probs, logits.map((/** @type {number} */ logit) => 1 / (1 + Math.exp(-2 * logit))));
});

Deno.test("endings begin alike and arrive row by row", () => {
  const steps = endings(model, x.subarray(0, 6), 5, new Random(0));
  const seen = [...steps].flatMap((step) => step?.row ?? []),
    { images, row } = finish(endings(model, x.subarray(0, 6), 5, new Random(0)));
  assert.deepEqual([seen, row], [[2, 3], 3]);
  for (const image of images) assert.deepEqual(image.subarray(0, 6), x.subarray(0, 6));
  assert.ok(new Set(images.map(String)).size > 1);
  assert.deepEqual(finish(endings(model, x, 2, new Random(0))).images, [x, x]);
  assert.equal(finish(endings(model, NOTHING, 2, new Random(0))).images.length, 2);
});

Deno.test("each mean follows the means before it", () => {
  let memory = model.start();
  finish(meanPath(model, x)).forEach((z, t) => {
    assert.deepEqual(z, model.rowEncode(memory, rowOf(model, x, t)).loc);
    memory = model.advance(memory, rowOf(model, x, t), z);
  });
});
