"""ONNX: every net of every model, run by another runtime, against the densities of the library."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import onnx as format  # the format itself, beside the library's module
import onnxruntime
import pytest
import torch
from torch import nn
from torch.onnx._internal.exporter._registration import ONNXRegistry

from aevb import CVAE, VAE, checkpoints, onnx
from aevb.__main__ import main
from aevb.models import LatentVariableModel
from tests import small_models

BATCHES = (1, 6)

Run = Callable[..., dict[str, np.ndarray]]


@pytest.fixture(autouse=True, scope="module")
def exporter() -> Iterator[None]:
    """Torch's exporter reads the two thousand functions that it knows for each net anew: here, once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(cache(ONNXRegistry.from_torchlib)))
        yield


def runner(path: Path) -> Run:
    """A net by its file: named inputs to named outputs."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def run(**given: torch.Tensor) -> dict[str, np.ndarray]:
        fed = {name: value.detach().numpy() for name, value in given.items()}
        return dict(zip(names, session.run(None, fed), strict=True))

    return run


def close(found: np.ndarray, expected: torch.Tensor) -> None:
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-4, atol=1e-5)


def check_files(model: LatentVariableModel, folder: Path) -> None:
    """Each net is a sound file, which says whose it is and takes batches of any size."""
    nets = {name for name, _ in model.named_children()}
    assert {path.name for path in folder.iterdir()} == {f"{name}.onnx" for name in nets}
    for path in folder.iterdir():
        told = format.load(path)
        format.checker.check_model(told, full_check=True)
        properties = {entry.key: entry.value for entry in told.metadata_props}
        assert properties["model"] == type(model).__name__
        assert type(model)(**json.loads(properties["config"])).config == model.config
        for value in (*told.graph.input, *told.graph.output):
            assert "batch" in [axis.dim_param for axis in value.type.tensor_type.shape.dim], value.name


@pytest.mark.parametrize("name", ["fa", "vae", "cvae", "gmvae"])
def test_the_nets_of_a_model_with_one_z_are_its_densities(name, tmp_path):
    model = small_models.make(name)
    paths = onnx.export(model, tmp_path)
    check_files(model, tmp_path)
    for path in paths:
        run, (density, _, letters) = runner(path), path.stem.partition("_given_")
        for batch in BATCHES:
            given = {"x": torch.rand(batch, model.data_dim), "z": torch.randn(batch, model.latent_dim)}
            y = torch.rand(batch, model.choices).softmax(-1) if model.choices else None
            found = run(**{letter: {**given, "y": y}[letter] for letter in letters})
            if density == "q_y":
                shares = torch.from_numpy(found["logits"]).softmax(-1)
                close(shares.numpy(), model.responsibilities(given["x"]))
                continue
            expected = {
                "p_x": lambda given=given, y=y: model.likelihood(given["z"], y),
                "q_z": lambda given=given, y=y: model.posterior(given["x"], y),
                "p_z": lambda y=y: model.prior(y),
            }[density]()
            for parameter, value in found.items():
                close(value, getattr(getattr(expected, "base_dist", expected), parameter))


def test_a_net_that_is_given_less_than_its_name_says_is_exported_as_it_is(tmp_path):
    """Of a CVAE whose label conditions z alone."""
    model = CVAE(6, 3, 2, [4], conditioned="z").eval()
    made = onnx.graph(model, "p_x_given_zy")
    assert list(made.inputs) == ["z"] and list(onnx.graph(model, "q_z_given_xy").inputs) == ["x", "y"]
    (z,) = made.examples(5)
    close(made.function(z)[0].detach().numpy(), model.likelihood(z, torch.zeros(5).long()).base_dist.logits)


def test_the_steps_of_a_model_of_rows_make_its_whole_path(tmp_path):
    model = small_models.make("vrnn")
    onnx.export(model, tmp_path)
    check_files(model, tmp_path)
    memory, prior, infer, decode = (
        runner(tmp_path / f"{name}.onnx") for name in ("p_h", "p_z_given_h", "q_z_given_hx", "p_x_given_hz")
    )
    for batch in BATCHES:
        (x,) = small_models.observe(model, batch)
        path, _ = model.infer(x, sampled=False)
        logits = model.row_likelihood(path).base_dist.logits
        states = {name: torch.zeros(2, batch, model.memory_dim) for name in "hc"}
        h = torch.zeros(batch, model.memory_dim)
        for t in range(model.length):
            close(h.numpy(), path.h[t])
            z = torch.from_numpy(infer(h=h, x=x[:, t])["loc"])
            close(z.numpy(), path.z[t])
            close(prior(h=h)["scale"], model.row_prior(path.h[t]).base_dist.scale)
            close(decode(h=h, z=z)["logits"], logits[t])
            stepped = memory(x=x[:, t], z=z, **states)
            h = torch.from_numpy(stepped["output"])
            states = {name: torch.from_numpy(stepped[f"{name}_next"]) for name in "hc"}


def test_a_net_of_ones_own_is_exported_too(tmp_path):
    model = VAE(data_dim=6, latent_dim=2, hidden_dims=[8])
    encoder = VAE(data_dim=6, latent_dim=2, hidden_dims=[4, 4, 4]).q_z_given_x
    onnx.export(model.with_nets(q_z_given_x=encoder), tmp_path)
    x = torch.rand(3, 6)
    close(runner(tmp_path / "q_z_given_x.onnx")(x=x)["loc"], model.encode(x))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("name", ["fa", "vrnn"])
def test_a_model_of_another_type_is_exported_in_single_precision(name, dtype, tmp_path):
    model = small_models.make(name).to(dtype)
    onnx.export(model, tmp_path)
    check_files(model, tmp_path)
    assert model.dtype == dtype
    if name == "fa":
        x = torch.rand(3, model.data_dim)
        close(runner(tmp_path / "q_z_given_x.onnx")(x=x)["loc"], model.float().encode(x))


class Unnamed(VAE):
    """A model with a net whose name does not say what it is given."""

    def __init__(self) -> None:
        super().__init__(data_dim=6, latent_dim=2, hidden_dims=[8])
        self.q_helper = nn.Linear(2, 2)


def test_a_net_that_is_not_named_by_its_density_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="The net q_helper is not named by its density"):
        onnx.export(Unnamed(), tmp_path / "nets")
    assert not (tmp_path / "nets").exists()


def test_a_file_that_computes_something_else_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx, "TOLERANCE", -1.0)
    with pytest.raises(ValueError, match=r"q_z_given_x\.onnx gives another loc than torch, by"):
        onnx.export(VAE(data_dim=6, latent_dim=2, hidden_dims=[8]), tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_command_exports_a_checkpoint(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    checkpoints.save(small_models.make("vae"), tmp_path / "vae")
    assert main(["export-onnx", "vae"]) == 0  # the folder here goes before what is shipped
    assert "p_x_given_z.onnx: in vae-onnx." in capsys.readouterr().out
    z = torch.randn(2, 3)
    logits = checkpoints.load(tmp_path / "vae").model.likelihood(z).base_dist.logits
    close(runner(tmp_path / "vae-onnx" / "p_x_given_z.onnx")(z=z)["logits"], logits)
