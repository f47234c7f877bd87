"""The GMVAE page in this process: its state, its links, and what it says when something is missing."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from aevb.checkpoints import CheckpointError
from aevb.models import GMVAE, VAE, LatentVariableModel
from aevb.ui import gmvae, loading, record

Open = Callable[..., AppTest]
Make = Callable[[LatentVariableModel], Path]
SIZES = {"latent_dim": 24, "hidden_dims": (8, 8)}


@pytest.fixture
def folder(make_checkpoint: Make) -> Path:
    return make_checkpoint(GMVAE(**SIZES))


def sliders(app: AppTest) -> list[float]:
    return app.session_state["place_opening"].start[0].tolist()


def let_go(app: AppTest, z: list[float], choice: float) -> None:
    """What the component reports when a visitor lets go of a slider or of the dial."""
    run = f"gmvae {app.number_input(key='digit').value} {app.session_state['place_opening'].number}"
    app.session_state["place_sliders"] = {"view": {"run": run, "z": z, "choice": choice}}
    app.run()


def test_the_page_opens_with_all_its_parts(open_app: Open, folder: Path) -> None:
    app = open_app("gmvae")
    assert not app.exception and not app.warning
    assert app.title[0].value == "Gaussian mixture VAE"
    assert app.number_input(key="digit").value == 0
    assert sliders(app) == pytest.approx(gmvae.place("gmvae", 0).tolist(), abs=0.006)
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
    assert app.session_state["gumbel_opening"] == (0.25, (10, 20, 70))
    assert sliders(app) == pytest.approx([value / 10 for value in range(24)])
    app.number_input(key="digit").set_value(6).run()
    assert "place" not in app.query_params  # another digit starts at its own place
    assert sliders(app) == pytest.approx(gmvae.place("gmvae", 6).tolist(), abs=0.006)


def test_the_sliders_stand_in_the_link(open_app: Open, folder: Path) -> None:
    app = open_app("gmvae", digit=5)
    assert "place" not in app.query_params
    start, own = sliders(app), app.session_state["place_opening"].start[1]
    let_go(app, [*start[:2], 1.25, *start[3:]], own)
    link = "".join(app.query_params["place"])
    assert link.split(",")[2] == "1.25" and link.count(",") == 23
    assert "cluster" not in app.query_params
    other = (own + 1) % 10
    let_go(app, start, other)
    assert "place" not in app.query_params
    assert "".join(app.query_params["cluster"]) == gmvae.titles("gmvae")[other]
    assert not app.exception


@pytest.mark.parametrize("place", ["", "1,2", ",".join(["nan"] * 24), ",".join(["1e9"] * 24)])
def test_a_broken_place_starts_at_the_digits_own_and_says_so(
    open_app: Open, folder: Path, place: str
) -> None:
    app = open_app("gmvae", place=place)
    assert len(app.warning) == 1 and "place in this link" in app.warning[0].value
    assert not app.exception
    assert sliders(app) == pytest.approx(gmvae.place("gmvae", 0).tolist(), abs=0.006)


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
    assert app.session_state["gumbel_opening"] == (gmvae.TEMPERATURE, gmvae.PERCENT)
    assert not app.exception


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


def test_without_maps_pca_stands_in(open_app: Open, folder: Path) -> None:
    (folder / "maps.npz").unlink()
    app = open_app("gmvae")
    assert [warning.value for warning in app.warning] == [
        "The checkpoint gmvae has no t-SNE map: PCA is shown in its place."
    ]
    assert not app.exception and len(app.get("plotly_chart")) == 5


def test_without_a_record_of_the_training_the_rest_is_there(open_app: Open, folder: Path) -> None:
    (folder / "training.json").unlink()
    app = open_app("gmvae")
    assert len(app.warning) == 1 and "training.json" in app.warning[0].value
    assert not app.exception and app.header[-1].proto.anchor == "mathematics"


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


@pytest.mark.parametrize("missing", ["gmvae", "gmvae/model.safetensors", "gmvae/config.json"])
def test_a_missing_checkpoint_leaves_the_pages_title(open_app: Open, folder: Path, missing: str) -> None:
    path = folder.parent / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    app = open_app("gmvae")
    assert app.title[0].value == "Gaussian mixture VAE"
    assert len(app.exception) == 1  # which app.py hands to errors.show


def test_a_checkpoint_of_another_model_is_refused(make_checkpoint: Make) -> None:
    path = make_checkpoint(VAE(latent_dim=20, hidden_dims=(8,)))
    path.rename(path.with_name("gmvae"))
    with pytest.raises(CheckpointError, match="does not hold a GMVAE"):
        gmvae.model("gmvae")


def test_the_equation_is_the_marginal_estimators(folder: Path) -> None:
    html = gmvae.elbo("gmvae", 3, 1)
    with torch.no_grad():
        terms = gmvae.model("gmvae").marginal_terms(
            gmvae.image(3).unsqueeze(0), generator=torch.Generator().manual_seed(1)
        )
    for value in (*terms.values(), sum(terms.values())):
        assert f"{abs(value.item()):,.1f}" in html
