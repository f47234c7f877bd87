"""A batch is its examples one by one, and says the same in another order: for every model of any sizes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from aevb import distributions
from aevb.models import LatentVariableModel, gmvae
from tests.properties.strategies import models, observations
from tests.small_models import seeded

SOURCES = [(distributions, "draw"), (gmvae, "gumbel_softmax")]


@contextmanager
def drawing(replace: Callable[[Callable[..., Tensor]], Callable[..., Tensor]]) -> Iterator[None]:
    """Inside the block all noise of the models comes from `replace` of what draws it."""
    patches = [patch.object(module, name, replace(getattr(module, name))) for module, name in SOURCES]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in patches:
            each.stop()


def recorded(noise: list[Tensor], compute: Callable[[], Any]) -> Any:
    def recording(draw: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def record(*arguments: Any) -> Tensor:
            noise.append(draw(*arguments))
            return noise[-1]

        return record

    with drawing(recording):
        return compute()


def replayed(noise: list[Tensor], compute: Callable[[], Any]) -> Any:
    rest = iter(noise)
    with drawing(lambda draw: lambda *arguments: next(rest)):
        return compute()


def of_example(noise: Tensor, i: int, batch: int) -> Tensor:
    """Its share of noise (…, B, L), or (…, S·B, L) where all samples stand one after another."""
    return noise.unflatten(-2, (-1, batch))[..., i, :]


@given(st.data(), models(), st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=100)
def test_a_batch_equals_its_examples_one_by_one(
    data: st.DataObject, model: LatentVariableModel, batch: int, samples: int
) -> None:
    observed = data.draw(observations(model, batch))
    noise_of_terms: list[Tensor] = []
    noise_of_ratios: list[Tensor] = []
    with torch.no_grad():
        terms = recorded(noise_of_terms, lambda: model(*observed, generator=seeded()))
        ratios = recorded(
            noise_of_ratios, lambda: model.log_ratios(*observed, samples=samples, generator=seeded())
        )
        means = model.posterior_mean(*observed)
        for i in range(batch):
            one = [part[i : i + 1] for part in observed]
            alone = replayed(
                [of_example(noise, i, batch) for noise in noise_of_terms], lambda one=one: model(*one)
            )
            assert alone.keys() == terms.keys()
            for name, term in terms.items():
                assert term.shape == (batch,)
                torch.testing.assert_close(alone[name], term[i : i + 1], rtol=1e-9, atol=1e-9)
            alone = replayed(
                [of_example(noise, i, batch) for noise in noise_of_ratios],
                lambda one=one: model.log_ratios(*one, samples=samples),
            )
            assert ratios.shape == (samples, batch)
            torch.testing.assert_close(alone, ratios[:, i : i + 1], rtol=1e-9, atol=1e-9)
            torch.testing.assert_close(model.posterior_mean(*one), means[i : i + 1], rtol=1e-9, atol=1e-9)


@given(st.data(), models(), st.integers(1, 4))
@settings(max_examples=60)
def test_everything_has_the_shape_that_it_is_said_to_have(
    data: st.DataObject, model: LatentVariableModel, batch: int
) -> None:
    x, *y = data.draw(observations(model, batch))
    width, latent = model.length * model.data_dim, model.length * model.latent_dim
    assert model.encode(x, *y).shape == (batch, latent)
    assert model.reconstruct(x, *y).shape == (batch, width)
    assert model.sample(batch, generator=seeded()).shape == (batch, width)
    value, error = model.log_prob(x, *y, samples=3, generator=seeded())
    assert value.shape == error.shape == (batch,) and value.isfinite().all() and (error >= 0).all()
    labels = torch.arange(batch) % model.choices if model.choices else None
    assert model.decode(torch.zeros(batch, latent), labels).shape == (batch, width)
    # What a model draws is what it takes.
    drawn = model.sample(batch, labels, generator=seeded())
    assert model.elbo(drawn, *([labels] if model.conditional else [])).isfinite().all()
