"""Colours that everyone can tell apart: held by numbers, for four kinds of eyes and both themes.

The three kinds of colour blindness are simulated as Machado, Oliveira and Fernandes (2009) do at severity 1,
in linear RGB; differences are CIE76's in Lab; contrasts are those of WCAG 2.2.
"""

import re
import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from aevb.figures import palette
from aevb.figures.palette import (
    CLASSIC_EM,
    DATA,
    DIGITS,
    E_STEP,
    ELBO,
    ELBO_ESTIMATE,
    EVIDENCE,
    GAP,
    GENERATED,
    MARK,
    NO_CLASS,
    TRUE_MODEL,
)

ROOT = Path(__file__).parent.parent
WEB = ROOT / "aevb" / "web"
THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
PAPERS = {theme: THEME[theme]["backgroundColor"] for theme in ("light", "dark")}

APART = 15
"""The least difference in Lab of two colours that tell things apart."""

VISIONS = {
    "normal": np.eye(3),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}

XYZ = np.array(
    [
        [0.4123908, 0.3575843, 0.1804808],
        [0.2126390, 0.7151687, 0.0721923],
        [0.0193308, 0.1191948, 0.9505322],
    ]
)
"""From linear sRGB; the sums of its rows are the white D65."""


def faint(color: str, opacity: float) -> str:
    """An opaque colour, see-through."""
    return f"{color}{round(255 * opacity):02X}"


# What one picture holds side by side, in the opacity in which it is drawn there.
PICTURES = {
    "digits on maps, in bars and as paths": [*DIGITS, NO_CLASS, MARK],
    "curves of EM": [ELBO, ELBO_ESTIMATE, EVIDENCE, GAP, TRUE_MODEL, CLASSIC_EM],
    "points on planes, and contours": [DATA, GENERATED, EVIDENCE, ELBO, TRUE_MODEL, MARK],
    "posteriors and prior of factor analysis": [EVIDENCE, ELBO, TRUE_MODEL],
    "curves of a training": [DATA, ELBO, TRUE_MODEL],
    "terms of an ELBO": [GENERATED, DATA, GAP, ELBO, EVIDENCE],
    "bars of the rows of a VRNN": [DATA, GENERATED, MARK],
    "prior, posterior, draw and choice of a VRNN": [TRUE_MODEL, ELBO, GENERATED, MARK],
    "posterior and draw by dimension": [DATA, GENERATED, TRUE_MODEL, MARK],
    "three categories of Gumbel's": [faint(DATA, 0.85), faint(GENERATED, 0.85), faint(EVIDENCE, 0.85)],
}


# Colours as numbers


def over(color: str, *below: str) -> np.ndarray:
    """What "#RRGGBB" or "#RRGGBBAA" looks like over others, the last of them opaque; sRGB (3,) in [0, 1]."""
    *rgb, opacity = np.array([*bytes.fromhex(color[1:]), 255][:4]) / 255
    return opacity * np.array(rgb) + ((1 - opacity) * over(*below) if below else 0)


def linear(rgb: np.ndarray) -> np.ndarray:
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray, vision: str) -> np.ndarray:
    """Lab (3,) of an sRGB colour (3,), as those see it who have this kind of vision."""
    seen = np.clip(VISIONS[vision] @ linear(rgb), 0, 1)
    share = XYZ @ seen / XYZ.sum(1)
    x, y, z = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def difference(a: np.ndarray, b: np.ndarray, vision: str) -> float:
    return float(np.linalg.norm(lab(a, vision) - lab(b, vision)))


def contrast(a: np.ndarray, b: np.ndarray) -> float:
    """WCAG's ratio of two sRGB colours (3,), from 1 to 21."""
    low, high = sorted(float(XYZ[1] @ linear(color)) for color in (a, b))
    return (high + 0.05) / (low + 0.05)


def test_the_arithmetic_agrees_with_published_numbers() -> None:
    black, white, red = over("#000000"), over("#FFFFFF"), over("#FF0000")
    np.testing.assert_allclose(lab(red, "normal"), [53.24, 80.09, 67.20], atol=0.02)
    np.testing.assert_allclose(lab(white, "normal"), [100, 0, 0], atol=0.01)
    assert contrast(black, white) == pytest.approx(21)
    assert contrast(red, white) == pytest.approx(4.0, abs=0.01)
    for vision, matrix in VISIONS.items():
        np.testing.assert_allclose(matrix.sum(1), 1, atol=1e-5, err_msg=vision)  # greys stay grey
    # Red and green were one olive to a deuteranope.
    assert difference(over("#E15759"), over("#59A14F"), "deuteranopia") == pytest.approx(0.9, abs=0.05)


# Told apart


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("picture", PICTURES)
def test_colours_of_one_picture_are_told_apart(picture: str, vision: str) -> None:
    close = [
        (a, b, theme, round(apart, 1))
        for a, b in combinations(PICTURES[picture], 2)
        for theme, paper in PAPERS.items()
        if (apart := difference(over(a, paper), over(b, paper), vision)) < APART
    ]
    assert not close


@pytest.mark.parametrize("theme", PAPERS)
def test_whatever_is_drawn_stands_out_from_the_page(theme: str) -> None:
    paper = over(PAPERS[theme])
    drawn = [*DIGITS, NO_CLASS, MARK, ELBO, EVIDENCE, GAP, TRUE_MODEL, CLASSIC_EM, DATA, GENERATED]
    assert {color: ratio for color in drawn if (ratio := contrast(over(color), paper)) < 3} == {}


@pytest.mark.parametrize("theme", PAPERS)
def test_curves_stand_out_from_shaded_e_steps_too(theme: str) -> None:
    shade = over(E_STEP, PAPERS[theme])
    assert all(contrast(over(color), shade) >= 3 for color in (ELBO, EVIDENCE, GAP, TRUE_MODEL, CLASSIC_EM))


# The page itself


@pytest.mark.parametrize("theme", PAPERS)
def test_letters_can_be_read(theme: str) -> None:
    """Also on the sidebar and on shaded areas; also captions, which are fainter."""
    colors, sidebar = THEME[theme], THEME[theme]["sidebar"]
    for paper in (colors["backgroundColor"], colors["secondaryBackgroundColor"], sidebar["backgroundColor"]):
        for opacity in (1, 0.75):
            assert contrast(over(faint(colors["textColor"], opacity), paper), over(paper)) >= 4.5
        assert contrast(over(colors["primaryColor"]), over(paper)) >= 4.5  # of links, and of focus
    on_primary = {"light": "#FFFFFF", "dark": "#10151F"}[theme]
    assert contrast(over(on_primary), over(colors["primaryColor"])) >= 4.5


@pytest.mark.parametrize("theme", PAPERS)
def test_controls_can_be_seen(theme: str) -> None:
    sheet = (WEB / "style" / "base.css").read_text(encoding="utf-8")
    (percent,) = re.findall(r"--edge: color-mix\(in srgb, var\(--text\) (\d+)%, var\(--background\)\)", sheet)
    paper = PAPERS[theme]
    edge = over(faint(THEME[theme]["textColor"], int(percent) / 100), paper)
    assert contrast(edge, over(paper)) >= 3


# The same everywhere


def test_python_the_front_end_and_the_theme_have_one_palette() -> None:
    module = (WEB / "kit" / "palette.js").read_text(encoding="utf-8")
    exported = {
        name: re.findall(r"#[0-9A-F]{6}", value)
        for name, value in re.findall(r"^export const (\w+) = (.*?);$", module, re.DOTALL | re.MULTILINE)
    }
    solid = {name: [value] for name, value in vars(palette).items() if re.fullmatch("#.{6}", str(value))}
    assert exported == solid | {"DIGITS": list(DIGITS)}
    assert tuple(THEME["chartCategoricalColors"]) == DIGITS
    sheet = (WEB / "style" / "base.css").read_text(encoding="utf-8")
    assert re.findall(r"--mark: (#\w+);", sheet) == [MARK.lower()]
