"""The recorded experiments: what the curves claim, and that every way of fitting leaves the same record."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from aevb import experiments
from aevb.experiments import EXPERIMENT_1, EXPERIMENT_2, Experiment, Move, Trajectory, Walk, classic_em, run
from aevb.models.factor_analysis import true_model
from aevb.training import Alternating, Diverged


def experiment(latent_dim: int = 2, **training) -> Experiment:
    return Experiment(replace(EXPERIMENT_1.training, **training), latent_dim)


@pytest.fixture(scope="module")
def short() -> Trajectory:
    return Trajectory.join(run(experiment(steps=120)))


@pytest.mark.parametrize("latent_dim", [1, 2, 3])
def test_the_batched_curves_are_the_models_own(latent_dim):
    chosen = experiment(latent_dim, steps=60)
    trajectory = Trajectory.join(run(chosen))
    x = chosen.data()[1].double()
    for index in (0, 1, 30, 60):
        model = trajectory.model(index).double()
        with torch.no_grad():
            assert trajectory.evidence[index] == pytest.approx(model.evidence(x).mean().item(), abs=1e-5)
            assert trajectory.elbo[index] == pytest.approx(model.exact_elbo(x).mean().item(), abs=2e-5)
            assert trajectory.gap[index] == pytest.approx(model.gap(x).mean().item(), abs=2e-5)
            exact = model.exact_posterior()
        np.testing.assert_allclose(trajectory.V_exact[index], exact.V, atol=1e-5)
        np.testing.assert_allclose(trajectory.covariance_exact[index], exact.covariance, atol=1e-5)


def test_the_estimate_is_what_one_sample_for_each_point_gives(short):
    """Its noise is as large as that of `FactorAnalysis.elbo`, and its mean is the exact ELBO."""
    x = experiment().data()[1].double().numpy()
    state = [
        np.repeat(a[-1:].astype(float), 400, 0) for a in (short.W, short.sigma, short.V, short.scale_tril)
    ]
    estimates, exact, _ = experiments.measure(*state, x, np.random.default_rng(0))
    generator, model = torch.Generator().manual_seed(0), short.model().double()
    with torch.no_grad():
        x = torch.as_tensor(x)
        own = np.array([model.elbo(x, generator=generator).mean().item() for _ in range(400)])
    assert estimates.mean() == pytest.approx(exact[0], abs=4 * estimates.std() / 20)
    assert own.mean() == pytest.approx(exact[0], abs=4 * own.std() / 20)
    assert estimates.std() == pytest.approx(own.std(), rel=0.2)


def test_every_step_is_recorded_and_the_elbo_stays_below_the_evidence(short):
    assert len(short) == 121
    np.testing.assert_array_equal(short.position, np.arange(121))
    assert short.phase[0] == "" and set(short.phase[1:]) == {"EM"}
    assert (short.elbo <= short.evidence + 1e-12).all()
    assert (short.gap >= 0).all()


def test_a_run_comes_in_pieces_and_can_be_repeated(short):
    pieces = list(run(experiment(steps=120)))
    assert [len(piece) for piece in pieces] == [1, 50, 50, 20]
    np.testing.assert_array_equal(Trajectory.join(pieces).elbo_estimate, short.elbo_estimate)
    other = Trajectory.join(run(experiment(steps=1, seed=1)))
    assert other.evidence[0] != short.evidence[0]


def test_e_steps_leave_the_evidence_and_m_steps_leave_q():
    trajectory = Trajectory.join(run(experiment(steps=100, schedule=Alternating(30, 20))))
    assert trajectory.spans() == [(0, 30, "E"), (30, 50, "M"), (50, 80, "E"), (80, 100, "M")]
    assert np.ptp(trajectory.evidence[:31]) == 0
    assert np.ptp(trajectory.V[30:51], axis=0).max() == 0
    assert np.ptp(trajectory.W[30:51], axis=0).max() > 0
    assert trajectory.gap[30] < trajectory.gap[0]


def test_experiment_1_ends_near_the_true_model():
    end = Trajectory.join(run(experiment(steps=4000, learning_rate=0.03, batch_size=1000, seed=0)))[-1:]
    assert end.evidence[0] == pytest.approx(experiments.true_evidence(0), abs=0.02)
    assert end.gap[0] < 0.02


def test_experiment_2_is_the_tutorials():
    assert EXPERIMENT_2.training.steps == 4000
    assert EXPERIMENT_2.training.schedule == Alternating(1000, 1000)
    assert hash(EXPERIMENT_2) != hash(EXPERIMENT_1)


def test_classic_em_never_lowers_the_training_evidence_and_closes_the_gap():
    chosen = experiment(seed=0)
    trajectory = classic_em(chosen, 20)
    assert len(trajectory) == 41
    np.testing.assert_array_equal(trajectory.position[:4], [0, 0.5, 1, 1.5])
    assert list(trajectory.phase[:3]) == ["", "E", "M"]
    assert trajectory.gap[1::2].max() < 1e-9
    with torch.no_grad():
        x = chosen.data()[0]
        evidence = [trajectory.model(i).evidence(x).mean().item() for i in range(0, 41, 2)]
    assert min(np.diff(evidence)) > -1e-5
    assert trajectory.evidence[-1] == pytest.approx(experiments.true_evidence(0), abs=0.02)
    assert trajectory.evidence[0] == pytest.approx(
        Trajectory.join(run(experiment(steps=1, seed=0))).evidence[0]
    )


def test_a_walk_takes_exact_and_approximate_steps():
    chosen = experiment()
    walk = experiments.start(chosen)
    walk = experiments.take(walk, Move("E"), chosen)
    assert walk.gap[-1] < 1e-5 and walk.evidence[-1] == pytest.approx(walk.evidence[0], abs=1e-6)
    walk = experiments.take(walk, Move("M"), chosen)
    assert walk.evidence[-1] > walk.evidence[0] + 0.5 and walk.gap[-1] > 0.1
    opened = walk.gap[-1]
    walk = experiments.take(walk, Move("E", 40), chosen)
    assert len(walk) == 43 and walk.position[-1] == 3
    assert walk.gap[-1] < opened
    np.testing.assert_array_equal(walk.W[-1], walk.W[2])
    np.testing.assert_allclose(walk.position[3], 2 + 1 / 40)
    again = experiments.take(walk[:3], Move("E", 40), chosen)
    np.testing.assert_array_equal(again.elbo, walk.elbo)


def test_a_walk_is_the_same_in_one_go_and_from_where_it_parts_from_another():
    chosen = experiment()
    moves = (Move("E"), Move("M", 25), Move("E", 25))
    begun = Walk.begin(chosen)
    pieces = list(experiments.walk(begun, moves))
    assert [len(piece) for piece in pieces] == [1, 25, 25]
    whole = begun.extended(moves, pieces)
    assert whole.moves == moves and len(whole.trajectory) == 52
    other = (*moves[:2], Move("M"))
    shared = whole.shared(other)
    assert shared == Walk(chosen, moves[:2], begun.trajectory) and hash(shared) == hash(
        whole.shared(moves[:2])
    )
    assert len(shared.trajectory) == 27 and shared.trajectory.position[-1] == 2
    assert whole.shared((*moves, Move("M"))) == whole
    again = shared.extended(moves[2:], experiments.walk(shared, moves[2:]))
    np.testing.assert_array_equal(again.trajectory.elbo, whole.trajectory.elbo)


def test_generated_points_follow_the_model():
    model = true_model()
    W, sigma = model.p_x_given_z.W.numpy(), model.p_x_given_z.sigma.numpy()
    noise = np.random.default_rng(0).standard_normal((200_000, 5))
    covariance = np.cov(experiments.generate(W, sigma, noise).T)
    np.testing.assert_allclose(covariance, W @ W.T + np.diag(sigma**2), atol=0.05)


def test_too_high_a_learning_rate_is_said():
    with pytest.raises(Diverged, match="lower the learning rate"):
        list(run(experiment(steps=500, learning_rate=1e12)))


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


def test_em_needs_an_iteration():
    with pytest.raises(ValueError, match="iterations"):
        classic_em(experiment(), 0)
