// The words that every scene uses, each in a sentence.

/** @type {[term: string, meaning: string][]} */
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
  ["θ", "the generative parameters, those of p. An M-step raises the ELBO in θ."],
  ["φ", "the inference parameters, those of q. An E-step raises the ELBO in φ."],
  ["prior", "p(z), what the model expects of z before it has seen an image."],
  ["posterior", "what is known of z once an image is seen: p(z | x) in truth, q(z | x) as the encoder says."],
  ["KL", "the Kullback–Leibler divergence, in nats: 0 where two distributions agree, and never below."],
  ["x", "an image as its model sees it: grey levels (pixel + ½) / 256, or black and white from 128 on."],
];
