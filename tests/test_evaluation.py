"""What is measured: repeatable figures, bounds in bounded memory, the model left as it was."""

import dataclasses
import functools
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import one_hot
from torch.utils.data import TensorDataset

from aevb import CVAE, GMVAE, VAE, VRNN, Examples, FactorAnalysis, TrainingConfig, evaluate, evaluation, train
from aevb.evaluation import dimension_kl, elbos, importance_bounds, posterior_means, responsibilities
from aevb.explore import codes, rows
from aevb.explore.labels import guesses
from aevb.models import REGISTRY, LatentVariableModel
from tests.small_models import SMALL, make, observe, seeded

ROOT = Path(__file__).parent.parent

every_model = pytest.mark.parametrize("name", REGISTRY)


@every_model
def test_figures_repeat_whatever_bounds_are_asked_for(name):
    model = make(name)
    observed = observe(model, 620)  # more than one batch, the last one short
    plain = evaluate(model, *observed)
    torch.manual_seed(99)
    bounded = evaluate(model, *observed, bounds=[10, 2])
    assert bounded == evaluate(model, *observed, bounds=[2, 10])
    assert (plain.elbo, plain.terms, plain.bound) == (bounded.elbo, bounded.terms, {})
    assert bounded.examples == 620
    assert bounded.bound.keys() == {2, 10}
    assert bounded.bound[10] > bounded.bound[2]
    assert evaluate(model, *observed, seed=1).elbo != plain.elbo


@every_model
def test_the_elbo_is_the_sum_of_its_terms(name):
    model = make(name)
    measured = evaluate(model, *observe(model, 100))
    assert measured.elbo == pytest.approx(sum(measured.terms.values()))
    assert "reconstruction" in measured.terms and "minus_kl_z" in measured.terms


def test_figures_are_means_over_all_examples():
    """At the exact posterior every weight is the evidence, so that both figures are known."""
    model = make("fa").double()
    model.e_step()
    x = torch.randn(1234, 5, generator=seeded(), dtype=torch.float64)
    measured = evaluate(model, x, bounds=[3])
    with torch.no_grad():
        evidence = model.evidence(x).mean().item()
        elbo = model.exact_elbo(x)
    assert measured.bound[3] == pytest.approx(evidence, abs=1e-8)
    assert measured.elbo == pytest.approx(elbo.mean().item(), abs=0.2)


def test_the_progress_wrapper_sees_every_batch():
    seen = []
    model = make("vae")
    evaluate(model, *observe(model, 1100), over=lambda batches: seen.extend(map(len, batches)) or batches)
    assert len(seen) == math.ceil(1100 / evaluation.BATCH)


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_restored(training):
    model = VAE(**SMALL["vae"], dropout=0.5).train(training)
    (x,) = observe(model, 50)
    for measure in (evaluate, posterior_means, dimension_kl):
        measure(model, x)
        assert model.training is training and model.p_x_given_z.training is training
    with pytest.raises(RuntimeError, match="out of paper"):
        evaluate(model, x, over=lambda batches: (_ for _ in ()).throw(RuntimeError("out of paper")))
    assert model.training is training


def test_dropout_is_off_during_evaluation():
    torch.manual_seed(0)
    model = VAE(**SMALL["vae"], dropout=0.5).train()
    (x,) = observe(model, 50)
    assert evaluate(model, x) == evaluate(model, x)
    on = importance_bounds(model, x, bounds=2, generator=seeded())[2]
    off = importance_bounds(model.eval(), x, bounds=2, generator=seeded())[2]
    assert torch.equal(on, off)
    model.train()
    assert torch.equal(posterior_means(model, x), model.eval().encode(x))


def test_no_gradients_are_kept():
    model = make("vae")
    (x,) = observe(model, 50)
    assert not posterior_means(model, x).requires_grad
    assert not dimension_kl(model, x).requires_grad
    assert not importance_bounds(model, x, bounds=[2])[2].requires_grad


@pytest.mark.parametrize("name", ["vae", "cvae", "gmvae", "vrnn"])
def test_the_kls_of_the_dimensions_sum_to_the_kl(name):
    model = make(name)
    observed = observe(model, 620)
    kl = dimension_kl(model, *observed)
    assert kl.shape == posterior_means(model, *observed).shape[1:] and (kl >= 0).all()
    assert kl.sum().item() == pytest.approx(-evaluate(model, *observed).terms["minus_kl_z"], rel=1e-5)


def test_a_posterior_of_correlated_z_has_no_kl_by_dimension():
    model = make("fa")
    with pytest.raises(NotImplementedError, match="the z are correlated"):
        dimension_kl(model, *observe(model, 3))


@every_model
def test_the_mean_of_the_elbos_is_the_figure(name):
    model = make(name)
    observed = observe(model, 620)
    found = elbos(model, *observed)
    assert found.shape == (620,) and not found.requires_grad
    measured = evaluate(model, *observed, bounds=3)
    assert found.double().mean().item() == pytest.approx(measured.elbo, rel=1e-6)
    assert measured.standard_error == pytest.approx(found.double().std().item() / len(found) ** 0.5, rel=1e-6)
    stream = torch.Generator().manual_seed(evaluation.SEED + 1)
    bound = importance_bounds(model, *observed, bounds=3, generator=stream)[3].double()
    assert measured.bound_errors[3] == pytest.approx(bound.std().item() / len(bound) ** 0.5, rel=1e-6)
    assert math.isnan(evaluate(model, *(part[:1] for part in observed)).standard_error)


@every_model
def test_responsibilities_are_of_a_latent_choice(name):
    model = make(name)
    found = responsibilities(model, observe(model, 620)[0])
    if name == "gmvae":
        assert found.shape == (620, 5) and not found.requires_grad
        torch.testing.assert_close(found.sum(1), torch.ones(620))
    else:
        assert found is None


@every_model
def test_means_come_in_the_order_of_the_examples(name):
    model = make(name)
    observed = observe(model, 620)
    with torch.no_grad():
        torch.testing.assert_close(posterior_means(model, *observed), model.encode(*observed))


@LatentVariableModel.register
class Weights(torch.nn.Module):
    """A stand-in for a model, whose log-weights come in turn from a table (K, B)."""

    conditional, choices = False, 0
    observation, data_dim, latent_dim = "vector", 2, 1

    def __init__(self, table: torch.Tensor, at_once: int = 1000):
        super().__init__()
        self.table, self.at_once, self.calls = table, at_once, []

    def observed(self, x: torch.Tensor) -> tuple[torch.Tensor]:
        return (x,)

    def log_ratios(self, x: torch.Tensor, *, samples: int, generator: object = None) -> torch.Tensor:
        done = sum(self.calls)
        self.calls.append(samples)
        return self.table[done : done + samples]


@pytest.mark.parametrize("rows", [8, 24, 10_000])
def test_bounds_in_chunks_are_the_bounds_of_the_whole(rows):
    table = 300 * torch.randn(100, 8, generator=seeded(), dtype=torch.float64)
    model = Weights(table, rows)
    bounds = importance_bounds(model, torch.zeros(8, 2).double(), bounds=[100, 1, 7])
    assert bounds.keys() == {1, 7, 100}
    for k, bound in bounds.items():
        torch.testing.assert_close(bound, table[:k].logsumexp(0) - math.log(k))
    assert sum(model.calls) == 100  # a larger bound goes on where a smaller one ended
    assert max(model.calls) * 8 <= rows


def test_a_bound_on_factor_analysis_approaches_its_evidence():
    torch.manual_seed(0)
    model = FactorAnalysis(3, 1).double()
    x = torch.randn(200, 3, generator=seeded(), dtype=torch.float64)
    with torch.no_grad():
        model.e_step()
        model.q_z_given_x.cholesky.add_(0.3)  # a little wider than the exact posterior
        evidence = model.evidence(x).mean().item()
    measured = evaluate(model, x, bounds=[1, 1000])
    assert measured.bound[1] < measured.bound[1000] < evidence + 1e-3
    assert measured.bound[1000] == pytest.approx(evidence, abs=5e-3)


@pytest.mark.parametrize("bounds", [[0], 0, [10, -1], [2.5], 2.5, ["10"], [True]])
def test_a_bound_of_no_samples_is_refused(bounds):
    model = make("vae")
    for measure in (importance_bounds, evaluate):
        with pytest.raises(ValueError, match="K must be a positive whole number, not"):
            measure(model, *observe(model, 3), bounds=bounds)


@pytest.mark.parametrize("bounds", [10, np.int64(10), [10], [np.int32(10)], (10, 10), np.array([10])])
def test_one_bound_needs_no_list(bounds):
    model = make("vae")
    observed = observe(model, 30)
    expected = evaluate(model, *observed, bounds=[10])
    assert evaluate(model, *observed, bounds=bounds) == expected
    assert importance_bounds(model, *observed, bounds=bounds, generator=seeded()).keys() == {10}


@every_model
def test_what_can_be_read_is_measured_alike(name):
    """Arrays, wider numbers, a torch Dataset, Examples."""
    model = make(name)
    observed = observe(model, 40)
    expected = evaluate(model, *observed, bounds=2)
    x, *y = (part.numpy() for part in observed)
    dataset = TensorDataset(*observed)
    for found in (
        (x, *y),
        (x.astype(np.float64), *y),
        (x.tolist(), *(labels.tolist() for labels in y)),
        (dataset, *y),
        (dataset,),
        (Examples(x, labels=y[0] if y else None),),
        (Examples(dataset),),
    ):
        assert evaluate(model, *found, bounds=2) == expected


@pytest.mark.parametrize("name", ["vae", "cvae", "gmvae", "vrnn"])
def test_images_are_measured_as_examples(name):
    """Presented under their fixed noise, whatever shape a model needs."""
    model = make(name)
    shape = (7, 8) if name == "vrnn" else (3, 4)
    images = torch.randint(256, (40, *shape), generator=seeded(), dtype=torch.uint8)
    examples = Examples(images, model.observation, torch.arange(40) % 5)
    assert evaluate(model, examples) == evaluate(model, *examples.require(model).fixed())


MEASURES = [evaluate, posterior_means, elbos, dimension_kl, functools.partial(importance_bounds, bounds=2)]


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: getattr(measure, "__name__", "bounds"))
@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda x: x * float("nan"), "360 of 360 values are not finite numbers"),
        (lambda x: x * 16, r"Values must be in \[0, 1\], not in \[.*, 1[56]\..*\]: .*255"),
        (lambda x: x - 0.5, r"Values must be in \[0, 1\], not in \[-0\..*standardisation"),
        (lambda x: x[:, :3], "takes examples of 12 numbers, but these have 3 numbers"),
        (lambda x: x[0], r"must be of shape \(N, 12\), not \(12,\)"),
        (lambda x: x[:0], "There are no examples"),
    ],
    ids=["nan", "0…16", "standardised", "other size", "1-d", "none"],
)
def test_what_a_model_does_not_take_is_refused_in_a_sentence(measure, spoil, problem):
    model = make("vae")
    (x,) = observe(model, 30)
    with pytest.raises(ValueError, match=problem) as caught:
        measure(model, spoil(x))
    assert "\n" not in str(caught.value)


def test_grey_levels_are_no_binary_images():
    """+13,338,819 nats, once, for a discrete model."""
    model = make("gmvae")
    (x,) = observe(model, 30)
    for measure in (evaluate, responsibilities, functools.partial(importance_bounds, bounds=2)):
        with pytest.raises(ValueError, match=r"Values must be 0 or 1, not numbers in \[0, 16\]"):
            measure(model, 16 * x)


def test_labels_are_read_or_refused():
    model = make("cvae")
    x, y = observe(model, 30)
    expected = evaluate(model, x, y)
    for labels in (y.float(), y.unsqueeze(1), y.tolist(), one_hot(y, 5), one_hot(y, 5).float()):
        assert evaluate(model, x, labels).elbo == pytest.approx(expected.elbo, rel=1e-5)
    for labels, problem in (
        (y + 1, r"Labels must be in 0…4, not 1…5"),
        (y - 1, "negative"),
        (one_hot(y, 5) * 5.0, "must sum to 1"),
    ):
        with pytest.raises(ValueError, match=problem):
            evaluate(model, x, labels)
    with pytest.raises(ValueError, match="labels"):
        evaluate(model, x)
    with pytest.raises(ValueError, match="no model of labels"):
        evaluate(make("vae"), x, y)


def peak(script: str) -> float:
    """By how many bytes a process's memory grows while the second half of a script runs."""
    before, _, during = script.partition("---")
    measured = f"""
import resource, sys, torch
torch.set_num_threads(1)
unit = 1 if sys.platform == "darwin" else 1024
peak = lambda: unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
{before}
start = peak()
{during}
print(peak() - start)
"""
    process = subprocess.run(
        [sys.executable, "-c", measured], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert process.returncode == 0, process.stderr
    return float(process.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts memory otherwise.")
def test_the_bounds_of_a_long_sequence_keep_to_their_memory():
    """K = 6 on 500 digits took 630 MB at once, and K = 40 the 4.2 GiB of 20,000 sequences."""
    grown = peak(
        """
from aevb import VRNN
from aevb.evaluation import importance_bounds
model, x = VRNN(), torch.rand(500, 28, 28).round()
importance_bounds(model, x[:1], bounds=2)
---
importance_bounds(model, x, bounds=6)
"""
    )
    assert grown < 250e6


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts memory otherwise.")
def test_the_bounds_of_large_images_keep_to_their_memory():
    """One layer of 20,000 such images would be 1 GB, and there are several."""
    grown = peak(
        """
from aevb import VAE
from aevb.evaluation import importance_bounds
model, x = VAE(3 * 64 * 64, hidden_dims=[50]), torch.rand(100, 3, 64, 64)
importance_bounds(model, x[:1], bounds=2)
---
importance_bounds(model, x, bounds=30)
"""
    )
    assert grown < 600e6


def test_clusters_that_are_summed_over_count_as_so_many_examples():
    """300 clusters of 500 images took 1.4 GB at once."""
    x = torch.zeros(900, 784)
    for clusters, most in ((10, 500), (300, 20_000 // 300)):
        model = GMVAE(784, clusters, 2, [4, 4])
        sizes = [len(part) for (part,) in evaluation._batches(model, (x,))]
        assert sum(sizes) == 900 and max(sizes) == most
    labelled = evaluation._batches(CVAE(784, 300, 2, [4]), (x, torch.zeros(900).long()))
    assert [len(part) for part, _ in labelled] == [500, 400]


def test_how_many_are_worked_on_at_once_follows_the_widest_layer():
    assert VAE().at_once == 20_000  # of 784 pixels
    assert VRNN().at_once == 20_000 * 784 // (28 * 4 * 256)  # an LSTM computes four numbers for each it keeps
    assert VAE(10**7, 1, [2]).at_once == 1


@every_model
@pytest.mark.parametrize("measure", [evaluate, posterior_means])
def test_no_examples_are_refused(name, measure):
    model = make(name)
    with pytest.raises(ValueError, match="There are no examples"):
        measure(model, *(part[:0] for part in observe(model, 3)))


@pytest.mark.parametrize("measure", [evaluate, posterior_means, dimension_kl])
@pytest.mark.parametrize("labels", [1, 599])
def test_labels_of_another_number_are_refused(measure, labels):
    model = make("cvae")
    x, y = observe(model, 600)
    found = {1: "1 label", 599: "599 labels"}[labels]
    with pytest.raises(ValueError, match=f"There are 600 examples but {found}: give one for each"):
        measure(model, x, y[:labels])


@pytest.mark.parametrize("measure", [evaluate, posterior_means, dimension_kl, elbos])
def test_labels_beside_examples_are_not_passed_over(measure):
    model = make("cvae")
    x, y = observe(model, 4)
    with pytest.raises(ValueError, match="Examples have their labels in them"):
        measure(model, Examples(x, "continuous", y), y.flip(0))


def test_whole_numbers_have_bounds_too():
    """Counts, say, which a model of one's own may observe as they are."""
    table = torch.randn(4, 8, generator=seeded(), dtype=torch.float64)
    bounds = importance_bounds(Weights(table), torch.arange(16).view(8, 2), bounds=[4])
    torch.testing.assert_close(bounds[4], table.logsumexp(0) - math.log(4))


@pytest.mark.parametrize("name", ["vae", "cvae", "gmvae", "vrnn"])
def test_grey_levels_are_seen_everywhere_as_in_training(name):
    """They were presented by `aevb.train` alone; everything else referred them to `Examples`."""
    model = make(name).eval()
    shape = (12, model.length, model.data_dim) if name == "vrnn" else (12, 3, 4)
    grey = torch.randint(256, shape, generator=seeded(), dtype=torch.uint8)
    labels = [torch.arange(12) % model.choices] if model.conditional else []
    examples = Examples(grey, model.observation, *labels)
    seen = examples.require(model).fixed()
    for given in ((grey, *labels), (grey.numpy(), *(y.tolist() for y in labels)), (examples,), seen):
        assert evaluate(model, *given).elbo == evaluate(model, *seen).elbo
        for ask in (elbos, posterior_means, dimension_kl):
            assert torch.equal(ask(model, *given), ask(model, *seen))
        assert torch.equal(model.encode(*given), model.encode(*seen))
        asked = importance_bounds(model, *given, bounds=2, generator=seeded())
        assert torch.equal(asked[2], importance_bounds(model, *seen, bounds=2, generator=seeded())[2])
        if not model.by_row:
            assert torch.equal(codes.styles(model, *given), codes.styles(model, *seen))
    if model.by_row:
        read = rows.observe(model, grey, generator=seeded()).terms
        assert all(
            map(torch.equal, read.values(), rows.observe(model, *seen, generator=seeded()).terms.values())
        )
        return
    y = torch.arange(12) % model.choices if model.choices else None
    for x in (grey, examples):
        assert torch.equal(codes.posterior(model, x, y).mean, codes.posterior(model, seen[0], y).mean)
    if model.conditional:
        own = guesses(model, grey.numpy(), y.numpy(), samples=2)
        assert own.mistakes == guesses(model, seen[0], y, samples=2).mistakes


def test_a_gaussian_model_is_trained_on_the_floats_that_it_is_measured_on():
    """Its support decides, not the range of the grey levels that it might be presented."""
    model = VAE(12, likelihood="gaussian", hidden_dims=[4])
    x = torch.randn(30, 12, generator=seeded())
    (progress,) = train(model, x, TrainingConfig(steps=1))
    assert math.isfinite(progress.elbo) and math.isfinite(evaluate(model, x).elbo)


def test_an_evaluation_and_examples_are_told_briefly() -> None:
    found = evaluation.Evaluation(
        elbo=-74.966,
        terms={"reconstruction": -70.0, "minus_kl_z": -4.966},
        bound={10: -70.123},
        examples=1000,
    )
    assert str(found) == (
        "ELBO -74.97 nats of 1,000 examples (reconstruction -70.00, minus_kl_z -4.97); bound of K = 10 -70.12"
    )
    assert " ± 0.31 nats of" in str(dataclasses.replace(found, standard_error=0.312))
    images = torch.arange(24, dtype=torch.uint8).mul(10).view(2, 3, 4)
    told = "<2 examples of 3 × 4 grey levels, to be presented as binary, with labels>"
    assert repr(Examples(images, "binary", [0, 1])) == told
    assert repr(Examples(images.float().flatten(1))) == "<2 examples of 12 numbers>"
