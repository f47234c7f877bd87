"""The figures of the clusters: one image's, all of them against the labels, and their scores."""

import pytest

from aevb.figures import curves


def scored(count: int) -> list[dict]:
    return [
        {
            "epoch": n,
            "train_elbo": -80.0 + n,
            "elbo": -81.0 + n,
            "terms": {"reconstruction": -60.0, "minus_kl_z": -18.0, "minus_kl_y": -2.0},
            "scores": {"accuracy": 0.9 + 0.01 * n, "conditional_entropy": 0.5 / n},
        }
        for n in range(1, count + 1)
    ]


def test_the_three_curves_show_bound_entropy_and_accuracy() -> None:
    figure = curves.clustering_curves(
        scored(5), chosen=4, reference=-83.1, reference_accuracy=0.834, released=2
    )
    lines = [trace for trace in figure.data if trace.mode != "markers"]
    assert [trace.yaxis for trace in lines] == ["y", "y", "y2", "y3"]
    assert lines[1].y == (-80, -79, -78, -77, -76)
    assert lines[2].y == pytest.approx((0.5, 0.25, 0.5 / 3, 0.125, 0.1))
    assert lines[3].y == pytest.approx((0.91, 0.92, 0.93, 0.94, 0.95))
    kept = [trace for trace in figure.data if trace.mode == "markers"]
    assert [trace.x for trace in kept] == [(4,)] * 3
    words = [note.text for note in figure.layout.annotations]
    assert {"q(y | x) released", "the tutorial's own: −83.1", "the tutorial's own: 0.834"} < set(words)
    assert sum(shape.x0 == shape.x1 == 2 for shape in figure.layout.shapes) == 3  # across all panels


def test_without_a_release_or_references_only_the_curves_are_there() -> None:
    figure = curves.clustering_curves(scored(1), chosen=1)
    assert not figure.layout.shapes
    assert len(figure.layout.annotations) == 3  # the panels' titles
