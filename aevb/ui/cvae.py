"""What the CVAE page shows, by a checkpoint's name and plain values.

The page's one thought: a style is where z lies in its label's own prior, ε = (z - μ_θ(y)) / σ_θ(y), and
any label can be written in it.
"""

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch
from torch import Generator, Tensor

from aevb import explore
from aevb.evaluation import SEED
from aevb.explore import squares
from aevb.figures import flow as flows
from aevb.figures import generated, images
from aevb.figures import posterior as posterior_figures
from aevb.figures.labels import label_bars
from aevb.figures.style import DATA, ELBO, GENERATED
from aevb.models import CVAE
from aevb.ui import latents, loading, widgets
from aevb.ui.components.drawing import drawing
from aevb.ui.components.latent import Dial

WALK_STEPS = 9
LABEL_STEPS = 6  # weights 1, 0.8, … 0


def model(name: str) -> CVAE:
    """A checkpoint's CVAE, as `loading.model`."""
    return loading.model(name, CVAE)


def image(digit: int) -> Tensor:
    """A test image as the model sees it, (784,)."""
    return loading.test_image(CVAE.observation, digit)


def _label(digit: int) -> Tensor:
    return torch.tensor(loading.test_label(digit))


def _labels(name: str) -> Tensor:
    return torch.arange(model(name).classes)


def _mean(name: str, digit: int) -> Tensor:
    """μ of q(z | x, y) for a test digit under its own label, (L,)."""
    return explore.label_posterior(model(name), image(digit), _label(digit)).mean


# Many styles


def grid(name: str, seed: int, shared: bool) -> str:
    """As `generated.labels`."""
    return generated.labels(model(name), seed, shared=shared)


@st.fragment
def show_grid(name: str) -> None:
    """The grid under its controls."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        widgets.expect_choice("shared", ["true", "false"])
        shared = st.toggle("The same styles in every row", True, key="shared", bind="query-params")
        seed = widgets.seed("grid", "Resample")
    drawing(grid(name, seed, shared), "styles")
    st.caption(
        "A row for each label. Down a column the style ε ~ N(0, I) is the same: slant, width and stroke "
        "tend to stay. (Figure 9, its styles shared)"
        if shared
        else "A row for each label; every image has a style ε ~ N(0, I) of its own. (Figure 9)"
    )


# One digit


def style(name: str, digit: int) -> np.ndarray:
    """The style ε of a test digit, (L,), at its posterior mean."""
    return explore.style(model(name), _mean(name, digit), _label(digit)).numpy()


def original(digit: int) -> str:
    """The test image over its caption, as HTML."""
    return images.strip(
        squares(image(digit).unsqueeze(0)), [f"digit {digit}, a {loading.test_label(digit)}"], width=80
    )


def rewritten(name: str, digit: int) -> str:
    """A digit's style under every label, its own marked, as HTML."""
    epsilon = torch.from_numpy(style(name, digit))
    return _all_labels(name, digit, explore.write(model(name), epsilon, _labels(name)))


def decoded(name: str, digit: int) -> str:
    """A digit's z, left as it is, decoded under every label, its own marked, as HTML."""
    labels = _labels(name)
    z = _mean(name, digit).expand(len(labels), -1)
    return _all_labels(name, digit, explore.decode_as(model(name), z, labels))


def _all_labels(name: str, digit: int, lambdas: Tensor) -> str:
    captions = [str(label) for label in range(model(name).classes)]
    return images.strip(squares(lambdas), captions, marked=loading.test_label(digit))


def elbo(name: str, digit: int, seed: int) -> str:
    """The ELBO of this digit given its label, in its terms, as an equation in HTML."""
    observed = image(digit).unsqueeze(0), _label(digit).unsqueeze(0)
    terms = explore.label_terms(model(name), *observed, generator=Generator().manual_seed(seed))
    reconstruction, minus_kl = terms["reconstruction"].item(), terms["minus_kl_z"].item()
    return flows.equation(
        [
            flows.Number(reconstruction, "log p(x | z, y)", color=GENERATED),
            flows.Number(-minus_kl, "KL(q ‖ p(z | y))", "−", DATA),
            flows.Number(reconstruction + minus_kl, "ELBO, one sample", "=", ELBO),
            flows.Number(float(bounds(name, digit)[_label(digit)]), "closer bound, K = 100"),
        ]
    )


@st.cache_data(max_entries=10_000, show_spinner=False)
def bounds(name: str, digit: int) -> np.ndarray:
    """The importance bound of K = 100 samples on log p(x | y) for each label, (C,) in nats."""
    return explore.label_bounds(model(name), image(digit), samples=100, seed=SEED).numpy()


def bounds_figure(name: str, digit: int) -> go.Figure:
    """Bars of those bounds."""
    return label_bars(bounds(name, digit), loading.test_label(digit))


def guess(name: str, digit: int) -> str:
    """The label that Bayes' rule makes of the bounds, in a sentence of Markdown."""
    probabilities = torch.from_numpy(bounds(name, digit)).double().softmax(0)
    best = int(probabilities.argmax())
    verdict = "right" if best == loading.test_label(digit) else f"but it is a {loading.test_label(digit)}"
    return f"**Guess: {best}**, with p(y | x) ≈ {probabilities[best]:.3f}; {verdict}."


def sliders(name: str, digit: int) -> None:
    """The style live under all labels, from the digit's own on."""
    labels = range(model(name).classes)
    dial = Dial(labels, [str(label) for label in labels], of="label", said="written as", between=True)
    own = style(name, digit)
    places = {"The digit's style": own, "The mean": 0 * own}
    latents.show(name, digit, "style", image(digit), places, dial, own=loading.test_label(digit))


# Between


def between(name: str, start: int, end: int, first: int, second: int) -> str:
    """From one digit's style to another's, by columns, and from one label to another, by lines; HTML."""
    epsilon = torch.from_numpy(np.stack([style(name, digit) for digit in (start, end)]))
    columns = explore.walk(epsilon[0], epsilon[1], WALK_STEPS)
    weights = explore.between_labels(first, second, LABEL_STEPS, model(name).classes)
    lambdas = explore.write(model(name), columns, weights.unsqueeze(1))
    share = torch.linspace(0, 1, LABEL_STEPS).tolist()
    mixtures = [f"{1 - part:.1f} : {part:.1f}" for part in share[1:-1]]
    blank = [""] * (WALK_STEPS - 2)
    return images.table(
        squares(lambdas), [f"{first}", *mixtures, f"{second}"], [f"digit {start}", *blank, f"digit {end}"]
    )


@st.fragment
def show_between(name: str, digit: int) -> None:
    """That table under the choice of the other digit and of both labels."""
    end = widgets.digit_chooser("To the style of test digit", "to", 3)
    with st.container(horizontal=True):
        first, second = _choose_label("From label", "from", 3), _choose_label("To label", "until", 8)
    drawing(between(name, digit, end, first, second), "between")
    st.caption(
        f"Columns: from the style of digit {digit} to that of digit {end}. Rows: weights of labels {first} "
        f"and {second}. The model never saw a label between two, only those of the first and the last row."
    )


def _choose_label(title: str, key: str, default: int) -> int:
    widgets.expect_choice(key, [f"{label}" for label in range(10)])
    return st.selectbox(title, range(10), default, key=key, bind="query-params", width=130)


# The map and the dimensions


def reconstructed(name: str, digit: int) -> Tensor:
    """λ at a digit's posterior mean under its label, (784,)."""
    return explore.decode_as(model(name), _mean(name, digit), _label(digit))


def posterior_figure(name: str, digit: int) -> go.Figure:
    """A digit's q(z | x, y), in units of its label's prior p(z | y)."""
    q_z = explore.label_posterior(model(name), image(digit), _label(digit))
    p_z_scale = explore.label_prior(model(name), _label(digit)).stddev
    scale = (q_z.stddev / p_z_scale).numpy()
    return posterior_figures.posterior(style(name, digit), scale, latents.order(name))
