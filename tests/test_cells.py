"""This view in Python: the cell of every scene is run as a notebook would, and says what the library does."""

import ast
import inspect
import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import aevb
from aevb import data, experiments
from aevb.data import Split
from aevb.explore import codes, measures, rows
from aevb.explore.noise import Noise
from aevb.explore.record import record
from aevb.models.factor_analysis import true_model
from aevb.percent import stated
from aevb.stored.files import write_json
from aevb.ui.frame import catalogue
from aevb.ui.jobs import turns
from aevb.ui.shared import mathematics
from aevb.ui.shared.cell import PARSING, template, written
from aevb.ui.train import specification
from aevb.ui.vae import cells as vae_cells

WITHOUT = {"train/train", "train/compare", "train/factors", "gmvae/estimators", "vrnn/estimators"}
"""Scenes whose view is of a run on the server, or of recorded ones."""

SCENES = [(page, scene) for page in catalogue.MENU for scene in page.scenes if scene.cell]


def run(page: str, scene: str, **said: Any) -> tuple[Any, str, dict[str, Any]]:
    """What a cell shows, prints and leaves, under the link's values."""
    entry = catalogue.page(page)
    (found,) = (one for one in entry.scenes if one.id == scene)
    assert found.cell is not None
    parts = template(found.cell, checkpoint=next(iter(entry.checkpoints), ""))
    assert set(said) <= set(parts["values"])
    tree = ast.parse(written(parts, **said))
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    printed: list[str] = []
    names: dict[str, Any] = {"print": lambda *words, sep=" ": printed.append(sep.join(map(str, words)))}
    exec(compile(tree, "cell", "exec"), names)
    shown = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    return shown, "\n".join(printed), names


def test_the_source_is_read_by_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    parse, parsed = ast.parse, list[str]()

    def watched(text: str, *others: Any, **more: Any) -> ast.AST:
        assert PARSING.locked()
        parsed.append(text)
        return parse(text, *others, **more)

    monkeypatch.setattr(ast, "parse", watched)
    _, scene = SCENES[0]
    assert scene.cell is not None and template(scene.cell, checkpoint="")
    assert parsed and not PARSING.locked()
    parsed.clear()
    formulas = next(scene.mathematics for _, scene in SCENES if any(one.code for one in scene.mathematics))
    assert mathematics.page(formulas) and parsed and not PARSING.locked()


def test_a_thin_space_is_about_log_but_for_a_parenthesis():
    thin = '<mspace width="0.167em"/>'
    assert f"<mi>log</mi>{thin}<msub>" in mathematics.formula(r"\log p_\theta(x)")
    assert f"{thin}<mi>log</mi>{thin}<mfrac>" in mathematics.formula(r"q(z) \log \frac{q}{p}")
    assert thin not in mathematics.formula(r"- \log (x)") + mathematics.formula(r"\log\left(x\right)")


def told(printed: str, what: str) -> float:
    """The number that stands behind some words."""
    (number,) = re.findall(rf"{re.escape(what)} *(-?[\d.]+)", printed)
    return float(number)


def observed(name: str, digit: int = 7) -> tuple[Any, torch.Tensor, torch.Tensor]:
    """A model, a test digit as it sees it, and its label."""
    model, test = aevb.load(name).model, data.read().test
    return model, codes.seen(model, test.images[[digit]])[0], test.known_labels[digit]


@pytest.mark.parametrize(("page", "scene"), SCENES, ids=lambda one: getattr(one, "id", None) or one.name)
def test_every_scenes_cell_runs(page: catalogue.Page, scene: Any) -> None:
    said = {"steps": 20} if "steps" in template(scene.cell, checkpoint="")["values"] else {}
    shown, printed, _ = run(page.name, scene.id, **said)
    assert shown is not None
    assert printed or isinstance(shown, dict)


MODELS: dict[str, dict[str, Any]] = {
    "vae": {"latent_dim": 3, "hidden_dims": [8]},
    "cvae": {"latent_dim": 3, "hidden_dims": [8]},
    "gmvae": {"latent_dim": 3, "hidden_dims": [8, 8], "clusters": 7},
    "vrnn": {"latent_dim": 3, "hidden_dims": [8], "memory_dim": 8, "memory_layers": 1},
}
EXPLORED = [(page, scene) for page, scene in SCENES if page.name in MODELS]
MEASURED = [found for found in EXPLORED if "measured(" in inspect.getsource(found[1].cell)]


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of each model on 8 × 8 digits, as the page Train leaves it; two of its epochs were measured."""
    found = {}
    for name, arguments in MODELS.items():
        asked = {"model": name, "arguments": arguments, "data": "digits", "training": {"steps": 60}}
        folder = tmp_path_factory.mktemp(name)
        write_json(folder / turns.SPECIFICATION, specification.read(asked).to_json())
        assert turns.take_turn(folder, seconds=60).done
        found[name] = folder / turns.CHECKPOINT
        told = json.loads((found[name] / "training.json").read_text("utf-8"))
        told["curve"] = [told["curve"][0] | {"epoch": 2}, told["curve"][-1] | {"epoch": 5}]
        write_json(found[name] / "training.json", told)
    return found


@pytest.mark.parametrize(("page", "scene"), EXPLORED, ids=lambda one: getattr(one, "id", None) or one.name)
def test_every_scenes_cell_runs_on_a_run_of_other_data(
    page: Any, scene: Any, learnt: dict[str, Path]
) -> None:
    said: dict[str, Any] = {"checkpoint": str(learnt[page.name])}
    values = template(scene.cell, checkpoint="")["values"]
    said |= {name: value for name, value in {"steps": "20", "digit": 7}.items() if name in values}
    shown, _, names = run(page.name, scene.id, **{name: said[name] for name in said if name in values})
    assert shown is not None
    if scene.id == "training":
        assert names["point"]["epoch"] == 5
    if scene.id == "confusion":
        own = names["guesses"][names["seen"]] if page.name == "cvae" else names["of"]
        assert len(own) == names["counts"].sum() == len(data.read("digits").test)
    if "x" in names and page.name in ("vae", "cvae") and scene.id in ("flow", "rewrite", "guess", "knobs"):
        seen = codes.seen(names["model"], data.read("digits").test.images[[7]])[0]
        assert torch.equal(names["x"], seen)


@pytest.mark.parametrize(("page", "scene"), MEASURED, ids=lambda one: getattr(one, "id", None) or one.name)
def test_every_scenes_cell_runs_where_nothing_was_measured(
    page: Any, scene: Any, learnt: dict[str, Path], tmp_path: Path
) -> None:
    """As of a checkpoint that `aevb.save` has left."""
    folder = tmp_path / page.name
    shutil.copytree(learnt[page.name], folder, ignore=shutil.ignore_patterns("measures.json"))
    shown, _, _ = run(page.name, scene.id, checkpoint=str(folder))
    assert shown is not None


def test_clusters_without_labels_have_numbers_in_a_cell(learnt: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(learnt["gmvae"], folder := tmp_path / "unlabelled")
    test = Split(data.read("digits").test.images)
    measures.save(measures.measure(aevb.load(str(folder)).model, test), folder)
    _, printed, _ = run("gmvae", "clusters", checkpoint=str(folder))
    assert printed == "rows, from the top: " + " ".join(f"no. {y + 1}" for y in range(7))


def test_a_cell_of_a_few_guessed_labels_is_of_these(learnt: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(learnt["cvae"], folder := tmp_path / "few")
    test = data.read("digits").test
    found = measures.measure(aevb.load(str(folder)).model, test, guessed=40)
    measures.save(found, folder)
    _, _, names = run("cvae", "confusion", checkpoint=str(folder))
    cells = [
        (names["guesses"] == guess) & (test.known_labels == label)
        for guess in range(10)
        for label in range(10)
    ]
    assert [cell.sum().item() for cell in cells] == [count for row in found["confusion"] for count in row]


def test_how_it_was_trained_from_the_plain_start() -> None:
    plain = record(aevb.load("gmvae"))["plain"]
    _, _, names = run("gmvae", "training", origin="plain")
    assert names["told"] == plain and names["point"]["epoch"] == plain["chosen"]


def test_a_scene_without_a_cell_is_known():
    every = {f"{page.name}/{scene.id}" for page in catalogue.MENU for scene in page.scenes}
    assert every - {f"{page.name}/{scene.id}" for page, scene in SCENES} <= WITHOUT


def test_a_cell_imports_what_it_uses_alone():
    parts = template(vae_cells.knobs, checkpoint="vae")
    assert parts["values"] == {"checkpoint": "vae", "digit": 0, "z": None}
    names = ["aevb.explore import codes", "aevb.figures.images import sheet"]
    assert parts["imports"].split("\n") == [
        "import torch",
        "import aevb",
        *(f"from {name}" for name in names),
    ]
    assert parts["body"].startswith("known = aevb.load") and parts["body"].endswith(", 2)")


def test_the_noise_is_the_apps():
    """What mulberry32 is known to give from 1, Box and Muller of it, and the samples that are recorded."""
    first, second = Noise(1).uniform(2).tolist()
    assert first == pytest.approx(0.6270739405881613, abs=1e-9)
    assert Noise(1).normal(1).item() == pytest.approx(
        math.sqrt(-2 * math.log(first)) * math.cos(2 * math.pi * second), rel=1e-6
    )
    assert torch.equal(
        rows.samples(aevb.load("vrnn").expect(aevb.VRNN), rows.SEED, 2).x[:, 0], grown_by_hand()
    )


def grown_by_hand() -> torch.Tensor:
    recorded = aevb.load("vrnn").measures["samples"]
    assert recorded["seed"] == rows.SEED
    return torch.tensor([float(pixel) for pixel in recorded["x"][0]]).view(28, 28)


def test_the_vaes_flow_is_its_elbo():
    model, x, _ = observed("vae")
    _, printed, names = run("vae", "flow", digit=7, seed=3)
    q = model.posterior(x)
    assert torch.allclose((names["z"] - q.mean) / q.stddev, Noise(3).normal(20), atol=1e-4)
    elbo = model.likelihood(names["z"]).log_prob(x) - model.kl_by_dimension(x.unsqueeze(0)).sum()
    assert told(printed, "ELBO") == pytest.approx(elbo.item(), abs=0.06)
    more = model.log_prob(x.unsqueeze(0), samples=2000, generator=torch.Generator().manual_seed(0)).value
    assert told(printed, "ELBO") < told(printed, "K = 100:") < more.item() + 1


def test_the_vaes_knobs_stand_where_the_link_says():
    model, x, _ = observed("vae")
    z = [0.5] * 20
    shown, printed, _ = run("vae", "knobs", digit=7, z=z)
    terms = codes.joint_terms(model, x, torch.tensor(z))
    assert told(printed, "log p(x | z)") == pytest.approx(terms["likelihood"].item(), abs=0.06)
    assert told(printed, "log p(z)") == pytest.approx(terms["prior"].item(), abs=0.06)
    assert shown.size == (3 * (28 + 2 + 28), 3 * 28)


def test_a_plane_goes_through_its_place():
    _, printed, names = run("vae", "plane", digit=7, plane="3,pca2", z=[1.0] * 20)
    assert "z is at 1.0," in printed
    middle = names["grid"][4, 4]
    assert abs(names["u"] @ middle) < 1e-5  # the pad's middle is at 0 along both
    assert abs(names["v"] @ (middle - names["from_v"])) < 1e-5


@pytest.mark.parametrize("page", ["vae", "cvae", "gmvae"])
def test_a_plane_of_a_model_with_one_latent_number_is_refused(page: str, tmp_path: Path) -> None:
    model = aevb.models.REGISTRY[page](data_dim=64, **MODELS[page] | {"latent_dim": 1})
    aevb.save(model, tmp_path, {"data": "digits", "curve": []}, overwrite=True)
    with pytest.raises(AssertionError, match="takes two latent numbers, and this model has one"):
        run(page, "plane", checkpoint=str(tmp_path))


def test_a_walk_begins_and_ends_at_its_digits():
    model, x, _ = observed("vae")
    for way in ("arc", "line"):
        _, printed, names = run("vae", "walk", digit=7, to=3, at=0.0, way=way)
        mean = codes.posterior(model, x).mean
        assert torch.allclose(names["steps"][0], mean, atol=1e-5)
        assert told(printed, "‖z‖ =") == pytest.approx(mean.norm().item(), abs=0.006)


def test_the_cvaes_guess_and_rewriting():
    model, x, label = observed("cvae")
    _, _, names = run("cvae", "guess", digit=7)
    assert names["bounds"].argmax() == label
    # With other noise such a bound comes out a nat or two higher or lower.
    several = torch.stack([codes.label_bounds(model, x, samples=100, seed=s)[label] for s in range(10)])
    assert names["bounds"].max().item() == pytest.approx(several.mean().item(), abs=4 * several.std().item())
    _, printed, _ = run("cvae", "rewrite", digit=7)
    assert told(printed, "K = 100:") == pytest.approx(names["bounds"].max().item(), abs=0.06)


def test_a_dial_between_two_labels():
    _, _, names = run("cvae", "knobs", digit=7, z=[0.0] * 20, choice="3.25")
    assert names["weights"].tolist() == [0, 0, 0, 0.75, 0.25, 0, 0, 0, 0, 0]
    _, _, names = run("cvae", "between", digit=7, to=1, from_=2, until=5)
    assert names["rows"][0].argmax() == 2 and names["rows"][-1].argmax() == 5


def test_the_gmvaes_clusters():
    model, x, label = observed("gmvae", digit=0)
    _, printed, _ = run("gmvae", "guess", digit=0)
    share = model.responsibilities(x.unsqueeze(0))[0].max().item()
    assert f"{label}s   q(y | x) {stated(share)}" in printed
    kl = model.kl_by_dimension(x.unsqueeze(0)).sum()
    assert told(printed, "KL(z)") == pytest.approx(kl.item(), abs=0.06)
    known = aevb.load("gmvae").measures
    cluster = known["order"][3]
    _, printed, names = run("gmvae", "confusion", cell=[3, 5])
    assert f"{known['confusion'][cluster][5]} images in the cluster {known['titles'][3]}" in printed
    assert len(names["inside"]) == known["confusion"][cluster][5]
    _, _, names = run("gmvae", "gumbel", tau=0.1, pi=[20, 20, 60])
    assert names["nearest"].tolist() == pytest.approx([0.2, 0.2, 0.6], abs=0.06)


def test_the_vrnns_rows():
    _, x, _ = observed("vrnn")
    _, printed, names = run("vrnn", "rows", digit=7, seed=4)
    elbo = sum(part.sum() for part in names["read"].terms.values())
    assert told(printed, "ELBO") == pytest.approx(elbo.item(), abs=0.06)
    _, _, names = run("vrnn", "moved", moved_row=9, moved_z=[9.0, 1.5, -0.5])
    assert torch.equal(names["before"].x[:8], names["after"].x[:8])
    prior = names["after"].prior.base_dist
    z = prior.loc[8, 0] + prior.scale[8, 0] * torch.tensor([1.5, -0.5])
    assert torch.allclose(names["after"].z[8, 0], z, atol=1e-4)
    _, _, names = run("vrnn", "endings", digit=7, keep=12)
    images = names["drawn"].x.transpose(0, 1)
    assert torch.equal(images[3, :12], x[:12]) and not torch.equal(images[0], images[1])


def test_factor_analysis_in_closed_form():
    _, printed, names = run("factor-analysis", "em", steps=310)
    x = names["x"].float()
    model = experiments.FactorAnalysis(3, 2)
    for parameter, start in zip(model.parameters(), names["model"].parameters(), strict=True):
        parameter.data.copy_(start)
    assert told(printed, "evidence") == pytest.approx(model.evidence(x[1000:]).mean().item(), abs=0.002)
    assert told(printed, "true model's") == pytest.approx(
        true_model().evidence(x[1000:]).mean().item(), abs=0.002
    )
    _, printed, _ = run("factor-analysis", "hand", moves="E,M")
    start, after_e, after_m = printed.splitlines()
    assert told(after_e, "gap") == 0
    assert told(after_e, "evidence") == told(start, "evidence") < told(after_m, "evidence")


def test_a_smaller_family_of_factor_analysis_is_the_cells_too():
    of_full, of_fixed = (run("factor-analysis", "watch", family=family)[1] for family in ("full", "1.0"))
    assert told(of_fixed, "evidence") < told(of_full, "evidence") - 0.5
    _, printed, _ = run("factor-analysis", "hand", moves="E", family="1.0")
    start, after_e = printed.splitlines()
    assert 0 < told(after_e, "gap") < told(start, "gap")
    _, printed, _ = run("factor-analysis", "em", experiment="turn", e=20, m=20, rounds=2)
    assert printed.startswith("EM, 3 iterations")
    gaps, _, _ = run("factor-analysis", "families", family="0.5", steps=50)
    assert list(gaps) == ["full", "diagonal", "0.5"]
    gaps, _, _ = run("factor-analysis", "families", steps=50)
    assert list(gaps) == ["full", "diagonal", "1.0"]


def test_the_one_idea():
    shown, _, _ = run("", "idea", at=[1.5, 1.5])
    assert shown["gap"] == pytest.approx(0, abs=1e-9)
    variance = 1.5**2 + 1
    assert shown["evidence"] == pytest.approx(-0.5 * (math.log(2 * math.pi * variance) + 5 / variance))


def test_jensens_inequality():
    for q in ([15, 25, 60], [45, 35, 20]):
        shown, _, _ = run("", "jensen", q=q)
        assert shown["elbo"] + shown["gap"] == pytest.approx(math.log(0.2))
        assert (shown["gap"] < 1e-9) == (q == [45, 35, 20])


@pytest.mark.parametrize("name", ["vae", "gmvae", "vrnn"])
def test_how_it_was_trained(name: str):
    _, _, names = run(name, "training")
    assert names["point"]["epoch"] == record(aevb.load(name))["chosen"]
