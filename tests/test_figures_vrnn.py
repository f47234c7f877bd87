"""The VRNN's figures: latent paths, and images with a line where the given rows end."""

import numpy as np

from aevb.figures import images, style
from aevb.figures.paths import THIN, latent_paths


def paths() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(60, 7, 2)).astype(np.float32)


def test_each_class_has_its_mean_path_in_its_colour() -> None:
    found, labels = paths(), np.arange(60) % 3
    figure = latent_paths(found, labels, chosen=found[0])
    means = [trace for trace in figure.data if trace.name is not None and trace.name.isdigit()]
    assert [(trace.name, trace.line.color) for trace in means] == [
        (str(digit), style.DIGITS[digit]) for digit in range(3) for _ in range(2)
    ]
    np.testing.assert_allclose(means[2].y, found[labels == 1, :, 0].mean(0), rtol=1e-6)
    thin = next(trace for trace in figure.data if trace.showlegend is False)
    assert np.isfinite(np.asarray(thin.y, float)).sum() == 7 * THIN
    chosen = [trace for trace in figure.data if trace.name == "this digit"]
    assert [trace.y.tolist() for trace in chosen] == found[0].T.tolist()


def test_samples_have_no_classes() -> None:
    figure = latent_paths(paths())
    assert {trace.legendgroup for trace in figure.data} == {"samples"}
    assert [note.text for note in figure.layout.annotations] == ["z₁", "z₂"]


def test_a_strip_marks_where_the_given_rows_end() -> None:
    pictures = np.zeros((3, 28, 28))
    html = images.strip(pictures, ["a", "b", "c"], boundary=7)
    assert html.count("top: calc(25.000% - 1px)") == 3
    assert "border-top" not in images.strip(pictures, ["a", "b", "c"])
