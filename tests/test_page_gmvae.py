"""The GMVAE page in this process: its state, its links, and what it says when something is missing."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from aevb.models import GMVAE, LatentVariableModel
from aevb.ui import gmvae, loading, record
from tests.pages import let_go, linked, mounted, sliders

Open = Callable[..., AppTest]
Make = Callable[[LatentVariableModel], Path]
SIZES = {"latent_dim": 24, "hidden_dims": (8, 8)}


@pytest.fixture
def folder(make_checkpoint: Make) -> Path:
    return make_checkpoint(GMVAE(**SIZES))


def simplex(app: AppTest) -> tuple[str, float, list[int]]:
    """The run, the temperature and the percent that the component is given."""
    header, _ = mounted(app, "aevb_gumbel")
    return header["run"], header["temperature"], header["percent"]


def test_the_page_opens_with_all_its_parts(open_app: Open, folder: Path) -> None:
    app = open_app("gmvae")
    assert not app.exception and not app.warning
    assert app.title[0].value == "Gaussian mixture VAE"
    assert app.number_input(key="digit").value == 0
    assert sliders(app, "place") == pytest.approx(gmvae.place("gmvae", 0).tolist(), abs=0.006)
    assert len(app.get("plotly_chart")) == 5
    anchors = [header.proto.anchor for header in app.header]
    parts = ["clusters", "guess", "knobs", "map", "confusion", "gumbel", "dimensions"]
    assert anchors == [*parts, "training", "mathematics"]


def test_a_link_brings_the_same_view(open_app: Open, folder: Path) -> None:
    place = ",".join(f"{value / 10:g}" for value in range(24))
    query = {"rows": 7, "sample": 3, "cluster": "4s", "colour": "digit", "in": "5s", "labelled": 8}
    app = open_app("gmvae", digit=5, place=place, tau=0.25, pi="10-20-70", **query)
    assert not app.exception and not app.warning
    assert app.number_input(key="digit").value == 5
    assert app.number_input(key="rows").value == 7
    assert app.session_state["place_opening"].start[1] == gmvae.titles("gmvae").index("4s")
    assert app.session_state["colour"] == "digit"
    assert app.selectbox(key="in").value == "5s" and app.selectbox(key="labelled").value == 8
    assert simplex(app)[1:] == (0.25, [10, 20, 70])
    assert sliders(app, "place") == pytest.approx([value / 10 for value in range(24)])
    app.number_input(key="digit").set_value(6).run()
    assert linked(app, "place") is None  # another digit starts at its own place
    assert sliders(app, "place") == pytest.approx(gmvae.place("gmvae", 6).tolist(), abs=0.006)


def test_the_sliders_stand_in_the_link(open_app: Open, folder: Path) -> None:
    app = open_app("gmvae", digit=5)
    assert linked(app, "place") is None
    start, own = sliders(app, "place"), app.session_state["place_opening"].start[1]
    let_go(app, "place", [*start[:2], 1.25, *start[3:]], own)
    link = linked(app, "place")
    assert link.split(",")[2] == "1.25" and link.count(",") == 23
    assert linked(app, "cluster") is None
    other = (own + 1) % 10
    let_go(app, "place", start, other)
    assert linked(app, "place") is None
    assert linked(app, "cluster") == gmvae.titles("gmvae")[other]
    assert not app.exception


@pytest.mark.parametrize("place", ["", "1,2", ",".join(["nan"] * 24), ",".join(["1e9"] * 24)])
def test_a_broken_place_starts_at_the_digits_own_and_says_so(
    open_app: Open, folder: Path, place: str
) -> None:
    app = open_app("gmvae", place=place)
    assert len(app.warning) == 1 and "place in this link" in app.warning[0].value
    assert not app.exception
    assert sliders(app, "place") == pytest.approx(gmvae.place("gmvae", 0).tolist(), abs=0.006)


@pytest.mark.parametrize(
    ("tau", "pi"),
    [("cold", "1-2-3"), ("0", "50-50"), ("nan", "-"), ("1e9", "99-1-0"), ("0.05", "٣٠-٣٠-٤٠x")],
)
def test_broken_simplex_settings_are_at_their_defaults(
    open_app: Open, folder: Path, tau: str, pi: str
) -> None:
    app = open_app("gmvae", tau=tau, pi=pi)
    assert [warning.value for warning in app.warning] == [
        "This link's tau and pi could not be read; they are at their defaults."
    ]
    assert simplex(app)[1:] == (gmvae.TEMPERATURE, list(gmvae.PERCENT))
    assert not app.exception


def test_the_simplex_stands_in_the_link_and_follows_it(open_app: Open, folder: Path) -> None:
    app = open_app("gmvae", tau=0.25)
    before = simplex(app)
    view = {"run": before[0], "temperature": 3.98, "percent": [20, 30, 50]}
    app.session_state["gumbel"] = {"view": view}
    app.run()
    assert simplex(app) == before  # it moved by itself: it is not told to
    assert linked(app, "tau") == "3.98" and linked(app, "pi") == "20-30-50"
    del app.query_params["tau"]  # the browser's Back
    app.run()
    run, temperature, percent = simplex(app)
    assert run != before[0] and (temperature, percent) == (gmvae.TEMPERATURE, [20, 30, 50])
    assert linked(app, "tau") is None and not app.exception


def test_an_opened_image_becomes_the_test_digit(open_app: Open, folder: Path) -> None:
    row, label = gmvae.commonest_mistake("gmvae")
    digits, count = gmvae.cell("gmvae", row, label)
    app = open_app("gmvae")
    assert (app.selectbox(key="in").value, app.selectbox(key="labelled").value) == (
        gmvae.titles("gmvae")[row],
        label,
    )
    app.selectbox(key="load").set_value(digits[-1]).run()
    assert app.number_input(key="digit").value == digits[-1]
    assert app.selectbox(key="load").value is None
    assert not app.exception and count >= len(digits)


def test_a_cells_images_are_of_its_label_and_cluster_and_surest_first(folder: Path) -> None:
    row, label = gmvae.commonest_mistake("gmvae")
    cluster = gmvae.scored("gmvae").order[row]
    digits, count = gmvae.cell("gmvae", row, label)
    assert count == gmvae.scored("gmvae").confusion[cluster, label] and len(digits) == min(count, 60)
    probabilities = gmvae.responsibilities("gmvae")[digits]
    assert (probabilities.argmax(1) == cluster).all()
    assert all(loading.test_label(digit) == label for digit in digits)
    assert (probabilities[:-1, cluster] >= probabilities[1:, cluster]).all()


def test_an_empty_cell_says_so(open_app: Open, folder: Path) -> None:
    confusion = gmvae.scored("gmvae").confusion[gmvae.scored("gmvae").order]
    row, label = np.argwhere(confusion == 0)[0].tolist()
    title = gmvae.titles("gmvae")[row]
    app = open_app("gmvae", **{"in": title, "labelled": label})
    assert f"No test image labelled {label} is in the cluster of {title}." in [c.value for c in app.caption]
    assert not app.exception


@pytest.mark.parametrize("clusters", [3, 12])
def test_any_number_of_clusters_has_names_and_an_order(
    open_app: Open, make_checkpoint: Make, clusters: int
) -> None:
    make_checkpoint(GMVAE(clusters=clusters, **SIZES))
    titles = gmvae.titles("gmvae")
    assert len(set(titles)) == clusters
    if clusters == 12:
        assert titles[:10] == [f"{digit}s" for digit in range(10)]
        assert all(title.startswith("no. ") for title in titles[10:])
    else:
        assert titles == sorted(titles)
    app = open_app("gmvae")
    assert not app.exception and not app.warning and len(app.get("plotly_chart")) == 5


def test_the_same_seed_draws_the_same_rows(folder: Path) -> None:
    assert gmvae.rows("gmvae", 1) == gmvae.rows("gmvae", 1) != gmvae.rows("gmvae", 2)


def edit_record(folder: Path, **changes: object) -> None:
    training = json.loads((folder / "training.json").read_text())
    training["curve"][0]["scores"] = {"accuracy": 0.9, "conditional_entropy": 0.1}
    (folder / "training.json").write_text(json.dumps(training | changes))


def test_the_record_tells_the_scores_and_those_of_other_seeds(folder: Path) -> None:
    runs = [{"seed": seed, "elbo": -77.0, "accuracy": 0.9} for seed in range(5)]
    seeds = {"clusters": {"elbo": [-77.3, 0.1], "accuracy": [0.93, 0.01], "runs": runs}}
    edit_record(folder, seeds=seeds, start={"kind": "clusters", "held_epochs": 1})
    found = record.record("gmvae")
    assert found.facts["Clustering accuracy"] == "0.900"
    assert found.facts["Conditional entropy"] == "0.100 nats"
    seeds_said = found.facts["5 seeds, started from clusters"]
    assert seeds_said == "accuracy 0.930 ± 0.010, ELBO −77.3 ± 0.1 nats"
    assert not any("plain" in fact for fact in found.facts)
    words = [note.text for note in found.elbo.layout.annotations]
    assert "clustering accuracy" in words and "q(y | x) released" in words


def test_a_damaged_record_of_other_seeds_is_told(open_app: Open, folder: Path) -> None:
    edit_record(folder, seeds={"plain": {"elbo": 3}})
    app = open_app("gmvae")
    assert (
        len(app.warning) == 1 and "training.json of the checkpoint gmvae is damaged" in app.warning[0].value
    )
    assert not app.exception


def test_the_equation_is_the_marginal_estimators(folder: Path) -> None:
    html = gmvae.elbo("gmvae", 3, 1)
    with torch.no_grad():
        terms = gmvae.model("gmvae").marginal_terms(
            gmvae.image(3).unsqueeze(0), generator=torch.Generator().manual_seed(1)
        )
    for value in (*terms.values(), sum(terms.values())):
        assert f"{abs(value.item()):,.1f}" in html
