"""What every model is offered by its base: data of any kind, read and checked once; samples, reconstructions
and estimates without gradients; nets of one's own; and a `forward` for torch's own machinery.
"""

import json
import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Independent, Normal

from aevb import (
    CVAE,
    GMVAE,
    VAE,
    VRNN,
    CheckpointError,
    Examples,
    FactorAnalysis,
    LatentVariableModel,
    TrainingConfig,
    checkpoints,
    train,
)
from aevb.evaluation import importance_bounds
from aevb.explore import codes, rows
from aevb.explore.packing import pack
from aevb.models import REGISTRY, base
from aevb.models.base import total
from tests.small_models import SMALL, make, observe, seeded

every_model = pytest.mark.parametrize("name", REGISTRY)


def on_everything(model: LatentVariableModel):
    """What takes x, or x and y."""
    return [
        lambda *o: model.terms(*o, generator=seeded()),
        lambda *o: model.elbo(*o, generator=seeded()),
        lambda *o: model.log_weights(*o, samples=2, generator=seeded()),
        lambda *o: model.log_prob(*o, samples=2, generator=seeded()),
        model.encode,
        model.reconstruct,
    ]


# Data


@every_model
def test_data_of_any_kind_are_the_same_data(name: str) -> None:
    model = make(name)
    x, *y = observe(model, 6)
    expected = model.elbo(x, *y, generator=seeded())
    side = (1, x[0].numel())
    for given in (
        x.numpy(),
        x.double(),
        x.tolist(),
        x.flatten(1),
        x.reshape(6, *side).numpy(),
        torch.utils.data.TensorDataset(x),
    ):
        found = model.elbo(given, *(part.numpy() for part in y), generator=seeded())
        assert torch.equal(found, expected), type(given)


@pytest.mark.parametrize("name", ["gmvae", "vrnn"])
def test_booleans_and_whole_numbers_are_binary_data(name: str) -> None:
    model = make(name)
    (x,) = observe(model, 6)
    for given in (x.bool(), x.to(torch.uint8), x.long().numpy()):
        assert torch.equal(model.encode(given), model.encode(x))


@every_model
def test_examples_of_another_size_are_refused_in_a_sentence(name: str) -> None:
    model = make(name)
    x, *y = observe(model, 6)
    wrong = torch.zeros(6, x[0].numel() + 1)
    for ask in on_everything(model):
        with pytest.raises(ValueError, match=rf"takes examples of {x[0].numel()} numbers.* have "):
            ask(wrong, *y)
        with pytest.raises(ValueError, match=r"give a single one as x\[None\]"):
            ask(x.flatten(), *y)
        with pytest.raises(ValueError, match="There are no examples"):
            ask(x[:0], *(part[:0] for part in y))


OUTSIDE = {
    "grey levels": (lambda x: 255 * x, "255"),
    "in -1…1": (lambda x: 2 * x - 1, "-1"),
    "0…16": (lambda x: (16 * x).round(), "16"),
}


@pytest.mark.parametrize("values", OUTSIDE)
@pytest.mark.parametrize("name", ["vae", "cvae", "gmvae", "vrnn"])
def test_values_outside_the_support_are_refused_with_their_range(name: str, values: str) -> None:
    model, (change, found) = make(name), OUTSIDE[values]
    x, *y = observe(model, 6)
    x.view(-1)[0], x.view(-1)[1] = 0, 1
    for ask in on_everything(model):
        with pytest.raises(ValueError, match=rf"must be (0 or 1|in \[0, 1\]), not .*{found}.*aevb\.Examples"):
            ask(change(x), *y)


@every_model
def test_numbers_that_are_not_finite_are_refused(name: str) -> None:
    model = make(name)
    x, *y = observe(model, 6)
    x.view(-1)[3] = math.nan
    for ask in on_everything(model):
        with pytest.raises(ValueError, match=r"1 of \d+ values are not finite"):
            ask(x, *y)


def test_labels_are_read_or_refused_in_a_sentence() -> None:
    model = make("cvae")
    x, y = observe(model, 6)
    expected = model.encode(x, y)
    for given in (y.float(), y.unsqueeze(1), y.tolist(), nn.functional.one_hot(y, 5), y.numpy()):
        assert torch.equal(model.encode(x, given), expected)
    between = torch.full((6, 5), 0.2)
    assert not torch.equal(model.encode(x, between), expected)
    for given, message in (
        (None, "The model is conditional: give a label in 0…4"),
        (y + 1, r"must be in 0…4, not 1…5: subtract 1"),
        (y.index_fill(0, torch.tensor([2]), -1), "1 of 6 are negative"),
        (y[:5], "There are 6 examples but 5 labels"),
        (5 * between, "must sum to 1"),
        (y + 0.5, "must be whole numbers"),
    ):
        for ask in on_everything(model):
            with pytest.raises(ValueError, match=message):
                ask(x, given)


@pytest.mark.parametrize("name", ["fa", "vae", "gmvae", "vrnn"])
def test_labels_of_what_is_no_model_of_labels_are_refused(name: str) -> None:
    model = make(name)
    (x,) = observe(model, 6)
    for ask in on_everything(model):
        with pytest.raises(ValueError, match="is no model of labels"):
            ask(x, torch.zeros(6))


@every_model
def test_gradients_are_kept_where_they_are_wanted_alone(name: str) -> None:
    model = make(name)
    observed = observe(model, 4)
    assert model.elbo(*observed).requires_grad and model.log_weights(*observed, samples=2).requires_grad
    z = model.encode(*observed)
    y = observed[1:] or ()
    without = [z, model.decode(z, *y), model.reconstruct(*observed), model.sample(3)]
    without += model.log_prob(*observed, samples=3)
    assert not any(found.requires_grad for found in without)


def computes(model: LatentVariableModel) -> bool:
    """Whether this processor can in the model's type, which some cannot in half precision."""
    layer = nn.LSTM if isinstance(model, VRNN) else nn.Linear
    try:
        layer(2, 2, dtype=model.dtype)(torch.zeros(3, 2, dtype=model.dtype))
    except RuntimeError:
        return False
    return True


@every_model
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_models_of_any_type_take_data_of_any_type(name: str, dtype: torch.dtype) -> None:
    exact, model = make(name), make(name).to(dtype)
    observed = observe(model, 6)
    if not computes(model):
        with pytest.raises(ValueError, match="cannot compute in"):
            model.terms(*observed)
        return
    terms = model.terms(*observed, generator=seeded())
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    assert {term.dtype for term in terms.values()} == {wide}
    total(terms).sum().backward()
    assert all(p.grad is not None and p.grad.dtype == dtype for p in model.parameters())
    error = {torch.float16: 1e-2, torch.bfloat16: 1e-1, torch.float64: 1e-4}[dtype]
    torch.testing.assert_close(
        model.encode(*observed).float(), exact.encode(*observed), rtol=error, atol=error
    )
    assert model.sample(3, generator=seeded()).dtype == dtype
    assert model.reconstruct(*observed).isfinite().all()
    value, _ = model.log_prob(*observed, samples=3, generator=seeded())
    assert value.dtype == wide and value.isfinite().all()


@pytest.mark.parametrize(("name", "kind"), [("vae", nn.Linear), ("vrnn", nn.LSTM)])
def test_a_type_that_the_processor_lacks_is_named(name: str, kind: type, monkeypatch) -> None:
    def forward(self: nn.Module, inputs: Tensor, *_: object) -> Tensor:
        raise RuntimeError("could not create a primitive descriptor")

    model = make(name).half()
    observed = observe(model, 2)
    monkeypatch.setattr(kind, "forward", forward)
    for ask in (lambda: model.terms(*observed), lambda: model.encode(*observed), lambda: model.sample(2)):
        with pytest.raises(ValueError, match=r"This cpu cannot compute in float16: .*model\.float\(\)"):
            ask()


# Samples


@pytest.mark.parametrize("name", ["cvae", "gmvae"])
def test_without_labels_samples_are_of_all_of_them(name: str, monkeypatch) -> None:
    model, generator, drawn = make(name), seeded(), []
    ancestral = model.ancestral_sample

    def recording(count: int, y: Tensor, **options: object) -> Tensor:
        drawn.append(y.item())
        return ancestral(count, y, **options)

    monkeypatch.setattr(model, "ancestral_sample", recording)
    for _ in range(200):
        model.sample(1, generator=generator)
    counts = np.bincount(drawn, minlength=model.choices)
    assert counts.sum() == 200 and counts.min() > 20 and counts.max() < 65  # 40 each, ± 4 deviations


@pytest.mark.parametrize("name", ["cvae", "gmvae"])
def test_samples_of_a_choice_are_its_own(name: str) -> None:
    model = make(name)
    with torch.no_grad():
        model.p_z_given_y.loc.weight.copy_(20 * torch.randn(3, 5, generator=seeded(4)))
    y = torch.arange(5).repeat_interleave(2000)
    found = model.sample(10_000, y, generator=seeded()).unflatten(0, (5, 2000)).mean(1)
    with torch.no_grad():
        z = model.prior(y).sample()
        expected = model.likelihood(z, y).mean.unflatten(0, (5, 2000)).mean(1)
    torch.testing.assert_close(found, expected, rtol=0, atol=0.06)
    assert (expected[0] - expected[1]).abs().max() > 0.12
    weights = torch.eye(5)[y]
    assert torch.equal(
        model.sample(10_000, weights, generator=seeded()), model.sample(10_000, y, generator=seeded())
    )


@every_model
def test_samples_that_cannot_be_drawn_are_refused(name: str) -> None:
    model = make(name)
    for count in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match="count must be a positive whole number"):
            model.sample(count)
    assert model.sample(np.int64(2)).shape == (2, model.length * model.data_dim)
    for y, message in (([0, 1], "3 examples but 2 labels"), ([0, 1, 7], "must be in 0…4")):
        refusal = message if model.choices else "no labels or clusters to choose from"
        with pytest.raises(ValueError, match=refusal):
            model.sample(3, y)


# Decoding


@pytest.mark.parametrize("name", ["fa", "vae", "cvae", "gmvae"])
def test_what_is_decoded_are_the_likelihoods_parameters(name: str) -> None:
    model = make(name)
    x, *y = observe(model, 4)
    z = torch.randn(4, model.latent_dim, generator=seeded())
    p_x = model.likelihood(z, *y).base_dist
    expected = p_x.mean if name == "fa" else p_x.probs
    assert torch.equal(model.decode(z, *y), expected)
    assert torch.equal(model.decode(z.numpy(), *y), codes.decode(model, z, *y))
    assert torch.equal(model.reconstruct(x, *y), model.decode(model.encode(x, *y), *y))


@pytest.mark.parametrize("name", ["cvae", "gmvae"])
def test_labels_beside_codes_are_read_as_beside_examples(name: str) -> None:
    model, y = make(name), torch.tensor([0, 1, 0, 4, 0])
    z = torch.randn(5, model.latent_dim, generator=seeded())
    expected = model.decode(z, y)
    for alike in (y.tolist(), y.double().numpy(), y[:, None], np.eye(5, dtype=int)[y], np.eye(5)[y]):
        assert torch.equal(model.decode(z, alike), expected)
    weights = np.full(5, 0.2)
    torch.testing.assert_close(model.decode(z, weights[None])[1], model.decode(z[1], weights))
    assert torch.equal(
        codes.posterior(model, *observe(model, 5)[:1], y.numpy()).mean,
        codes.posterior(model, *observe(model, 5)[:1], y).mean,
    )
    # As many floats as there are both codes and labels are no weights, as they are none for `encode`.
    assert torch.equal(model.decode(z, [0.0, 1.0, 0.0, 0.0, 0.0]), model.decode(z, [0, 1, 0, 0, 0]))


def test_a_vrnn_decodes_row_by_row_and_reconstructs_on_what_it_sees() -> None:
    model = make("vrnn")
    assert isinstance(model, VRNN)
    (x,) = observe(model, 5)
    z = model.encode(x)
    decoded = model.decode(z).unflatten(1, (7, 8))
    assert decoded.shape == x.shape and ((decoded > 0) & (decoded < 1)).all()
    z_rows = z.unflatten(1, (7, 3)).transpose(0, 1)
    with torch.no_grad():
        path = model.unroll(5, 7, lambda t, h: (z_rows[t], decoded[:, t]))
        torch.testing.assert_close(rows.tempered(model.row_likelihood(path), 1.0).transpose(0, 1), decoded)
        seen, _ = model.infer(x, sampled=False)
        probs = rows.tempered(model.row_likelihood(seen), 1.0).transpose(0, 1).flatten(1)
    torch.testing.assert_close(model.reconstruct(x), probs)
    assert model.decode(z[0]).shape == (56,)


@every_model
def test_codes_that_are_none_are_refused(name: str) -> None:
    model = make(name)
    width = model.latent_dim * model.length
    y = [torch.zeros(2).long()] if model.choices else []
    with pytest.raises(ValueError, match=rf"z must end in {width} numbers, not \(2, {width + 1}\)"):
        model.decode(torch.zeros(2, width + 1), *y)
    with pytest.raises(ValueError, match="not finite"):
        model.decode(torch.full((2, width), math.inf), *y)
    if model.choices:
        with pytest.raises(ValueError, match="must be in 0…4, not 5…5"):
            model.decode(torch.zeros(2, width), [5, 5])
        with pytest.raises(ValueError, match=r"A y of shape \(2,\) does not go with z of shape \(5, 3\)"):
            model.decode(torch.zeros(5, width), [0, 1])
        with pytest.raises(ValueError, match="does not go with z"):
            model.decode(torch.zeros(3, 2, width), np.eye(5, dtype=int)[:3])
    if model.conditional:
        with pytest.raises(ValueError, match="given one of 5 choices"):
            model.decode(torch.zeros(2, width))


# Estimates of log p(x)


@every_model
def test_the_estimate_is_the_importance_bound(name: str) -> None:
    model = make(name)
    observed = observe(model, 5)
    value, error = model.log_prob(*observed, samples=20, generator=seeded())
    bound = importance_bounds(model, *observed, bounds=[20], generator=seeded())[20]
    torch.testing.assert_close(value, bound)
    assert value.shape == error.shape == (5,) and (error > 0).all()


def test_its_standard_error_is_that_of_many_estimates() -> None:
    torch.manual_seed(0)
    model = FactorAnalysis(5, 1)
    model.e_step()
    with torch.no_grad():
        model.q_z_given_x.cholesky.add_(0.5)  # wider than it should be, so that no weight is large
    (x,) = observe(model, 3)
    value, error = model.log_prob(x.repeat_interleave(1000, 0), samples=100, generator=seeded())
    torch.testing.assert_close(
        value.view(3, 1000).mean(1), model.evidence(x).detach().float(), rtol=0, atol=0.02
    )
    spread = value.view(3, 1000).std(1)
    torch.testing.assert_close(error.view(3, 1000).mean(1), spread, rtol=0.1, atol=0)


def test_where_every_weight_is_the_evidence_the_error_is_zero() -> None:
    torch.manual_seed(0)
    model = FactorAnalysis(5, 3).double()
    model.e_step()
    x = torch.randn(6, 5, generator=seeded(), dtype=torch.float64)
    value, error = model.log_prob(x, samples=50, generator=seeded())
    torch.testing.assert_close(value, model.evidence(x).detach())
    assert error.max() < 1e-6
    assert model.log_prob(x, samples=1).standard_error.isnan().all()
    with pytest.raises(ValueError, match="samples must be a positive whole number"):
        model.log_prob(x, samples=0)


def test_the_estimate_keeps_to_its_memory(monkeypatch) -> None:
    model = make("vrnn")
    (x,) = observe(model, 5)
    whole = model.log_prob(x, samples=4000, generator=seeded())
    seen, log_ratios = [], model.log_ratios

    def recording(x: Tensor, *, samples: int, generator: torch.Generator) -> Tensor:
        seen.append((len(x), samples))
        return log_ratios(x, samples=samples, generator=generator)

    monkeypatch.setattr(model, "log_ratios", recording)
    monkeypatch.setattr(base, "MAX_NUMBERS", 60 * 7 * 36)  # the widest layer is the memory's, of 36 gates
    parts = model.log_prob(x, samples=4000, generator=seeded(1))
    assert max(count * samples for count, samples in seen) <= 60
    assert sum(samples for _, samples in seen) == 4000
    error = (whole.standard_error.square() + parts.standard_error.square()).sqrt()
    assert ((whole.value - parts.value).abs() < 5 * error).all()


# Nets of one's own


class ConvolutionalEncoder(nn.Module):
    """Images of 8 x 8, flattened, ↦ N(loc, diag scale²), event shape (3,)."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Unflatten(-1, (1, 8, 8)),
            nn.Conv2d(1, 4, 3, stride=2),
            nn.ReLU(),
            nn.Flatten(-3),
            nn.Linear(36, 6),
        )

    def forward(self, x: Tensor) -> Independent:
        loc, log_scale = self.net(x).chunk(2, -1)
        return Independent(Normal(loc, log_scale.exp()), 1)


def convolutional() -> VAE:
    torch.manual_seed(0)
    return VAE(64, 3, [16]).with_nets(q_z_given_x=ConvolutionalEncoder())


def test_a_net_of_ones_own_is_trained_and_asked() -> None:
    model, x = convolutional(), torch.rand(50, 64, generator=seeded()) ** 3
    assert model.own_nets == ("q_z_given_x",)
    before = [p.clone() for p in model.inference_parameters()]
    assert len(before) == 4
    first, *_, last = train(model, Examples(x, "continuous"), TrainingConfig(100, 50, 1e-2))
    assert last.elbo > first.elbo + 1
    assert all((a != b).any() for a, b in zip(before, model.inference_parameters(), strict=True))
    assert model.encode(x).shape == (50, 3)
    for part in ("p", "q"):
        with pytest.raises(ValueError, match="only this library's own nets, not another q_z_given_x"):
            pack(model, part)


def test_a_net_of_ones_own_is_saved_and_loaded(tmp_path) -> None:
    model, x = convolutional().eval(), torch.rand(5, 64, generator=seeded())
    model.save_pretrained(tmp_path)
    loaded = [
        VAE.from_pretrained(tmp_path, q_z_given_x=ConvolutionalEncoder()),
        checkpoints.load(tmp_path, q_z_given_x=ConvolutionalEncoder()).model,
    ]
    for again in loaded:
        assert again.own_nets == ("q_z_given_x",)
        torch.testing.assert_close(again.encode(x), model.encode(x), rtol=1e-3, atol=1e-3)  # float16 may do
    with pytest.raises(CheckpointError, match="q_z_given_x"):
        checkpoints.load(tmp_path)


def test_a_net_of_ones_own_is_in_the_models_type_and_mode() -> None:
    model = VAE(64, 3, [16]).double().eval().with_nets(q_z_given_x=ConvolutionalEncoder())
    assert not model.q_z_given_x.training
    assert model.elbo(torch.rand(2, 64)).dtype == torch.float64
    both = model.with_nets(p_x_given_z=model.p_x_given_z)
    assert both is model and model.own_nets == ("p_x_given_z", "q_z_given_x")
    assert VAE(64, 3, [16]).own_nets == ()


@pytest.mark.parametrize(
    ("nets", "message"),
    [
        ({"q_z": nn.Linear(1, 1)}, "VAE has no net q_z: its nets are q_z_given_x, p_x_given_z"),
        ({"q_z_given_x": lambda x: x}, "q_z_given_x must be a torch module, not a function"),
    ],
)
def test_what_is_no_net_is_refused(nets: dict, message: str) -> None:
    model = make("vae")
    with pytest.raises(ValueError, match=message):
        model.with_nets(**nets)
    assert model.own_nets == ()


# Sizes


def test_numpys_numbers_are_sizes_and_stay_plain_in_the_configuration() -> None:
    one, several = np.int64(12), [np.int32(16), np.int64(8)]
    model = VAE(one, np.int64(3), several, np.float32(0.5))
    assert type(model.data_dim) is type(model.latent_dim) is int
    assert json.loads(json.dumps(model.config)) == model.config
    expected = {"data_dim": 12, "latent_dim": 3, "hidden_dims": [16, 8], "dropout": 0.5}
    assert model.config.items() >= expected.items()
    assert [type(width) for width in model.config["hidden_dims"]] == [int, int]
    assert VAE(**model.config).elbo(torch.rand(2, 12)).shape == (2,)
    assert VAE(hidden_dims=np.array([16, 8])).config["hidden_dims"] == [16, 8]


@pytest.mark.parametrize("name", ["vae", "cvae", "gmvae", "vrnn"])
def test_widths_that_are_no_list_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="hidden_dims must list the widths of layers, not be 16"):
        REGISTRY[name](**SMALL[name] | {"hidden_dims": 16})


def test_weights_that_browsers_cannot_be_sent_are_refused() -> None:
    model = make("vae")
    with torch.no_grad():
        model.p_x_given_z.logits.weight[0, 0] = 1e5
    with pytest.raises(ValueError, match="beyond the range of float16"):
        pack(model, "p")
    assert pack(model, "q")


HUGE = [
    *(
        (name, {argument: size})
        for name in REGISTRY
        for argument in ("data_dim", "latent_dim")
        for size in (10**9,)
    ),
    ("vae", {"hidden_dims": [200_000, 200_000]}),
    ("vae", {"data_dim": 10**18}),
    ("vae", {"data_dim": 10**30}),
    ("cvae", {"classes": 10**9}),
    ("gmvae", {"clusters": 10**9}),
    ("gmvae", {"hidden_dims": [5] * 3 + [10**8] * 2}),
    ("vrnn", {"memory_dim": 10**6}),
    ("vrnn", {"memory_layers": 10**9}),
]


@pytest.mark.parametrize(("name", "sizes"), HUGE)
def test_sizes_that_cannot_be_meant_are_refused_before_any_memory_is_taken(name: str, sizes: dict) -> None:
    with pytest.raises(
        ValueError, match=r"at most 268,435,456 can be meant|must be at most 64|must be below 2\*\*63"
    ):
        REGISTRY[name](**SMALL[name] | sizes)


# What trusts its input, for torch's own machinery


@every_model
def test_forward_gives_the_terms(name: str) -> None:
    model = make(name)
    observed = observe(model, 4)
    checked = model.terms(*observed, generator=seeded())
    for key, term in model(*observed, generator=seeded()).items():
        assert torch.equal(term, checked[key])


@every_model
def test_it_is_compiled(name: str) -> None:
    rows = {"length": 3} if name == "vrnn" else {}  # each of which is compiled for itself
    model = REGISTRY[name](**SMALL[name] | rows).eval()
    observed = observe(model, 4)
    torch._dynamo.reset()
    # In one graph, but for the LSTM, which torch.compile leaves as it is.
    compiled = torch.compile(model, backend="aot_eager", fullgraph=name != "vrnn")
    torch.manual_seed(0)
    terms = compiled(*observed)
    torch.manual_seed(0)
    for key, term in model(*observed).items():
        torch.testing.assert_close(terms[key], term)
    total(terms).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


@every_model
@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_its_gradient_is_taken_example_by_example(name: str) -> None:
    model = make(name)
    observed = observe(model, 4)
    parameters = {key: p.detach() for key, p in model.named_parameters()}

    def elbo(parameters: dict[str, Tensor], *one: Tensor) -> Tensor:
        batch = tuple(part.unsqueeze(0) for part in one)
        return total(torch.func.functional_call(model, parameters, batch)).sum()

    torch.manual_seed(0)
    each = torch.func.vmap(
        torch.func.grad(elbo), (None, *(0 for _ in observed)), randomness="same", chunk_size=None
    )(parameters, *observed)
    for i in range(4):
        torch.manual_seed(0)
        model.zero_grad()
        total(model(*(part[i : i + 1] for part in observed))).sum().backward()
        for key, parameter in model.named_parameters():
            torch.testing.assert_close(each[key][i], parameter.grad, rtol=1e-4, atol=1e-5)


# Likelihoods


def test_the_likelihood_decides_what_x_may_be() -> None:
    for make_model, usual in (
        (VAE, "continuous bernoulli"),
        (CVAE, "continuous bernoulli"),
        (GMVAE, "bernoulli"),
    ):
        assert make_model().config["likelihood"] == usual
    found = {
        likelihood: (model.support, model.observation)
        for likelihood in ("continuous bernoulli", "bernoulli", "gaussian")
        for model in [VAE(12, 3, [8], likelihood=likelihood)]
    }
    assert found == {
        "continuous bernoulli": ("unit interval", "continuous"),
        "bernoulli": ("binary", "binary"),
        "gaussian": ("real", "continuous"),
    }
    for name, observation in (("gmvae", "continuous"), ("vrnn", "continuous")):
        model = REGISTRY[name](**SMALL[name], likelihood="gaussian")
        assert (model.support, model.observation) == ("real", observation)
    assert (make("vrnn").support, make("vrnn").observation) == ("binary", "rows")


@pytest.mark.parametrize("name", ["vae", "cvae", "gmvae", "vrnn"])
def test_another_likelihood_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"likelihood must be one of .*'gaussian', not 'poisson'"):
        REGISTRY[name](**SMALL[name], likelihood="poisson")
    if name in ("gmvae", "vrnn"):
        with pytest.raises(ValueError, match="not 'continuous bernoulli'"):
            REGISTRY[name](**SMALL[name], likelihood="continuous bernoulli")


@pytest.mark.parametrize("name", ["vae", "cvae", "gmvae", "vrnn"])
def test_every_likelihood_is_trained_measured_and_sampled(name: str) -> None:
    torch.manual_seed(0)
    model = REGISTRY[name](**SMALL[name], likelihood="gaussian")
    x, *y = observe(model, 60)
    x = 3 + 0.1 * torch.randn(x.shape, generator=seeded())
    examples = Examples(x, labels=y[0] if y else None)
    *_, last = train(model, examples, TrainingConfig(400, 60, 2e-2))
    net = next(net for net_name, net in model.named_children() if net_name.startswith("p_x"))
    assert 0.05 < net.scale.item() < 0.5  # from 1, towards the data's 0.1
    model.eval()
    best = Normal(3.0, 0.1).log_prob(x).flatten(1).sum(1).mean().item()
    assert best - 40 < last.elbo < best + 5
    sample = model.sample(500, generator=seeded())
    assert sample.mean().item() == pytest.approx(3, abs=0.2) and sample.std().item() < 0.6
    torch.testing.assert_close(model.reconstruct(x, *y).mean(), x.mean(), rtol=0, atol=0.1)


def test_a_gaussian_is_of_one_deviation_that_is_never_zero() -> None:
    torch.manual_seed(0)
    model = VAE(12, 3, [8], likelihood="gaussian")
    x, z = torch.randn(5, 12, generator=seeded()), torch.randn(5, 3, generator=seeded(1))
    net = model.p_x_given_z
    assert net.scale.item() == pytest.approx(1, abs=1e-6) and net.pre_scale.shape == ()
    expected = Normal(net.loc(net.hidden(z)), 1.0).log_prob(x).sum(-1)
    torch.testing.assert_close(model.likelihood(z).log_prob(x), expected)
    with torch.no_grad():
        net.pre_scale.fill_(-1000)
    assert net.scale.item() == pytest.approx(math.exp(-6))
    assert model.elbo(x).isfinite().all()


def test_a_temperature_narrows_gaussian_rows() -> None:
    torch.manual_seed(0)
    model = VRNN(**SMALL["vrnn"], likelihood="gaussian")
    spreads = []
    for temperature in (1.0, 0.1):
        with torch.no_grad():
            path = model.complete(torch.zeros(400, 0, 8), generator=seeded(), temperature=temperature)
            mean = rows.tempered(model.row_likelihood(path), temperature)
        spreads.append((path.x - mean).std().item())
    assert spreads[0] == pytest.approx(1, rel=0.02) and spreads[1] == pytest.approx(0.1, rel=0.02)
