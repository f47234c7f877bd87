"""The CVAE page in this process: its state, its links, and what it says when something is missing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from aevb.models import CVAE, LatentVariableModel
from aevb.ui import cvae, loading, maps
from tests.pages import let_go, linked, sliders

Open = Callable[..., AppTest]


@pytest.fixture
def folder(make_checkpoint: Callable[[LatentVariableModel], Path]) -> Path:
    return make_checkpoint(CVAE(latent_dim=20, hidden_dims=(8,)))


def test_the_page_opens_with_all_its_parts(open_app: Open, folder: Path) -> None:
    app = open_app("cvae")
    assert not app.exception and not app.warning
    assert app.title[0].value == "Conditional VAE"
    assert app.number_input(key="digit").value == 0
    assert sliders(app, "style") == pytest.approx(cvae.style("cvae", 0).tolist(), abs=0.006)
    assert len(app.get("plotly_chart")) == 5
    anchors = [header.proto.anchor for header in app.header]
    parts = ["grid", "rewrite", "guess", "knobs", "between", "map", "dimensions", "training", "mathematics"]
    assert anchors == parts


def test_a_link_brings_the_same_view(open_app: Open, folder: Path) -> None:
    style = ",".join(f"{value / 10:g}" for value in range(20))
    app = open_app("cvae", digit=5, to=9, grid=7, shared="false", style=style, **{"from": 4, "until": 9})
    assert not app.exception and not app.warning
    assert app.number_input(key="digit").value == 5
    assert app.number_input(key="grid").value == 7
    assert app.toggle(key="shared").value is False
    assert app.selectbox(key="from").value == 4 and app.selectbox(key="until").value == 9
    assert sliders(app, "style") == pytest.approx([value / 10 for value in range(20)])
    app.number_input(key="digit").set_value(6).run()
    assert linked(app, "style") is None  # another digit starts at its own style
    assert sliders(app, "style") == pytest.approx(cvae.style("cvae", 6).tolist(), abs=0.006)


def test_the_sliders_stand_in_the_link(open_app: Open, folder: Path) -> None:
    app = open_app("cvae", digit=5)
    assert linked(app, "style") is None
    own = loading.test_label(5)
    start = sliders(app, "style")
    let_go(app, "style", [*start[:2], 1.25, *start[3:]], own)
    link = linked(app, "style")
    assert link.split(",")[2] == "1.25" and link.count(",") == 19
    assert linked(app, "label") is None
    let_go(app, "style", start, 2.35)
    assert linked(app, "style") is None
    assert linked(app, "label") == "2.35"
    assert not app.exception


@pytest.mark.parametrize(("label", "position"), [("3", 3), ("3.5", 3.5), ("9", 9), ("0", 0)])
def test_the_dial_stands_in_the_link(open_app: Open, folder: Path, label: str, position: float) -> None:
    app = open_app("cvae", label=label)
    assert not app.exception and not app.warning
    assert app.session_state["style_opening"].start[1] == position
    app.number_input(key="digit").set_value(6).run()
    assert app.session_state["style_opening"].start[1] == loading.test_label(6)
    assert linked(app, "label") is None


@pytest.mark.parametrize("label", ["", "ten", "-1", "9.5", "nan", "1e9"])
def test_a_dial_that_cannot_be_read_is_at_the_digits_own_label(
    open_app: Open, folder: Path, label: str
) -> None:
    app = open_app("cvae", label=label)
    assert [warning.value for warning in app.warning] == [
        "This link's label could not be read; it is at its default."
    ]
    assert app.session_state["style_opening"].start[1] == loading.test_label(0)
    assert not app.exception


@pytest.mark.parametrize("style", ["", "1,2", ",".join(["nan"] * 20), ",".join(["1e9"] * 20)])
def test_a_broken_style_starts_at_the_digits_own_and_says_so(
    open_app: Open, folder: Path, style: str
) -> None:
    app = open_app("cvae", style=style)
    assert len(app.warning) == 1 and "style in this link" in app.warning[0].value
    assert not app.exception
    assert sliders(app, "style") == pytest.approx(cvae.style("cvae", 0).tolist(), abs=0.006)


def test_the_styles_are_a_map_of_their_own(open_app: Open, folder: Path) -> None:
    app = open_app("cvae", map="PCA of ε")
    assert not app.exception and not app.warning
    assert app.session_state["map"] == "style"
    points, problem = maps.points("cvae", "style")
    assert points.shape == (10_000, 2) and not problem
    assert not np.allclose(points, maps.points("cvae", "pca")[0])


def test_shared_styles_are_the_same_draws_in_every_row(folder: Path) -> None:
    assert cvae.grid("cvae", 1, shared=True) == cvae.grid("cvae", 1, shared=True)
    assert cvae.grid("cvae", 1, shared=True) != cvae.grid("cvae", 1, shared=False)
    assert cvae.grid("cvae", 1, shared=True) != cvae.grid("cvae", 2, shared=True)


def test_the_guess_is_the_label_of_the_highest_bound(folder: Path) -> None:
    bounds = cvae.bounds("cvae", 0)
    assert bounds.shape == (10,)
    guess = cvae.guess("cvae", 0)
    assert guess.startswith(f"**Guess: {bounds.argmax()}**")
    assert f"{torch.from_numpy(bounds).double().softmax(0).max():.3f}" in guess
