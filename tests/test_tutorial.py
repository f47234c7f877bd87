"""The tutorial's twelve figures: what they show, their files, and the command that writes them."""

import re
import shutil
from base64 import b64decode
from collections.abc import Iterator
from functools import cache
from html import unescape
from io import BytesIO
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from aevb import checkpoints, data, documents, experiments, tutorial
from aevb.__main__ import main
from aevb.checkpoints import CheckpointError
from aevb.figures import generated
from aevb.models import GMVAE, VAE
from aevb.tutorial import FIGURES, Picture

NAMES = {"vae": (5, 6, 7, 8), "cvae": (9,), "gmvae": (10, 11), "vrnn": (12,)}
SHIPPED = checkpoints.shipped()
DRAWN = [n for n in FIGURES if not any(n in need for name, need in NAMES.items() if name not in SHIPPED)]


def pixels(part: go.Figure | str) -> list[np.ndarray]:
    """The images that a part in HTML holds."""
    assert isinstance(part, str)
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', part)
    return [np.asarray(Image.open(BytesIO(b64decode(file)))) for file in found]


def only(picture: Picture) -> go.Figure | str:
    (part,) = picture.parts.values()
    return part


@pytest.fixture(scope="module", autouse=True)
def run_once() -> Iterator[None]:
    """Each experiment is trained once, however many figures show it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiments, "run", cache(experiments.run))
        yield


@pytest.fixture
def lacking(tmp_path, monkeypatch) -> Path:
    """Where the VAE is the only checkpoint shipped."""
    folder = tmp_path / "shipped"
    shutil.copytree(checkpoints.ROOT / "vae", folder / "vae")
    monkeypatch.setattr(checkpoints, "ROOT", folder)
    return folder


@pytest.fixture
def no_browser(monkeypatch) -> None:
    monkeypatch.setattr(documents, "BROWSERS", ("no-such-browser",))


def sentence(text: str) -> str:
    assert "Traceback" not in text
    return text.strip().splitlines()[-1]


# What they show


def test_there_are_twelve():
    assert list(FIGURES) == list(range(1, 13))
    assert {1, 2, 3, 4, *NAMES["vae"], *NAMES["cvae"], *NAMES["vrnn"]} <= set(DRAWN)


def test_figure_1_shows_the_synthetic_points_on_three_planes():
    figure, (_, test_x) = only(FIGURES[1].draw()), experiments.EXPERIMENT_1.data()
    assert len(figure.data) == 3
    for trace, (a, b) in zip(figure.data, ((0, 1), (0, 2), (1, 2)), strict=True):
        np.testing.assert_array_equal(trace.x, test_x[:, a])
        np.testing.assert_array_equal(trace.y, test_x[:, b])


def test_figure_2_ends_at_the_true_model_and_its_points_come_nearer():
    curves, *stages = FIGURES[2].draw().parts.values()
    lines = {trace.name: np.asarray(trace.y) for trace in curves.data}
    true = experiments.true_evidence(experiments.EXPERIMENT_1.training.seed)
    assert len(lines["evidence"]) == 1001
    assert lines["evidence"][-1] == pytest.approx(true, abs=0.1)
    assert (lines["ELBO"] < lines["evidence"] + 1e-9).all()

    def apart(stage: go.Figure) -> float:
        """How far the generated points' covariance on the planes is from the test points'."""
        traces = [np.cov(trace.x, trace.y) for trace in stage.data]
        return sum(float(np.abs(a - b).max()) for a, b in zip(traces[::2], traces[1::2], strict=True))

    distances = [apart(stage) for stage in stages]
    assert len(distances) == len(tutorial.STAGES) and distances[-1] < 0.5 * distances[0]


def test_figure_3_shades_the_e_steps():
    figure = only(FIGURES[3].draw())
    shaded = {(shape.x0, shape.x1) for shape in figure.layout.shapes if shape.type == "rect"}
    assert shaded == {(0, 1000), (2000, 3000)}
    lines = {trace.name: np.asarray(trace.y) for trace in figure.data}
    evidence = lines["evidence"][: len(lines["evidence"]) // 4]
    assert np.ptp(evidence[:-1]) < 1e-9  # φ takes no part in it


def test_figure_4_shows_the_images_as_they_are():
    (shown,) = pixels(only(FIGURES[4].draw()))
    images = data.read().test.images
    assert np.array_equal(shown[: 28 * 5 : 5, : 28 * 5 : 5], images[0])
    assert np.array_equal(shown[-28 * 5 :: 5, -28 * 5 :: 5], images[29])


@pytest.mark.parametrize("number", [n for n in (5, 10, 12) if n in DRAWN])
def test_a_curve_is_that_of_the_training(number):
    picture = FIGURES[number].draw()
    training = picture.source.training
    curve = training.get("plain", training)["curve"]  # Figure 10's is from a plain start
    figure = next(part for part in picture.parts.values() if isinstance(part, go.Figure))
    measured = next(trace for trace in figure.data if trace.name == "validation")
    assert list(measured.y) == [epoch["validation_elbo"] for epoch in curve] and len(curve) > 5


def test_figures_6_and_7_show_the_same_draws():
    (lambdas,), (samples,) = (pixels(only(FIGURES[number].draw())) for number in (6, 7))
    model = checkpoints.load("vae").expect(VAE)
    expected = generated.prior(model, tutorial.SEED)
    assert np.array_equal(lambdas, expected[0]) and np.array_equal(samples, expected[1])
    assert np.corrcoef(lambdas.ravel(), samples.ravel())[0, 1] > 0.8
    assert (
        np.abs(np.diff(samples[::5, ::5].astype(int))).mean()
        > np.abs(np.diff(lambdas[::5, ::5].astype(int))).mean()
    )


def test_figure_8_maps_every_test_image():
    figure = only(FIGURES[8].draw())
    labels = data.read().test.labels.numpy()
    assert np.array_equal(figure.data[0].marker.color, labels)
    points = np.column_stack([figure.data[0].x, figure.data[0].y])
    assert points.shape == (10_000, 2)
    medians = {int(note.text[3]): (note.x, note.y) for note in figure.layout.annotations}
    near = [np.linalg.norm(points - medians[digit], axis=1) for digit in range(10)]
    assert (np.argmin(near, axis=0) == labels).mean() > 0.85  # the clusters are those that people see


def test_figure_9_has_a_row_for_each_label():
    rows = pixels(only(FIGURES[9].draw()))
    assert len(rows) == 10 and all(row.std() > 50 for row in rows)
    assert len({row.shape for row in rows}) == 1


@pytest.fixture
def small_gmvae(make_checkpoint) -> Path:
    """A GMVAE, untrained, whose record has the scores of its clusters."""
    path = make_checkpoint(GMVAE(clusters=4, latent_dim=3, hidden_dims=(8, 8)))
    training = checkpoints.load(path).training
    training["curve"] = [
        training["curve"][0]
        | {"epoch": epoch, "scores": {"accuracy": epoch / 10, "conditional_entropy": 1 / epoch}}
        for epoch in (1, 2, 3)
    ]
    checkpoints.write_json(path / "training.json", training)
    return path


def test_figure_10_has_three_curves(small_gmvae):
    figure = only(FIGURES[10].draw())
    drawn = [list(trace.y) for trace in figure.data if trace.y is not None and len(trace.y) == 3]
    assert [11.0, 11.0, 11.0] in drawn and [0.1, 0.2, 0.3] in drawn and [1, 1 / 2, 1 / 3] in drawn


def test_figure_11_has_a_row_for_each_cluster_in_digit_order(small_gmvae):
    part = only(FIGURES[11].draw())
    titles = [int(title[0]) for title in re.findall(r"<b [^>]*>(\ds)</b>", part)]
    assert len(titles) == 4 and titles == sorted(titles)
    rows = pixels(part)
    assert all(row.std() > 0 for row in rows)
    assert {row.shape for row in rows} == {(28 * 4, (15 * 30 - 2) * 4)}


def test_figure_12_shows_samples():
    _, part = FIGURES[12].draw().parts.values()
    (shown,) = pixels(part)
    assert shown.shape == ((3 * 30 - 2) * 5, (10 * 30 - 2) * 5)
    assert set(np.unique(shown)) == {0, 128, 255}
    assert 0.05 < (shown == 255).mean() < 0.3


# Their pages


@pytest.mark.parametrize("number", [1, 9, 12])
def test_a_page_stands_alone_and_says_where_it_comes_from(number, tmp_path):
    html = documents.write(number, tmp_path).read_text(encoding="utf-8")
    words = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", html, flags=re.DOTALL)
    assert f"<h1>Figure {number}. {FIGURES[number].title}</h1>" in words
    assert FIGURES[number].caption in words and f"section {FIGURES[number].section}" in words
    assert f"python -m aevb figure {number}<" in words
    assert not re.findall(r'(?:src|href)="(?!data:)', words)  # nothing is fetched
    assert html.count("plotly.js v") == (number != 9)
    if number == 9:
        elbo = checkpoints.load("cvae").training["test"]["elbo"]
        assert f"{elbo:+,.1f} ± " in words and "python -m aevb train cvae" in words


def test_a_map_that_is_missing_is_asked_for(lacking):
    (lacking / "vae" / "maps.npz").unlink()
    with pytest.raises(CheckpointError, match="python -m aevb map vae"):
        FIGURES[8].draw()


# The command


def test_the_command_writes_a_figure(tmp_path, no_browser, capsys):
    assert main(["figure", "4", "--output", str(tmp_path / "new")]) == 0
    said = capsys.readouterr()
    assert "No Chromium, Chrome or Edge was found" in said.err
    assert str(tmp_path / "new" / "figure-04.html") in said.out
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["figure-04.html"]


def test_all_figures_but_those_missing_are_written_with_an_index(tmp_path, no_browser, lacking, capsys):
    (lacking / "vrnn").mkdir()
    assert main(["figure", "--all", "--output", str(tmp_path / "all")]) == 1
    said = sentence(capsys.readouterr().err)
    missing, there = (9, 10, 11, 12), range(1, 9)
    assert all(f"Figure {number}: " in said for number in missing)
    assert f"There is no checkpoint folder {lacking / 'cvae'}." in said
    written = {path.name for path in (tmp_path / "all").iterdir()}
    assert written == {"index.html", *(documents.file_name(number) for number in there)}
    index = (tmp_path / "all" / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'href="([^"]+)"', index) == [documents.file_name(number) for number in there]
    assert index.count("Missing: ") == len(missing) and "<img" not in index
    assert all(FIGURES[number].title in unescape(index) for number in FIGURES)


def test_a_damaged_checkpoint_is_named(tmp_path, no_browser, lacking, capsys):
    (lacking / "vae" / "model.safetensors").write_bytes(b"?")
    assert main(["figure", "6", "--output", str(tmp_path / "new")]) == 1
    assert f"{lacking / 'vae' / 'model.safetensors'} is damaged" in sentence(capsys.readouterr().err)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["13"], "must be from 1 to 12, not 13"),
        (["0"], "must be from 1 to 12, not 0"),
        (["one"], "invalid whole number value: 'one'"),
        ([], "one of the arguments N --all is required"),
        (["3", "--all"], "not allowed with argument"),
    ],
)
def test_an_impossible_figure_is_refused(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["figure", *arguments])
    assert ended.value.code == 2
    assert said in sentence(capsys.readouterr().err)


# PNGs


@pytest.mark.parametrize(
    ("body", "said"),
    [("exit 3", "01.html."), ("exec sleep 30", "01.html within 1 seconds."), ("exit 0", "01.html.")],
)
def test_a_browser_that_gives_nothing_is_told_of_once(body, said, tmp_path, monkeypatch, capsys):
    fake = tmp_path / "browser"
    fake.write_text(f"#!/bin/sh\n{body}\n")
    fake.chmod(0o755)
    monkeypatch.setattr(documents, "BROWSERS", (str(fake),))
    monkeypatch.setattr(documents, "SECONDS", 1.0)
    monkeypatch.setattr(documents, "FIGURES", {number: FIGURES[number] for number in (1, 4)})
    assert main(["figure", "--all", "--output", str(tmp_path / "new")]) == 0
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert err.count("There are no PNGs: ") == 1
    assert f"There are no PNGs: {fake} gave no picture of figure-{said}" in err
    names = {"figure-01.html", "figure-04.html", "index.html"}
    assert {path.name for path in (tmp_path / "new").iterdir()} == names


@pytest.mark.parametrize("number", [4, 8])
def test_a_browsers_picture_shows_the_figure_alone(browser, number, tmp_path):
    found = documents.browser()
    assert found is not None
    documents.screenshot(found, documents.write(number, tmp_path))
    shown = np.asarray(Image.open(tmp_path / f"figure-{number:02d}.png"))
    height, width, _ = shown.shape
    assert width == documents.WIDTH and 300 < height < 800
    if number == 4:
        assert (shown == 0).all(2).mean() > 0.5  # the images' black, on white paper
    else:
        colours = {tuple(colour) for colour in shown[::7, ::7].reshape(-1, 3)}
        assert len(colours) > 50
    assert (shown[:20] == 255).all()  # no heading
