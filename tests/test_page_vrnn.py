"""The VRNN page in this process: its state, its links, and what it says when something is missing."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from aevb.checkpoints import CheckpointError
from aevb.models import VAE, VRNN, LatentVariableModel
from aevb.ui import vrnn
from tests.pages import linked

Open = Callable[..., AppTest]
Make = Callable[[LatentVariableModel], Path]

ANCHORS = ["rows", "growing", "moved", "completions", "paths", "samples", "training", "mathematics"]


@pytest.fixture
def folder(make_checkpoint: Make) -> Path:
    return make_checkpoint(VRNN(memory_dim=6, hidden_dims=(8,)))


def let_go(app: AppTest, player: str, *, row: int, image: int) -> None:
    """What a player reports when a visitor lets go of it."""
    opening = app.session_state[f"{player}_opening"].number
    app.session_state[player] = {"view": {"opening": opening, "row": row, "image": image}}
    app.run()


def test_the_page_opens_on_the_first_test_digit(open_app: Open, folder: Path) -> None:
    app = open_app("vrnn")
    assert not app.exception and not app.warning and not app.error
    assert app.title[0].value == "Variational RNN"
    assert app.number_input(key="digit").value == 0
    assert [header.proto.anchor for header in app.header] == ANCHORS
    assert len(app.get("plotly_chart")) == 3
    assert len(app.get("bidi_component")) == 5  # two players, moved rows, the beginning and its endings


def test_the_menu_and_the_overview_lead_there(open_app: Open, folder: Path) -> None:
    app = open_app()
    assert "vrnn" in str([link.proto for link in app.get("page_link")])


def test_a_view_is_a_link(open_app: Open, folder: Path) -> None:
    query = {"digit": 61, "path": 3, "row": 12, "grown": 15, "grown_image": 4, "temperature": 0.5}
    query |= {"keep": 5, "ending_temperature": 1.5, "endings": 2, "paths": "Samples", "samples": 9}
    app = open_app("vrnn", **query)
    assert not app.exception
    assert app.number_input(key="digit").value == 61
    assert app.number_input(key="path").value == 3
    assert app.slider(key="temperature").value == 0.5
    assert app.slider(key="keep").value == 5
    assert app.slider(key="ending_temperature").value == 1.5
    assert app.number_input(key="samples").value == 9
    assert not app.warning
    assert app.session_state["digit_rows_opening"].start == (12, 1)
    assert app.session_state["grown_rows_opening"].start == (15, 4)
    assert app.number_input(key="path_samples").value == 0


@pytest.mark.parametrize("nonsense", ["", "x", "-4", "1e9", "nan", "99999999", "1;2"])
def test_a_link_with_nonsense_gives_a_working_page(open_app: Open, folder: Path, nonsense: str) -> None:
    keys = ("digit", "path", "row", "row_image", "grow", "grown", "grown_image", "temperature", "keep")
    keys += ("ending_temperature", "endings", "paths", "path_samples", "samples")
    app = open_app("vrnn", **dict.fromkeys(keys, nonsense))
    assert not app.exception and not app.error
    assert len(app.warning) == 1
    assert all(key in app.warning[0].value for key in keys if key != "path_samples")
    assert [header.proto.anchor for header in app.header] == ANCHORS


def test_another_digit_opens_at_its_own_row(open_app: Open, folder: Path) -> None:
    app = open_app("vrnn", digit=5, row=9)
    let_go(app, "digit_rows", row=12, image=1)
    assert linked(app, "row") == "12"
    app.number_input(key="digit").set_value(6).run()
    assert linked(app, "row") is None
    assert app.session_state["digit_rows_opening"].start[0] == vrnn.most_surprising("vrnn", 6, 0)


def test_a_player_keeps_its_link_and_follows_it(open_app: Open, folder: Path) -> None:
    app = open_app("vrnn", digit=5, grown=15)
    let_go(app, "grown_rows", row=20, image=4)
    assert linked(app, "grown") == "20" and linked(app, "grown_image") == "4"
    assert app.session_state["grown_rows_opening"].start == (15, 1)  # it moved by itself: it is not told to
    app.query_params["grown"] = "15"  # the browser's Back
    app.run()
    assert app.session_state["grown_rows_opening"].start == (15, 4)
    assert linked(app, "grown") == "15"  # not what was reported before
    app.slider(key="temperature").set_value(0.5).run()
    assert app.session_state["grown_rows_opening"].start == (
        28,
        4,
    )  # others, the same one framed
    assert linked(app, "grown") is None and linked(app, "grown_image") == "4"
    let_go(app, "grown_rows", row=28, image=1)
    assert linked(app, "grown_image") is None
    assert linked(app, "row") is None and not app.exception and not app.warning


@pytest.mark.parametrize("kept", [0, 1, 28])
def test_any_number_of_rows_can_be_kept(open_app: Open, folder: Path, kept: int) -> None:
    app = open_app("vrnn", keep=kept)
    assert not app.exception
    assert any(f"first {kept} rows" in caption.value for caption in app.caption)


@pytest.mark.parametrize("fault", ["no weights", "no config", "cut", "a VAE", "another size"])
def test_a_damaged_checkpoint_leaves_the_title_and_one_fault(
    open_app: Open, make_checkpoint: Make, folder: Path, fault: str
) -> None:
    weights = folder / "model.safetensors"
    if fault == "no weights":
        weights.unlink()
    elif fault == "no config":
        (folder / "config.json").unlink()
    elif fault == "cut":
        weights.write_bytes(weights.read_bytes()[:500])
    elif fault == "a VAE":
        shutil.rmtree(folder)
        make_checkpoint(VAE(hidden_dims=(8,))).rename(folder)
    else:
        make_checkpoint(VRNN(data_dim=8, length=8, memory_dim=6, hidden_dims=(8,)))
    app = open_app("vrnn")
    assert app.title[0].value == "Variational RNN"
    assert len(app.exception) == 1  # which app.py hands to errors.show
    assert not app.header
    with pytest.raises(CheckpointError):
        vrnn.model("vrnn")


def test_the_same_choice_is_the_same_picture(folder: Path) -> None:
    first = vrnn.endings("vrnn", 3, 10, 1, 1.0)
    assert first == vrnn.endings("vrnn", 3, 10, 1, 1.0)
    assert first != vrnn.endings("vrnn", 3, 10, 2, 1.0)
    assert first.count("<img") == vrnn.ENDINGS and first.count("border-top") == vrnn.ENDINGS
    assert np.array_equal(vrnn.samples("vrnn", 4), vrnn.samples("vrnn", 4))
    assert not np.array_equal(vrnn.samples("vrnn", 4), vrnn.samples("vrnn", 5))


def test_moved_rows_stand_in_the_link(open_app: Open, folder: Path) -> None:
    app = open_app("vrnn", moved_row=12, moved_z="5,0.5,-1,12,3.5,0")
    assert not app.exception and not app.warning
    opening = app.session_state["moved_opening"]
    assert opening.start == (12, [(5, 0.5, -1), (12, 3.5, 0)])
    view = {"run": f"vrnn 0 {opening.number}", "row": 20, "chosen": [[20, 1.25, -0.5]]}
    app.session_state["moved_rows"] = {"view": view}
    app.run()
    assert linked(app, "moved_row") == "20"
    assert linked(app, "moved_z") == "20,1.25,-0.5"
    app.number_input(key="move").set_value(3).run()
    assert linked(app, "moved_row") is None and linked(app, "moved_z") is None
    assert app.session_state["moved_opening"].start == (vrnn.MOVED_ROW, [])


@pytest.mark.parametrize("text", ["", "1,2", "0,1,1", "29,1,1", "3,9,1", "3,nan,1", "3.5,1,1", "a,b,c"])
def test_moves_are_parsed_strictly(text: str) -> None:
    assert vrnn.parse_moves(text, 28) == []


def test_nonsense_moves_give_a_sentence(open_app: Open, folder: Path) -> None:
    app = open_app("vrnn", moved_row="0", moved_z="1,2")
    assert [warning.value for warning in app.warning] == [
        "This link's moved_row and moved_z could not be read; they are at their defaults."
    ]
    assert not app.exception
