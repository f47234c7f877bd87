"""The factor analysis page, without a browser."""

import time

import pytest

from aevb.experiments import EXPERIMENT_1
from aevb.training import Diverged
from aevb.ui import factor_analysis as fa
from aevb.ui import jobs


@pytest.fixture
def trained(open_app):
    """The page once its run has ended."""

    def open_(**query):
        app = open_app("factor_analysis", **query)
        deadline = time.monotonic() + 60
        while not any("steps done" in str(progress.proto) for progress in app.get("progress")):
            assert time.monotonic() < deadline, "the run did not end"
            time.sleep(0.2)
            app.run()
        return app

    return open_


def components(app) -> int:
    return len(app.get("bidi_component"))


def test_the_page_shows_a_run_straight_away(open_app):
    app = open_app("factor_analysis")
    assert not app.exception and not app.error
    assert app.title[0].value == "Factor analysis"
    assert components(app) == 1


@pytest.mark.parametrize("view", ["Watch", "EM plot", "Classic EM", "By hand", "Rotation"])
def test_every_view(trained, view):
    app = trained(steps="20", view=view)
    assert not app.exception and not app.error
    assert components(app) == (view != "EM plot")
    assert len(app.get("plotly_chart")) == 2 * (view == "EM plot")


def test_the_mathematics_names_the_tutorials_equations(open_app):
    app = open_app("factor_analysis", steps="20")
    titles = " ".join(heading.value for heading in app.subheader)
    assert all(word in titles for word in ("equation 1", "equation 2", "equations 3 and 4", "5.2.3"))
    assert len(app.code) == 8


def test_the_settings_come_from_the_url(trained):
    app = trained(experiment=fa.IN_TURN, e="20", m="10", rounds="2", lr="0.03", batch="64", L="3", seed="5")
    experiment = app.session_state["fa_opening"][0]
    for part in ("steps=60", "batch_size=64", "learning_rate=0.03", "e_steps=20", "seed=5", "latent_dim=3"):
        assert part in experiment


def test_too_long_a_run_is_refused_in_a_sentence(open_app):
    app = open_app("factor_analysis", experiment=fa.IN_TURN, e="3000", m="3000", rounds="50")
    assert "300,000 gradient steps are too many" in app.warning[0].value
    assert not app.exception
    assert len(app.code) == 8, "the rest of the page is there"


def test_another_seed_changes_the_seed(trained):
    app = trained(steps="20")
    app.button(key="fa_again").click().run()
    assert app.number_input(key="seed").value == EXPERIMENT_1.training.seed + 1


def test_stop_and_train(open_app):
    app = open_app("factor_analysis", steps="10000", seed="77")
    app.button(key="fa_stop").click().run()
    assert "Stopped." in str(app.get("progress")[0].proto)
    app.button(key="fa_train").click().run()
    app.button(key="fa_stop").click().run()
    assert not app.exception


def test_a_walk_by_hand(trained):
    app = trained(steps="20", view="By hand")
    for key in ("fa_one_E", "fa_one_M"):
        app.button(key=key).click().run()
    assert "**1. Exact E-step**" in said(app) and "the evidence stayed, so the gap closed" in said(app)
    assert "**2. Exact M-step**" in said(app) and "so the gap opened from 0.000" in said(app)
    assert app.query_params["walk"] == "E-M"
    app.button(key="fa_undo").click().run()
    assert app.query_params["walk"] == "E"
    app.button(key="fa_restart").click().run()
    assert "walk" not in app.query_params


def walked(app):
    deadline = time.monotonic() + 60
    while len(app.get("progress")) > 1:  # beside the training's
        assert time.monotonic() < deadline, "the walk did not end"
        time.sleep(0.1)
        app.run()
    return app


def said(app) -> str:
    return " ".join(element.value for element in app.markdown)


def test_gradient_steps_of_a_walk_are_taken_elsewhere(trained, monkeypatch):
    """Not in the script's thread, and only those that are not known yet."""
    app = walked(trained(steps="20", view="By hand", walk="E-M25"))
    assert "**2. Approximate M-step, 25 gradient steps**" in said(app)
    asked = []
    follow = jobs.follow
    monkeypatch.setattr(jobs, "follow", lambda *a, **k: asked.append(a) or follow(*a, **k))
    app.button(key="fa_undo").click().run()
    assert "**1. Exact E-step**" in said(app) and "**2." not in said(app)
    app.button(key="fa_one_M").click().run()
    assert "**2. Exact M-step**" in said(app)
    assert asked == [], "exact moves are taken at once"
    app.query_params["walk"] = "E-M-E50"
    walked(app.run())
    assert "**3. Approximate E-step, 50 gradient steps**" in said(app)
    assert len(asked[0][2].moves) == 2 and len(asked[0][3]) == 1
    assert not app.warning


def test_a_walk_that_fails_says_so_and_can_be_tried_again(trained, monkeypatch):
    monkeypatch.setattr(fa.experiments, "walk", _diverging)
    app = walked(trained(steps="20", view="By hand", walk="E200"))
    assert "lower the learning rate. You can also undo the last step." in app.warning[0].value
    monkeypatch.undo()
    walked(app.button(key="fa_walk_again").click().run())
    assert not app.warning
    assert "**1. Approximate E-step" in said(app)


def _diverging(*_):
    yield from ()
    raise Diverged("The ELBO is nan at step 1: lower the learning rate.")


@pytest.mark.parametrize(
    ("walk", "moves"),
    [
        ("E", 1),
        ("E-M200-E", 3),
        ("<b>-E-Mx-E9999", 0),
        ("E-M-", 0),
        ("EM", 0),
        ("E-M\n", 0),
        ("-".join(["E"] * 40), fa.MAX_MOVES),
    ],
)
def test_a_walk_is_read_as_a_whole_or_not_at_all(walk, moves, monkeypatch):
    monkeypatch.setattr(fa.st, "query_params", {"walk": walk})
    assert len(fa._linked_moves()) == moves


@pytest.mark.parametrize("walk", ["E-M-nonsense", "", "E100-M25-E7", "-".join(["E", "M"] * 40), "<script>"])
def test_any_walk_in_the_url_works(trained, walk):
    app = trained(steps="20", view="By hand", walk=walk)
    assert not app.exception and not app.error


def test_nonsense_in_the_url_gives_the_defaults(trained):
    nonsense = {
        "experiment": "7",
        "steps": "-3",
        "L": "x",
        "lr": "2",
        "seed": "1e9",
        "batch": "0",
        "view": "?",
    }
    app = trained(**nonsense, step="NaN", point="0", angle="1e3")
    assert not app.exception and not app.error
    assert "steps=1000" in app.session_state["fa_opening"][0]


def test_a_sound_link_is_taken_without_a_word(open_app):
    query = {
        "lr": "0.03",
        "batch": "64",
        "L": "3",
        "steps": "20",
        "seed": "5",
        "view": "EM plot",
        "step": "7",
    }
    app = open_app("factor_analysis", **query)
    assert not app.exception and not app.warning
    assert app.number_input(key="steps").value == 20 and app.select_slider(key="lr").value == 0.03


def test_one_sentence_tells_what_of_a_link_could_not_be_read(open_app):
    query = {"lr": "fast", "L": "9", "steps": "20", "seed": "many", "view": "<b>", "step": "-3"}
    app = open_app("factor_analysis", **query)
    assert not app.exception
    (warning,) = app.warning
    assert warning.value == (
        "This link's step, view, lr, L and seed could not be read; they are at their defaults."
    )
