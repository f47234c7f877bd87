"""The VRNN: gradients through z and through time, one recurrence, completions, temperature."""

import numpy as np
import pytest
import torch
from torch.distributions import kl_divergence

from aevb.data import binarize
from aevb.explore import rows as sequences
from aevb.models import VRNN
from aevb.models.vrnn import tempered
from benchmarks.estimators import Drawn
from tests.small_models import make, observe, seeded


@pytest.fixture
def model() -> VRNN:
    found = make("vrnn")
    assert isinstance(found, VRNN)
    return found


@pytest.fixture
def x(model: VRNN) -> torch.Tensor:
    return observe(model, 5)[0]


def test_the_likelihood_of_later_rows_teaches_q_through_z_and_through_time(model: VRNN, x: torch.Tensor):
    path, _ = model.infer(x, generator=seeded())
    # Of the last row alone, and with its own z held fixed: what remains has come through the memory.
    p_x = model.p_x_given_hz(torch.cat([path.h[-1], path.z[-1].detach()], -1))
    p_x.log_prob(path.x[-1]).sum().backward()
    for name, parameter in model.q_z_given_hx.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("row", [0, 3])
def test_a_rows_posterior_gets_its_gradient_from_every_later_row(
    model: VRNN, x: torch.Tensor, row: int, monkeypatch: pytest.MonkeyPatch
):
    """A push on one row's posterior mean is felt in that row's likelihood and in all that follow."""
    push = torch.zeros(model.latent_dim, requires_grad=True)
    forward, count = model.q_z_given_hx.forward, 0

    def pushed(inputs: torch.Tensor):
        nonlocal count
        q_z = forward(inputs)
        if count == row:
            q_z.base_dist.loc = q_z.base_dist.loc + push
        count += 1
        return q_z

    monkeypatch.setattr(model.q_z_given_hx, "forward", pushed)
    terms = model.row_terms(x, generator=seeded())
    for name, term in terms.items():
        for t in range(model.length):
            (gradient,) = torch.autograd.grad(term[t].sum(), push, retain_graph=True, allow_unused=True)
            felt = gradient is not None and gradient.abs().max() > 0
            assert felt == (t >= row), (name, t)


def test_changing_an_early_pixel_changes_nothing_before_it_and_everything_after(model: VRNN, x: torch.Tensor):
    other = x.clone()
    other[:, 2, 0] = 1 - other[:, 2, 0]
    before, after = (model.row_terms(rows, generator=seeded())["minus_kl_z"] for rows in (x, other))
    assert torch.equal(before[:2], after[:2])
    assert (before[2:] != after[2:]).any(dim=1).all()


def test_the_memory_is_the_same_for_the_elbo_for_encoding_and_for_sampling(model: VRNN, x: torch.Tensor):
    with torch.no_grad():
        inferred, _ = model.infer(x, generator=seeded(4))
        completed = model.complete(x, generator=seeded(4))  # nothing left to complete
        means, _ = model.infer(x, sampled=False)
    for a, b in zip(inferred, completed, strict=True):
        assert torch.equal(a, b)
    torch.testing.assert_close(model.encode(x), means.z.transpose(0, 1).flatten(1))
    # And it is what the recurrence says, step by step.
    for path in (inferred, means):
        inputs = torch.cat([path.x, path.z], -1)[:-1]
        h = torch.cat([torch.zeros(1, len(x), model.memory_dim), model.p_h(inputs)[0]])
        torch.testing.assert_close(path.h, h)


def test_prior_and_decoder_over_all_rows_equal_row_by_row(model: VRNN, x: torch.Tensor):
    path, q_z = model.infer(x, generator=seeded())
    terms = model.terms_along(path, q_z)
    for t in range(model.length):
        p_x = model.p_x_given_hz(torch.cat([path.h[t], path.z[t]], -1))
        torch.testing.assert_close(terms["reconstruction"][t], p_x.log_prob(x[:, t]))
        q_t = model.q_z_given_hx(torch.cat([path.h[t], x[:, t]], -1))
        torch.testing.assert_close(
            terms["minus_kl_z"][t], -kl_divergence(q_t, model.p_z_given_h(path.h[t])), rtol=1e-4, atol=1e-6
        )
    whole = model.terms(x, generator=seeded())
    for name, term in terms.items():
        torch.testing.assert_close(term.sum(0), whole[name])


@pytest.mark.parametrize("kept", [0, 1, 4, 7])
def test_a_completion_keeps_what_is_given_and_repeats_by_its_generator(
    model: VRNN, x: torch.Tensor, kept: int
):
    given = x[:, :kept]
    with torch.no_grad():
        first, again, other = (model.complete(given, generator=seeded(s)) for s in (1, 1, 2))
    assert first.x.shape == (model.length, len(x), model.data_dim)
    assert torch.equal(first.x[:kept], given.transpose(0, 1))
    assert ((first.x == 0) | (first.x == 1)).all()
    for a, b in zip(first, again, strict=True):
        assert torch.equal(a, b)
    assert torch.equal(first.x, other.x) == (kept == model.length)


@pytest.mark.parametrize("form", [torch.as_tensor, np.asarray, lambda grey: grey.long().tolist()])
def test_first_rows_are_presented_as_whole_images_are(model: VRNN, form):
    grey = torch.randint(0, 256, (5, 3, 8), dtype=torch.uint8, generator=seeded())
    expected, noise = binarize(grey).view(5, 3, 8).transpose(0, 1), sequences.noise(model, 1, 5)
    with torch.no_grad():
        paths = (
            model.complete(form(grey), generator=seeded()),
            sequences.grow(model, form(grey), generator=seeded()),
            sequences.drawn(model, *noise, form(grey)),
        )
    for path in paths:
        assert torch.equal(path.x[:3], expected)


def test_a_completion_of_nothing_is_a_sample(model: VRNN):
    with torch.no_grad():
        path = model.complete(sequences.nothing(model, 6), generator=seeded(3))
        sample = model.sample(6, generator=seeded(3))
    assert torch.equal(path.x.transpose(0, 1).flatten(1), sample)


def test_what_cannot_be_completed_is_refused(model: VRNN):
    with pytest.raises(ValueError, match="7 rows; 8 were given"):
        model.complete(torch.zeros(2, 8, 8))
    for shape in ((2, 3, 9), (3, 8)):
        with pytest.raises(ValueError, match=r"must be of shape \(N, k, 8\), not"):
            model.complete(torch.zeros(shape))
    for value in (0.5, 255.0):
        with pytest.raises(ValueError, match="Values must be 0 or 1, not numbers in"):
            model.complete(torch.full((2, 3, 8), value))
    for temperature in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="temperature must be above 0"):
            model.complete(torch.zeros(2, 3, 8), temperature=temperature)


def test_the_temperature_scales_the_prior_and_the_logits(model: VRNN):
    h = torch.randn(4, model.memory_dim, generator=seeded())
    z = torch.randn(4, model.latent_dim, generator=seeded(1))
    p_x = model.p_x_given_hz(torch.cat([h, z], -1))
    torch.testing.assert_close(tempered(p_x, 1.0), p_x.base_dist.probs)
    torch.testing.assert_close(tempered(p_x, 0.5).logit(), 2 * p_x.base_dist.logits, rtol=1e-4, atol=1e-5)
    assert torch.equal(model.row_prior(h).mean, model.p_z_given_h(h).mean)
    torch.testing.assert_close(model.row_prior(h, 0.3).stddev, 0.3 * model.p_z_given_h(h).stddev)


def test_a_low_temperature_draws_what_is_likely(model: VRNN):
    def likelihood(temperature: float) -> float:
        rows = sequences.grow(
            model, sequences.nothing(model, 200), generator=seeded(), temperature=temperature
        )
        probs = (rows.probs.logit() * temperature).sigmoid()  # under the model itself
        return torch.where(rows.x > 0, probs, 1 - probs).log().mean().item()

    assert likelihood(0.1) > likelihood(1.0) > likelihood(5.0)


# What is shown of it


def test_what_is_shown_of_a_digit_is_its_elbo(model: VRNN, x: torch.Tensor):
    rows = sequences.observe(model, x, generator=seeded(5))
    terms = model.terms(x, generator=seeded(5))
    for name, term in terms.items():
        torch.testing.assert_close(rows.terms[name].sum(0), term.detach())
    torch.testing.assert_close(-kl_divergence(rows.posterior, rows.prior), rows.terms["minus_kl_z"])
    torch.testing.assert_close(
        torch.where(rows.x > 0, rows.probs, 1 - rows.probs).log().sum(-1), rows.terms["reconstruction"]
    )
    assert torch.equal(rows.x, x.transpose(0, 1))


def test_grown_rows_say_what_they_were_drawn_from(model: VRNN, x: torch.Tensor):
    kept = 2
    grown = [
        sequences.grow(model, x[:1, :kept].expand(5000, -1, -1), generator=seeded(), temperature=t)
        for t in (1.0, 0.5)
    ]
    for rows in grown:
        # Standardised by the prior that is shown, the drawn z are standard normal.
        noise = ((rows.z - rows.prior.mean) / rows.prior.stddev)[kept:]
        assert noise.mean().abs() < 0.02 and (noise.std() - 1).abs() < 0.02
        assert (rows.x[kept:].mean() - rows.probs[kept:].mean()).abs() < 0.01


def test_mean_paths_are_the_encoding(model: VRNN, x: torch.Tensor):
    paths = sequences.mean_paths(model, x)
    assert paths.shape == (5, model.length, model.latent_dim)
    torch.testing.assert_close(paths.flatten(1), model.encode(x))


@pytest.mark.parametrize(("kind", "taught"), [(VRNN, True), (Drawn, False)])
def test_the_likelihood_teaches_q_where_z_is_reparametrised_alone(kind: type[VRNN], taught: bool) -> None:
    """What the scene of both says: where z is only drawn, q learns from its KL alone."""
    torch.manual_seed(0)
    model, x = kind(4, 3, 2, 8, 1, [10]), torch.rand(5, 3, 4, generator=seeded()).round()
    terms = model(x, generator=seeded())
    phi = model.inference_parameters()
    for name in ("reconstruction", "minus_kl_z"):
        found = torch.autograd.grad(terms[name].sum(), phi, retain_graph=True, allow_unused=True)
        moved = [gradient for gradient in found if gradient is not None and gradient.any()]
        assert bool(moved) == (taught or name == "minus_kl_z"), name


def test_noise_of_another_shape_is_told(model: VRNN, x: torch.Tensor):
    epsilon, uniforms = sequences.noise(model, 1, len(x))
    for wrong in (epsilon[:, 1:], epsilon[1:], epsilon[0]):
        with pytest.raises(ValueError, match=rf"epsilon must have the shape \(7, {len(x)}, \d+\), and has"):
            sequences.read(model, x, wrong)
        with pytest.raises(ValueError, match="epsilon must have the shape"):
            sequences.drawn(model, wrong, uniforms, x[:, :2])
    with pytest.raises(ValueError, match="uniforms must have the shape"):
        sequences.drawn(model, epsilon, uniforms[:, 1:])
    with pytest.raises(ValueError, match="epsilon must have the shape"):
        sequences.drawn(model, epsilon[0], uniforms)
