"""Models of random sizes and parameters, and what they observe."""

from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from aevb.models import REGISTRY, FactorAnalysis, LatentVariableModel
from tests.small_models import seeded

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 5)
WIDTHS = st.lists(st.integers(1, 8), min_size=2, max_size=3)

ARGUMENTS: dict[str, dict[str, st.SearchStrategy]] = {
    "fa": {"data_dim": SIZES, "latent_dim": SIZES, "mean": st.booleans()},
    "vae": {
        "data_dim": SIZES,
        "latent_dim": SIZES,
        "hidden_dims": WIDTHS,
        "dropout": st.sampled_from([0.0, 0.5]),
        "likelihood": st.sampled_from(["continuous bernoulli", "bernoulli", "gaussian"]),
    },
    "cvae": {
        "data_dim": SIZES,
        "classes": SIZES,
        "latent_dim": SIZES,
        "hidden_dims": WIDTHS,
        "conditioned": st.sampled_from(["x and z", "x", "z"]),
        "likelihood": st.sampled_from(["continuous bernoulli", "bernoulli", "gaussian"]),
    },
    "gmvae": {
        "data_dim": SIZES,
        "clusters": SIZES,
        "latent_dim": SIZES,
        "hidden_dims": WIDTHS,
        "likelihood": st.sampled_from(["bernoulli", "gaussian"]),
    },
    "vrnn": {
        "data_dim": SIZES,
        "length": SIZES,
        "latent_dim": SIZES,
        "memory_dim": SIZES,
        "memory_layers": st.integers(1, 2),
        "hidden_dims": WIDTHS,
        "likelihood": st.sampled_from(["bernoulli", "gaussian"]),
    },
}


@st.composite
def models(draw: st.DrawFn, *names: str, **given: Any) -> LatentVariableModel:
    """A model of one of these names, all by default, in double precision and evaluation mode.

    Args:
        given: arguments that are not left to chance.
    """
    name = draw(st.sampled_from(names or tuple(REGISTRY)))
    arguments = draw(st.fixed_dictionaries(ARGUMENTS[name])) | given
    torch.manual_seed(draw(SEEDS))
    return REGISTRY[name](**arguments).double().eval()


@st.composite
def observations(draw: st.DrawFn, model: LatentVariableModel, count: int) -> tuple[Tensor, ...]:
    """`count` examples such as the model observes, (x,) or (x, y), y being labels or weights of them."""
    generator = seeded(draw(SEEDS))
    x = torch.randn(count, model.length * model.data_dim, generator=generator, dtype=torch.float64)
    if model.support != "real":
        x = x.sigmoid()
    if model.support == "binary":
        x = x.round()
    if not model.conditional:
        return model.observed(x)
    if draw(st.booleans()):
        return model.observed(x, torch.randint(model.choices, (count,), generator=generator))
    return model.observed(x, torch.randn(count, model.choices, generator=generator).softmax(-1))


@st.composite
def factor_analyses(draw: st.DrawFn) -> FactorAnalysis:
    """Of random parameters, W and σ between a hundredth and a hundred."""
    model = draw(models("fa"))
    assert isinstance(model, FactorAnalysis)
    scales = st.sampled_from([0.01, 0.1, 1.0, 10.0, 100.0])
    with torch.no_grad():
        model.p_x_given_z.W.mul_(draw(scales))
        model.q_z_given_x.V.mul_(draw(scales))
        model.q_z_given_x.cholesky.add_(torch.randn(model.latent_dim, model.latent_dim).tril())
        if model.p_x_given_z.mu is not None:
            model.p_x_given_z.mu.normal_()
    return model
