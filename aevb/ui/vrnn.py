"""What the VRNN page shows, by a checkpoint's name and plain values; where its players stand."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch
from torch import Generator, Tensor

from aevb import sequences
from aevb.checkpoints import CheckpointError
from aevb.figures import generated, images
from aevb.figures.paths import latent_paths
from aevb.models import VRNN
from aevb.sequences import ObservedRows, Rows
from aevb.ui import loading, widgets
from aevb.ui.components.engine import weights
from aevb.ui.components.row_latent import row_latent
from aevb.ui.components.row_player import row_player
from aevb.ui.widgets import expect_choice, expect_number, linked

GROWN = 12
ENDINGS = 12
ENDING_WIDTH = 105  # pixels at least
ENCODED = 2000
"""Test images whose latent paths are drawn, or averaged, by class."""

TEMPERATURES = (0.25, 2.0)

MOVED_ROW = 9
"""Whose z can be moved at first: about where strokes begin."""

MOVE_REACH = 3.5
"""How far z can be moved, in standard deviations of its row's prior."""

Move = tuple[float, float, float]
"""A row from 1, and the noise ε₁ and ε₂ that its z was given."""


def model(name: str) -> VRNN:
    """A checkpoint's VRNN, of images as large as the test set's and with a plane of latent values.

    Raises:
        CheckpointError: where it holds another model, or is missing or damaged.
    """
    loaded = loading.model(name, VRNN)
    height, width = loading.test_images(VRNN.observation).shape[1:]
    if (loaded.length, loaded.data_dim, loaded.latent_dim) != (height, width, 2):
        raise CheckpointError(
            f"The checkpoint {name} does not hold a VRNN of {height} rows of {width} pixels with L = 2."
        )
    return loaded


def image(digit: int) -> Tensor:
    """A test image as the model sees it, (T, D)."""
    return loading.test_images(VRNN.observation)[digit]


def rows_of(name: str) -> int:
    """T, how many rows an image has."""
    return model(name).length


def temperature(key: str) -> float:
    """A slider; 1 is the model itself."""
    least, most = TEMPERATURES
    expect_number(key, least, most)
    return st.slider("Temperature", least, most, 1.0, 0.05, key=key, bind="query-params", width=260)


def keep(name: str) -> int:
    """A slider: how many rows of the digit are kept."""
    expect_number("keep", 0, rows_of(name))
    return st.slider("Rows to keep", 0, rows_of(name), 9, key="keep", bind="query-params", width=260)


# A digit row by row


@st.cache_resource(max_entries=200, show_spinner=False)
def observed(name: str, digit: int, seed: int) -> ObservedRows:
    """A test digit's rows with the z that a seed draws. Shared: not to be changed."""
    return sequences.observe(model(name), image(digit).unsqueeze(0), generator=Generator().manual_seed(seed))


def most_surprising(name: str, digit: int, seed: int) -> int:
    """The row, from 1, at which the KL is largest."""
    return 1 + int(observed(name, digit, seed).terms["minus_kl_z"][:, 0].argmin())


def play_digit(name: str, digit: int, seed: int) -> None:
    """The player of a test digit; its row stands in the URL."""
    rows = observed(name, digit, seed)
    run, row = f"{name} {digit} {seed}", most_surprising(name, digit, seed)
    _play("digit_rows", rows, run=run, row=row, param="row")


def summary(name: str, digit: int, seed: int) -> str:
    """Where the digit surprises most, in a sentence."""
    terms = observed(name, digit, seed).terms
    kl, likelihood = -terms["minus_kl_z"][:, 0], terms["reconstruction"][:, 0]
    row = most_surprising(name, digit, seed)
    few = kl.sort(descending=True).values[: max(1, len(kl) // 7)].sum() / kl.sum()
    return (
        f"Here row {row} surprises most: KL {kl[row - 1]:.1f} nats. {max(1, len(kl) // 7)} of the "
        f"{len(kl)} rows hold {few:.0%} of the KL. ELBO of the whole digit, one sample: "
        f"{(likelihood - kl).sum():,.1f} nats.".replace("-", "−")
    )


# Digits that grow


@st.cache_resource(max_entries=200, show_spinner=False)
def grown(name: str, seed: int, temperature: float) -> Rows:
    """Samples row by row. Shared: not to be changed."""
    nothing = sequences.nothing(model(name), GROWN)
    generator = Generator().manual_seed(seed)
    return sequences.grow(model(name), nothing, generator=generator, temperature=temperature)


def play_samples(name: str, seed: int, temperature: float) -> None:
    """The player of samples; its row and image stand in the URL."""
    rows, run = grown(name, seed, temperature), f"{name} {seed} {temperature}"
    _play("grown_rows", rows, run=run, row=rows_of(name), param="grown")


def _play(key: str, rows: Rows, *, run: str, row: int, param: str) -> None:
    """A player of the rows of a `run`. It opens at `row` and the first image, or where the link says.

    Other rows are shown from their own `row` on, but of the same image.
    """
    length, images, _ = rows.x.shape
    of_image = f"{param}_image"

    def read(*_: str | None) -> tuple[int, int]:
        return _linked_number(param, length, row), _linked_number(of_image, images, 1)

    opening = widgets.opening(key, run, [param], read, lasting=[of_image])
    start, image = opening.start
    view = row_player(rows, key=key, run=run, opening=opening.number, start=start, image=image)
    if view and view["opening"] == opening.number:
        links = {
            param: None if view["row"] == row else f"{view['row']}",
            of_image: None if view["image"] == 1 else f"{view['image']}",
        }
        widgets.keep(key, links)


def _linked_number(param: str, most: int, default: int) -> int:
    """A link's number from 1; one that cannot be read is noted."""
    expect_number(param, 1, most)
    return linked(param, most, 1) or default


# A digit whose rows are moved


@st.fragment
def show_moves(name: str) -> None:
    """That digit over its seed."""
    part = st.container()
    seed = widgets.seed("move", "Another digit")
    with part:
        move_rows(name, seed)
    st.caption(
        "Choose a row, then drag its z over the prior, drawn at 1 and 2 σ. The rows above stay; those below "
        "grow again from the same noise, so that what changes is what this z decides."
    )


def move_rows(name: str, seed: int) -> None:
    """The digit that a seed grows, live: any row's z can be moved. Row and choices stand in the URL."""
    opening = widgets.opening(
        "moved", (name, seed), ("moved_row", "moved_z"), lambda *links: _linked_moves(name, *links)
    )
    row, chosen = opening.start
    run = f"{name} {seed} {opening.number}"
    view = row_latent(
        key="moved_rows",
        run=run,
        weights=weights.url(name),
        seed=seed,
        row=row,
        chosen=chosen,
        reach=MOVE_REACH,
    )
    if view and view["run"] == run:
        row, chosen = int(view["row"]), view["chosen"]
        links = {
            "moved_row": None if row == MOVED_ROW else f"{row}",
            "moved_z": ",".join(f"{value:g}" for move in chosen for value in move) or None,
        }
        widgets.keep("moved", links)


def _linked_moves(name: str, row: str | None, moves: str | None) -> tuple[int, list[Move]]:
    """The row and the moves of a link; what cannot be read is noted."""
    found = parse_moves(moves or "", rows_of(name))
    number = _linked_number("moved_row", rows_of(name), MOVED_ROW)
    widgets.expect("moved_z", moves is None or bool(found))
    return number, found


def parse_moves(text: str, rows: int) -> list[Move]:
    """Rows from 1 with their ε₁ and ε₂ each, all with commas between; [] for any other text."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return []
    moves = list(zip(numbers[::3], numbers[1::3], numbers[2::3], strict=False))
    sound = len(numbers) == 3 * len(moves) and all(
        row in range(1, rows + 1) and abs(a) <= MOVE_REACH and abs(b) <= MOVE_REACH for row, a, b in moves
    )
    return moves if sound else []


# Completions


def beginning(digit: int, keep: int) -> str:
    """The digit, with a line below its first `keep` rows, as HTML."""
    return images.strip(
        image(digit).unsqueeze(0).numpy(), [f"digit {digit}"], width=ENDING_WIDTH, boundary=keep
    )


def endings(name: str, digit: int, keep: int, seed: int, temperature: float) -> str:
    """Endings of the digit's first `keep` rows, with a line where they end, as HTML."""
    given = image(digit)[:keep].expand(ENDINGS, -1, -1)
    generator = Generator().manual_seed(seed)
    rows = sequences.grow(model(name), given, generator=generator, temperature=temperature)
    captions = [f"ending {number}" for number in range(1, ENDINGS + 1)]
    return images.strip(rows.x.transpose(0, 1).numpy(), captions, width=ENDING_WIDTH, boundary=keep)


# Latent paths


def of_samples() -> bool:
    """The choice whose paths are drawn: test digits' (False) or samples'."""
    choices = ["Test digits", "Samples"]
    expect_choice("paths", choices)
    shown = st.segmented_control(
        "Paths of", choices, default=choices[0], required=True, key="paths", bind="query-params"
    )
    return shown == "Samples"


@st.cache_data(show_spinner="Encoding the test images …")
def _class_paths(name: str) -> tuple[np.ndarray, np.ndarray]:
    x = loading.test_images(VRNN.observation)[:ENCODED]
    labels = loading.digits().test.labels[:ENCODED]
    paths = torch.cat([sequences.mean_paths(model(name), batch) for batch in x.split(200)])
    return paths.numpy(), labels.numpy()


@st.cache_resource(max_entries=100, show_spinner="Encoding the test images …")
def digit_paths(name: str, digit: int) -> go.Figure:
    """The means of q along test images, by class, with one digit's own path."""
    paths, labels = _class_paths(name)
    chosen = sequences.mean_paths(model(name), image(digit).unsqueeze(0))[0]
    return latent_paths(paths, labels, chosen=chosen.numpy())


@st.cache_resource(max_entries=100, show_spinner=False)
def sample_paths(name: str, seed: int) -> go.Figure:
    """z_t of samples."""
    return latent_paths(grown(name, seed, 1.0).z.transpose(0, 1).numpy())


# Samples


@st.cache_data(max_entries=200, show_spinner=False)
def samples(name: str, seed: int) -> np.ndarray:
    """As `generated.sequences`."""
    return generated.sequences(model(name), seed)
