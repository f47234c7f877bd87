// What the models say of 784 pixels in [0, 1]. Pure functions; what takes longer than a frame are generators,
// which pause often.

// An image as the VAE and the CVAE see it, with the mean of the noise that dequantises the others.
export function grey(pixels) {
  return pixels.map((value) => (Math.round(255 * value) + 0.5) / 256);
}

// As the GMVAE and the VRNN see it.
export function binary(pixels) {
  return pixels.map((value) => (Math.round(255 * value) >= 128 ? 1 : 0));
}

// The VAE's posterior, λ at its mean, and the ELBO with that one z in nats.
export function reconstruct(vae, pixels) {
  const x = grey(pixels), posterior = vae.encode(x), logits = vae.logits(posterior.loc);
  const kl = klNormal(posterior, vae.prior()).reduce((a, b) => a + b, 0);
  return { posterior, lambda: logits.map(sigmoid), elbo: vae.logLikelihood(logits, x) - kl };
}

// For each label the importance bound on log p(x | y), all with the same noise, and p(y | x) by Bayes' rule; the
// style of the most probable label, ε, and λ with it under every label.
export function* readLabels(cvae, pixels, epsilons) {
  const x = grey(pixels), labels = Array.from({ length: cvae.choices }, (_, y) => y), bounds = [], means = [];
  for (const y of labels) {
    const q = cvae.encode(x, y), weights = [];
    yield;
    for (const epsilon of epsilons) {
      weights.push(cvae.logWeight(x, y, epsilon, q));
      yield;
    }
    means.push(q.loc);
    const most = Math.max(...weights);
    bounds.push(most + Math.log(weights.reduce((sum, w) => sum + Math.exp(w - most), 0) / weights.length));
  }
  const probabilities = softmax(bounds), label = bounds.indexOf(Math.max(...bounds));
  const style = standardise(cvae.prior(label), means[label]), lambdas = [];
  for (const y of labels) {
    lambdas.push(cvae.write(style, y));
    yield;
  }
  return { bounds, probabilities, label, style, lambdas };
}

// q(y | x), the most probable cluster, and where the drawing lies in it, ε.
export function* readClusters(gmvae, pixels) {
  const x = binary(pixels), probabilities = gmvae.classify(x);
  yield;
  const cluster = probabilities.indexOf(Math.max(...probabilities));
  return { probabilities, cluster, place: standardise(gmvae.prior(cluster), gmvae.encode(x, cluster).loc) };
}

// `count` endings of the first `keep` rows, which share their z: {images, row} after every row, `row` the last
// that they have.
export function* endings(vrnn, pixels, keep, count, random) {
  const { length, dataDim: width, latentDim } = vrnn;
  let memory = vrnn.start();
  const beginning = binary(pixels).fill(0, keep * width);
  for (let t = 0; t < keep; t++) {
    const x = beginning.subarray(t * width, (t + 1) * width);
    memory = vrnn.advance(memory, x, place(vrnn.encode(memory, x), random.normal(latentDim)));
    yield;
  }
  const images = Array.from({ length: count }, () => beginning.slice()), memories = images.map(() => memory);
  for (let t = keep; t < length; t++) {
    for (let n = 0; n < count; n++) {
      const z = place(vrnn.prior(memories[n]), random.normal(latentDim));
      const x = vrnn.decode(memories[n], z).map((p) => (random.uniform() < p ? 1 : 0));
      images[n].set(x, t * width);
      if (t + 1 < length) memories[n] = vrnn.advance(memories[n], x, z);
      if (n + 1 < count) yield;
    }
    yield { images, row: t };
  }
  return { images, row: length - 1 };
}

// The numbers of the `count` test images whose latent means, one after the other in `means`, are nearest to z: the
// nearest first, and of the `wanted` images alone.
export function nearest(means, z, count, wanted = () => true) {
  const found = [], latentDim = z.length; // [squared distance, number]
  for (let i = 0; i < means.length / latentDim; i++) {
    if (!wanted(i)) continue;
    let distance = 0;
    for (let l = 0, k = i * latentDim; l < latentDim; l++, k++) distance += (means[k] - z[l]) ** 2;
    if (found.length === count && distance >= found[count - 1][0]) continue;
    let at = found.length < count ? found.length : count - 1;
    for (; at > 0 && found[at - 1][0] > distance; at--) found[at] = found[at - 1];
    found[at] = [distance, i];
  }
  return found.map(([, i]) => i);
}
