"""What the GMVAE page shows, by a checkpoint's name and plain values.

No label was used in training; here labels name and order the clusters.
"""

import math
import re

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch
from torch import Generator, Tensor

from aevb import clustering
from aevb.clustering import Clustering
from aevb.evaluation import SEED, importance_bounds
from aevb.explore import squares
from aevb.figures import clusters as cluster_figures
from aevb.figures import flow as flows
from aevb.figures import generated, images
from aevb.figures.style import DATA, ELBO, EVIDENCE, GENERATED
from aevb.models import GMVAE
from aevb.models.base import total
from aevb.ui import latents, loading, widgets
from aevb.ui.components import gumbel
from aevb.ui.components.drawing import drawing
from aevb.ui.components.latent import Dial

OPENED = 60
TEMPERATURE = 1.0
PERCENT = (50, 30, 20)


def model(name: str) -> GMVAE:
    """A checkpoint's GMVAE, as `loading.model`."""
    return loading.model(name, GMVAE)


def image(digit: int) -> Tensor:
    """A test image as the model sees it, (784,)."""
    return loading.test_image(GMVAE.observation, digit)


# The clusters and their names


@st.cache_resource(show_spinner="Finding each test image's cluster …")
def responsibilities(name: str) -> Tensor:
    """q(y | x) of the test images, (10,000, C). Shared: not to be changed."""
    return clustering.responsibilities(model(name), *loading.test_set(name))


@st.cache_resource(show_spinner="Finding each test image's cluster …")
def scored(name: str) -> Clustering:
    """The test images' clusters against their labels. Shared: not to be changed."""
    return clustering.clustering(responsibilities(name), loading.digits().test.labels)


def titles(name: str) -> list[str]:
    """As `Clustering.titles`."""
    return scored(name).titles


def _classes(name: str) -> list[int]:
    return [int(scored(name).class_of[y]) for y in scored(name).order]


def own(name: str, digit: int) -> int:
    """A test digit's most probable cluster."""
    return int(responsibilities(name)[digit].argmax())


def classes_of_clusters(name: str) -> np.ndarray:
    """For each test image the class of its most probable cluster, (10,000,), -1 where that has none."""
    return scored(name).class_of[responsibilities(name).argmax(1).numpy()]


def summary(name: str) -> str:
    """How well the clusters match the digits, in a sentence of Markdown."""
    found = scored(name)
    return (
        f"**Accuracy {found.accuracy:.3f}**: {round(found.accuracy * found.confusion.sum()):,} of the "
        f"{found.confusion.sum():,} test images are in the cluster matched with their label."
    )


# Draws


def rows(name: str, seed: int) -> str:
    """As `generated.clusters`."""
    return generated.clusters(model(name), scored(name), seed)


@st.fragment
def show_rows(name: str) -> None:
    """Those rows under their seed."""
    drawing(rows(name, widgets.seed("rows", "Resample")), "draws")
    st.caption(
        "Each row is a cluster: draws z ~ p(z | y) as pixel probabilities. "
        "No label was used in training; labels only name and order the clusters. (Figure 11)"
    )


# One digit


def reconstructed(name: str, digit: int) -> Tensor:
    """The pixel probabilities at a digit's mean in its most probable cluster, (784,)."""
    return clustering.decode(model(name), _mean(name, digit))


def beside(name: str, digit: int) -> str:
    """The digit, and what the model makes of it, as HTML."""
    pair = torch.stack([image(digit), reconstructed(name, digit)])
    return images.strip(
        squares(pair), [f"digit {digit}, a {loading.test_label(digit)}", "decoded"], width=110
    )


def _mean(name: str, digit: int) -> Tensor:
    return clustering.posteriors(model(name), image(digit)).mean[own(name, digit)]


def cluster_figure(name: str, digit: int) -> go.Figure:
    """Bars of q(y | x)."""
    probabilities = responsibilities(name)[digit, scored(name).order].numpy()
    shown = loading.test_label(digit)
    return cluster_figures.cluster_bars(probabilities, titles(name), _classes(name), shown)


@torch.no_grad()
def elbo(name: str, digit: int, seed: int) -> str:
    """The ELBO of this digit in its terms, as an equation in HTML."""
    x = image(digit).unsqueeze(0)
    terms = model(name).marginal_terms(x, generator=Generator().manual_seed(seed))
    return flows.equation(
        [
            flows.Number(terms["reconstruction"].item(), "log p(x | z)", color=GENERATED),
            flows.Number(-terms["minus_kl_z"].item(), "KL(z)", "−", DATA),
            flows.Number(-terms["minus_kl_y"].item(), "KL(y)", "−", EVIDENCE),
            flows.Number(total(terms).item(), "ELBO, one z for each y", "=", ELBO),
            flows.Number(bound(name, digit), "closer bound, K = 100"),
        ]
    )


@st.cache_data(max_entries=10_000, show_spinner=False)
def bound(name: str, digit: int) -> float:
    """The importance bound of K = 100 samples on this digit's evidence."""
    x, generator = image(digit).unsqueeze(0), Generator().manual_seed(SEED)
    return importance_bounds(model(name), x, bounds=[100], generator=generator)[100].item()


# Within a cluster


def place(name: str, digit: int) -> np.ndarray:
    """Where a test digit lies in its most probable cluster, ε: (L,)."""
    return clustering.place(model(name), _mean(name, digit), own(name, digit)).numpy()


def sliders(name: str, digit: int) -> None:
    """The place within a cluster live, in all clusters, from the digit's own on."""
    found = scored(name)
    dial = Dial(found.order, found.titles, of="cluster", said="cluster of", between=False)
    start = place(name, digit)
    places = {"The digit's place": start, "The mean": 0 * start}
    latents.show(name, digit, "place", image(digit), places, dial, own=found.order.index(own(name, digit)))


# Clusters against labels


def commonest_mistake(name: str) -> tuple[int, int]:
    """The row and the label of the confusion matrix's largest cell off the matching."""
    counts = scored(name).confusion[scored(name).order].copy()
    for row, label in enumerate(_classes(name)):
        if label >= 0:
            counts[row, label] = -1
    return divmod(int(counts.argmax()), counts.shape[1])


def show_confusion(name: str) -> None:
    """The matrix, the choice of a cell, and the images in it."""
    found, labels = titles(name), range(scored(name).confusion.shape[1])
    row, label = commonest_mistake(name)
    with st.container(horizontal=True):
        widgets.expect_choice("in", found)
        title = st.selectbox("In the cluster", found, row, key="in", bind="query-params", width=160)
        widgets.expect_choice("labelled", [str(label) for label in labels])
        label = st.selectbox("Labelled", labels, label, key="labelled", bind="query-params", width=160)
    matrix, opened = st.columns(2, gap="large")
    matrix.plotly_chart(
        cluster_figures.confusion_matrix(
            scored(name).confusion[scored(name).order], found, (found.index(title), label)
        ),
        key="confusion",
        on_select=_open_cell,
        selection_mode="points",
        alt="Counts of test images by cluster and label",
    )
    with opened:
        _show_cell(name, found.index(title), label)


def _open_cell() -> None:
    points = st.session_state["confusion"].selection.points
    if points:
        st.session_state["in"], st.session_state["labelled"] = points[0]["y"], int(points[0]["x"])


def _show_cell(name: str, row: int, label: int) -> None:
    digits, count = cell(name, row, label)
    title = titles(name)[row]
    if not digits:
        st.caption(f"No test image labelled {label} is in the cluster of {title}.")
        return
    first = f", the {len(digits)} surest first" if count > len(digits) else ", the surest first"
    st.markdown(f"**{count:,}** labelled {label} in the cluster of {title}{first}.")

    def load() -> None:
        if (chosen := st.session_state["load"]) is not None:
            st.session_state["digit"], st.session_state["load"] = chosen, None

    st.selectbox(
        "Load one as the test digit above",
        digits,
        None,
        key="load",
        on_change=load,
        placeholder="its number",
        width=260,
    )
    drawing(
        images.strip(
            squares(loading.test_images(GMVAE.observation)[digits]), [str(d) for d in digits], width=54
        ),
        "cell",
    )


def cell(name: str, row: int, label: int) -> tuple[list[int], int]:
    """The first test digits in a cell of the matrix, the surest of their cluster first, and their number."""
    labels = loading.digits().test.labels
    found = clustering.members(responsibilities(name), labels, scored(name).order[row], label)
    return found[:OPENED].tolist(), len(found)


# Gumbel-Softmax


@st.fragment
def show_gumbel() -> None:
    """The samples on the simplex; temperature and probabilities stand in the URL."""
    opening = widgets.opening("gumbel", None, ("tau", "pi"), _linked_simplex)
    temperature, percent = opening.start
    run = f"{opening.number}"
    view = gumbel.gumbel(key="gumbel", run=run, temperature=temperature, percent=percent)
    if view and view["run"] == run:
        temperature, percent = view["temperature"], tuple(map(round, view["percent"]))
        links = {
            "tau": None if temperature == TEMPERATURE else f"{temperature:g}",
            "pi": None if percent == PERCENT else "-".join(map(str, percent)),
        }
        widgets.keep("gumbel", links)


def _linked_simplex(tau: str | None, pi: str | None) -> tuple[float, tuple[int, ...]]:
    """The temperature and the three categories' percent of a link; what cannot be read is noted."""
    least, most = gumbel.TEMPERATURES
    try:
        temperature = TEMPERATURE if tau is None else float(tau)
    except ValueError:
        temperature = math.nan
    sound = least <= temperature <= most
    widgets.expect("tau", sound)
    found = re.fullmatch(r"(\d{1,2})-(\d{1,2})-(\d{1,2})", pi or "")
    percent = tuple(map(int, found.groups())) if found else ()
    whole = sum(percent) == 100 and min(percent) >= gumbel.LEAST
    widgets.expect("pi", pi is None or whole)
    return temperature if sound else TEMPERATURE, percent if whole else PERCENT
