"""The Draw page in this process: what its link holds, and what it says when a model is missing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from streamlit.elements.spinner import SpinnerMixin
from streamlit.testing.v1 import AppTest

from aevb import clustering
from aevb.models import GMVAE, VAE, LatentVariableModel
from aevb.ui import draw, latents, loading, maps
from aevb.ui.components.draw import LONGEST
from tests.pages import linked, mounted

Open = Callable[..., AppTest]
Make = Callable[[LatentVariableModel], Path]

SEVEN = "3c30c030-70e0"


@pytest.fixture(autouse=True)
def folder(make_checkpoint: Make) -> Path:
    return make_checkpoint(VAE(latent_dim=3, hidden_dims=(8,)))


@pytest.mark.parametrize("text", ["0000", "00ff", SEVEN, "-".join(["a0b0"] * 3), "0f" * (LONGEST // 2)])
def test_drawings_that_links_hold(text: str) -> None:
    assert draw.sound(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "0",
        "00",
        "000000",
        "0000-",
        "-0000",
        "0000--0000",
        "00FF",
        "0000\n",
        "zzzz",
        "٠٠٠٠",
        "0000" * 501,
    ],
)
def test_what_is_no_drawing(text: str) -> None:
    assert not draw.sound(text)


def opening(app: AppTest) -> tuple[str, str, int | None, int]:
    """The run, and the strokes, the test digit and the rows to keep that the component is given."""
    header, _ = mounted(app, "aevb_draw")
    return header["run"], header["strokes"], header["digit"], header["keep"]


def let_go(app: AppTest, strokes: str, digit: int | None, keep: int = draw.KEEP) -> None:
    """What the component reports when a stroke has ended, or something else is chosen."""
    view = {"run": opening(app)[0], "strokes": strokes, "digit": digit, "keep": keep}
    app.session_state["draw"] = {"view": view}
    app.run()


def link(app: AppTest) -> dict[str, str]:
    return {name: text for name in draw.PARAMS if (text := linked(app, name)) is not None}


def test_the_first_opening_says_what_it_is_at(
    open_app: Open, make_checkpoint: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_checkpoint(GMVAE(latent_dim=2, hidden_dims=(8, 8)))
    said: list[str] = []
    passes: dict[str, str] = {}

    @contextmanager
    def spinner(_: SpinnerMixin, text: str, **settings: object) -> Iterator[None]:
        said.append(text)
        try:
            yield
        finally:
            said.pop()

    def noting(where: ModuleType, name: str) -> None:
        passed = getattr(where, name)

        def over_the_test_set(*arguments: object) -> object:
            passes[name] = said[-1] if said else ""
            return passed(*arguments)

        monkeypatch.setattr(where, name, over_the_test_set)

    monkeypatch.setattr(SpinnerMixin, "spinner", spinner)
    noting(loading, "posterior_means")
    noting(latents, "dimension_kl")
    noting(clustering, "responsibilities")
    assert not open_app("draw").exception
    assert len(passes) == 3 and all(passes.values()) and len(set(passes.values())) == 3


def test_the_page_opens_with_an_example_of_its_own(open_app: Open) -> None:
    app = open_app("draw")
    assert app.title[0].value == "Draw" and not app.exception and not app.warning
    assert opening(app)[1:] == ("", None, draw.KEEP)
    assert link(app) == {}


def test_a_link_brings_the_drawing(open_app: Open) -> None:
    assert opening(open_app("draw", strokes=SEVEN, keep=9))[1:] == (SEVEN, None, 9)
    assert opening(open_app("draw", digit=42))[1:] == ("", 42, draw.KEEP)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"strokes": "<b>"}, "strokes could not be read; it is"),
        ({"strokes": "0000" * 600}, "strokes could not be read; it is"),
        ({"digit": "-1", "keep": "29"}, "digit and keep could not be read; they are"),
    ],
)
def test_a_link_that_cannot_be_read_is_told(open_app: Open, query: dict[str, str], names: str) -> None:
    app = open_app("draw", **query)
    assert len(app.warning) == 1 and f"This link's {names}" in app.warning[0].value
    assert opening(app)[1:] == ("", None, draw.KEEP) and not app.exception
    let_go(app, SEVEN, None)
    assert not app.warning and link(app) == {"strokes": SEVEN}


def test_another_link_is_another_drawing_and_the_components_own_is_not(open_app: Open) -> None:
    app = open_app("draw", strokes=SEVEN)
    first = opening(app)
    let_go(app, "12345678", None)
    app.run()
    assert opening(app) == first and link(app) == {"strokes": "12345678"}
    app.query_params["strokes"] = "1234"  # the browser's Back
    app.run()
    assert opening(app)[0] != first[0] and opening(app)[1:] == ("1234", None, draw.KEEP)
    assert link(app) == {"strokes": "1234"}  # not what was reported of the drawing before
    assert not app.exception and not app.warning


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ((SEVEN, None), {"strokes": SEVEN}),
        (("", 7), {"digit": "7"}),
        (("", None), {}),
        ((SEVEN, None, 5), {"strokes": SEVEN, "keep": "5"}),
        (("", 3, draw.KEEP), {"digit": "3"}),
    ],
)
def test_what_the_visitor_draws_stands_in_the_link(
    open_app: Open, choice: tuple, found: dict[str, str]
) -> None:
    app = open_app("draw", digit=3, keep=9)
    let_go(app, *choice)
    assert link(app) == found and not app.exception


def test_models_that_are_not_there_leave_the_others(open_app: Open, folder: Path) -> None:
    given, _ = mounted(open_app("draw"), "aevb_draw")
    assert set(given["urls"]) == {"digits", "vae", "means"}
    assert given["urls"]["means"] == maps.LATENTS.url("vae/means")  # as the map fetches them
    assert set(given["problems"]) == {"cvae", "gmvae", "vrnn"}
    assert all(
        "checkpoint" in problem and str(folder.parent) not in problem
        for problem in given["problems"].values()
    )
    assert sorted(given["order"]) == [0, 1, 2] and "titles" not in given
