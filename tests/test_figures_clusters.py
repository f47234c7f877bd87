"""The figures of the clusters: one image's, all of them against the labels, and their scores."""

import numpy as np
import pytest

from aevb.figures import clusters, curves, style


def test_each_bar_has_its_classs_colour_and_the_true_one_a_frame() -> None:
    figure = clusters.cluster_bars(np.array([0.7, 0.296, 0.004]), ["0s", "4s", "no. 2"], [0, 4, -1], shown=4)
    (bars,) = figure.data
    assert list(bars.x) == ["0s", "4s", "no. 2"] and list(bars.y) == [0.7, 0.296, 0.004]
    assert list(bars.text) == ["0.70", "0.30", ""]
    assert list(bars.marker.color) == [style.DIGITS[0], style.DIGITS[4], style.TRUE_MODEL]
    assert [width > 0 for width in bars.marker.line.width] == [False, True, False]


def test_the_confusion_matrix_has_a_point_for_every_cell() -> None:
    counts = np.array([[90, 10, 0], [0, 0, 0]])
    figure = clusters.confusion_matrix(counts, ["0s", "1s"], chosen=(0, 1))
    cells, points = figure.data
    np.testing.assert_allclose(cells.z, np.sqrt([[0.9, 0.1, 0], [0, 0, 0]]))
    found = {(y, x): text for x, y, text in zip(points.x, points.y, points.text, strict=True)}
    assert found == {
        ("0s", "0"): "90",
        ("0s", "1"): "10",
        ("0s", "2"): "0",
        ("1s", "0"): "0",
        ("1s", "1"): "0",
        ("1s", "2"): "0",
    }
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (0.5, 1.5, -0.5, 0.5)
    low, high = figure.layout.yaxis.range
    assert low > high  # the first cluster stands at the top


def scored(count: int) -> list[dict]:
    return [
        {
            "epoch": n,
            "train_elbo": -80.0 + n,
            "test_elbo": -81.0 + n,
            "test_terms": {"reconstruction": -60.0, "minus_kl_z": -18.0, "minus_kl_y": -2.0},
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
