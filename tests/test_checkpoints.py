"""The file format: round trips, damage of every kind, the Hub, and what is shipped."""

import copy
import json
import re
import struct
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Generator, Tensor, nn

import aevb
from aevb import (
    VAE,
    CheckpointError,
    FactorAnalysis,
    LatentVariableModel,
    checkpoints,
    data,
    evaluate,
    stored,
)
from aevb.explore import maps, measures
from aevb.explore.clusters import scores
from aevb.explore.record import record
from aevb.models import CVAE, GMVAE, REGISTRY
from aevb.models.factor_analysis import inverse_softplus
from aevb.models.nets import DiagonalNormalNet
from aevb.stored import files, manifest
from aevb.stored import models as stored_models
from tests.damage import DEEP, LONG, NESTED, NESTED_REFUSED, edit, header, huge, lengthen, truncate, write
from tests.small_models import make, observe, seeded

every_model = pytest.mark.parametrize("name", REGISTRY)
WEIGHTS, CONFIG = "model.safetensors", "config.json"


def same(a: LatentVariableModel, b: LatentVariableModel) -> bool:
    observed = observe(a, 5)
    return torch.equal(a.elbo(*observed, generator=seeded()), b.elbo(*observed, generator=seeded()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound checkpoint of a small VAE, with all five files."""
    path = tmp_path / "small"
    checkpoints.save(make("vae"), path, {"curve": []})
    np.savez(path / "maps.npz", tsne=np.zeros((4, 2), np.float32), pca=np.ones((4, 2), np.float32))
    checkpoints.write_json(path / "measures.json", {"use": [1.5, 0.25, 0.0]})
    return path


def refused(load: Callable[[], object]) -> str:
    """The sentence that a load is refused with: one line, and not a long one."""
    with pytest.raises(CheckpointError) as raised:
        load()
    said = str(raised.value)
    assert "\n" not in said and len(said) < 500
    return said


# Round trips


def halved(model: LatentVariableModel) -> LatentVariableModel:
    """The model with its weights as float16 holds them, in float32."""
    return model.half().float()


@every_model
def test_a_checkpoint_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    model = halved(make(name)).train()
    checkpoints.save(model, tmp_path / "here", {"seconds": 1.5})
    loaded = checkpoints.load(tmp_path / "here")
    assert type(loaded.model) is type(model) and loaded.kind == name
    assert not loaded.model.training
    assert same(model.eval(), loaded.model)
    assert loaded.training == {"seconds": 1.5} and loaded.maps == {} and loaded.measures == {}
    assert sorted(path.name for path in loaded.path.iterdir()) == [CONFIG, WEIGHTS, "training.json"]


@every_model
def test_there_is_one_format_whichever_door_is_taken(name: str, tmp_path: Path, capfd) -> None:
    model = halved(make(name))
    checkpoints.save(model, tmp_path / "a")
    model.save_pretrained(tmp_path / "b")
    for file in (CONFIG, WEIGHTS):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    loaded = type(model).from_pretrained(tmp_path / "b")
    assert not loaded.training and same(model, loaded) and same(model, aevb.load(tmp_path / "b").model)
    assert json.loads(json.dumps(loaded.config)) == json.loads(json.dumps(model.config))
    # And what was loaded so can be saved again.
    checkpoints.save(loaded, tmp_path / "again")
    assert same(model, checkpoints.load(tmp_path / "again").model)
    assert capfd.readouterr() == ("", "")


def test_the_configuration_names_format_and_model(folder: Path) -> None:
    config = json.loads((folder / CONFIG).read_text())
    assert config["format"] == stored.FORMAT and config["model"] == "vae"
    assert config["hidden_dims"] == [16, 8] and config["data_dim"] == 12


def test_a_folder_may_be_named_by_a_string(tmp_path: Path) -> None:
    model = halved(make("vae"))
    aevb.save(model, str(tmp_path / "mine"))
    assert same(model, aevb.load(str(tmp_path / "mine")).model)


def test_a_folder_at_home_is_written_where_it_is_looked_for(tmp_path: Path, monkeypatch) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    model = halved(make("vae"))
    aevb.save(model, "~/mine")
    assert same(model, aevb.load("~/mine").model)
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_model_in_training_is_not_changed_by_being_saved(tmp_path: Path) -> None:
    model = make("vae").train()
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    state = torch.get_rng_state()
    checkpoints.save(model, tmp_path)
    assert model.training and torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(parameter, before[name]) for name, parameter in model.named_parameters())


# In how many bits


def stored_types(folder: Path) -> set[torch.dtype]:
    return {array.dtype for array in load_file(folder / WEIGHTS).values()}


@every_model
def test_weights_are_kept_in_half_where_that_costs_nothing_that_matters(name: str, tmp_path: Path) -> None:
    model = make(name)
    checkpoints.save(model, tmp_path)
    assert stored_types(tmp_path) == {torch.float16}
    loaded = checkpoints.load(tmp_path).model
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    assert same(halved(model), loaded)
    before, after = (evaluate(each, *observe(each, 500)).elbo for each in (model, loaded))
    assert after == pytest.approx(before, abs=0.01)


def test_weights_whose_rounding_costs_are_kept_in_single_precision(tmp_path: Path) -> None:
    """W about 50 and σ = 0.01: rounded to float16 its ELBO would be lower by nats."""
    model = make("fa")
    with torch.no_grad():
        model.p_x_given_z.W.mul_(50)
        model.p_x_given_z.pre_sigma.fill_(inverse_softplus(torch.tensor(0.01)).item())
    model.e_step()
    x = model.sample(500, generator=seeded())
    rounded = FactorAnalysis(**model.config)
    rounded.load_state_dict({name: array.half() for name, array in model.state_dict().items()})
    assert evaluate(rounded, x).elbo < evaluate(model, x).elbo - 1
    checkpoints.save(model, tmp_path)
    assert stored_types(tmp_path) == {torch.float32}
    assert evaluate(checkpoints.load(tmp_path).model, x) == evaluate(model, x)


def test_numbers_beyond_the_range_of_half_are_kept_in_single_precision(tmp_path: Path) -> None:
    model = make("vae")
    nn.init.constant_(model.p_x_given_z.logits.bias, 1e6)
    checkpoints.save(model, tmp_path)
    assert stored_types(tmp_path) == {torch.float32} and same(model, checkpoints.load(tmp_path).model)


def test_a_float64_model_is_kept_in_it_where_single_precision_costs(tmp_path: Path) -> None:
    """μ = 10,000,000.43 and σ about 1: in float32 it would be a whole number."""
    torch.manual_seed(0)
    model = FactorAnalysis(4, 1, mean=True).double()
    with torch.no_grad():
        model.p_x_given_z.mu.fill_(1e7 + 0.43)
    model.e_step()
    x = model.sample(100, generator=seeded())
    checkpoints.save(model, tmp_path)
    loaded = checkpoints.load(tmp_path).model
    assert stored_types(tmp_path) == {torch.float64} == {parameter.dtype for parameter in loaded.parameters()}
    assert evaluate(loaded, x) == evaluate(model, x)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_a_model_of_another_precision_is_kept(dtype: torch.dtype, tmp_path: Path) -> None:
    model = make("vae").to(dtype)
    checkpoints.save(model, tmp_path)
    loaded = checkpoints.load(tmp_path).model
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    assert same(halved(make("vae").to(dtype)), loaded)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_weights_of_every_common_precision_are_read(dtype: torch.dtype, folder: Path) -> None:
    arrays = load_file(folder / WEIGHTS)
    save_file({name: array.to(dtype) for name, array in arrays.items()}, folder / WEIGHTS)
    loaded = checkpoints.load(folder).model.state_dict()
    wide = torch.promote_types(dtype, torch.float32)
    assert all(torch.equal(loaded[name], array.to(dtype).to(wide)) for name, array in arrays.items())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_finite_numbers_are_neither_kept_nor_loaded(
    value: float, folder: Path, tmp_path: Path
) -> None:
    model = make("vae")
    nn.init.constant_(model.p_x_given_z.logits.bias, value)
    with pytest.raises(ValueError, match=r"not all numbers of p_x_given_z\.logits\.bias are finite"):
        checkpoints.save(model, tmp_path / "unsound")
    assert not (tmp_path / "unsound").exists()
    arrays = load_file(folder / WEIGHTS)
    arrays["q_z_given_x.loc.weight"][0, 0] = value
    save_file(arrays, folder / WEIGHTS)
    said = refused(lambda: checkpoints.load(folder))
    assert f"{folder / WEIGHTS} is damaged: not all numbers of q_z_given_x.loc.weight are finite." == said
    assert refused(lambda: VAE.from_pretrained(folder)) == said


# Models of one's own, nets of one's own


class Own(VAE):
    """A VAE that is called something else."""


class Steps(LatentVariableModel):
    """x ~ N(w z, 1) with a constructor that looks at its numbers, a parameter used twice, and a counter."""

    observation = "vector"

    def __init__(self, data_dim: int = 3, scale: float = 0.5):
        super().__init__()
        self.data_dim, self.latent_dim = data_dim, data_dim
        self.p_w = nn.Parameter(torch.linspace(0, scale, data_dim))
        self.q_w = self.p_w
        self.largest = self.p_w.max().item()
        self.register_buffer("steps", torch.tensor(7))

    def forward(self, x: Tensor, *, generator: Generator | None = None) -> dict[str, Tensor]:
        return {"reconstruction": -0.5 * (x - self.p_w * x).square().sum(-1)}

    def log_ratios(self, x: Tensor, *, samples: int, generator: Generator | None = None) -> Tensor:
        raise NotImplementedError

    def posterior_mean(self, x: Tensor) -> Tensor:
        return self.q_w * x

    def ancestral_sample(
        self, count: int, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        return torch.randn(count, self.data_dim, generator=generator)


def test_a_model_of_ones_own_is_loaded_by_its_class(tmp_path: Path) -> None:
    model = halved(Own(12, 3, [4]).eval())
    checkpoints.save(model, tmp_path / "own")
    assert json.loads((tmp_path / "own" / CONFIG).read_text())["model"] == "Own"
    assert same(model, Own.from_pretrained(tmp_path / "own"))
    assert refused(lambda: aevb.load(tmp_path / "own")) == (
        f"{tmp_path / 'own' / CONFIG} names no known model (fa, vae, cvae, gmvae, vrnn) but Own: a model of "
        "one's own is loaded by its class's from_pretrained."
    )


def test_a_class_reads_checkpoints_of_the_class_that_it_is_derived_from(folder: Path) -> None:
    assert isinstance(Own.from_pretrained(folder), Own)


def test_a_constructor_may_look_at_its_numbers_and_share_them(tmp_path: Path) -> None:
    model = Steps(scale=0.25)
    model.steps += 1
    model.save_pretrained(tmp_path)
    loaded = Steps.from_pretrained(tmp_path)
    assert loaded.p_w is loaded.q_w and torch.equal(loaded.p_w, model.p_w) and loaded.steps == 8


def test_a_constructor_may_compute_with_numpy(tmp_path: Path) -> None:
    class Turned(Steps):
        def __init__(self, data_dim: int = 3):
            super().__init__(data_dim)
            turn, _ = np.linalg.qr(torch.eye(data_dim).numpy())
            self.register_buffer("turn", torch.from_numpy(turn))

    Turned().save_pretrained(tmp_path)
    assert torch.equal(Turned.from_pretrained(tmp_path).turn, Turned().turn)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_model_that_cannot_be_measured_is_kept_as_it_is(dtype: torch.dtype, tmp_path: Path) -> None:
    class Silent(Steps):
        def ancestral_sample(self, *_: object, **__: object) -> Tensor:
            raise NotImplementedError("It draws nothing.")

    Silent().to(dtype).save_pretrained(tmp_path)
    assert load_file(tmp_path / WEIGHTS)["p_w"].dtype == dtype


def test_a_model_whose_own_code_fails_is_kept_as_it_is(tmp_path: Path) -> None:
    class Broken(Steps):
        def ancestral_sample(self, *_: object, **__: object) -> Tensor:
            raise RuntimeError("It has no data to draw from.")

    Broken().save_pretrained(tmp_path)
    assert load_file(tmp_path / WEIGHTS)["p_w"].dtype == torch.float32


def test_buffers_keep_their_own_types(tmp_path: Path) -> None:
    """Of the parameters alone it is measured what rounding costs."""
    offset = torch.tensor([123456, 70000, 3.14159265, 1e-9])

    class Offset(VAE):
        def __init__(self, data_dim: int = 4):
            super().__init__(data_dim, 2, [3])
            self.register_buffer("offset", torch.zeros(4))
            self.register_buffer("wide", torch.zeros(4, dtype=torch.float64))

    model = Offset()
    model.offset.copy_(offset)
    model.wide.copy_(offset.double() / 3)
    model.save_pretrained(tmp_path)
    loaded = Offset.from_pretrained(tmp_path)
    assert torch.equal(loaded.offset, offset) and torch.equal(loaded.wide, model.wide)
    assert loaded.dtype == torch.float32
    assert load_file(tmp_path / WEIGHTS)["p_x_given_z.logits.weight"].dtype == torch.float16


class Encoder(nn.Module):
    """A net of one's own in the place of the VAE's, of another shape."""

    def __init__(self, width: int = 5):
        super().__init__()
        self.net = DiagonalNormalNet(12, [width], 3)

    def forward(self, x: Tensor) -> torch.distributions.Independent:
        return self.net(x)


def with_encoder() -> LatentVariableModel:
    torch.manual_seed(3)
    return halved(make("vae").with_nets(q_z_given_x=Encoder())).eval()


def test_a_model_with_a_net_of_ones_own_is_saved_and_loaded_with_it(tmp_path: Path) -> None:
    model = with_encoder()
    checkpoints.save(model, tmp_path)
    assert json.loads((tmp_path / CONFIG).read_text())["own_nets"] == ["q_z_given_x"]
    for loaded in (
        aevb.load(tmp_path, q_z_given_x=Encoder()).model,
        VAE.from_pretrained(tmp_path, q_z_given_x=Encoder()),
    ):
        assert same(model, loaded) and loaded.own_nets == ("q_z_given_x",) and not loaded.training
        loaded.save_pretrained(tmp_path, overwrite=True)


@pytest.mark.parametrize(
    ("nets", "message"),
    [
        ({}, "with nets of one's own in it: give them by name, q_z_given_x=… (q_z_given_x)."),
        ({"q_z_given_x": Encoder(), "p_z": Encoder()}, "knows of no net of one's own called p_z."),
        ({"q_z_given_x": 3}, "q_z_given_x must be a torch module, not a int."),
        ({"q_z_given_x": Encoder(6)}, "q_z_given_x.net.hidden.0.bias is (5,), not (6,)."),
        ({"q_z_given_x": nn.Linear(12, 3)}, "q_z_given_x.bias, q_z_given_x.weight are missing and"),
    ],
)
def test_other_nets_than_it_was_saved_with_are_refused(nets: dict, message: str, tmp_path: Path) -> None:
    checkpoints.save(with_encoder(), tmp_path)
    for load in (aevb.load, VAE.from_pretrained):
        assert message in refused(lambda load=load: load(tmp_path, **nets))


def test_a_net_that_was_not_asked_for_is_refused(folder: Path) -> None:
    said = refused(lambda: aevb.load(folder, q_z_given_x=Encoder()))
    assert said == f"{folder / CONFIG} knows of no net of one's own called q_z_given_x."


def activation(model: LatentVariableModel) -> None:
    model.q_z_given_x.hidden[1] = nn.Tanh()


def encoder(model: LatentVariableModel) -> None:
    model.q_z_given_x = Encoder()


def width(model: LatentVariableModel) -> None:
    model.q_z_given_x.loc = nn.Linear(8, 4)


@pytest.mark.parametrize(
    ("change", "named"),
    [(activation, "q_z_given_x.hidden.1"), (encoder, "q_z_given_x.net"), (width, "q_z_given_x.loc.weight")],
)
def test_what_could_not_be_loaded_again_is_not_saved(
    change: Callable[[LatentVariableModel], None], named: str, tmp_path: Path
) -> None:
    model = make("vae")
    change(model)
    with pytest.raises(ValueError, match=re.escape(named)) as raised:
        checkpoints.save(model, tmp_path / "lost")
    assert "with_nets" in str(raised.value) and len(str(raised.value)) < 400
    assert not (tmp_path / "lost").exists()


def test_a_constructor_that_needs_what_json_cannot_hold_is_named(tmp_path: Path) -> None:
    class Given(Steps):
        def __init__(self, net: nn.Module):
            super().__init__()
            self.p_net = net

    with pytest.raises(ValueError, match=r"JSON has no word for what was given as net\..*with_nets"):
        checkpoints.save(Given(nn.Linear(2, 2)), tmp_path / "lost")


def test_an_argument_of_which_json_has_no_word_is_named(tmp_path: Path) -> None:
    """Without it the model would be rebuilt with the default's in its place."""

    class Active(Steps):
        def __init__(self, data_dim: int = 3, act: Callable[[Tensor], Tensor] | None = None):
            super().__init__(data_dim)

    for model in (Active(3, torch.tanh), copy.deepcopy(Active(act=torch.tanh))):
        with pytest.raises(ValueError, match=r"^This Active could not be loaded again: .* given as act\."):
            checkpoints.save(model, tmp_path / "lost")
    assert not (tmp_path / "lost").exists()
    Active(np.int64(3)).save_pretrained(tmp_path)


def test_an_argument_that_the_format_needs_for_itself_is_named(tmp_path: Path) -> None:
    class Named(Steps):
        def __init__(self, model: str = "large"):
            super().__init__()

    with pytest.raises(ValueError, match="Named has an argument model, which"):
        checkpoints.save(Named(), tmp_path / "lost")


def test_an_argument_whose_keys_json_would_change_is_refused(tmp_path: Path) -> None:
    class Tabled(Steps):
        def __init__(self, widths: dict[int, int], names: dict[str, list[dict]] | None = None):
            super().__init__()
            self.widths = widths

    with pytest.raises(ValueError, match=r"This Tabled could not be loaded again: .* not those in widths\."):
        checkpoints.save(Tabled({1: 2}, {"a": [{"b": 1}]}), tmp_path / "lost")
    assert not (tmp_path / "lost").exists()


def test_what_is_told_of_the_training_may_have_numbers_for_keys(tmp_path: Path) -> None:
    """As the bounds of an `Evaluation` have."""
    model = make("vae")
    measured = asdict(evaluate(model, torch.rand(4, 12), bounds=[2, 3]))
    checkpoints.save(model, tmp_path, {"test": measured, "curve": [{1: 2.0}]})
    told = checkpoints.load(tmp_path).training
    assert told["test"]["bound"] == {"2": measured["bound"][2], "3": measured["bound"][3]}
    assert told["curve"] == [{"1": 2.0}]


def test_what_is_told_of_the_training_may_be_numpys_and_what_is_no_json_is_named(tmp_path: Path) -> None:
    told = {"elbo": np.float32(1.5), "curve": np.arange(2), "bound": torch.tensor(2.0)}
    checkpoints.save(make("fa"), tmp_path / "kept", told)
    assert checkpoints.load(tmp_path / "kept").training == {"elbo": 1.5, "curve": [0, 1], "bound": 2.0}
    with pytest.raises(ValueError, match=r"training\.json cannot tell .*: a function is neither"):
        checkpoints.save(make("fa"), tmp_path / "lost", {"act": lambda x: x})
    assert not (tmp_path / "lost").exists()


def test_what_is_told_of_one_example_is_json_that_others_read(tmp_path: Path) -> None:
    """Its standard errors are NaN, for which JSON has no word."""
    model = make("vae")
    checkpoints.save(model, tmp_path, asdict(evaluate(model, torch.rand(1, 12), bounds=2)))
    text = (tmp_path / "training.json").read_text("utf-8")
    told = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert told["standard_error"] is None and told["bound_errors"] == {"2": None}


def test_arguments_too_long_to_be_read_again_are_refused(tmp_path: Path) -> None:
    class Titled(Steps):
        def __init__(self, title: str):
            super().__init__()

    with pytest.raises(ValueError, match="The arguments of this Titled are too long"):
        checkpoints.save(Titled(LONG * 2), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
def test_what_wrappers_put_before_the_names_is_understood(prefix: str, folder: Path) -> None:
    sound = checkpoints.load(folder).model
    arrays = load_file(folder / WEIGHTS)
    save_file({prefix + name: array for name, array in arrays.items()}, folder / WEIGHTS)
    assert same(sound, checkpoints.load(folder).model) and same(sound, VAE.from_pretrained(folder))


def test_a_compiled_net_is_saved_under_its_own_names(tmp_path: Path) -> None:
    model = halved(make("vae"))
    checkpoints.save(model, tmp_path / "plain")
    model.q_z_given_x = torch.compile(model.q_z_given_x, backend="eager")
    checkpoints.save(model, tmp_path / "compiled")
    torch.compile(make("vae"), backend="eager").save_pretrained(tmp_path / "whole")
    for name in ("plain", "compiled", "whole"):
        assert load_file(tmp_path / name / WEIGHTS).keys() == make("vae").state_dict().keys()


def test_a_name_that_is_there_twice_is_refused(folder: Path) -> None:
    arrays = load_file(folder / WEIGHTS)
    arrays["module.q_z_given_x.loc.bias"] = arrays["q_z_given_x.loc.bias"].clone()
    save_file(arrays, folder / WEIGHTS)
    assert "names the same array twice: module.q_z_given_x.loc.bias" in refused(lambda: aevb.load(folder))


# No run destroys another


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_checkpoint_is_not_overwritten_unasked(folder: Path) -> None:
    before = contents(folder)
    for save in (lambda: checkpoints.save(make("fa"), folder), lambda: make("fa").save_pretrained(folder)):
        said = refused(save)
        assert said == f"{folder} holds a checkpoint already: choose another folder, or give overwrite=True."
    assert contents(folder) == before


@pytest.mark.parametrize("file", files.FILES)
def test_what_is_left_of_a_checkpoint_is_not_overwritten_either(file: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text("")
    with pytest.raises(CheckpointError, match="holds a checkpoint already"):
        checkpoints.require_free(tmp_path)


def test_other_files_are_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    checkpoints.save(make("vae"), tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    checkpoints.require_free(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("training", [None, {"curve": [1]}])
def test_overwriting_takes_all_that_was_known_of_the_weights_before(folder: Path, training) -> None:
    model = halved(make("vae", seed=1))
    checkpoints.save(model, folder, training, overwrite=True)
    loaded = checkpoints.load(folder)
    assert same(model, loaded.model) and loaded.training == (training or {})
    assert not loaded.maps and not loaded.measures
    assert len(list(folder.iterdir())) == (2 if training is None else 3)


def test_a_save_broken_off_leaves_the_files_of_before(folder: Path, monkeypatch) -> None:
    before = contents(folder)

    def broken_off(arrays: object, path: Path, **_: object) -> None:
        path.write_bytes(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(stored_models, "save_file", broken_off)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.save(make("vae", seed=1), folder, {}, overwrite=True)
    assert contents(folder) == before


def test_each_run_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    names = [checkpoints.new_folder(root, "vae").name for _ in range(3)]
    assert names == ["vae", "vae-2", "vae-3"] and checkpoints.new_folder(root, "fa").name == "fa"
    made = list[Path]()
    threads = [
        threading.Thread(target=lambda: made.append(checkpoints.new_folder(root, "vae"))) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 20 and all(path.is_dir() for path in made)


# Damage


def test_a_manifest_vouches_for_every_file_and_damage_to_one_costs_that_one(tmp_path: Path) -> None:
    for name in ("vae", "cvae", "small/cvae"):
        checkpoints.save(make(name.rpartition("/")[2]), tmp_path / name, {"epoch": 1})
    maps.save({"tsne": np.zeros((3, 2), np.float32)}, tmp_path / "vae")
    measures.save({"use": [0.5]}, tmp_path / "vae")
    manifest.write(tmp_path)

    def sound(name: str = "vae") -> tuple[object, ...]:
        found = checkpoints.load(tmp_path / name)
        return found.training, found.measures, found.maps.keys()

    (tmp_path / "small" / "cvae" / "training.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"training\.json is damaged"):
        sound("small/cvae")
    whole = sound()
    for file in checkpoints.FILES:
        path = tmp_path / "vae" / file
        content = path.read_bytes()
        turned = bytearray(content)
        turned[len(content) // 2] ^= 1
        path.write_bytes(turned)
        with pytest.raises(CheckpointError, match=f"{file} is damaged"):
            sound()
        assert sound("cvae")
        if file not in (WEIGHTS, CONFIG):
            assert checkpoints.load(tmp_path / "vae").model
        path.write_bytes(content)
    assert sound() == whole
    checkpoints.save(make("vae", seed=1), tmp_path / "vae", overwrite=True)
    with pytest.raises(CheckpointError, match="run: python -m aevb manifest"):
        sound()
    manifest.write(tmp_path)
    assert sound()


def test_the_shipped_manifest_names_every_file() -> None:
    told = (checkpoints.ROOT / manifest.NAME).read_text().splitlines()
    files = [path for file in checkpoints.FILES for path in checkpoints.ROOT.rglob(file)]
    assert {line.split()[1] for line in told} == {
        path.relative_to(checkpoints.ROOT).as_posix() for path in files
    }
    for path in files:
        manifest.check(path)


def array(dtype: str = "F16", shape: object = (3,), offsets: object = (0, 6)) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


BIAS = "q_z_given_x__loc__bias"

DAMAGE = [
    (WEIGHTS, truncate, "is damaged: its arrays are not the 1,546 bytes after its header."),
    (WEIGHTS, lengthen, "its arrays are not the 1,560 bytes after its header"),
    (WEIGHTS, huge, "its arrays are not the 1,073,740,"),
    (WEIGHTS, write(b""), "does not begin as a safetensors file does"),
    (WEIGHTS, write(b"\x80\x04nothing of ours"), "does not begin as a safetensors file does"),
    (WEIGHTS, write(struct.pack("<Q", 2**62) + b"{}"), "does not begin as a safetensors file does"),
    (WEIGHTS, write(struct.pack("<Q", 2) + b"[]"), "does not hold a JSON object"),
    (WEIGHTS, write(struct.pack("<Q", 2 * 10_000) + DEEP.encode()), "its JSON is nested too deep"),
    (WEIGHTS, write(struct.pack("<Q", 2) + b"{}"), "p_x_given_z.hidden.2.bias and 11 more are missing"),
    (WEIGHTS, header(**{BIAS: array("F8_E4M3")}), "is of type F8_E4M3, and floats are read as F16, BF16"),
    (WEIGHTS, header(**{BIAS: array(shape=[-3])}), "its header does not describe q_z_given_x.loc.bias"),
    (WEIGHTS, header(**{BIAS: array(shape="3")}), "its header does not describe q_z_given_x.loc.bias"),
    (WEIGHTS, header(**{BIAS: array(shape=[10**4000] * 9)}), "its arrays are not the 1,556 bytes"),
    (WEIGHTS, header(**{BIAS: 3}), "its header does not describe q_z_given_x.loc.bias"),
    (WEIGHTS, header(**{BIAS: array("I16")}), "q_z_given_x.loc.bias is of type int16, not float32"),
    (WEIGHTS, header(**{BIAS: array(shape=[1, 3])}), "q_z_given_x.loc.bias is (1, 3), not (3,)"),
    (WEIGHTS, header(**{BIAS: array(offsets=[4, 10])}), "is damaged"),
    (WEIGHTS, header(**{LONG: array(shape=[0])}), "… is not the model's"),
    (WEIGHTS, header(**{f"{name}__x": array(shape=[0]) for name in "abcde"}), "a.x, b.x, c.x and 2 more are"),
    (WEIGHTS, Path.unlink, "is missing"),
    (CONFIG, Path.unlink, "is missing"),
    (CONFIG, truncate, "damaged"),
    (CONFIG, huge, "has 1,073,741,825 bytes, and at most 8,192 make sense"),
    (CONFIG, write("{"), "damaged"),
    (CONFIG, write("[1, 2]"), "does not hold a JSON object"),
    (CONFIG, write(b"\xff\xfe"), "damaged"),
    (CONFIG, write('{"format": ' + "1" * 5000 + "}"), "damaged"),
    (CONFIG, write(NESTED), NESTED_REFUSED),
    (CONFIG, edit(format=99), "not of format 1"),
    (CONFIG, edit(model="oracle"), "names no known model"),
    (CONFIG, edit(model=["vae"]), "names no known model"),
    (CONFIG, edit(model=LONG), "names no known model"),
    (CONFIG, edit(own_nets=[3]), "its own_nets are no list of names"),
    (CONFIG, edit(own_nets="q_z_given_x"), "its own_nets are no list of names"),
    (CONFIG, edit(latent_dim=0), "latent_dim must be a positive whole number"),
    (CONFIG, edit(latent_dim="many"), "latent_dim must be a positive whole number"),
    (CONFIG, edit(hidden_dims=3), "damaged"),
    (CONFIG, edit(hidden_dims=[[[16]], 8]), "damaged"),
    (CONFIG, edit(dropout="much"), "damaged"),
    (CONFIG, edit(colour="red"), "colour"),
    (CONFIG, edit(**{LONG: 3}), "unexpected keyword argument"),
    (CONFIG, edit(data_dim=10**9), "damaged"),
    (CONFIG, edit(data_dim=10**30), "damaged"),
    (CONFIG, edit(hidden_dims=[200_000, 200_000]), "damaged"),
    (CONFIG, edit(hidden_dims=[8] * 500), f"{WEIGHTS} does not fit"),
    (CONFIG, edit(hidden_dims=[8] * 10_000), "bytes, and at most 8,192 make sense"),
    (CONFIG, edit(latent_dim=4), f"{WEIGHTS} does not fit its config.json: p_x_given_z.hidden.0.weight is"),
    (CONFIG, edit(hidden_dims=[16, 9]), f"{WEIGHTS} does not fit"),
    (CONFIG, edit(hidden_dims=[16]), f"{WEIGHTS} does not fit"),
]


@pytest.mark.parametrize(("file", "damage", "message"), DAMAGE)
def test_damage_is_named(folder: Path, file: str, damage: Callable[[Path], object], message: str) -> None:
    damage(folder / file)
    said = refused(lambda: checkpoints.load(folder))
    assert str(folder) in said and message in said
    if "known model" not in message:  # which model it is, from_pretrained knows
        assert refused(lambda: VAE.from_pretrained(folder)) == said


@pytest.mark.parametrize("method", ["open", "stat"])
def test_files_of_another_user_are_named(folder: Path, method: str, monkeypatch) -> None:
    right = getattr(Path, method)

    def denied(path: Path, *given: object, **named: object) -> object:
        if path.name == CONFIG:
            raise PermissionError(13, "Permission denied", str(path))
        return right(path, *given, **named)

    monkeypatch.setattr(Path, method, denied)
    said = refused(lambda: aevb.load(folder))
    assert said == f"{folder / CONFIG} cannot be read: Permission denied."


@pytest.mark.parametrize("name", ["memory_layers", "length"])
def test_a_model_of_endlessly_many_layers_or_rows_is_refused(name: str, tmp_path: Path) -> None:
    checkpoints.save(make("vrnn"), tmp_path)
    edit(**{name: 10**12})(tmp_path / CONFIG)
    assert f"{name} must be at most" in refused(lambda: aevb.load(tmp_path))


def test_what_does_not_fit_is_refused_before_any_array_is_made(folder: Path, monkeypatch) -> None:
    """By the header alone: the weights are not read, and the model has shapes and no numbers."""
    edit(latent_dim=4)(folder / CONFIG)
    built = list[LatentVariableModel]()

    def skeleton(*given: object) -> LatentVariableModel:
        built.append(right(*given))
        return built[-1]

    right = stored_models.skeleton
    monkeypatch.setattr(stored_models, "skeleton", skeleton)
    monkeypatch.setattr(stored_models, "load_file", None)
    assert "does not fit its config.json" in refused(lambda: aevb.load(folder))
    (model,) = built
    assert all(array.is_meta for array in model.state_dict().values())


def test_another_models_weights_are_refused_in_a_sentence(folder: Path, tmp_path: Path, capfd) -> None:
    for kind in (CVAE, GMVAE):
        said = refused(lambda kind=kind: kind.from_pretrained(folder))
        assert said == f"{folder / CONFIG} is of the model vae, not of {kind.__name__}."
    checkpoints.save(make("fa"), tmp_path / "fa")
    assert "is of the model fa, not of VAE." in refused(lambda: VAE.from_pretrained(tmp_path / "fa"))
    # Only the weights are another's.
    checkpoints.save(make("gmvae"), tmp_path / "gmvae")
    (tmp_path / "gmvae" / WEIGHTS).replace(folder / WEIGHTS)
    said = refused(lambda: VAE.from_pretrained(folder))
    assert "model.safetensors does not fit its config.json: " in said and " more are not the model's." in said
    assert capfd.readouterr() == ("", "")


# What is known beside the weights


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (write("{"), "training.json is damaged: "),
        (write("null"), "training.json is damaged: it does not hold a JSON object."),
        (write(DEEP), "training.json is damaged: its JSON is nested too deep."),
        (huge, "training.json is damaged: it has 1,073,741,825 bytes, and at most"),
        (edit(source=5), "training.json is damaged: its source is no name."),
    ],
)
def test_a_broken_record_costs_the_record_alone(folder: Path, damage, message: str) -> None:
    damage(folder / "training.json")
    checkpoint = checkpoints.load(folder)
    assert same(checkpoint.model, VAE.from_pretrained(folder))
    assert checkpoint.maps and checkpoint.measures
    assert checkpoint.shape == (12,) and len(checkpoint.classes) == 10
    assert message in refused(lambda: checkpoint.training)
    assert message in refused(lambda: record(checkpoint))
    assert message in refused(checkpoint.images)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"no archive"])
def test_damaged_maps_are_named_when_they_are_asked_for(folder: Path, content: bytes) -> None:
    (folder / "maps.npz").write_bytes(content)
    checkpoint = checkpoints.load(folder)  # the model can be used all the same
    assert "maps.npz is damaged" in refused(lambda: checkpoint.maps)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (np.array([{"an": "object"}], dtype=object), "damaged"),
        (np.zeros((4, 3), np.float32), "tsne is no list of points but float32 (4, 3)"),
        (np.zeros((4, 2), np.int64), "tsne is no list of points but int64 (4, 2)"),
        (np.zeros((2**22, 2), np.float64), "larger than any maps are"),
    ],
)
def test_maps_that_are_none_are_refused(folder: Path, points: np.ndarray, message: str) -> None:
    """Objects, which would have to be unpickled; other arrays; what is small only while it is packed."""
    np.savez_compressed(folder / "maps.npz", tsne=points)
    assert message in refused(lambda: checkpoints.load(folder).maps)


def test_maps_too_large_for_any_are_not_read(folder: Path) -> None:
    huge(folder / "maps.npz")
    assert "maps.npz is damaged: it is larger than any maps are" in refused(
        lambda: checkpoints.load(folder).maps
    )


@pytest.mark.parametrize("damage", [write("{"), write("[1, 2]"), huge])
def test_damaged_measures_are_named_when_they_are_asked_for(folder: Path, damage) -> None:
    damage(folder / "measures.json")
    checkpoint = checkpoints.load(folder)
    assert "measures.json is damaged" in refused(lambda: checkpoint.measures)


@pytest.mark.parametrize(
    ("model", "training", "shape"),
    [
        (VAE(784, 2, [4]), {}, (28, 28)),
        (VAE(12, 2, [4]), {}, (12,)),
        (VAE(12, 2, [4]), {"shape": [3, 4]}, (3, 4)),
        (VAE(12, 2, [4]), {"shape": [3, 2, 2]}, (3, 2, 2)),
        (VAE(12, 2, [4]), {"shape": [5, 4]}, (12,)),
        (VAE(12, 2, [4]), {"shape": [-3, -4]}, (12,)),
        (VAE(12, 2, [4]), {"shape": "3 by 4"}, (12,)),
        (VAE(1, 2, [4]), {"shape": []}, (1, 1)),
        (make("vrnn"), {}, (7, 8)),
    ],
)
def test_the_shape_of_an_example_is_told(model, training: dict, shape: tuple[int, ...], tmp_path) -> None:
    checkpoints.save(model, tmp_path, training)
    assert checkpoints.load(tmp_path).shape == shape


@pytest.mark.parametrize(
    ("name", "training", "classes"),
    [
        ("vae", {}, tuple("0123456789")),
        ("gmvae", {}, tuple("0123456789")),
        ("cvae", {}, tuple("01234")),
        ("vae", {"classes": ["cat", "dog"]}, ("cat", "dog")),
        ("cvae", {"classes": ["cat", "dog"]}, tuple("01234")),
        ("cvae", {"classes": list("abcde")}, tuple("abcde")),
        ("vae", {"classes": []}, ()),
        ("cvae", {"classes": []}, tuple("01234")),
        ("vae", {"classes": ["cat", 3]}, tuple("0123456789")),
    ],
)
def test_the_classes_are_named(name: str, training: dict, classes: tuple[str, ...], tmp_path) -> None:
    checkpoints.save(make(name), tmp_path, training)
    assert checkpoints.load(tmp_path).classes == classes


# Names


@pytest.mark.parametrize(
    "name",
    [
        "no-such-checkpoint",
        "./nowhere",
        "checkpoints/nowhere",
        "runs/vae-9",
        "a/b/c",
        LONG,
        "",
        "a/b\0c",
        "~nobody/x",
    ],
)
@pytest.mark.parametrize("load", [aevb.load, VAE.from_pretrained])
def test_a_missing_folder_is_named_without_asking_the_hub(name: str, load, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stored.hub, "HfApi", None)
    assert refused(lambda: load(name)).startswith(f"There is no checkpoint folder {name[:90]}")


def test_a_path_is_never_asked_from_the_hub(monkeypatch) -> None:
    monkeypatch.setattr(stored.hub, "HfApi", None)
    assert refused(lambda: aevb.load(Path("someone/small"))) == "There is no checkpoint folder someone/small."


def test_both_doors_find_a_shipped_checkpoint_from_any_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert same(aevb.load("vae").model, VAE.from_pretrained("vae"))


# What is shipped


def test_something_is_shipped():
    assert checkpoints.shipped()


@pytest.mark.parametrize("name", [*checkpoints.shipped(), *checkpoints.COMPARED])
def test_a_shipped_checkpoint_reaches_its_recorded_elbo(name):
    checkpoint = checkpoints.load(name)
    observed = data.load_sample().test.seen_by(checkpoint.model).fixed()
    assert len(observed[0]) == 10_000
    recorded = checkpoint.training["test"]
    measured = evaluate(checkpoint.model, *observed)
    assert recorded["images"] == measured.examples
    assert measured.elbo == pytest.approx(recorded["elbo"], abs=0.05)
    assert measured.terms == pytest.approx(recorded["terms"], abs=0.05)
    measured_scores = scores(checkpoint.model, observed[0], data.load_sample().test.labels)
    assert measured_scores == pytest.approx(recorded["scores"], abs=0.001)


@pytest.mark.parametrize("name", checkpoints.shipped())
def test_a_shipped_checkpoint_is_complete(name):
    checkpoint = checkpoints.load(name)
    training = checkpoint.training
    assert {"command", "config", "versions", "seconds", "curve", "test"} <= training.keys()
    chosen_by = training.get("chosen_by", training["command"])  # itself, where it is no refit
    assert chosen_by.startswith("python -m aevb train") and "seed" in training["config"]
    assert training["command"] in (chosen_by, f"python -m aevb refit {name} --output runs/{name} --bounds")
    assert "60,000" in training["data"]
    assert [epoch["epoch"] for epoch in training["curve"]] == list(range(1, len(training["curve"]) + 1))
    assert "10" in training["test"]["bound"]
    assert all(path.stat().st_size < 10_000_000 for path in checkpoint.path.iterdir())
    if checkpoint.maps:
        assert {"tsne", "umap", "pca"} <= checkpoint.maps.keys()
        for points in checkpoint.maps.values():
            assert points.shape == (10_000, 2) and np.isfinite(points).all()


@pytest.mark.parametrize(
    ("name", "elbo", "bound"),
    [("vae", 1831, 1839), ("cvae", 1840, 1847), ("gmvae", -73.5, -70), ("vrnn", -59, -57.8)],
)
def test_the_shipped_checkpoints_are_at_least_as_good_as_was_asked_for(name, elbo, bound):
    recorded = checkpoints.load(name).training["test"]
    assert recorded["elbo"] >= elbo
    assert recorded["bound"]["100"] >= bound


def test_the_shipped_clusters_are_digits_and_how_they_were_chosen_is_said():
    training = checkpoints.load("gmvae").training
    assert training["test"]["scores"]["accuracy"] >= 0.935
    assert training["start"]["kind"] == "clusters" and "no label" in training["chosen"]
    for start in training["seeds"].values():
        assert len(start["runs"]) >= 5
        for name in ("elbo", "accuracy"):
            values = [run[name] for run in start["runs"]]
            assert start[name] == pytest.approx([np.mean(values), np.std(values, ddof=1)])
    runs = training["seeds"]["clusters"]["runs"]
    assert max(runs, key=lambda run: run["validation_elbo"])["seed"] == training["config"]["seed"]


@pytest.mark.parametrize("name", ["vae", "cvae", "gmvae"])
def test_the_shipped_maps_are_there(name):
    assert checkpoints.load(name).maps.keys() >= {"tsne", "umap"}


def test_a_name_that_is_none_is_told_the_ones_there_are() -> None:
    said = refused(lambda: aevb.load("vea"))
    assert said == "There is no checkpoint folder vea: cvae, gmvae, vae, vrnn come with the library."
