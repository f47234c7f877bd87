// The models of aevb/models in the browser: what they generate, and their encoders. No library, no build:
// a component's Python puts this file before its own script. The weights are float16, packed by weights.py.
//
// An image x is a Float32Array of D numbers, a latent z one of L, a choice y (a label or a cluster) a whole
// number from 0, or a Float32Array of weights. A normal distribution is {loc, scale}. Names and conventions
// are those of the Python models; tests/browser/test_engine.py holds the two together.

export const MAX_LOGIT = Math.log((1 - 2 ** -23) / 2 ** -23); // as in aevb/distributions.py
const MIN_SCALE = 1e-6; // as in aevb/models/nets.py

// ---- Loading ----

const HALVES = new Float32Array(65536); // every float16 there is
for (let bits = 0; bits < 65536; bits++) {
  const sign = bits >> 15 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 0) HALVES[bits] = sign * fraction * 2 ** -24;
  else if (exponent === 31) HALVES[bits] = fraction ? NaN : sign * Infinity;
  else HALVES[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

// A model from the bytes that weights.py packs: a header, then the arrays one after the other.
export function read(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const weights = {};
  let offset = 4 + length;
  for (const [name, count] of header.arrays) {
    weights[name] = halves(buffer, offset, count);
    offset += 2 * count;
  }
  return new MODELS[header.model](weights, header.config);
}

// Float16 numbers as float32.
export function halves(buffer, offset = 0, count = buffer.byteLength / 2) {
  return Float32Array.from(new Uint16Array(buffer, offset, count), (bits) => HALVES[bits]);
}

// The model at a URL, as `loadOnce`.
export function load(url) {
  return loadOnce(url, "The model", read);
}

// What `read` makes of the bytes at a URL, fetched once for all components of the document. A failure is not
// remembered, so that whoever asks again tries again. Rejects with an Error whose message is a sentence for
// the visitor, which begins with `what`.
export function loadOnce(url, what, read) {
  const loaded = (globalThis[Symbol.for("aevb.loaded")] ??= new Map());
  if (!loaded.has(url)) {
    const found = fetchOnce(url, what, read);
    loaded.set(url, found);
    found.catch(() => loaded.delete(url));
  }
  return loaded.get(url);
}

async function fetchOnce(url, what, read) {
  let buffer;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
    if (!response.ok) throw new Error(`The server answered ${response.status}`);
    buffer = await response.arrayBuffer();
  } catch (error) {
    const reason = { TimeoutError: "The server took too long", TypeError: "The server did not answer" }[error.name];
    throw new Error(`${what} could not be loaded. ${reason ?? error.message}.`);
  }
  try {
    return read(buffer);
  } catch {
    throw new Error(`${what} could not be loaded. What arrived was damaged.`);
  }
}

// ---- Layers ----

// x ↦ W x + b. W is stored input by input, so that inputs of 0 (blank pixels, silent ReLUs) cost nothing,
// and eight of the others are added at a time, which saves most of the traffic to y.
class Dense {
  constructor(weights, name) {
    this.weight = weights[`${name}.weight`];
    this.bias = weights[`${name}.bias`];
  }

  // The inputs stand one after the other, as if concatenated.
  apply(...inputs) {
    const y = this.bias.slice();
    let first = 0;
    for (const x of inputs) {
      this.add(y, x, first);
      first += x.length;
    }
    return y;
  }

  // Adds to y what x brings, whose first number is the layer's input `first`.
  add(y, x, first = 0) {
    const { weight } = this, outputs = y.length, rows = [], values = [];
    for (let i = 0; i < x.length; i++) {
      if (x[i] === 0) continue;
      rows.push((first + i) * outputs);
      values.push(x[i]);
    }
    while (rows.length % 8) {
      rows.push(0);
      values.push(0);
    }
    for (let k = 0; k < rows.length; k += 8) {
      const x0 = values[k], x1 = values[k + 1], x2 = values[k + 2], x3 = values[k + 3];
      const x4 = values[k + 4], x5 = values[k + 5], x6 = values[k + 6], x7 = values[k + 7];
      const a = rows[k], b = rows[k + 1], c = rows[k + 2], d = rows[k + 3];
      const e = rows[k + 4], f = rows[k + 5], g = rows[k + 6], h = rows[k + 7];
      for (let o = 0; o < outputs; o++) {
        y[o] += x0 * weight[a + o] + x1 * weight[b + o] + x2 * weight[c + o] + x3 * weight[d + o] +
          x4 * weight[e + o] + x5 * weight[f + o] + x6 * weight[g + o] + x7 * weight[h + o];
      }
    }
  }
}

// Linear layers and ReLUs, then one linear layer for each named output.
class Net {
  constructor(weights, name, ...outputs) {
    const pattern = new RegExp(`^${name}\\.hidden\\.(\\d+)\\.weight$`);
    const places = Object.keys(weights).flatMap((key) => pattern.exec(key)?.[1] ?? []);
    this.hidden = places.sort((a, b) => a - b).map((place) => new Dense(weights, `${name}.hidden.${place}`));
    this.outputs = outputs.map((output) => new Dense(weights, `${name}.${output}`));
  }

  apply(...inputs) {
    let h = inputs;
    for (const layer of this.hidden) h = [relu(layer.apply(...h))];
    return this.outputs.map((output) => output.apply(...h));
  }

  logits(...inputs) {
    return this.apply(...inputs)[0];
  }

  normal(...inputs) {
    const [loc, preScale] = this.apply(...inputs);
    return { loc, scale: preScale.map(toScale) };
  }
}

// The memory of a VRNN: layers of LSTM cells. A state is {h, c} for each layer.
class LSTM {
  constructor(weights, name) {
    this.layers = [];
    for (let k = 0; weights[`${name}.l${k}.weight`]; k++) {
      const layer = new Dense(weights, `${name}.l${k}`), more = weights[`${name}.l${k}.memory_bias`];
      layer.bias = layer.bias.map((value, i) => value + more[i]);
      this.layers.push(layer);
    }
    this.width = this.layers[0].bias.length / 4;
  }

  start() {
    return this.layers.map(() => ({ h: new Float32Array(this.width), c: new Float32Array(this.width) }));
  }

  // The state after one more step; the state before is left as it is.
  step(state, ...inputs) {
    const { width } = this;
    return this.layers.map((layer, k) => {
      const gates = layer.apply(...inputs, state[k].h), h = new Float32Array(width), c = new Float32Array(width);
      for (let i = 0; i < width; i++) {
        const keep = sigmoid(gates[width + i]) * state[k].c[i];
        c[i] = keep + sigmoid(gates[i]) * Math.tanh(gates[2 * width + i]);
        h[i] = sigmoid(gates[3 * width + i]) * Math.tanh(c[i]);
      }
      inputs = [h];
      return { h, c };
    });
  }
}

function relu(values) {
  for (let i = 0; i < values.length; i++) if (values[i] < 0) values[i] = 0;
  return values;
}

export function sigmoid(value) {
  return 1 / (1 + Math.exp(-value));
}

function toScale(value) {
  return (value > 20 ? value : Math.log1p(Math.exp(value))) + MIN_SCALE; // softplus, as torch's
}

export function softmax(logits) {
  const most = Math.max(...logits), exps = logits.map((value) => Math.exp(value - most));
  const sum = exps.reduce((a, b) => a + b, 0);
  return exps.map((value) => value / sum);
}

function cap(logits) {
  return logits.map((value) => MAX_LOGIT * Math.tanh(value / MAX_LOGIT));
}

function oneHot(y, count) {
  if (typeof y !== "number") return y;
  const weights = new Float32Array(count);
  weights[y] = 1;
  return weights;
}

// ---- Distributions ----

// z = loc + scale · ε.
export function place({ loc, scale }, epsilon) {
  return loc.map((value, i) => value + scale[i] * epsilon[i]);
}

// ε = (z - loc) / scale, which undoes `place`.
export function standardise({ loc, scale }, z) {
  return z.map((value, i) => (value - loc[i]) / scale[i]);
}

export function logNormal({ loc, scale }, z) {
  let sum = 0;
  for (let i = 0; i < z.length; i++) {
    sum -= 0.5 * ((z[i] - loc[i]) / scale[i]) ** 2 + Math.log(scale[i]) + 0.5 * Math.log(2 * Math.PI);
  }
  return sum;
}

// KL(q ‖ p) of diagonal normals dimension by dimension, in nats.
export function klNormal(q, p) {
  return q.loc.map((loc, i) => {
    const ratio = (q.scale[i] / p.scale[i]) ** 2, shift = ((loc - p.loc[i]) / p.scale[i]) ** 2;
    return 0.5 * (ratio + shift - 1 - Math.log(ratio));
  });
}

// log p(x) of a product of Bernoullis, or of continuous Bernoullis, by its logits, in nats.
export function logBernoulli(logits, x) {
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const size = Math.abs(logits[i]);
    sum += x[i] * logits[i] - Math.max(logits[i], 0) - Math.log1p(Math.exp(-size));
  }
  return sum;
}

export function logContinuousBernoulli(logits, x) {
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const size = Math.abs(logits[i]);
    const partition = size < 1e-2 ? logits[i] / 2 + logits[i] ** 2 / 24
      : Math.log(-Math.expm1(-size) / size) + Math.max(logits[i], 0);
    sum += x[i] * logits[i] - partition;
  }
  return sum;
}

// A seeded generator (mulberry32), so that the same seed shows the same picture.
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  // In (0, 1).
  uniform() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  }

  // `count` draws of N(0, 1).
  normal(count) {
    return Float32Array.from({ length: count }, () =>
      Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform()));
  }
}

// ---- Models ----

// What the image models share: a latent value is placed in its prior, and decoded.
//   choices            how many labels or clusters there are; 0 for a VAE
//   prior(y)           p(z), or p(z | y)
//   decode(z, y)       the pixels' probabilities (λ of a continuous Bernoulli)
//   encode(x, y)       q(z | x), or q(z | x, y)
class ImageModel {
  constructor(config) {
    this.latentDim = config.latent_dim;
    this.dataDim = config.data_dim;
    this.choices = 0;
  }

  decode(z, y) {
    return this.logits(z, y).map(sigmoid);
  }

  // λ of a style ε, which means the same under every choice: N(0, I) a priori.
  write(epsilon, y) {
    return this.decode(place(this.prior(y), epsilon), y);
  }

  // log p(x, z) - log q(z | x) at z = μ + σ ε, in nats: with several ε, log of the mean of their
  // exponentials is the importance bound on log p(x), or on log p(x | y). `q` spares encoding x again.
  logWeight(x, y, epsilon, q = this.encode(x, y)) {
    const z = place(q, epsilon);
    return this.logLikelihood(this.logits(z, y), x) + logNormal(this.prior(y), z) - logNormal(q, z);
  }
}

class VAE extends ImageModel {
  constructor(weights, config) {
    super(config);
    this.encoder = new Net(weights, "q_z_given_x", "loc", "pre_scale");
    this.decoder = new Net(weights, "p_x_given_z", "logits");
    this.standard = standardNormal(this.latentDim);
    this.logLikelihood = logContinuousBernoulli;
  }

  prior() {
    return this.standard;
  }

  logits(z) {
    return cap(this.decoder.logits(z));
  }

  encode(x) {
    return this.encoder.normal(x);
  }
}

class CVAE extends ImageModel {
  constructor(weights, config) {
    super(config);
    this.choices = config.classes;
    this.conditioned = config.conditioned;
    this.encoder = new Net(weights, "q_z_given_xy", "loc", "pre_scale");
    this.decoder = new Net(weights, "p_x_given_zy", "logits");
    this.priors = this.conditioned.includes("z") ? new Net(weights, "p_z_given_y", "loc", "pre_scale") : null;
    this.standard = standardNormal(this.latentDim);
    this.logLikelihood = logContinuousBernoulli;
  }

  prior(y) {
    return this.priors ? this.priors.normal(oneHot(y, this.choices)) : this.standard;
  }

  logits(z, y) {
    const inputs = this.conditioned.includes("x") ? [z, oneHot(y, this.choices)] : [z];
    return cap(this.decoder.logits(...inputs));
  }

  encode(x, y) {
    return this.encoder.normal(x, oneHot(y, this.choices));
  }
}

class GMVAE extends ImageModel {
  constructor(weights, config) {
    super(config);
    this.choices = config.clusters;
    this.classifier = new Net(weights, "q_y_given_x", "logits");
    this.fromX = new Dense(weights, "q_z_given_xy.from_x");
    this.fromY = new Dense(weights, "q_z_given_xy.from_y");
    this.encoder = new Net(weights, "q_z_given_xy.rest", "loc", "pre_scale");
    this.decoder = new Net(weights, "p_x_given_z", "logits");
    this.priors = new Net(weights, "p_z_given_y", "loc", "pre_scale");
    this.logLikelihood = logBernoulli;
  }

  // q(y | x).
  classify(x) {
    return softmax(this.classifier.logits(x));
  }

  prior(y) {
    return this.priors.normal(oneHot(y, this.choices));
  }

  logits(z) {
    return this.decoder.logits(z);
  }

  encode(x, y) {
    const h = this.fromX.apply(x);
    this.fromY.add(h, oneHot(y, this.choices));
    return this.encoder.normal(relu(h));
  }
}

// Rows x_t of D pixels, one z_t each, and a memory of both; `memory.at(-1).h` is the h_t of the Python model.
class VRNN {
  constructor(weights, config) {
    this.latentDim = config.latent_dim;
    this.dataDim = config.data_dim;
    this.length = config.length;
    this.memory = new LSTM(weights, "p_h");
    this.priors = new Net(weights, "p_z_given_h", "loc", "pre_scale");
    this.decoder = new Net(weights, "p_x_given_hz", "logits");
    this.encoder = new Net(weights, "q_z_given_hx", "loc", "pre_scale");
  }

  // The memory before the first row.
  start() {
    return this.memory.start();
  }

  // The memory after a row.
  advance(memory, x, z) {
    return this.memory.step(memory, x, z);
  }

  prior(memory) {
    return this.priors.normal(memory.at(-1).h);
  }

  decode(memory, z, temperature = 1) {
    return this.decoder.logits(memory.at(-1).h, z).map((logit) => sigmoid(logit / temperature));
  }

  encode(memory, x) {
    return this.encoder.normal(memory.at(-1).h, x);
  }

  // Rows 0 … T-1 as [{x, z, prior, posterior?, probs}]: the first `given.length` rows are read, z drawn
  // from q; the others are drawn from the model. `choose(t, prior)` may put another z in a drawn row.
  unroll(given, random, { temperature = 1, choose = null, length = this.length } = {}) {
    let memory = this.start();
    const rows = [];
    for (let t = 0; t < length; t++) {
      const prior = this.prior(memory);
      const posterior = t < given.length ? this.encode(memory, given[t]) : null;
      prior.scale = prior.scale.map((scale) => scale * (posterior ? 1 : temperature));
      const drawn = place(posterior ?? prior, random.normal(this.latentDim));
      const z = (!posterior && choose?.(t, prior)) || drawn;
      const probs = this.decode(memory, z, posterior ? 1 : temperature);
      const sampled = probs.map((p) => (random.uniform() < p ? 1 : 0));
      const x = posterior ? given[t] : sampled;
      rows.push({ x, z, prior, posterior, probs });
      if (t + 1 < length) memory = this.advance(memory, x, z);
    }
    return rows;
  }
}

class FactorAnalysis {
  constructor(weights, config) {
    this.latentDim = config.latent_dim;
    this.dataDim = config.data_dim;
    this.loading = new Dense(weights, "p_x_given_z.W");
    this.sigma = weights["p_x_given_z.sigma"];
  }

  prior() {
    return standardNormal(this.latentDim);
  }

  // p(x | z) = N(W z, diag σ²).
  decode(z) {
    const loc = new Float32Array(this.dataDim);
    this.loading.add(loc, z);
    return { loc, scale: this.sigma };
  }
}

function standardNormal(size) {
  return { loc: new Float32Array(size), scale: new Float32Array(size).fill(1) };
}

const MODELS = { fa: FactorAnalysis, vae: VAE, cvae: CVAE, gmvae: GMVAE, vrnn: VRNN };
