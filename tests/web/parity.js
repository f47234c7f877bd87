/**
 * What the engine says of digits, for tests/test_parity.py, which compares it with torch.
 *
 *     deno run --allow-read --allow-write parity.js FOLDER
 *
 * FOLDER has a model's two packed parts, p.bin and q.bin, and the questions, NAME.f32 each; the answers are
 * written beside them, NAME.f64 each.
 */

import {
  along,
  betweenLabels,
  bound,
  components,
  labelBounds,
  mostProbable,
  nearest,
  style,
  terms,
  walk,
  write,
} from "../../aevb/web/engine/explore.js";
import { estimate } from "../../aevb/web/engine/ascent.js";
import { logNormal, place } from "../../aevb/web/engine/densities.js";
import { normalise } from "../../aevb/web/engine/ink.js";
import { build } from "../../aevb/web/engine/models/index.js";
import { FactorAnalysis } from "../../aevb/web/engine/models/fa.js";
import { VRNN } from "../../aevb/web/engine/models/vrnn.js";
import * as rows from "../../aevb/web/engine/rows.js";
import { finish } from "../../aevb/web/engine/steps.js";
import { unpack } from "../../aevb/web/engine/weights.js";

/**
 * @typedef {import("../../aevb/web/engine/models/base.js").ImageModel} ImageModel
 * @typedef {import("../../aevb/web/engine/random.js").Noise} Noise
 */

const [folder] = Deno.args;
const bytes = (/** @type {string} */ name) => Deno.readFileSync(`${folder}/${name}`).buffer;

/** The numbers asked with; a row for each digit. */
const asked = (/** @type {string} */ name) => new Float32Array(bytes(`${name}.f32`));

const table = (/** @type {string} */ name, count = asked("pixels").length / size) => {
  const all = asked(name), width = all.length / count;
  return Array.from({ length: count }, (_, n) => all.subarray(n * width, (n + 1) * width));
};

/** @type {Map<string, number[]>} */
const answers = new Map();

/**
 * Adds to the answer `name`.
 * @param {string} name
 * @param {Iterable<number>} values
 */
function answer(name, values) {
  if (!answers.has(name)) answers.set(name, []);
  const all = /** @type {number[]} */ (answers.get(name));
  for (const value of values) all.push(value);
}

/**
 * Noise that is known, one number after the other.
 * @implements {Noise}
 */
class Replayed {
  /**
   * @param {Float32Array} normals
   * @param {Float32Array} uniforms
   */
  constructor(normals, uniforms = new Float32Array()) {
    this.normals = normals;
    this.uniforms = uniforms;
    this.at = { normal: 0, uniform: 0 };
  }

  uniform() {
    return this.uniforms[this.at.uniform++];
  }

  /** @param {number} count */
  normal(count) {
    this.at.normal += count;
    return this.normals.slice(this.at.normal - count, this.at.normal);
  }
}

/** @param {ImageModel} model */
function askImages(model) {
  const L = model.latentDim, pixels = table("pixels"), labels = asked("labels"), means = asked("means");
  const noise = table("noise"), termNoise = table("term_noise"), boundNoise = table("bound_noise");
  const uniforms = table("uniforms"), choosing = table("choosing");
  /** @type {Float32Array[]} */
  const styles = [];
  pixels.forEach((raw, n) => {
    const x = model.observe(raw), observed = model.labelled ? labels[n] : null;
    answer("x", x);
    if (raw.length === 784) answer("framed", normalise(raw));
    const mixture = components(model, x, observed);
    answer("weights", mixture.map(({ weight }) => weight));
    for (const { q } of mixture) {
      answer("loc", q.loc);
      answer("scale", q.scale);
    }
    const { y, q } = mostProbable(mixture), z = place(q, noise[n]), outputs = model.outputs(z, y);
    answer("z", z);
    answer("outputs", outputs);
    answer("decoded", model.decode(z, y));
    answer("rebuilt", finish(model.reconstruct(x, observed)));
    answer("log_p_x", [model.logLikelihood(outputs, x)]);
    answer("log_p_z", [logNormal(model.prior(y), z)]);
    answer("log_q_z", [logNormal(q, z)]);
    const found = estimate(model, x, y, q, noise[n]);
    answer("estimate", [found.elbo]);
    answer("estimate_loc", found.loc);
    answer("estimate_log_scale", found.logScale);
    answer("sample", model.sample(z, y, new Replayed(noise[n], uniforms[n])));
    styles.push(style(model, q.loc, y));
    answer("style", styles[n]);
    answer("nearest", nearest(means, z, 5, (image) => image !== n));
    for (const [name, value] of Object.entries(terms(model, x, observed, new Replayed(termNoise[n])))) {
      answer(name, [value]);
    }
    const samples = boundNoise[n].length / L, known = new Replayed(boundNoise[n], choosing[n]);
    answer("bound", [finish(bound(model, x, observed, samples, known))]);
    if (model.labelled) {
      answer("label_bounds", finish(labelBounds(model, x, samples, new Replayed(boundNoise[n]))));
    }
    if (n) { for (const step of walk(styles[n - 1], styles[n], 5)) answer("walk", step); }
  });
  for (const value of along(styles[0], 3, [-3, 0.5, 3])) answer("along", value);
  const choices = model.choices ? [...Array(model.choices).keys()] : [null];
  const between = model.choices ? betweenLabels(1, model.choices - 1, 5, model.choices) : [];
  for (const weights of between) answer("between", weights);
  for (const y of [...choices, ...between]) {
    const { loc, scale } = model.prior(y);
    answer("prior_loc", loc);
    answer("prior_scale", scale);
    for (const epsilon of styles.slice(0, 5)) answer("written", write(model, epsilon, y));
  }
}

/** @param {VRNN} model */
function askRows(model) {
  const L = model.latentDim,
    pixels = table("pixels"),
    noise = table("noise"),
    boundNoise = table("bound_noise");
  const grown = table("grown_noise"), uniforms = table("uniforms"), [temperature, keep] = asked("options");
  pixels.forEach((raw, n) => {
    const x = model.observe(raw);
    answer("x", x);
    for (const row of finish(rows.observe(model, x, new Replayed(noise[n])))) {
      for (const [name, normal] of Object.entries({ prior: row.prior, posterior: row.posterior })) {
        answer(`${name}_loc`, normal.loc);
        answer(`${name}_scale`, normal.scale);
      }
      answer("z", row.z);
      answer("probs", row.probs);
      answer("reconstruction", [row.reconstruction]);
      answer("minus_kl_z", [row.minus_kl_z]);
    }
    for (const z of finish(rows.meanPath(model, x))) answer("mean_path", z);
    if (n < asked("bounded")[0]) {
      answer("rebuilt", finish(model.reconstruct(x)));
      const samples = boundNoise[n].length / L / model.length;
      answer("bound", [finish(rows.bound(model, x, samples, new Replayed(boundNoise[n])))]);
    }
    if (n < asked("grown")[0]) {
      const given = x.subarray(0, keep * model.dataDim);
      const noise = rows.rowNoise(model, new Replayed(grown[n], uniforms[n]));
      for (const row of finish(rows.grow(model, given, noise, { temperature }))) {
        answer("grown_x", row.x);
        answer("grown_z", row.z);
        answer("grown_probs", row.probs);
        answer("grown_loc", row.prior.loc);
        answer("grown_scale", row.prior.scale);
      }
    }
  });
}

/** @param {FactorAnalysis} model */
function askFactorAnalysis(model) {
  for (const z of table("z", 4)) {
    const { loc, scale } = model.decode(z);
    answer("loc", loc);
    answer("scale", scale);
  }
  for (const x of table("x", 4)) answer("rebuilt", finish(model.reconstruct(x)));
  answer("prior_loc", model.prior().loc);
  answer("prior_scale", model.prior().scale);
}

const [p, q] = ["p.bin", "q.bin"].map((name) => unpack(bytes(name)));
const model = build(p.header), size = model.dataDim * (p.header.config.length ?? 1);
model.learn(p.arrays);
model.learn(q.arrays);
if (model instanceof VRNN) askRows(model);
else if (model instanceof FactorAnalysis) askFactorAnalysis(model);
else askImages(model);
for (const [name, values] of answers) {
  Deno.writeFileSync(`${folder}/${name}.f64`, new Uint8Array(Float64Array.from(values).buffer));
}
