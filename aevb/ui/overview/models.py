"""The five models of the tutorial's Table 1, in words and densities, and the pages that show them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A row of Table 1.

    Attributes:
        name: the model's, as in `aevb.models.REGISTRY`.
        page: the name of its page.
        section: of the tutorial.
        text: a sentence or two.
        observed, latent: in LaTeX, what each variable of the kind is.
        density: in LaTeX, the joint density.
    """

    name: str
    page: str
    title: str
    section: str
    text: str
    observed: tuple[str, ...]
    latent: tuple[str, ...]
    density: str


MODELS = (
    Entry(
        "fa",
        "factor-analysis",
        "Factor analysis",
        "5.2",
        "A linear map and Gaussian noise. Posterior, evidence and gap are exact, so EM and AEVB can be "
        "watched side by side.",
        (r"\mathbf x \in \mathbb R^D",),
        (r"\mathbf z \in \mathbb R^L",),
        r"\underbrace{p_\theta(\mathbf x \mid \mathbf z)}_{\text{Gaussian}}\;"
        r"\underbrace{p(\mathbf z)}_{\text{Gaussian}}",
    ),
    Entry(
        "vae",
        "vae",
        "Variational auto-encoder",
        "5.3",
        "The linear map becomes a neural network, the posterior another: images from a 20-dimensional "
        "Gaussian.",
        (r"\mathbf x \in [0, 1]^{784}",),
        (r"\mathbf z \in \mathbb R^{20}",),
        r"\underbrace{p_\theta(\mathbf x \mid \mathbf z)}_{\text{continuous Bernoullis}}\;"
        r"\underbrace{p(\mathbf z)}_{\text{Gaussian}}",
    ),
    Entry(
        "cvae",
        "cvae",
        "Conditional VAE",
        "5.4",
        "The label is observed and conditions both densities: what z adds to it is the style of the digit.",
        (r"\mathbf x \in [0, 1]^{784}", r"\mathbf y \in \text{OneHot}(10)"),
        (r"\mathbf z \in \mathbb R^L",),
        r"\underbrace{p_\theta(\mathbf x \mid \mathbf z, \mathbf y)}_{\text{continuous Bernoullis}}\;"
        r"\underbrace{p_\theta(\mathbf z \mid \mathbf y)}_{\text{Gaussian}}",
    ),
    Entry(
        "gmvae",
        "gmvae",
        "Gaussian mixture VAE",
        "5.5",
        "The label is latent too: the model finds clusters of digits by itself.",
        (r"\mathbf x \in \{0, 1\}^{784}",),
        (r"\mathbf y \in \text{OneHot}(C)", r"\mathbf z \in \mathbb R^L"),
        r"\underbrace{p_\theta(\mathbf x \mid \mathbf z)}_{\text{Bernoullis}}\;"
        r"\underbrace{p_\theta(\mathbf z \mid \mathbf y)}_{\text{Gaussian}}\;"
        r"\underbrace{p(\mathbf y)}_{\text{categorical}}",
    ),
    Entry(
        "vrnn",
        "vrnn",
        "Variational RNN",
        "5.6",
        "An image as a sequence of rows, with a latent variable in every row and a memory between them.",
        (r"\mathbf x_t \in \{0, 1\}^{28}",),
        (r"\mathbf z_t \in \mathbb R^L",),
        r"\prod_t \underbrace{p_\theta(\mathbf x_t \mid \mathbf x_{<t}, \mathbf z_{\le t})}"
        r"_{\text{Bernoullis}}\;\underbrace{p_\theta(\mathbf z_t \mid \mathbf x_{<t}, \mathbf z_{<t})}"
        r"_{\text{Gaussian}}",
    ),
)
