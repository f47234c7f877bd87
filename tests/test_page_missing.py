"""What the models' pages say when something of their checkpoint is missing or damaged, in this process."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from aevb.checkpoints import CheckpointError
from aevb.models import CVAE, GMVAE, VAE, VRNN, LatentVariableModel
from aevb.ui import cvae, gmvae

Open = Callable[..., AppTest]
Make = Callable[[LatentVariableModel], Path]

MODELS = {
    "vae": lambda: VAE(latent_dim=20, hidden_dims=(8,)),
    "cvae": lambda: CVAE(latent_dim=20, hidden_dims=(8,)),
    "gmvae": lambda: GMVAE(latent_dim=24, hidden_dims=(8, 8)),
    "vrnn": lambda: VRNN(memory_dim=6, hidden_dims=(8,)),
}
TITLES = {"vae": "Variational auto-encoder", "cvae": "Conditional VAE", "gmvae": "Gaussian mixture VAE"}


@pytest.mark.parametrize("name", TITLES)
def test_without_maps_pca_stands_in(open_app: Open, make_checkpoint: Make, name: str) -> None:
    (make_checkpoint(MODELS[name]()) / "maps.npz").unlink()
    app = open_app(name)
    assert [warning.value for warning in app.warning] == [
        f"The checkpoint {name} has no t-SNE map: PCA is shown in its place."
    ]
    assert not app.exception and app.header[-1].proto.anchor == "mathematics"


@pytest.mark.parametrize("content", [None, {}, {"curve": []}, {"curve": [{"epoch": 1}], "epoch": 1}])
@pytest.mark.parametrize("name", MODELS)
def test_without_a_record_of_the_training_the_rest_is_there(
    open_app: Open, make_checkpoint: Make, name: str, content: dict | None
) -> None:
    record = make_checkpoint(MODELS[name]()) / "training.json"
    if content is None:
        record.unlink()
    else:
        record.write_text(json.dumps(content))
    app = open_app(name)
    assert len(app.warning) == 1 and "training.json" in app.warning[0].value
    assert not app.exception and app.header[-1].proto.anchor == "mathematics"


@pytest.mark.parametrize("missing", ["", "model.safetensors", "config.json"])
@pytest.mark.parametrize("name", TITLES)
def test_a_missing_checkpoint_leaves_the_pages_title(
    open_app: Open, make_checkpoint: Make, name: str, missing: str
) -> None:
    path = make_checkpoint(MODELS[name]()) / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    app = open_app(name)
    assert app.title[0].value == TITLES[name]
    assert len(app.exception) == 1  # which app.py hands to errors.show


@pytest.mark.parametrize(("name", "page"), [("cvae", cvae), ("gmvae", gmvae)])
def test_a_checkpoint_of_another_model_is_refused(make_checkpoint: Make, name: str, page: object) -> None:
    path = make_checkpoint(MODELS["vae"]())
    path.rename(path.with_name(name))
    with pytest.raises(CheckpointError, match=f"does not hold a {name.upper()}"):
        page.model(name)
