// The words that every scene uses, each in a sentence.

/** @type {[term: string, meaning: string, ...otherNames: string[]][]} */
export const GLOSSARY = [
  [
    "evidence",
    "log p(x), all latent values taken together: the log probability of an example, or its log density, which may " +
    "be above 0. In nats.",
  ],
  [
    "ELBO",
    "the evidence lower bound: never above the evidence, and equal to it where q is the true posterior.",
  ],
  ["gap", "evidence − ELBO = KL(q(z | x) ‖ p(z | x)): how far q is from the true posterior."],
  [
    "bound, K = 100",
    "the importance bound: 100 draws of z together. In expectation it lies between the ELBO and the evidence; a " +
    "single draw of it, as an ELBO of one sample, scatters by some nats.",
  ],
  ["nats", "units of information with the natural logarithm; 1 nat is 1.44 bits."],
  [
    "λ",
    "the parameter of a continuous Bernoulli, one for each pixel, in [0, 1]: what the decoder says of an image.",
  ],
  ["ε", "a place in a Gaussian in units of its own: z = μ + σ ε. Of a label's prior, it is a digit's style."],
  [
    "amortisation gap",
    "what the ELBO loses because one encoder serves all images: the ELBO of an image’s own best q of the same family, " +
    "less that of the encoder’s q.",
  ],
  ["θ", "the generative parameters, those of p. An M-step raises the ELBO in θ."],
  ["φ", "the inference parameters, those of q. An E-step raises the ELBO in φ."],
  [
    "E-step",
    "raises the ELBO in q, the model at rest: the gap closes as far as the family of q allows. With an encoder it is " +
    "approximate, by gradient steps in φ.",
    "E-steps",
  ],
  [
    "M-step",
    "raises the ELBO in θ, q at rest. It is sure to raise the evidence only where the gap was closed.",
    "M-steps",
  ],
  ["prior", "p(z), what the model expects of z before it has seen an image."],
  ["posterior", "what is known of z once an image is seen: p(z | x) in truth, q(z | x) as the encoder says."],
  ["KL", "the Kullback–Leibler divergence, in nats: 0 where two distributions agree, and never below."],
  [
    "reverse KL, forward KL",
    "KL(q ‖ p), an expectation under q, as in the gap; and KL(p ‖ q), an expectation under p, by which q covers all " +
    "that p does.",
    "reverse",
    "forward",
    "reverse KL",
    "forward KL",
    "KL(q ‖ p)",
    "KL(p ‖ q)",
  ],
  [
    "zero-forcing",
    "what the reverse KL does: q is near 0 wherever p is, and so locks onto one of several modes.",
  ],
  [
    "entropy",
    "−E[log p], in nats, of a distribution: how uncertain it is. 0 where one of C categories is certain, log C where " +
    "all are equally probable.",
  ],
  [
    "simplex",
    "all vectors of C numbers that are not negative and sum to 1, as probabilities do. Its corners are one-hot: one " +
    "category is certain.",
  ],
  [
    "temperature",
    "τ > 0 of the Gumbel-Softmax: where it is low, samples lie close to the simplex’s corners, as categorical ones; " +
    "where it is high, close to its centre.",
  ],
  [
    "reparametrised",
    "of a sample: written as a function of φ and of noise that does not depend on φ, as z = μ + σ ε. Gradients pass " +
    "through it to φ.",
  ],
  [
    "dequantised",
    "of grey levels: noise from [0, 1) is added to each of the 256, and the sum divided by 256, so that they have a " +
    "density.",
  ],
  [
    "PCA, t-SNE, UMAP",
    "maps of many dimensions in two. PCA is linear, along the directions of largest variance; t-SNE and UMAP keep " +
    "neighbours together, and between groups far apart their distances mean little.",
    "PCA",
    "t-SNE",
    "UMAP",
  ],
  ["x", "an image as its model sees it: grey levels (pixel + ½) / 256, or black and white from 128 on."],
];

const ENTRIES = new Map(
  GLOSSARY.flatMap(([term, , ...names], k) => [term, ...names].map((name) => [name.toLowerCase(), k])),
);

/** Which entry tells of a word, undefined where none does. @param {string} word */
export function entryOf(word) {
  return ENTRIES.get(word.toLowerCase());
}
