"""An image's way through a VAE as HTML: input, encoder, posterior, sample, decoder, output.

One line where there is room, three short ones on a phone. Letters and strokes take the colour of the
text around them, so that it serves light and dark. Everything in it is made here from numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from aevb.figures.images import image_tag
from aevb.figures.style import DATA, GENERATED
from aevb.nats import rounded_sum, signed

_STYLE = """<style>
.flow { container-type: inline-size; width: 100% }
.flow { --height: 128px }
.flow ol { display: flex; align-items: start; gap: 4px; margin: 0; padding: 0; list-style: none }
.flow li { display: flex; align-items: start; gap: 4px; flex: var(--share) 1 0; min-width: 0 }
.flow li::after { content: "→"; font-size: 26px; line-height: var(--height); opacity: .6 }
.flow li:last-child::after { visibility: hidden }
.flow figure { margin: 0; flex: 1; min-width: 0; text-align: center }
.flow .drawn { display: flex; height: var(--height); align-items: center; justify-content: center }
.flow .drawn > * { max-width: 100%; max-height: var(--height) }
.flow .drawn > svg { height: 100% }
.flow .drawn > img { width: min(100%, var(--height)) !important }
.flow figcaption { line-height: 1.35; margin-top: 6px; font-size: 17px }
.flow i { font-family: Georgia, serif; white-space: nowrap }
.flow sub { font-size: 12px }
@container (min-width: 1100px) {
  .flow ol { --height: 190px }
}
@container (max-width: 700px) {
  .flow ol { --height: 96px; display: grid; grid-template-columns: repeat(3, 1fr); gap: 14px 2px }
  .flow li::after { font-size: 18px }
  .flow figcaption { font-size: 15px }
}
.numbers { display: flex; flex-wrap: wrap; gap: 4px 14px; margin: 0; padding: 0 }
.numbers li { display: flex; gap: 14px; list-style: none }
.numbers b { display: block; font-size: 30px; line-height: 1.2; font-variant-numeric: tabular-nums }
.numbers p { margin: 0; font-size: 17px; line-height: 1.35; white-space: nowrap }
.numbers .operator { font-size: 28px; line-height: 36px; opacity: .6 }
</style>"""


@dataclass(frozen=True)
class Number:
    """A figure in nats in large print: its name under it, what stands before it, its colour.

    What stands before the "=" of an equation are its summands, with a "−" or none.
    """

    value: float
    label: str
    operator: str = ""
    color: str = "currentColor"


def flow(
    x: np.ndarray, loc: np.ndarray, scale: np.ndarray, z: np.ndarray, output: np.ndarray, order: Sequence[int]
) -> str:
    """The six stages for one image.

    Args:
        x, output: (28, 28) in [0, 1], the image and the decoder's λ.
        loc, scale, z: (L,), the posterior's and a draw from it.
        order: the dimensions from left to right.
    """
    reach = max(3.2, float(np.abs([loc - scale, loc + scale, z]).max()) + 0.2)
    stages = (
        (3, image_tag(x, "The image x"), "image", "x"),
        (3, _net("encoder", "q", narrowing=True), "encoder", "μ<sub>φ</sub>(x), σ<sub>φ</sub>(x)"),
        (5, _whiskers(loc, scale, order, reach), "posterior", "μ ± σ"),
        (5, _stems(loc, z, order, reach), "one sample", "z = μ + σ ε"),
        (3, _net("decoder", "p", narrowing=False), "decoder", "λ<sub>θ</sub>(z)"),
        (3, image_tag(output, "The decoder's output λ"), "output", "λ"),
    )
    items = "".join(
        f'<li style="--share: {share}"><figure><div class="drawn">{drawing}</div>'
        f"<figcaption><b>{title}</b><br><i>{formula}</i></figcaption></figure></li>"
        for share, drawing, title, formula in stages
    )
    return f'{_STYLE}<div class="flow"><ol>{items}</ol></div>'


def equation(parts: Sequence[Number]) -> str:
    """Numbers as an equation, which holds as it is written: its summands are rounded together."""
    end = [part.operator for part in parts].index("=")
    signs = [-1 if part.operator == "−" else 1 for part in parts[:end]]
    summands = rounded_sum([sign * part.value for sign, part in zip(signs, parts[:end], strict=True)])
    values = [sign * value + 0.0 for sign, value in zip(signs, summands, strict=True)]  # no minus zero
    whole = [replace(part, value=value) for part, value in zip(parts, [*values, sum(summands)], strict=False)]
    return _STYLE + _numbers([*whole, *parts[end + 1 :]])


def _numbers(parts: Sequence[Number]) -> str:
    items = "".join(
        "<li>"
        + (f'<span class="operator">{part.operator}</span>' if part.operator else "")
        + f'<p><b style="color: color-mix(in srgb, {part.color} 65%, currentColor)">{signed(part.value)}</b>'
        f"{part.label}</p></li>"
        for part in parts
    )
    return f'<ul class="numbers">{items}</ul>'


def _net(title: str, letter: str, *, narrowing: bool) -> str:
    """A trapezoid with the density that the net parametrises."""
    corners = "6,4 104,40 104,88 6,124" if narrowing else "6,40 104,4 104,124 6,88"
    density = ("q", "φ", "(z | x)") if letter == "q" else ("p", "θ", "(x | z)")
    return (
        f'<svg viewBox="0 0 110 128" role="img" aria-label="{title}">'
        f'<polygon points="{corners}" fill="currentColor" fill-opacity=".08" stroke="currentColor" '
        'stroke-width="2" stroke-linejoin="round"/>'
        '<text x="55" y="70" text-anchor="middle" font-size="19" font-style="italic" '
        f'font-family="Georgia, serif" fill="currentColor">{density[0]}'
        f'<tspan font-size="13" dy="4">{density[1]}</tspan><tspan dy="-4">{density[2]}</tspan></text></svg>'
    )


def _whiskers(loc: np.ndarray, scale: np.ndarray, order: Sequence[int], reach: float) -> str:
    marks = []
    for place, dimension in enumerate(order):
        x, mean, spread = _x(place), loc[dimension], scale[dimension]
        top, bottom = _y(mean + spread, reach), _y(mean - spread, reach)
        marks.append(
            f'<line x1="{x}" x2="{x}" y1="{top:.1f}" y2="{bottom:.1f}" stroke="{DATA}" stroke-width="5" '
            f'stroke-opacity=".5"/><circle cx="{x}" cy="{_y(mean, reach):.1f}" r="3.4" fill="{DATA}"/>'
        )
    return _latents("The posterior's 20 means and scales", "".join(marks), len(order), reach)


def _stems(loc: np.ndarray, z: np.ndarray, order: Sequence[int], reach: float) -> str:
    marks = []
    for place, dimension in enumerate(order):
        x, mean, value = _x(place), _y(loc[dimension], reach), _y(z[dimension], reach)
        marks.append(
            f'<line x1="{x}" x2="{x}" y1="{mean:.1f}" y2="{value:.1f}" '
            f'stroke="{GENERATED}" stroke-width="2"/>'
            f'<circle cx="{x}" cy="{value:.1f}" r="3.8" fill="{GENERATED}"/>'
        )
    return _latents("The 20 values of one sample z", "".join(marks), len(order), reach)


def _x(place: int) -> float:
    return 10 + 9 * place


def _y(value: float, reach: float) -> float:
    return 64 - 60 * value / reach


def _latents(title: str, marks: str, count: int, reach: float) -> str:
    """Marks over the prior: a band of one standard deviation around 0."""
    width = _x(count) + 1
    return (
        f'<svg viewBox="0 0 {width} 128" preserveAspectRatio="none" role="img" aria-label="{title}">'
        f'<rect x="0" width="{width}" y="{_y(1, reach):.1f}" height="{120 / reach:.1f}" fill="currentColor" '
        'fill-opacity=".1"/>'
        f'<line x1="0" x2="{width}" y1="64" y2="64" stroke="currentColor" stroke-opacity=".4"/>{marks}</svg>'
    )
