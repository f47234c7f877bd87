"""Clusters against classes, and the GMVAE's start from clusters."""

import numpy as np
import pytest
import torch

from aevb import cluster_start
from aevb.evaluation import responsibilities
from aevb.explore.clusters import Clustering, clustering, scores
from aevb.models.gmvae import GMVAE
from tests.small_models import make, observe


def test_accuracy_is_of_the_best_one_to_one_matching() -> None:
    labels = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 2, 2])
    clusters = torch.tensor([2, 2, 1, 0, 0, 0, 1, 1, 1, 1])
    scored = clustering(torch.eye(3)[clusters], labels)
    assert scored.accuracy == pytest.approx(0.9)
    assert scored.conditional_entropy == 0
    assert scored.class_of.tolist() == [1, 2, 0]
    assert scored.confusion.tolist() == [[0, 3, 0], [1, 0, 4], [2, 0, 0]]


def test_undecided_clusters_have_the_entropy_of_the_uniform() -> None:
    scored = clustering(torch.full((20, 5), 0.2), torch.arange(20) % 2)
    assert scored.conditional_entropy == pytest.approx(np.log(5), abs=1e-6)
    assert scored.accuracy == pytest.approx(0.5)


def test_more_clusters_than_classes_leave_some_unmatched() -> None:
    scored = clustering(torch.eye(4)[torch.tensor([0, 1, 2, 3])], torch.tensor([0, 0, 1, 1]))
    assert sorted(scored.class_of.tolist()) == [-1, -1, 0, 1]


def test_labels_of_another_number_are_refused() -> None:
    with pytest.raises(ValueError, match="3 examples but 2 labels"):
        clustering(torch.eye(3), torch.tensor([0, 1]))


@pytest.mark.parametrize(
    ("rows", "labels", "said"),
    [
        (torch.eye(3), [2026, 10**9, 5], r"not up to 1,000,000,000: aevb\.data\.number_labels\(labels\)"),
        (torch.full((3, 3), float("nan")), [0, 1, 2], "at least 0 and sum to 1"),
        (torch.tensor([[2.0, -1.0]] * 3), [0, 1, 2], "at least 0 and sum to 1"),  # as logits are
        (torch.rand(3), [0, 1, 2], r"of shape \(N, C\), not \(3,\)"),
    ],
)
def test_what_are_no_probabilities_or_no_numbered_labels_is_refused(rows, labels, said) -> None:
    with pytest.raises(ValueError, match=said):
        clustering(rows, labels)
    assert clustering(torch.eye(3, dtype=torch.int64), [0, 2, 1]).accuracy == 1


def test_mixture_finds_separate_clouds() -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(3), 50)
    points = rng.normal(size=(150, 2)) + 20 * np.array([[0, 0], [1, 0], [0, 1]])[truth]
    shares = torch.from_numpy(cluster_start.mixture(points, 3, seed=0))
    assert clustering(shares, torch.from_numpy(truth)).accuracy == 1


def test_start_takes_over_the_vae_and_the_clusters_moments() -> None:
    torch.manual_seed(0)
    sizes = {"data_dim": 16, "latent_dim": 2, "hidden_dims": (8, 8)}
    model, vae = GMVAE(clusters=3, **sizes), GMVAE(clusters=1, **sizes)
    means = torch.randn(300, 2) + 5 * torch.eye(3)[torch.arange(300) % 3, :2]
    shares = torch.eye(3)[torch.arange(300) % 3]
    cluster_start._take_over(model, vae, means, shares)
    x = torch.rand(4, 16).round()
    expected = vae.encode(x)
    for cluster in range(3):
        y = torch.eye(3)[[cluster] * 4]
        torch.testing.assert_close(model.q_z_given_xy(x, y).mean, expected)
        moment = means[cluster::3].mean(0)
        torch.testing.assert_close(model.p_z_given_y(y).mean[0], moment, atol=1e-4, rtol=1e-4)
    assert responsibilities(model, x).shape == (4, 3)


def test_clusters_are_ordered_by_their_classes_and_those_without_one_are_last() -> None:
    scored = Clustering(1.0, 0.0, np.zeros((5, 3)), np.array([2, -1, 0, -1, 1]))
    assert scored.order == [2, 4, 0, 1, 3]


def test_scores_are_of_a_latent_choice_alone() -> None:
    labels = torch.arange(40) % 3
    for name in ("vae", "cvae", "vrnn"):
        model = make(name)
        assert scores(model, observe(model, 40)[0], labels) == {}
    model = make("gmvae")
    (x,) = observe(model, 40)
    found = clustering(model.responsibilities(x).detach(), labels)
    assert scores(model, x, labels) == {
        "accuracy": found.accuracy,
        "conditional_entropy": found.conditional_entropy,
    }
