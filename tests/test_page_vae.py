"""The VAE page in this process: its state, its links, and what it says when something is missing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from aevb import VAE
from aevb.models import LatentVariableModel
from aevb.ui import latents, loading, vae
from tests.pages import let_go, linked, mounted, sliders

Open = Callable[..., AppTest]


@pytest.fixture
def folder(make_checkpoint: Callable[[LatentVariableModel], Path]) -> Path:
    return make_checkpoint(VAE(latent_dim=20, hidden_dims=(8,)))


def test_the_page_opens_on_the_first_test_digit(open_app: Open, folder: Path) -> None:
    app = open_app("vae")
    assert not app.exception and not app.warning
    assert app.title[0].value == "Variational auto-encoder"
    assert app.number_input(key="digit").value == 0
    assert app.session_state["digit_class"] == 7
    loc, _ = vae.posterior("vae", 0)
    assert sliders(app, "z") == pytest.approx(loc.tolist(), abs=0.006)
    assert len(app.get("plotly_chart")) == 4
    anchors = [header.proto.anchor for header in app.header]
    assert anchors == ["flow", "knobs", "map", "prior", "walks", "dimensions", "training", "mathematics"]


def test_a_digit_loads_by_number_class_and_at_random(open_app: Open, folder: Path) -> None:
    app = open_app("vae")
    app.number_input(key="digit").set_value(3).run()
    assert app.session_state["digit_class"] == 0
    loc, _ = vae.posterior("vae", 3)
    assert sliders(app, "z") == pytest.approx(loc.tolist(), abs=0.006)
    app.button(key="digit_another").click().run()
    chosen = app.number_input(key="digit").value
    assert chosen != 3 and loading.test_label(chosen) == 0
    app.button(key="digit_any").click().run()
    assert app.number_input(key="digit").value != chosen
    assert not app.exception


def test_a_moved_slider_stands_in_the_link_and_the_link_moves_the_sliders(
    open_app: Open, folder: Path
) -> None:
    app = open_app("vae", digit=5)
    assert linked(app, "z") is None
    start = sliders(app, "z")
    let_go(app, "z", [0.5, -1, 1.25, *start[3:]])
    link = linked(app, "z")
    assert link.startswith("0.5,-1,1.25,") and link.count(",") == 19
    assert sliders(app, "z") == start  # the component moved by itself: it is not told to
    other = open_app("vae", digit=5, z=link)
    assert sliders(other, "z") == [0.5, -1, 1.25, *start[3:]]
    let_go(other, "z", start)
    assert linked(other, "z") is None
    let_go(other, "z", [1.0] * 20)
    other.number_input(key="digit").set_value(6).run()
    assert linked(other, "z") is None  # another digit starts at its own mean
    assert sliders(other, "z") == latents.rounded(vae.posterior("vae", 6)[0])


def plane_of(app: AppTest) -> list[int]:
    return mounted(app, "aevb_latent")[0]["plane"]


def test_the_directions_of_the_plane_stand_in_the_link_and_stay_with_another_digit(
    open_app: Open, folder: Path
) -> None:
    app = open_app("vae", digit=5)
    assert plane_of(app) == [0, 1]
    first = latents.order("vae")[0]
    let_go(app, "z", sliders(app, "z"), plane=[latents.DIRECTIONS, 2])
    assert linked(app, "plane") == f"{first + 1},pca3"
    app.number_input(key="digit").set_value(6).run()
    assert linked(app, "plane") == f"{first + 1},pca3" and plane_of(app) == [latents.DIRECTIONS, 2]
    assert plane_of(open_app("vae", plane=f"{first + 1},pca3")) == [latents.DIRECTIONS, 2]


@pytest.mark.parametrize("plane", ["pca1", "pca1,pca1", "pca9,1", "0,1", "1,2,3"])
def test_a_link_with_a_broken_plane_opens_at_the_first_directions_and_says_so(
    open_app: Open, folder: Path, plane: str
) -> None:
    app = open_app("vae", plane=plane)
    assert plane_of(app) == [0, 1]
    assert app.warning[0].value == "This link's plane could not be read; it is at its default."


def test_back_in_the_browser_moves_the_sliders(open_app: Open, folder: Path) -> None:
    app = open_app("vae", digit=5)
    before = app.session_state["z_opening"]
    let_go(app, "z", [1.0] * 20)
    app.run()
    assert app.session_state["z_opening"].number == before.number  # its own report moves nothing
    del app.query_params["z"]
    app.run()
    after = app.session_state["z_opening"]
    assert after.number == before.number + 1 and linked(app, "z") is None
    assert after.start[0].tolist() == before.start[0].tolist()


def test_a_page_that_was_left_opens_again_where_the_link_says(open_app: Open, folder: Path) -> None:
    app = open_app("vae", z=",".join(["1"] * 20))
    let_go(app, "z", latents.rounded(vae.posterior("vae", 0)[0]))
    assert linked(app, "z") is None
    for page in ("draw", "vae"):
        app.switch_page(f"../../pages/{page}.py").run()
    assert sliders(app, "z") == latents.rounded(vae.posterior("vae", 0)[0])


@pytest.mark.parametrize("z", ["", "1,2", "a" * 50, ",".join(["nan"] * 20), ",".join(["1e9"] * 20)])
def test_a_link_with_a_broken_z_starts_at_the_mean_and_says_so(open_app: Open, folder: Path, z: str) -> None:
    app = open_app("vae", z=z)
    assert len(app.warning) == 1 and "link" in app.warning[0].value
    assert not app.exception
    loc, _ = vae.posterior("vae", 0)
    assert sliders(app, "z") == pytest.approx(loc.tolist(), abs=0.006)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (
            {"digit": "99999999", "sample": "abc", "map": "foo"},
            "digit, sample and map could not be read; they",
        ),
        ({"digit": "<b>"}, "digit could not be read; it is at its default"),
        ({"digit": ""}, "digit could not be read; it is at its default"),
        ({"digit": "nan", "to": "-1"}, "digit and to could not be read"),
        ({"<b>": "1", "unknown": "x"}, None),
        ({"digit": "0", "sample": "0", "map": "t-SNE", "to": "3", "dim": "z₁"}, None),  # defaults
        ({"digit": "12", "sample": "7", "map": "UMAP", "prior": "9999", "dim": "z₂₀"}, None),
    ],
)
def test_one_sentence_tells_what_of_a_link_could_not_be_read(
    open_app: Open, folder: Path, query: dict[str, str], said: str | None
) -> None:
    app = open_app("vae", **query)
    assert len(app.warning) == (said is not None)
    if said:
        assert said in app.warning[0].value and "<" not in app.warning[0].value
        app.number_input(key="digit").set_value(3).run()
        assert not app.warning
    assert not app.exception


def test_latents_are_parsed_strictly() -> None:
    assert latents.parse("1,-2.5,0", 3) == (1, -2.5, 0)
    for text in ("1,2", "1,2,3,4", "1,2,inf", "1,2,5.01", "1,,2", "x,y,z"):
        assert latents.parse(text, 3) is None


@pytest.mark.parametrize("damage", ["cut", "shape", "text"])
def test_with_damaged_maps_pca_stands_in(open_app: Open, folder: Path, damage: str) -> None:
    path = folder / "maps.npz"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:1000])
    else:
        wrong = np.zeros((3, 2)) if damage == "shape" else np.full((10_000, 2), "x")
        np.savez_compressed(path, tsne=wrong)
    app = open_app("vae")
    assert len(app.warning) == 1
    assert "damaged" in app.warning[0].value and "PCA" in app.warning[0].value
    assert not app.exception and len(app.get("plotly_chart")) == 4
