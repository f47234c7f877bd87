"""What a notebook is sent: a part's modules as one script, and a model with what is known of it."""

import dataclasses
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

import aevb
from aevb import data, web_bundle, widgets
from aevb.data import Split
from aevb.explore import codes, packing

ROOT = Path(__file__).parent.parent
DENO = Path(sys.executable).with_name("deno")
PARTS = {folder.name for folder in (web_bundle.ROOT / "parts").iterdir()}
ELSEWHERE = {"conditioned", "door", "draw", "estimators", "idea", "jensen", "models", "train"}
"""Parts of pages that are about no one model, that show what a page has recorded, or that need the app's
server."""


@pytest.fixture(scope="module")
def split() -> Split:
    test = data.read().test
    return Split(test.images[:150], test.labels[:150])


def test_a_module_stands_after_those_that_it_imports():
    modules = web_bundle.modules(*(f"parts/{part}/{part}.js" for part in sorted(PARTS)), "hosts/notebook.js")
    before = set()
    for name, source in modules.items():
        assert set(re.findall(r'from "aevb:([^"]+)"', source)) <= before, name
        assert not re.search(r'^(import|\} from|export .* from)\b.*"\.', source, re.MULTILINE), name
        before.add(name)
    assert {"hosts/notebook.js", "frame/link.js", "engine/random.js"} <= before


def test_a_module_that_is_not_there():
    with pytest.raises(FileNotFoundError):
        web_bundle.modules("parts/nothing/nothing.js")


def test_a_library_that_is_reached_by_a_link_has_its_modules(tmp_path: Path):
    (tmp_path / "linked").symlink_to(web_bundle.ROOT.parent)
    spec = importlib.util.spec_from_file_location("linked", tmp_path / "linked" / "web_bundle.py")
    linked = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(linked)
    assert linked.modules("hosts/notebook.js") == web_bundle.modules("hosts/notebook.js")


class Own(aevb.VAE):
    """Of a class that browsers do not know."""


def test_models_and_images_that_are_not_shown():
    with pytest.raises(
        ValueError, match=r"knobs shows no Own: browsers know this library's own VAE, CVAE, GMV"
    ):
        widgets.show(Own(hidden_dims=[8]), "knobs")
    with pytest.raises(
        ValueError, match=r"of 20 numbers, .* MNIST is looked at where no images=… are given\."
    ):
        widgets.show(aevb.VAE(20, hidden_dims=[8]), "knobs")


def test_without_anywidget_it_says_what_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "aevb.widgets")
    with pytest.raises(ModuleNotFoundError, match=r'pip install "aevb\[widgets\]"\.'):
        importlib.import_module("aevb.widgets")


def test_every_part_can_be_told_what_its_links_say(tmp_path: Path):
    """The names in `widgets.PARTS` are those of the modules."""
    script = tmp_path / "params.js"
    parts = (web_bundle.ROOT / "parts").as_uri()
    lines = [f'import {{ params as {name} }} from "{parts}/{name}/{name}.js";' for name in widgets.PARTS]
    said = ", ".join(f"{name}: Object.keys({name})" for name in widgets.PARTS)
    script.write_text("\n".join([*lines, f"console.log(JSON.stringify({{ {said} }}));"]))
    command = [DENO, "run", "--quiet", "--no-check", "--no-remote", f"--allow-read={ROOT}", script]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {name: part.said.split() for name, part in widgets.PARTS.items()}


def test_no_key_hides_what_a_widget_has():
    taken = {key for part in widgets.PARTS.values() for key in part.keys}
    assert not [key for key in taken if hasattr(widgets.Instrument, key)]


@pytest.mark.parametrize("name", ["vae", "cvae", "gmvae"])
def test_images_may_be_whatever_holds_them(split: Split, name: str):
    """A byte for each pixel: eight of each were sent of integers of 64 bits, and 0s and 1s of booleans."""
    model, part = aevb.load(name).model, "knobs"
    few = split[:20]
    expected = widgets.show(model, part, images=few).digits
    x, y = few.images, few.labels
    forms = [Split(x.long(), y), Split(x.numpy(), y.numpy()), data.Examples(x.flatten(1), labels=y)]
    if name != "cvae":
        forms += [x, x.numpy()]
    for images in [*forms, TensorDataset(x, y)]:
        sent = widgets.show(model, part, images=images).digits
        assert sent["images"] == expected["images"] and sent["count"] == 20
        assert sent["labels"] == expected["labels"] or images is x or isinstance(images, np.ndarray)
    black_or_white = [(255 * (x >= 128).byte()).numpy().tobytes()]
    for images in (x >= 128, (x >= 128).float()):
        assert widgets.show(model, part, images=Split(images, y)).digits["images"] == black_or_white
    with pytest.raises(ValueError, match="Labels must be numbers, not names such as 'ant'"):
        widgets.show(model, part, images=Split(x, ["ant"] * 20))
    for images in (torch.rand(3, 28, 28) - 0.5, torch.rand(3, 14, 56)):
        with pytest.raises(ValueError, match=r"Values must be|square images"):
            widgets.show(model, part, images=Split(images, y[:3]))


def test_what_is_sent_of_a_checkpoint(split: Split):
    checkpoint = aevb.load("gmvae")
    model = checkpoint.model
    widget = widgets.show(checkpoint, "map", images=split, count=120, digit=3, by="digit")
    assert (widget.digit, widget.by, widget.only) == (3, "digit", None)
    sent, digits = widget.checkpoint, widget.digits
    assert digits["count"] == 120 and [len(chunk) for chunk in digits["images"]] == [78_400, 15_680]
    assert list(digits["labels"]) == split.labels[:120].tolist()
    x = split.images[:120].flatten(1).ge(128).float()
    shares = model.responsibilities(x)
    clusters = np.frombuffer(sent["clusters"][480:], np.uint8)
    assert clusters.tolist() == shares.argmax(1).tolist()
    means = np.frombuffer(sent["means"], "<f2").reshape(120, -1)
    np.testing.assert_allclose(means, codes.posterior(model, x, shares.argmax(1)).mean, atol=5e-3, rtol=1e-2)
    assert sent["p"] == packing.pack(model, "p") and sent["q"] == packing.pack(model, "q")
    assert set(sent["maps"]) == {*checkpoint.maps, "pca"} and len(sent["maps"]["pca"]) == 960
    about = json.loads(sent["about"])
    assert about["kind"] == "gmvae" and about["measures"] == checkpoint.measures
    assert about["record"]["chosen"] == checkpoint.training["epoch"]


def test_other_images_are_not_shown_at_the_places_of_those_that_were_recorded(split: Split):
    """Nor measured by them."""
    checkpoint = aevb.load("gmvae")
    others = Split(split.images.flip(0), split.labels.flip(0))
    sent = widgets.show(checkpoint, "map", images=others, count=120).checkpoint
    assert set(sent["maps"]) == {"pca"}
    assert json.loads(sent["about"])["measures"] != checkpoint.measures
    whole = data.read()
    assert set(widgets.show(checkpoint, "map", images=whole, count=120).checkpoint["maps"]) > {"pca"}
    fashion = dataclasses.replace(whole, name="fashion")
    assert set(widgets.show(checkpoint, "map", images=fashion, count=120).checkpoint["maps"]) == {"pca"}


def test_a_model_of_ones_own_on_images_of_its_own():
    torch.manual_seed(0)
    model = aevb.VAE(64, 3, [20]).eval()
    images = data.read("digits")
    widget = widgets.show(model, "knobs", images=images, z=[0.5, 0, -1])
    about = json.loads(widget.checkpoint["about"])
    assert widget.digits["side"] == 8 and widget.z == [0.5, 0, -1]
    assert len(about["measures"]["use"]) == about["latentDim"] == 3
    assert "nothing is known" in about["record"]["problem"]


def test_what_images_are_of_is_told_as_it_is():
    """MNIST's ten names were those of all images, and unlabelled ones were all zeros."""
    images = torch.arange(6 * 16).view(6, 4, 4).to(torch.uint8)
    labelled = Split(images, torch.arange(6) % 3)
    shapes = data.Images(labelled, labelled, ("circle", "square", "star"), True, "Shapes.", "shapes")
    plain, told = aevb.VAE(16, 2, [8]), aevb.CVAE(16, 3, 2, [8])

    def classes(model, images, part="knobs"):
        return widgets.show(model, part, images=images).digits["classes"]

    assert classes(plain, Split(images)) == []
    assert classes(told, shapes, "between") == ["circle", "square", "star"]
    assert classes(told, labelled[:2], "between") == classes(plain, labelled) == ["0", "1", "2"]
    assert classes(aevb.VAE(64, 2, [8]), data.read("digits")) == [str(y) for y in range(10)]


def test_what_a_browser_cannot_be_sent_is_refused():
    colour = Split(torch.zeros(5, 3, 8, 8, dtype=torch.uint8))
    with pytest.raises(ValueError, match="square images of grey levels"):
        widgets.show(aevb.VAE(192, 2, [8]), "knobs", images=colour)
    grey = Split(torch.zeros(3, 4, 4, dtype=torch.uint8), torch.tensor([0, 1, 299]))
    with pytest.raises(ValueError, match="labels in 0…255 alone"):
        widgets.show(aevb.VAE(16, 2, [8]), "knobs", images=grey)
    with pytest.raises(ValueError, match="of at most 256, not 300"):
        packing.pack(aevb.CVAE(16, 300, 2, [8]), "p")


def test_a_part_without_a_model():
    widget = widgets.show(None, "gumbel", tau=0.1)
    assert widget.checkpoint is None and widget.tau == 0.1


@pytest.mark.parametrize(
    ("model", "part", "values", "said"),
    [
        ("vae", "knob", {}, "no part 'knob': there are amortised, ascent, "),
        ("vae", "knobs", {"zz": 1}, "knobs takes no zz: it takes digit, z, choice, locked"),
        ("vae", "rows", {}, "rows shows no VAE; these do: amortised, ascent, dimensions, evidence, flow"),
        (None, "knobs", {}, "knobs shows a model: tell it which"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(model, part, values, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        widgets.show(model and aevb.load(model), part, **values)


def test_a_vrnn_of_one_row_is_one_of_rows(split: Split):
    model = aevb.VRNN(784, 1, memory_dim=4, memory_layers=1, hidden_dims=[4]).eval()
    assert widgets.show(model, "rows", images=split).checkpoint is not None
    with pytest.raises(ValueError, match="knobs shows no VRNN; these do: endings, growing"):
        widgets.show(model, "knobs", images=split)


def test_factor_analysis_has_no_part_of_images(split: Split):
    with pytest.raises(ValueError, match=r"knobs shows no FactorAnalysis: .* has no parts"):
        widgets.show(aevb.FactorAnalysis(784, 2), "knobs", images=split.images / 255)


def test_images_that_the_model_is_not_of(split: Split):
    with pytest.raises(ValueError, match="64"):
        widgets.show(aevb.VAE(64, 3, [20]).eval(), "knobs", images=split)


def test_every_part_stands_in_a_notebook_or_is_known_not_to():
    assert set(widgets.PARTS) <= PARTS <= set(widgets.PARTS) | ELSEWHERE
