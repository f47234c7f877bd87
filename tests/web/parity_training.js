/**
 * What the engine's steps make of a VAE's weights, and its evidence and ELBO then, for tests/test_parity_training.py,
 * which compares them with torch's.
 *
 *     deno run --allow-read --allow-write parity_training.js FOLDER
 *
 * FOLDER has the packed parts of the VAE, p.bin and q.bin, and asked.json: batches of images as the model sees them, the
 * noise of their z, what each step moves, and Adam's rate. The answers are written beside them, in answers.json.
 */

import { finish } from "../../aevb/web/engine/steps.js";
import { VAE } from "../../aevb/web/engine/models/vae.js";
import { exactElbo, logEvidence } from "../../aevb/web/engine/quadrature.js";
import { Learner } from "../../aevb/web/engine/training.js";
import { unpack } from "../../aevb/web/engine/weights.js";

const [folder] = Deno.args;
const [p, q] = ["p.bin", "q.bin"].map((name) => unpack(Deno.readFileSync(`${folder}/${name}`).buffer));
const model = new VAE(p.header);
model.learn(p.arrays);
model.learn(q.arrays);

const { batches, noise, phases, rate } = JSON.parse(Deno.readTextFileSync(`${folder}/asked.json`));
const numbers = (/** @type {number[][]} */ rows) => rows.map((row) => Float32Array.from(row));
const learner = new Learner(model, rate);
const terms = phases.map((
  /** @type {import("../../aevb/web/engine/schedule.js").Phase} */ phase,
  /** @type {number} */ k,
) => finish(learner.step(numbers(batches[k]), numbers(noise[k]), phase)));
const weights = Object.fromEntries(Object.entries(model.arrays).map(([name, values]) => [name, [...values]]));
const evidence = [...finish(logEvidence(model, numbers(batches[0])))];
const elbo = numbers(batches[0]).map((x) => exactElbo(model, x));
Deno.writeTextFileSync(`${folder}/answers.json`, JSON.stringify({ terms, weights, evidence, elbo }));
