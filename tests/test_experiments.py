"""The recorded experiments: what the curves claim."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from aevb import experiments
from aevb.experiments import EXPERIMENT_1, EXPERIMENT_2, Experiment, Trajectory, run
from aevb.models.factor_analysis import FactorAnalysis, inverse_softplus, true_model
from aevb.training import Alternating, Diverged


def experiment(latent_dim: int = 2, **training) -> Experiment:
    return Experiment(replace(EXPERIMENT_1.training, **training), latent_dim)


@pytest.fixture(scope="module")
def short() -> Trajectory:
    return run(experiment(steps=120))


def model_at(trajectory: Trajectory, step: int) -> FactorAnalysis:
    """The model after a step, in double precision."""
    W, sigma, V, tril = (
        torch.as_tensor(column[step])
        for column in (trajectory.W, trajectory.sigma, trajectory.V, trajectory.scale_tril)
    )
    model = FactorAnalysis(*W.shape).double()
    with torch.no_grad():
        model.p_x_given_z.W.copy_(W)
        model.p_x_given_z.pre_sigma.copy_(inverse_softplus(sigma))
        model.q_z_given_x.V.copy_(V)
        model.q_z_given_x.cholesky.copy_(tril.tril(-1) + inverse_softplus(tril.diagonal()).diag())
    return model


@pytest.mark.parametrize("latent_dim", [1, 2, 3])
def test_the_batched_curves_are_the_models_own(latent_dim):
    chosen = experiment(latent_dim, steps=60)
    trajectory = run(chosen)
    x = chosen.data()[1].double()
    for step in (0, 1, 30, 60):
        model = model_at(trajectory, step)
        with torch.no_grad():
            assert trajectory.evidence[step] == pytest.approx(model.evidence(x).mean().item(), abs=1e-5)
            assert trajectory.elbo[step] == pytest.approx(model.exact_elbo(x).mean().item(), abs=2e-5)
            assert trajectory.gap[step] == pytest.approx(model.gap(x).mean().item(), abs=2e-5)


def test_the_estimate_is_what_one_sample_for_each_point_gives(short):
    """Its noise is as large as that of `FactorAnalysis.elbo`, and its mean is the exact ELBO."""
    x = experiment().data()[1].double().numpy()
    state = [np.repeat(a[-1:], 400, 0) for a in (short.W, short.sigma, short.V, short.scale_tril)]
    estimates, exact, _ = experiments.measure(*state, x, np.random.default_rng(0))
    generator, model = torch.Generator().manual_seed(0), model_at(short, -1)
    with torch.no_grad():
        x = torch.as_tensor(x)
        own = np.array([model.elbo(x, generator=generator).mean().item() for _ in range(400)])
    assert estimates.mean() == pytest.approx(exact[0], abs=4 * estimates.std() / 20)
    assert own.mean() == pytest.approx(exact[0], abs=4 * own.std() / 20)
    assert estimates.std() == pytest.approx(own.std(), rel=0.2)


def test_every_step_is_recorded_and_the_elbo_stays_below_the_evidence(short):
    assert len(short) == 121
    assert short.phase[0] == "" and set(short.phase[1:]) == {"EM"}
    assert (short.elbo <= short.evidence + 1e-12).all()
    assert (short.gap >= 0).all()


def test_a_run_can_be_repeated(short):
    np.testing.assert_array_equal(run(experiment(steps=120)).elbo_estimate, short.elbo_estimate)
    assert run(experiment(steps=1, seed=1)).evidence[0] != short.evidence[0]


def test_e_steps_leave_the_evidence_and_m_steps_leave_q():
    trajectory = run(experiment(steps=100, schedule=Alternating(30, 20)))
    assert trajectory.spans() == [(0, 30, "E"), (30, 50, "M"), (50, 80, "E"), (80, 100, "M")]
    assert np.ptp(trajectory.evidence[:31]) == 0
    assert np.ptp(trajectory.V[30:51], axis=0).max() == 0
    assert np.ptp(trajectory.W[30:51], axis=0).max() > 0
    assert trajectory.gap[30] < trajectory.gap[0]


def test_experiment_1_ends_near_the_true_model():
    trajectory = run(experiment(steps=2000, learning_rate=0.03, batch_size=1000, seed=0))
    assert trajectory.evidence[-1] == pytest.approx(experiments.true_evidence(0), abs=0.02)
    assert trajectory.gap[-1] < 0.02


def test_experiment_2_is_the_tutorials():
    assert EXPERIMENT_2.training.steps == 4000
    assert EXPERIMENT_2.training.schedule == Alternating(1000, 1000)
    assert hash(EXPERIMENT_2) != hash(EXPERIMENT_1)


def test_generated_points_follow_the_model():
    model, nothing = true_model(), np.zeros(1)
    W, sigma = (value.detach().numpy()[None] for value in (model.p_x_given_z.W, model.p_x_given_z.sigma))
    trajectory = Trajectory(nothing, W, sigma, nothing, nothing, nothing, nothing, nothing)
    covariance = np.cov(trajectory.generated(0, 200_000).T)
    np.testing.assert_allclose(covariance, W[0] @ W[0].T + np.diag(sigma[0] ** 2), atol=0.05)


def test_too_high_a_learning_rate_is_said():
    with pytest.raises(Diverged, match="lower the learning rate"):
        run(experiment(steps=500, learning_rate=1e12))


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"steps": 0}, "steps"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"latent_dim": 0}, "latent_dim"),
        ({"latent_dim": 1.5}, "latent_dim"),
    ],
)
def test_impossible_settings_are_refused_by_name(settings, name):
    with pytest.raises(ValueError, match=name):
        experiment(**settings)


@pytest.mark.parametrize("steps", [(0, 0), (-1, 5)])
def test_impossible_schedules_are_refused(steps):
    with pytest.raises(ValueError, match="e_steps and m_steps"):
        Alternating(*steps)
