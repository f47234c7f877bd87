"""Every shortcut against the plain form: the same terms and gradients, in float64 to its rounding."""

import weakref
from contextlib import nullcontext

import pytest
import torch
from torch import Generator, Tensor
from torch.nn.functional import linear

from aevb import Examples, TrainingConfig, train
from aevb.models import CVAE, GMVAE, VAE, VRNN, FactorAnalysis, LatentVariableModel, shortcuts
from aevb.models.base import total
from aevb.models.nets import DiagonalNormalNet
from benchmarks import textbook
from tests.small_models import make, observe


def small(name: str, dtype: torch.dtype = torch.float64) -> tuple[LatentVariableModel, tuple[Tensor, ...]]:
    """A model and a batch of 16, in the shapes in which both draw the same noise."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        images, labels = torch.rand(16, 12, dtype=dtype), torch.randint(3, (16,))
        model: LatentVariableModel = {
            "vae": lambda: VAE(12, 4, (32, 24)),
            "cvae": lambda: CVAE(12, 3, 4, (32, 24)),
            "gmvae": lambda: GMVAE(12, 3, 4, (32, 24)),
            "vrnn": lambda: VRNN(4, 3, 2, 16, 2, (32, 24)),
        }[name]()
    x = images if name in ("vae", "cvae") else images.round()
    batch = (x, labels) if name == "cvae" else (x.view(16, 3, 4) if name == "vrnn" else x,)
    return model.to(dtype).train(), batch


def taught(
    model: LatentVariableModel, terms: dict[str, Tensor]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    model.zero_grad()
    total(terms).mean().backward()
    return terms, {name: parameter.grad.clone() for name, parameter in model.named_parameters()}


def ours(model: LatentVariableModel, batch: tuple[Tensor, ...], fast: bool):
    with shortcuts.taken() if fast else nullcontext():
        return taught(model, model(*batch, generator=Generator().manual_seed(3)))


@pytest.mark.parametrize("fast", [True, False], ids=["shortcuts", "plain"])
@pytest.mark.parametrize("name", ["vae", "cvae", "gmvae", "vrnn"])
def test_a_step_is_the_textbooks(name, fast):
    """And so is its curve: what Adam is given is the same."""
    model, batch = small(name)
    if name == "gmvae":  # which has found its clusters: most of the weights vanish
        with torch.no_grad():
            model.q_y_given_x.logits.weight.mul_(20_000)
    found = ours(model, batch, fast)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        expected = taught(model, textbook.TERMS[name](model, *batch))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("mean", [False, True], ids=["about 0", "about a mean"])
def test_factor_analysis_at_once_is_the_plain_one(mean, monkeypatch):
    """Whatever is weighed, and for each parameter."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, x = FactorAnalysis(5, 3, mean=mean).double(), torch.randn(16, 5, dtype=torch.float64)
        weights = torch.rand(2, 16, dtype=torch.float64)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(torch.randn_like(parameter))
    taken = []
    at_once = shortcuts.linear_gaussian
    monkeypatch.setattr(shortcuts, "linear_gaussian", lambda *told: taken.append(1) or at_once(*told))
    found = []
    for fast in (True, False):
        with shortcuts.taken() if fast else nullcontext():
            terms = model(x, generator=Generator().manual_seed(3))
        weighed = {name: w * term for (name, term), w in zip(terms.items(), weights, strict=True)}
        found.append((terms, taught(model, weighed)[1]))
    assert taken == [1]
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-12)


def test_factor_analysis_with_a_posterior_of_its_own_keeps_it():
    class Halved(FactorAnalysis):
        def posterior(self, x, y=None):
            return super().posterior(x / 2)

    model, x = (
        Halved().double(),
        torch.randn(16, 3, dtype=torch.float64, generator=Generator().manual_seed(0)),
    )
    found = [ours(model, (x,), fast) for fast in (True, False)]
    torch.testing.assert_close(*found, rtol=0, atol=0)
    for covariance in ("diagonal", "fixed"):
        model = FactorAnalysis(covariance=covariance, mean=True).double().requires_grad_(True)
        found = [ours(model, (x,), fast) for fast in (True, False)]
        torch.testing.assert_close(*found, rtol=0, atol=0)


def test_most_weights_vanish_and_are_passed_over():
    model, (x,) = small("gmvae")
    with torch.no_grad():
        model.q_y_given_x.logits.weight.mul_(20_000)
    decoded: list[int] = []
    model.p_x_given_z.register_forward_hook(lambda _, z, found: decoded.append(z[0][..., 0].numel()))
    for fast in (True, False):
        ours(model, (x,), fast)
    assert 16 <= decoded[0] < 24 and decoded[1] == 48


def test_what_vanishes_is_zero_and_nothing_else_changes():
    weights = torch.tensor([1e-30, 1e-8, 1e-6, 0.5])
    assert torch.equal(shortcuts.without_vanishing(weights), torch.tensor([0, 0, 1e-6, 0.5]))


def test_gathered_weights_leave_alone_what_a_phase_does_not_move():
    """In an M-step the gradient goes through q's layers and stops at their weights."""
    model, (x,) = small("vrnn")
    expected = ours(model, (x,), fast=True)[1]
    model.zero_grad()
    with shortcuts.taken():
        elbo = model.elbo(x, generator=Generator().manual_seed(3)).mean()
    elbo.backward(inputs=model.generative_parameters())
    for name, parameter in model.named_parameters():
        if name.startswith("p_"):
            torch.testing.assert_close(parameter.grad, expected[name])
        else:
            assert parameter.grad is None


def test_layers_of_ones_own_are_gathered_too():
    """Without a bias, and of any number of dimensions."""
    layer, x = torch.nn.Linear(4, 3, bias=False).double(), torch.rand(2, 5, 4, dtype=torch.float64)
    with shortcuts.GatheredWeights():
        (layer(x).square().sum() + layer(x.sin()).sum()).backward()
    expected = torch.autograd.grad(layer(x).square().sum() + layer(x.sin()).sum(), layer.weight)
    torch.testing.assert_close(layer.weight.grad, *expected)


def test_two_layers_may_share_their_weights_and_not_their_biases():
    layer, x = torch.nn.Linear(4, 3).double(), torch.rand(5, 4, dtype=torch.float64)
    other = torch.full((3,), 2.0, dtype=torch.float64, requires_grad=True)
    found = []
    for around in (shortcuts.GatheredWeights(), nullcontext()):
        with around:
            y = layer(x).square().sum() + linear(x, layer.weight, other).square().sum()
        found.append((y.detach(), *torch.autograd.grad(y, (layer.weight, layer.bias, other))))
    torch.testing.assert_close(*found)


@pytest.mark.parametrize("told", [{"dropout": 0.9}, {"bias": False}])
def test_a_memory_of_ones_own_is_what_it_is(told):
    """Without the shortcut, which knows nothing of dropout and needs biases."""
    model, batch = small("vrnn")
    model.with_nets(p_h=torch.nn.LSTM(6, 16, 2, **told))
    found = []
    for fast in (True, False):
        with torch.random.fork_rng():
            torch.manual_seed(0)  # of the dropout
            found.append(ours(model, batch, fast))
    torch.testing.assert_close(*found)


class Joined(torch.nn.Module):
    """q(z | x, y) of one net for both, which knows nothing of several clusters for each image."""

    def __init__(self) -> None:
        super().__init__()
        self.net = DiagonalNormalNet(15, [8], 4)

    def forward(self, x: Tensor, y: Tensor) -> torch.distributions.Independent:
        shape = torch.broadcast_shapes(x.shape[:-1], y.shape[:-1])
        return self.net(torch.cat([part.expand(*shape, -1) for part in (x, y)], -1))


class Own(GMVAE):
    """A subclass that sets a net of its own, as `with_nets` does."""

    def __init__(self) -> None:
        super().__init__(12, 3, 4, (32, 24))
        self.q_z_given_xy = Joined()


def test_a_subclass_with_nets_of_its_own_goes_on_once_its_clusters_are_found():
    model, (_, (x,)) = Own().double().train(), small("gmvae")
    with torch.no_grad():
        model.q_y_given_x.logits.weight.mul_(20_000)
    torch.testing.assert_close(ours(model, (x,), True), ours(model, (x,), False))


def test_what_a_step_has_gathered_is_let_go_after_it(monkeypatch):
    """Where a tensor of the graph is kept by what the graph keeps, no collector finds it."""
    alive = weakref.WeakSet()

    class Watched(shortcuts._Gathered):
        def __init__(self, weight, bias):
            super().__init__(weight, bias)
            alive.add(self)

    monkeypatch.setattr(shortcuts, "_Gathered", Watched)
    model, batch = small("vrnn")
    with shortcuts.taken():
        terms = model(*batch, generator=Generator().manual_seed(3))
    assert len(alive) > 3
    total(terms).mean().backward()
    del terms
    assert not alive


def test_gathered_weights_are_narrowed_once_in_bfloat16():
    model, (x,) = small("vrnn", torch.float32)
    found = []
    for fast in (True, False):
        with torch.autocast("cpu", torch.bfloat16):
            found.append(ours(model, (x,), fast)[1])
    for name, gradient in found[0].items():
        assert gradient.dtype == torch.float32
        assert torch.nn.functional.cosine_similarity(gradient.flatten(), found[1][name].flatten(), 0) > 0.99


def test_outside_a_step_the_plain_form_stands():
    weights = torch.eye(3)
    assert shortcuts.worthwhile(weights) is None
    with shortcuts.taken():
        assert shortcuts.worthwhile(weights) is not None
        assert shortcuts.worthwhile(weights.to("meta")) is None
        assert shortcuts.worthwhile(torch.ones(3, 3)) is None  # most are worth it


def test_in_half_precision_what_is_worthwhile_comes_in_few_sizes():
    """Some of weight 0 make up the number; all that weighs is there, once."""
    sizes = set()
    for worth in range(400):
        weights = torch.zeros(10, 50).flatten().index_fill(0, torch.randperm(500)[:worth], 0.5).view(10, 50)
        with shortcuts.taken(), torch.autocast("cpu", torch.bfloat16):
            found = shortcuts.worthwhile(weights)
        rows, columns = found
        sizes.add(len(rows))
        assert len(set(zip(rows.tolist(), columns.tolist(), strict=True))) == len(rows)
        assert weights[found].sum() == weights.sum()
    assert len(sizes) <= shortcuts.SIZES


@pytest.mark.parametrize("clip", [None, 1.0])
@pytest.mark.parametrize("name", ["vae", "cvae", "gmvae", "vrnn"])
def test_several_steps_are_the_plain_ones(name, clip, monkeypatch):
    """Through the optimiser, too: to it a gradient's order in memory matters, and to clipping whose it is."""
    elbos = []
    for fast in (True, False):
        if not fast:
            monkeypatch.setattr(shortcuts, "open_to", lambda values: False)
        model = make(name)
        x, *y = observe(model, 60)
        config = TrainingConfig(4, batch_size=20, learning_rate=1e-2, precision="float32", clip=clip)
        examples = Examples(x, labels=y[0] if y else None)
        elbos.append([step.elbo for step in train(model, examples, config)])
    assert elbos[0] == pytest.approx(elbos[1], rel=1e-5)
