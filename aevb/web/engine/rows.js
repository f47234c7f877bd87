/**
 * A VRNN over whole images, x of T · D pixels (tutorial section 5.6). The oracle is aevb/explore/rows.py.
 *
 * What takes longer than a part of a frame are generators, which pause after each row.
 */

import { logSumExp, sum } from "./arithmetic.js";
import { draw, klNormal, logNormal, place } from "./densities.js";

/**
 * @typedef {import("./densities.js").Normal} Normal
 * @typedef {import("./models/vrnn.js").VRNN} VRNN
 * @typedef {import("./models/vrnn.js").Memory} Memory
 * @typedef {import("./random.js").Noise} Noise
 *
 * What a row is drawn with: ε of its z, (L,), and a uniform number for each of its pixels, (D,).
 * @typedef {{ epsilon: Float32Array, uniforms: Float64Array }} RowNoise
 *
 * What a row went through: its pixels x, (D,), z, (L,), p(z_t | h_t), each pixel's probability of being 1
 * (or its mean), (D,),
 * and the memory of the rows above. Of a row that was read, also q(z_t | x_t, h_t), which z is drawn from.
 * @typedef {object} Row
 * @property {Float32Array} x
 * @property {Float32Array} z
 * @property {Normal} prior
 * @property {Normal} [posterior]
 * @property {Float32Array} probs
 * @property {Memory} memory
 *
 * A row that was read, with the terms of its one-sample ELBO in nats.
 * @typedef {Row & { posterior: Normal, reconstruction: number, minus_kl_z: number }} ObservedRow
 */

/**
 * Row t of an image, (D,).
 * @param {VRNN} model
 * @param {Float32Array} x
 * @param {number} t from 0
 */
export function rowOf({ dataDim }, x, t) {
  return x.subarray(t * dataDim, (t + 1) * dataDim);
}

/**
 * Noise for all T rows of an image.
 * @param {VRNN} model
 * @param {Noise} random
 * @returns {RowNoise[]}
 */
export function rowNoise({ length, latentDim, dataDim }, random) {
  return Array.from({ length }, () => ({
    epsilon: random.normal(latentDim),
    uniforms: Float64Array.from({ length: dataDim }, () => random.uniform()),
  }));
}

/**
 * An image read row by row, z drawn from q (sections 5.6.2 and 5.6.3).
 * @param {VRNN} model
 * @param {Float32Array} x
 * @param {Noise} random
 * @returns {Generator<ObservedRow, ObservedRow[], void>}
 */
export function observe(model, x, random) {
  return model.unroll((t, memory) => {
    const row = rowOf(model, x, t), prior = model.rowPrior(memory), posterior = model.rowEncode(memory, row);
    const z = draw(posterior, random), outputs = model.rowOutputs(memory, z);
    return {
      x: row,
      z,
      prior,
      posterior,
      probs: outputs.map((output) => model.decoder.pixels.shown(output)),
      reconstruction: model.logLikelihood(outputs, row),
      minus_kl_z: -sum(klNormal(posterior, prior)),
    };
  });
}

/**
 * An image whose first k rows are given and read, and whose others are drawn (section 5.6.1). The same noise
 * makes the same image; where that of one row is changed, the rows above it stay.
 * @param {VRNN} model
 * @param {Float32Array} given k · D pixels; of more, as many as there are rows before `to`
 * @param {RowNoise[]} noise
 * @param {object} [options]
 * @param {number} [options.temperature] scales the prior's standard deviation and divides the pixels' logits;
 *   1 is the model itself, below 1 is bolder
 * @param {number} [options.from] the first row that is wanted, from 0
 * @param {number} [options.to] the row before which to stop
 * @param {Memory} [options.memory] of the rows above the first
 * @returns {Generator<Row, Row[], void>}
 */
export function grow(model, given, noise, { temperature = 1, ...part } = {}) {
  return model.unroll((t, memory) => {
    const { epsilon, uniforms } = noise[t], prior = model.rowPrior(memory, temperature);
    const read = (t + 1) * model.dataDim <= given.length ? rowOf(model, given, t) : null;
    const posterior = read ? model.rowEncode(memory, read) : undefined;
    const z = place(posterior ?? prior, epsilon), outputs = model.rowOutputs(memory, z);
    const { pixels } = model.decoder;
    const probs = outputs.map((output) => pixels.shown(output, temperature));
    const x = read ?? outputs.map((output, d) => pixels.draw(output, uniforms[d], temperature));
    return { x, z, prior, posterior, probs };
  }, part);
}

/**
 * Images that begin alike, with the given rows and their z, and end each in its own way. Yields what there is
 * whenever all of them have a row more, and nothing in between.
 * @param {VRNN} model
 * @param {Float32Array} given k · D pixels
 * @param {number} count
 * @param {Noise} random
 * @returns {Generator<Endings | undefined, Endings, void>}
 *
 * Images, (T · D,) each, and the last row that they have, from 0.
 * @typedef {{ images: Float32Array[], row: number }} Endings
 */
export function* endings(model, given, count, random, temperature = 1) {
  const { length, dataDim } = model, keep = given.length / dataDim;
  let memory = model.start();
  for (const row of grow(model, given, rowNoise(model, random), { temperature, to: keep })) {
    yield;
    memory = model.advance(row.memory, row.x, row.z);
  }
  const images = Array.from({ length: count }, () => new Float32Array(length * dataDim));
  for (const image of images) image.set(given);
  const part = { temperature, from: keep, memory };
  const growing = images.map(() => grow(model, given, rowNoise(model, random), part));
  for (let row = keep; row < length; row++) {
    for (let n = 0; n < count; n++) {
      const { value } = growing[n].next();
      images[n].set(/** @type {Row} */ (value).x, row * dataDim);
      yield;
    }
    yield { images, row };
  }
  return { images, row: length - 1 };
}

/**
 * The path of q's means along an image, T of (L,), each mean following those before it.
 * @param {VRNN} model
 * @param {Float32Array} x
 * @returns {Generator<{ x: Float32Array, z: Float32Array }, Float32Array[], void>}
 */
export function* meanPath(model, x) {
  const rows = yield* model.unroll((t, memory) => {
    const row = rowOf(model, x, t);
    return { x: row, z: model.rowEncode(memory, row).loc };
  });
  return rows.map(({ z }) => z);
}

/**
 * The importance bound log (1/K) Σ p(x, z) / q(z | x) of K paths z, in nats. Yields the bound of the paths so
 * far, after each row.
 * @param {VRNN} model
 * @param {Float32Array} x
 * @param {number} samples K
 * @param {Noise} random
 * @returns {Generator<number, number, void>}
 */
export function* bound(model, x, samples, random) {
  let total = -Infinity;
  for (let k = 1; k <= samples; k++) {
    let weight = 0;
    const rows = model.unroll((t, memory) => {
      const row = rowOf(model, x, t), q = model.rowEncode(memory, row), z = draw(q, random);
      weight += model.logLikelihood(model.rowOutputs(memory, z), row);
      weight += logNormal(model.rowPrior(memory), z) - logNormal(q, z);
      return { x: row, z };
    });
    while (!rows.next().done) yield total - Math.log(k - 1 || 1);
    total = logSumExp([total, weight]);
  }
  return total - Math.log(samples);
}
