"""Figures and pictures show the numbers they are given."""

import re
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from aevb.figures import curves, images, maps, palette

RANDOM = np.random.default_rng(0)


# Images


def test_tiles_hold_every_image_with_a_gap_between() -> None:
    pixels = RANDOM.random((5, 3, 4))
    tiled = images.tile(pixels, 2, scale=2)
    assert tiled.dtype == np.uint8
    assert tiled.shape == (2 * (3 * 5 - 2), 2 * (2 * 6 - 2))
    fourth = tiled[2 * 5 : 2 * 8, 2 * 6 : 2 * 10]
    assert np.array_equal(fourth, images.enlarge(pixels[3], 2))
    assert (tiled[6:10] == 128).all()


def test_a_short_row_of_tiles_is_no_wider_than_its_images() -> None:
    assert images.tile(np.zeros((2, 3, 3)), 10, scale=1).shape == (3, 8)


@pytest.mark.parametrize(("shape", "columns"), [((0, 3, 3), 1), ((3, 3), 1), ((2, 3, 3), 0)])
def test_tiles_of_nothing_are_refused(shape: tuple[int, ...], columns: int) -> None:
    with pytest.raises(ValueError, match="at least one column"):
        images.tile(np.zeros(shape), columns)


def test_enlarged_pixels_are_squares_of_one_grey() -> None:
    large = images.enlarge(np.array([[0, 1], [0.5, 2]]), 3)
    assert large.shape == (6, 6)
    assert (large[:3, 3:] == 255).all() and (large[3:, :3] == 128).all()
    assert (large[3:, 3:] == 255).all()  # clipped


def decoded(html: str) -> list[np.ndarray]:
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    return [np.asarray(Image.open(BytesIO(b64decode(data)))) for data in found]


def test_an_image_tag_holds_its_pixels_without_loss() -> None:
    pixels = RANDOM.random((28, 28))
    (shown,) = decoded(images.image_tag(pixels, 'a "7" & more'))
    assert np.array_equal(shown, images.enlarge(pixels, 8))
    assert 'alt="a &quot;7&quot; &amp; more"' in images.image_tag(pixels, 'a "7" & more')


def test_a_table_shows_a_line_for_each_row() -> None:
    pixels = RANDOM.random((2, 3, 4, 4))
    html = images.table(pixels, ["0", "<1>"])
    lines = decoded(html)
    assert len(lines) == 2
    last = images.enlarge(pixels[1, 2], 4)
    assert np.array_equal(lines[1][:, -16:], last)
    assert re.findall(r"<b [^>]*>(.*?)</b>", html) == ["0", "&lt;1&gt;"]
    assert 'alt="0: 3 images"' in html
    parsed(html)


class Balanced(HTMLParser):
    """Notes tags that are closed out of turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        if tag not in ("img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if self.open[-1] != "style":
            self.text.append(data)


def parsed(html: str) -> Balanced:
    parser = Balanced()
    parser.feed(re.sub(r"<([a-z]+)([^>]*)/>", r"<\1\2></\1>", html))
    parser.close()
    assert parser.open == []
    return parser


# The map


def test_the_map_numbers_its_points_as_the_images() -> None:
    points = RANDOM.random((50, 2))
    labels = np.arange(50) % 10
    figure = maps.digit_map(points, labels)
    (first,) = figure.data
    assert first.type == "scattergl"
    np.testing.assert_allclose(np.column_stack([first.x, first.y]), points, atol=1e-6)
    assert np.array_equal(first.marker.color, labels)
    assert first.hovertemplate.startswith("test digit %{pointNumber}: a %{marker.color}")


def test_each_label_stands_at_its_classes_median() -> None:
    points = np.array([[0, 0], [1, 5], [2, 1], [9, 9]], dtype=float)
    figure = maps.digit_map(points, np.array([3, 3, 3, 4]))
    names = {note.text: (note.x, note.y) for note in figure.layout.annotations}
    assert names == {"<b>3</b>": (1, 1), "<b>4</b>": (9, 9)}


def test_each_digit_has_its_own_colour_on_the_map() -> None:
    for digit, color in enumerate(palette.DIGITS):
        middle = (digit + 0.5) / 10
        assert [entry[1] for entry in maps.COLORSCALE if entry[0] <= middle][-1] == color


# Curves


def epochs(count: int) -> list[dict]:
    return [
        {
            "epoch": n,
            "train_elbo": 1800.0 + n,
            "elbo": 1790.0 + n,
            "terms": {"reconstruction": 1820.0 + n, "minus_kl_z": -30.0},
        }
        for n in range(1, count + 1)
    ]


def test_the_learning_curve_marks_the_epoch_that_was_kept() -> None:
    figure = curves.learning_curve(epochs(20), chosen=15, reference=1788.4)
    training, test, kept = figure.data
    assert training.y[0] == 1801 and test.y[-1] == 1810
    assert training.line.dash != test.line.dash
    assert kept.x == (15,) and kept.y == (1805,)
    assert figure.layout.shapes[0].y0 == 1788.4
    low, high = figure.layout.yaxis.range
    assert low < 1788.4 and high > 1820


def test_what_is_compared_with_is_in_sight() -> None:
    for reference in (1000.0, 3000.0):
        low, high = curves.learning_curve(epochs(200), chosen=1, reference=reference).layout.yaxis.range
        assert low < reference < high


def test_a_single_epoch_is_a_curve_too() -> None:
    low, high = curves.learning_curve(epochs(1), chosen=1).layout.yaxis.range
    assert low < 1791 < 1801 < high


# Latent dimensions
