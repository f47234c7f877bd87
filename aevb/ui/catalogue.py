"""The five models of the tutorial's Table 1, in words and densities, and the pages that show them."""

from dataclasses import dataclass
from pathlib import Path

PAGES = Path(__file__).parents[2] / "pages"
DRAW = PAGES / "draw.py"


@dataclass(frozen=True)
class Entry:
    """A row of Table 1, and how the menu shows it."""

    name: str
    menu: str
    icon: str
    title: str
    section: str
    text: str
    observed: str
    latent: str
    density: str
    page: Path


MODELS = (
    Entry(
        "fa",
        "Factor analysis",
        ":material/scatter_plot:",
        "Factor analysis",
        "5.2",
        "A linear map and Gaussian noise. Posterior, evidence and gap are exact, so EM and AEVB can be "
        "watched side by side.",
        r"\mathbf x \in \mathbb R^D",
        r"\mathbf z \in \mathbb R^L",
        r"\underbrace{p_\theta(\mathbf x \mid \mathbf z)}_{\text{Gaussian}}\;"
        r"\underbrace{p(\mathbf z)}_{\text{Gaussian}}",
        PAGES / "factor_analysis.py",
    ),
    Entry(
        "vae",
        "VAE",
        ":material/blur_on:",
        "Variational auto-encoder",
        "5.3",
        "The linear map becomes a neural network, the posterior another: images from a 20-dimensional "
        "Gaussian.",
        r"\mathbf x \in [0, 1]^{784}",
        r"\mathbf z \in \mathbb R^{20}",
        r"\underbrace{p_\theta(\mathbf x \mid \mathbf z)}_{\text{continuous Bernoullis}}\;"
        r"\underbrace{p(\mathbf z)}_{\text{Gaussian}}",
        PAGES / "vae.py",
    ),
    Entry(
        "cvae",
        "Conditional VAE",
        ":material/label:",
        "Conditional VAE",
        "5.4",
        "The label is observed and conditions both densities, which leaves the style of the digit to z.",
        r"\mathbf x \in [0, 1]^{784},\ \mathbf y \in \mathrm{OneHot}(10)",
        r"\mathbf z \in \mathbb R^L",
        r"\underbrace{p_\theta(\mathbf x \mid \mathbf z, \mathbf y)}_{\text{continuous Bernoullis}}\;"
        r"\underbrace{p_\theta(\mathbf z \mid \mathbf y)}_{\text{Gaussian}}",
        PAGES / "cvae.py",
    ),
    Entry(
        "gmvae",
        "Gaussian mixture VAE",
        ":material/bubble_chart:",
        "Gaussian mixture VAE",
        "5.5",
        "The label is latent too: the model finds clusters of digits by itself.",
        r"\mathbf x \in \{0, 1\}^{784}",
        r"\mathbf y \in \mathrm{OneHot}(C),\ \mathbf z \in \mathbb R^L",
        r"\underbrace{p_\theta(\mathbf x \mid \mathbf z)}_{\text{Bernoullis}}\;"
        r"\underbrace{p_\theta(\mathbf z \mid \mathbf y)}_{\text{Gaussian}}\;"
        r"\underbrace{p(\mathbf y)}_{\text{one-hot categorical}}",
        PAGES / "gmvae.py",
    ),
    Entry(
        "vrnn",
        "Variational RNN",
        ":material/view_headline:",
        "Variational RNN",
        "5.6",
        "An image as a sequence of rows, with a latent variable in every row and a memory between them.",
        r"\mathbf x_t \in \{0, 1\}^{28}",
        r"\mathbf z_t \in \mathbb R^L",
        r"\prod_{t=1}^{T} \underbrace{p_\theta(\mathbf x_t \mid \mathbf x_{<t}, \mathbf z_{\le t})}"
        r"_{\text{Bernoullis}}\;\underbrace{p_\theta(\mathbf z_t \mid \mathbf x_{<t}, \mathbf z_{<t})}"
        r"_{\text{Gaussian}}",
        PAGES / "vrnn.py",
    ),
)
