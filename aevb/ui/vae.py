"""What the VAE page shows, by a checkpoint's name and plain values; and where its sliders stand."""

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch
from torch import Generator, Tensor

from aevb import explore, maps
from aevb.checkpoints import CheckpointError
from aevb.evaluation import SEED, dimension_kl, importance_bounds
from aevb.figures import flow as flows
from aevb.figures import images
from aevb.figures import maps as map_figures
from aevb.figures.curves import learning_curve, term_curves
from aevb.figures.posterior import by_use, dimension_use
from aevb.figures.style import DATA, ELBO, GENERATED
from aevb.models import VAE
from aevb.ui import loading

REACH = 5.0
"""Where the sliders end: the test set's posterior means all lie within ±5."""

TUTORIAL_ELBO = 1788.4
"""Nats, from the log that comes with the tutorial's code."""

PRIOR_SAMPLES = 30  # as in Figures 6 and 7
WALK_STEPS = 10
TRAVERSAL = torch.linspace(-3, 3, 13)


def model(name: str) -> VAE:
    """A checkpoint's VAE.

    Raises:
        CheckpointError: where it holds another model, or is missing or damaged.
    """
    loaded = loading.checkpoint(name).model
    if not isinstance(loaded, VAE):
        raise CheckpointError(f"The checkpoint {name} does not hold a VAE.")
    return loaded


def image(digit: int) -> Tensor:
    """A test image as the model sees it, (784,)."""
    return loading.test_images(VAE.observation)[digit]


def label(digit: int) -> int:
    """What a test image shows."""
    return int(loading.digits().test.labels[digit])


def _squares(x: Tensor) -> np.ndarray:
    """(…, 784) as (…, 28, 28)."""
    return x.unflatten(-1, (28, 28)).numpy()


# An image's way through the model


def posterior(name: str, digit: int) -> tuple[np.ndarray, np.ndarray]:
    """μ and σ of q(z | x), (L,) each."""
    q_z = explore.posterior(model(name), image(digit))
    return q_z.mean.numpy(), q_z.stddev.numpy()


def drawn(name: str, digit: int, seed: int) -> Tensor:
    """The z ~ q(z | x) that a seed draws, (L,)."""
    return explore.draw_posterior(model(name), image(digit), generator=Generator().manual_seed(seed))


def flow(name: str, digit: int, seed: int) -> str:
    """The six stages as HTML."""
    z = drawn(name, digit, seed)
    output = explore.decode(model(name), z)
    loc, scale = posterior(name, digit)
    return flows.flow(_squares(image(digit)), loc, scale, z.numpy(), _squares(output), order(name))


def elbo(name: str, digit: int, seed: int) -> str:
    """The ELBO of this digit in its terms, as an equation in HTML."""
    terms = explore.elbo_terms(model(name), image(digit), drawn(name, digit, seed))
    reconstruction, minus_kl = terms["reconstruction"].item(), terms["minus_kl_z"].item()
    return flows.equation(
        [
            flows.Number(reconstruction, "log p(x | z)", color=GENERATED),
            flows.Number(-minus_kl, "KL(q ‖ p)", "−", DATA),
            flows.Number(reconstruction + minus_kl, "ELBO, one sample", "=", ELBO),
            flows.Number(bound(name, digit), "closer bound, K = 100"),
        ]
    )


@st.cache_data(max_entries=10_000, show_spinner=False)
def bound(name: str, digit: int) -> float:
    """The importance bound of K = 100 samples on this digit's evidence."""
    x, generator = image(digit).unsqueeze(0), Generator().manual_seed(SEED)
    return importance_bounds(model(name), x, bounds=[100], generator=generator)[100].item()


@st.cache_data(show_spinner="Measuring the latent dimensions …")
def use(name: str) -> np.ndarray:
    """Each dimension's mean KL over the test set, (L,)."""
    return dimension_kl(model(name), loading.test_images(VAE.observation)).numpy()


@st.cache_resource(show_spinner=False)
def use_figure(name: str) -> go.Figure:
    """Bars of each dimension's mean KL."""
    return dimension_use(use(name))


def order(name: str) -> list[int]:
    """The dimensions, the most used first."""
    return by_use(use(name))


# The sliders


def slider(dimension: int) -> str:
    """The key of a dimension's slider."""
    return f"slider_{dimension}"


def place_sliders(name: str, digit: int) -> str:
    """Puts the sliders, before they are drawn, where a visitor expects them.

    At the z of the link on arrival, at the posterior mean when the digit has changed, else where they
    are. Returns a sentence where the link's z is of no use, else "".
    """
    arrived = slider(0) not in st.session_state
    if not arrived and st.session_state.get("sliders_of") == digit:
        return ""
    st.session_state["sliders_of"] = digit
    start, _ = posterior(name, digit)
    link = st.query_params.get("z") if arrived else None
    linked = None if link is None else parse_latents(link, len(start))
    move_sliders(start if linked is None else linked)
    if link is None or linked is not None:
        return ""
    return f"The z in this link is not {len(start)} numbers within ±{REACH:g}; the sliders start at the mean."


def move_sliders(z: Sequence[float] | np.ndarray | Tensor) -> None:
    """Puts the sliders at z: (L,)."""
    for dimension, value in enumerate(_rounded(z)):
        st.session_state[slider(dimension)] = value


def randomise_sliders(name: str) -> None:
    """Puts the sliders at a draw from the prior."""
    generator = Generator().manual_seed(secrets.randbits(32))
    move_sliders(explore.draw_prior(model(name), 1, generator=generator)[0])


def read_sliders(name: str, digit: int) -> Tensor:
    """Where the sliders stand, (L,); the URL says so too where that is not the posterior mean."""
    start, _ = posterior(name, digit)
    z = [float(st.session_state[slider(dimension)]) for dimension in range(len(start))]
    link = None if z == _rounded(start) else ",".join(f"{value:g}" for value in z)
    if link is None:
        st.query_params.pop("z", None)
    elif st.query_params.get("z") != link:
        st.query_params["z"] = link
    return torch.tensor(z)


def parse_latents(text: str, count: int) -> tuple[float, ...] | None:
    """`count` numbers within ±`REACH`, commas between them; None for any other text."""
    try:
        z = tuple(float(part) for part in text.split(","))
    except ValueError:
        return None
    return z if len(z) == count and all(math.isfinite(v) and abs(v) <= REACH for v in z) else None


def _rounded(z: Sequence[float] | np.ndarray | Tensor) -> list[float]:
    return [round(min(REACH, max(-REACH, float(value))), 2) + 0.0 for value in z]  # + 0: no minus zero


def decoded(name: str, digit: int, z: Tensor) -> str:
    """The digit, the decoder's λ at z, and how well this z explains the digit, as HTML.

    log p(x | z), log p(z) and their sum, each with its gain over the posterior mean's.
    """
    output = explore.decode(model(name), z)
    both = torch.stack([z, torch.tensor(_rounded(posterior(name, digit)[0]))])
    terms = explore.joint_terms(model(name), image(digit), both)
    likelihood, prior = terms["likelihood"], terms["prior"]
    parts = {"log p(x | z)": likelihood, "log p(z)": prior, "log p(x, z)": likelihood + prior}
    numbers = [
        flows.Number(here.item(), f"{title} ({flows.signed((here - mean).item(), '+')})")
        for title, (here, mean) in parts.items()
    ]
    return flows.decoded(_squares(image(digit)), _squares(output), f"digit {digit}", numbers)


def reconstructed(name: str, digit: int) -> str:
    """The digit and the decoder's λ at its posterior mean, as HTML."""
    pair = torch.stack(
        [image(digit), explore.decode(model(name), torch.from_numpy(posterior(name, digit)[0]))]
    )
    return images.strip(_squares(pair), [f"digit {digit}, a {label(digit)}", "decoded λ"], width=110)


# Samples and walks


def prior(name: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Figures 6 and 7: 30 λs and a sample of each, tiled, uint8."""
    generator = Generator().manual_seed(seed)
    lambdas, samples = explore.generate(model(name), PRIOR_SAMPLES, generator=generator)
    return images.tile(_squares(lambdas), 6, scale=5), images.tile(_squares(samples), 6, scale=5)


def walk(name: str, start: int, end: int) -> str:
    """The decoder's λ from one digit's posterior mean to another's, as HTML."""
    loc = explore.posterior(model(name), torch.stack([image(start), image(end)])).mean
    steps = explore.decode(model(name), explore.walk(loc[0], loc[1], WALK_STEPS))
    between = [f"{step} / {WALK_STEPS - 1}" for step in range(1, WALK_STEPS - 1)]
    return images.strip(_squares(steps), [f"digit {start}", *between, f"digit {end}"])


def traversal(name: str, digit: int, dimension: int) -> str:
    """The decoder's λ as one dimension of the digit's posterior mean goes from -3 to 3, as HTML."""
    loc, _ = posterior(name, digit)
    steps = explore.decode(model(name), explore.along(torch.from_numpy(loc), dimension, TRAVERSAL))
    captions = [f"{value:+.1f}".replace("-", "−") for value in TRAVERSAL.tolist()]
    return images.strip(_squares(steps), captions)


# The map


METHODS = {"tsne": "t-SNE", "umap": "UMAP", "pca": "PCA"}


def map_points(name: str, method: str) -> tuple[np.ndarray, str]:
    """The test set's map (10,000, 2), and a sentence where PCA had to stand in for the method."""
    problem = f"The checkpoint {name} has no {METHODS[method]} map"
    try:
        points = loading.checkpoint(name).maps.get(method)
    except CheckpointError as error:
        points, problem = None, str(error).rstrip(".")
    if points is not None and not _is_map(points):
        points, problem = None, f"The {METHODS[method]} map of the checkpoint {name} is damaged"
    if points is not None:
        return points, ""
    return _pca(name), "" if method == "pca" else f"{problem}: PCA is shown in its place."


def _is_map(points: np.ndarray) -> bool:
    return (
        points.shape == (len(_labels()), 2) and points.dtype.kind == "f" and bool(np.isfinite(points).all())
    )


@st.cache_resource(show_spinner="Computing PCA …")
def _pca(name: str) -> np.ndarray:
    return maps.pca(loading.test_means(name))


def _labels() -> np.ndarray:
    return loading.digits().test.labels.numpy()


@st.cache_resource(max_entries=100, show_spinner=False)
def map_figure(name: str, method: str, ringed: int) -> go.Figure:
    """The map's figure with one digit ringed."""
    return map_figures.digit_map(map_points(name, method)[0], _labels(), ringed)


def ringed(digit: int) -> int:
    """The digit that the map's figure is to ring: the last one that was not chosen in the map itself.

    A point that a visitor picks there is marked by the browser, so the figure need not change; a changed
    one would be sent again with its 10,000 points and lose the visitor's zoom.
    """
    if digit != st.session_state.get("picked"):
        st.session_state["ringed"], st.session_state["picked"] = digit, None
    return st.session_state.setdefault("ringed", digit)


def pick() -> None:
    """Loads the digit whose point was picked in the map."""
    points = st.session_state["points"].selection.point_indices
    if points:
        st.session_state["digit"] = st.session_state["picked"] = int(points[0])
    else:
        st.session_state["picked"] = None


# The training


@dataclass(frozen=True)
class Record:
    """What training.json tells: the ELBO's curve, its terms' curves, and facts as lines of Markdown."""

    elbo: go.Figure
    terms: go.Figure
    facts: list[str]


@st.cache_resource(show_spinner=False)
def record(name: str) -> Record:
    """How a checkpoint was trained.

    Raises:
        CheckpointError: where training.json is missing or not as `aevb.runs` writes it.
    """
    training = loading.checkpoint(name).training
    if not training:
        raise CheckpointError(f"The checkpoint {name} has no record of its training (training.json).")
    try:
        curve = training["curve"]
        return Record(
            learning_curve(curve, chosen=training["epoch"], reference=TUTORIAL_ELBO),
            term_curves(curve),
            _facts(training, curve),
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"The training.json of the checkpoint {name} is damaged: {error!r}.") from error


def _facts(training: Mapping[str, Any], curve: Sequence[Mapping[str, Any]]) -> list[str]:
    best = max(point["test_elbo"] for point in curve)
    test = training.get("test") or {}
    facts = [f"**Test ELBO** {test.get('elbo', best):+,.1f} nats"]
    facts += [f"**Bound, K = {k}** {value:+,.1f} nats" for k, value in test.get("bound", {}).items()]
    facts += [
        f"**Epoch** {training['epoch']}: {training['chosen']}",
        f"**Seed** {training['config']['seed']}",
        f"**Time** {training['seconds'] / 60:.0f} minutes",
        f"**Data** {training['data']}",
        f"**Command** `{training['command']}`",
    ]
    return facts
