/**
 * What the engine makes of drawings, and how strange it finds them and digits, for tests/test_likeness.py.
 *
 *     deno run --allow-read --allow-write parity_likeness.js FOLDER
 *
 * FOLDER has a model's packed parts, p.bin and q.bin, and asked.json: strokes of drawings, digits in grey levels, and what
 * was measured. The answers are written beside them, in answers.json.
 */

import { prepare } from "../../aevb/web/engine/ink.js";
import { strangeness } from "../../aevb/web/engine/likeness.js";
import { build } from "../../aevb/web/engine/models/index.js";
import { unpack } from "../../aevb/web/engine/weights.js";

const [folder] = Deno.args;
const [p, q] = ["p.bin", "q.bin"].map((name) => unpack(Deno.readFileSync(`${folder}/${name}`).buffer));
const model = /** @type {import("../../aevb/web/engine/models/base.js").ImageModel} */ (build(p.header));
model.learn(p.arrays);
model.learn(q.arrays);

const { drawings, digits, likeness } = JSON.parse(Deno.readTextFileSync(`${folder}/asked.json`));
const images = drawings.map(prepare);
const strange = [
  ...images,
  ...digits.map((/** @type {number[]} */ levels) => Float32Array.from(levels, (k) => k / 255)),
].map((pixels) => {
  const x = model.observe(pixels), { loc } = model.encode(x);
  return strangeness(x, loc, model.decode(loc), likeness);
});
const told = { images: images.map((/** @type {Float32Array} */ image) => [...image]), strange };
Deno.writeTextFileSync(`${folder}/answers.json`, JSON.stringify(told));
