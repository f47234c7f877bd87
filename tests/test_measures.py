"""What is measured once of a checkpoint, on small models and on those that are shipped."""

import json
import math

import numpy as np
import pytest
import torch

import aevb
from aevb import CVAE, GMVAE, VAE, VRNN, LatentVariableModel, checkpoints, data, evaluate
from aevb.data import Split
from aevb.evaluation import SEED
from aevb.explore import codes, likeness, measures, rows
from aevb.explore.clusters import clustering

EVERY = {"elbo_percentiles", "use"}
STYLES = {"centre", "directions"}
CLUSTERS = {"order", "titles", "class_of", "confusion", "accuracy", "conditional_entropy"}
LABELS = {"label_samples", "accuracy", "confusion", "mistakes"}
ROWS = {"row_kl", "class_paths", "few_paths", "samples"}


def small(name: str) -> tuple[LatentVariableModel, set[str]]:
    """An untrained model of digits, and what is measured of it."""
    torch.manual_seed(0)
    match name:
        case "vae":
            return VAE(latent_dim=5, hidden_dims=[8]).eval(), EVERY | STYLES
        case "cvae":
            return CVAE(latent_dim=5, hidden_dims=[8]).eval(), EVERY | STYLES | LABELS
        case "gmvae":
            return GMVAE(clusters=12, latent_dim=5, hidden_dims=[8, 8]).eval(), EVERY | STYLES | CLUSTERS
    return VRNN(memory_dim=6, memory_layers=1, hidden_dims=[8]).eval(), EVERY | ROWS


@pytest.fixture(scope="module")
def test() -> Split:
    whole = data.load_sample().test
    return Split(whole.images[:300], whole.labels[:300])


@pytest.mark.parametrize("name", ["vae", "cvae", "gmvae", "vrnn"])
def test_a_model_decides_what_is_measured_of_it(name: str, test: Split) -> None:
    model, expected = small(name)
    found = measures.measure(model, test)
    assert found.keys() == expected
    assert json.loads(json.dumps(found, allow_nan=False)) == found  # plain JSON
    observed = test.seen_by(model).fixed()
    if name == "cvae":  # an array has no labels
        with pytest.raises(ValueError, match="conditional"):
            measures.measure(model, test.images.numpy())
    else:
        unlabelled = measures.measure(model, test.images.numpy())
        assert unlabelled == {key: found[key] for key in unlabelled} and "use" in unlabelled
    examples = data.Examples(test.images.long(), model.observation, test.labels)
    assert measures.measure(model, examples) == found
    measured = evaluate(model, *observed)
    assert len(found["use"]) == model.latent_dim
    assert sum(found["use"]) == pytest.approx(-measured.terms["minus_kl_z"], rel=1e-4)
    with torch.no_grad():  # one batch, of the images as the app shows them
        shown = codes.seen(model, test.images), *observed[1:]
        elbos = model.elbo(*shown, generator=torch.Generator().manual_seed(SEED))
    assert found["elbo_percentiles"][50] == pytest.approx(float(np.median(elbos.numpy())), rel=1e-4)
    assert found["elbo_percentiles"][0] == pytest.approx(elbos.min().item(), rel=1e-4)
    assert (
        found["elbo_percentiles"] == sorted(found["elbo_percentiles"])
        and len(found["elbo_percentiles"]) == 101
    )


def test_directions_are_of_the_styles(test: Split) -> None:
    model, _ = small("cvae")
    found = measures.measure(model, test)
    styles = codes.styles(model, *test.seen_by(model).fixed()).numpy()
    np.testing.assert_allclose(found["centre"], styles.mean(0), rtol=1e-4, atol=1e-6)
    directions = np.array(found["directions"])
    assert directions.shape == (4, 5)
    np.testing.assert_allclose(directions @ directions.T, np.eye(4), atol=1e-4)
    spread = ((styles - styles.mean(0)) @ directions.T).var(0)
    assert (np.diff(spread) <= 0).all()
    assert spread[0] == pytest.approx(np.linalg.eigvalsh(np.cov(styles.T, bias=True))[-1], rel=1e-3)


def test_clusters_are_those_of_the_library(test: Split) -> None:
    model, _ = small("gmvae")
    found = measures.measure(model, test)
    with torch.no_grad():
        expected = clustering(model.responsibilities(test.seen_by(model).fixed()[0]), test.labels)
    assert found["order"] == expected.order and found["titles"] == expected.titles
    assert found["class_of"] == expected.class_of.tolist() and found["class_of"].count(-1) == 2
    assert found["confusion"] == expected.confusion.tolist()
    assert np.sum(found["confusion"]) == 300
    assert found["accuracy"] == pytest.approx(expected.accuracy, rel=1e-5)
    assert found["conditional_entropy"] == pytest.approx(expected.conditional_entropy, rel=1e-5)


def test_paths_are_of_the_rows(test: Split) -> None:
    model, _ = small("vrnn")
    found = measures.measure(model, test)
    (x,) = test.seen_by(model).fixed()
    assert len(found["row_kl"]) == 28 and sum(found["row_kl"]) == pytest.approx(sum(found["use"]), rel=1e-4)
    with torch.no_grad():
        sevens = model.encode(x[test.labels == 7]).view(-1, 28, 2).numpy()
    np.testing.assert_allclose(found["class_paths"][7], sevens.mean(0), atol=1e-5)
    np.testing.assert_allclose(found["few_paths"][7], sevens[:3], atol=1e-5)
    assert np.shape(found["class_paths"]) == (10, 28, 2) and np.shape(found["few_paths"]) == (10, 3, 28, 2)


def test_a_vrnn_of_one_row_is_measured_as_others_are(test: Split) -> None:
    """It has a p(z | h) for its row, and no p(z)."""
    model = VRNN(784, 1, memory_dim=6, memory_layers=1, hidden_dims=[8]).eval()
    found = measures.measure(model, test)
    assert found.keys() == EVERY | ROWS
    assert found["row_kl"] == [pytest.approx(sum(found["use"]), rel=1e-4)]
    images = data.load_sample()
    assert likeness.asked(VAE(hidden_dims=[8]), images) and not likeness.asked(model, images)


def test_the_first_sample_that_the_app_shows_is_a_digit() -> None:
    """Its nearest test digits, by the number of pixels that differ, are all of one class."""
    known, test = aevb.load("vrnn"), data.load_sample().test
    first = torch.tensor([float(pixel) for pixel in known.measures["samples"]["x"][0]])
    differ = (codes.seen(known.model, test.images).flatten(1) - first).abs().sum(1)
    assert len(test.known_labels[differ.topk(10, largest=False).indices].unique()) == 1


def test_a_class_without_an_image_has_no_path(test: Split) -> None:
    model, _ = small("vrnn")
    few = test.labels != 4
    found = measures.measure(model, Split(test.images[few], test.labels[few]))
    assert found["class_paths"][4] == [[None, None]] * 28 and found["few_paths"][4] == []
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("name", ["cvae", "vrnn"])
def test_a_few_of_images_that_come_class_by_class_are_of_all_classes(name: str, test: Split) -> None:
    """And what is told of one of them is told under its own number."""
    model, _ = small(name)
    order = test.labels.argsort(stable=True)
    sorted_ = Split(test.images[order], test.labels[order])
    found = measures.measure(model, sorted_, seen=100, guessed=50)
    if name == "vrnn":
        assert np.isfinite(np.array(found["class_paths"], float)).all()
        return
    assert np.sum(found["confusion"]) == 50 and all(np.sum(found["confusion"], 0))
    assert len(found["mistakes"]) == 50 - np.trace(found["confusion"]) > 0
    assert {number for number, *_ in found["mistakes"]} <= set(found["guessed"])
    by_label = np.zeros((10, 10), int)
    for number, guessed, _ in found["mistakes"]:
        by_label[guessed, sorted_.labels[number]] += 1
    np.testing.assert_array_equal(by_label, found["confusion"] - np.diag(np.diag(found["confusion"])))
    asked = sorted_.labels[found["guessed"]].bincount(minlength=10)
    np.testing.assert_array_equal(asked, np.sum(found["confusion"], 0))
    assert "guessed" not in measures.measure(model, sorted_[:50], seen=50)


def test_samples_are_drawn_by_the_prior_and_the_generative_net(test: Split) -> None:
    model, _ = small("vrnn")
    found = measures.measure(model, test)["samples"]
    other = rows.samples(model, rows.SEED + 1, measures.SAMPLES)
    again = rows.samples(model, rows.SEED, 2)  # the first of a seed, however many are asked for
    assert found["seed"] == rows.SEED
    assert [len(image) for image in found["x"]] == [784] * 12 and set("".join(found["x"])) == {"0", "1"}
    for name in ("z", "loc", "scale"):
        assert np.shape(found[name]) == (12, 28, 2)
    x, probs = (part.transpose(0, 1).flatten(1).numpy() for part in (again.x, again.probs))
    assert [[int(pixel) for pixel in image] for image in found["x"][:2]] == x.tolist()
    assert np.abs(np.array(found["probs"][:2]) - 255 * probs).max() <= 0.5
    np.testing.assert_allclose(found["z"][:2], again.z.transpose(0, 1), rtol=1e-4, atol=1e-5)
    assert not torch.equal(other.x[:, :2], again.x)
    # As many pixels are inked as their probabilities let expect, and z is spread as its prior is.
    whole = rows.samples(model, 7, 60)
    assert whole.x.mean().item() == pytest.approx(whole.probs.mean().item(), abs=0.01)
    standard = (whole.z - whole.prior.base_dist.loc) / whole.prior.base_dist.scale
    assert standard.mean().item() == pytest.approx(0, abs=0.05)
    assert standard.std().item() == pytest.approx(1, abs=0.05)


def test_rows_of_greys_are_drawn_by_their_normal(test: Split) -> None:
    torch.manual_seed(0)
    model = VRNN(hidden_dims=(8,), memory_dim=8, likelihood="gaussian").eval()
    for temperature in (1.0, 0.5):
        drawn = rows.samples(model, 3, 20, temperature=temperature)
        apart = (drawn.x - drawn.probs) / model.p_x_given_hz.scale
        assert apart.mean().item() == pytest.approx(0, abs=0.05)
        assert apart.std().item() == pytest.approx(temperature, abs=0.05)
    assert "samples" not in measures.measure(model, test)  # which are recorded as black and white


def test_they_are_written_beside_the_weights_until_those_change(tmp_path, test: Split) -> None:
    model, _ = small("vae")
    checkpoints.save(model, tmp_path)
    assert checkpoints.load(tmp_path).measures == {}
    found = measures.measure(model, test)
    measures.save(found, tmp_path)
    assert checkpoints.load(tmp_path).measures == found
    assert len((tmp_path / "measures.json").read_text().splitlines()) == len(found) + 2
    checkpoints.save(model, tmp_path, overwrite=True)
    assert checkpoints.load(tmp_path).measures == {}


# What is shipped


@pytest.mark.parametrize("name", checkpoints.shipped())
def test_the_shipped_measures_are_there_and_agree_with_the_record(name: str) -> None:
    checkpoint = checkpoints.load(checkpoints.ROOT / name)
    found, recorded = checkpoint.measures, checkpoint.training["test"]
    assert found.keys() >= EVERY
    assert sum(found["use"]) == pytest.approx(-recorded["terms"]["minus_kl_z"], abs=0.02)
    assert found.keys() >= (ROWS if checkpoint.model.length > 1 else STYLES)
    assert np.abs(found["elbo_percentiles"][50] - recorded["elbo"]) < 0.05 * abs(recorded["elbo"])
    assert (checkpoint.path / "measures.json").stat().st_size < 100_000
    for score, value in recorded["scores"].items():
        assert found[score] == pytest.approx(value, abs=1e-3)
    assert all(math.isfinite(value) for value in found["use"])


def test_large_models_are_measured_on_fewer_images_than_the_tutorial_s():
    for name, seen in (("vae", 2_000), ("cvae", 2_000), ("gmvae", 2_000), ("vrnn", 400)):
        assert measures.affordable(aevb.load(name).model) == (seen, 200)
    clusters = aevb.GMVAE(784, clusters=50, latent_dim=32, hidden_dims=[1200, 1200, 800])
    classes = aevb.CVAE(784, classes=100, latent_dim=32, hidden_dims=[1300, 1300, 800])
    work = sum(p.numel() for p in clusters.parameters()) * 50
    assert measures.affordable(clusters)[0] == int(measures.WORK / work) < 200
    assert measures.affordable(classes) == (2_000, measures.LEAST)
