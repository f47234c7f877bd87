"""Drawings as SVG text: the five models as graphical models.

Strokes and letters take the colour of the text around them (`currentColor`), so that one drawing
serves light and dark.
"""

from dataclasses import dataclass
from math import hypot

from aevb.figures import palette

RADIUS = 21
WIDE = 25  # with room for an index


@dataclass(frozen=True)
class Node:
    """A random variable at (x, y); an observed one is filled."""

    x: float
    y: float
    label: str
    index: str = ""
    observed: bool = False

    @property
    def radius(self) -> float:
        """Of its circle."""
        return WIDE if self.index else RADIUS


@dataclass(frozen=True)
class Graph:
    """A graphical model: who generates whom (solid arrows), and who tells of whom in q (dashed ones).

    A dashed arrow bends to its left (1) or right (-1), so as to stand clear of a solid one beside it.
    `plate` is the rectangle (left, top, right, bottom) that is repeated, and `count` how often. `link` says
    what leads from z to x, where nothing else tells one graph from another.
    """

    nodes: dict[str, Node]
    generative: tuple[tuple[str, str], ...]
    inference: tuple[tuple[str, str, int], ...]
    plate: tuple[float, float, float, float]
    count: str = "N"
    link: str = ""
    width: float = 240


_Z, _X = Node(110, 42, "z"), Node(110, 148, "x", observed=True)
_PAIR = {"z": _Z, "x": _X}

GRAPHS: dict[str, Graph] = {
    "fa": Graph(_PAIR, (("z", "x"),), (("x", "z", 1),), (30, 8, 190, 182), link="linear"),
    "vae": Graph(_PAIR, (("z", "x"),), (("x", "z", 1),), (30, 8, 190, 182), link="network"),
    "cvae": Graph(
        {"z": _Z, "x": _X, "y": Node(40, 95, "y", observed=True)},
        (("z", "x"), ("y", "z"), ("y", "x")),
        (("x", "z", 1), ("y", "z", -1)),
        (8, 8, 190, 182),
    ),
    "gmvae": Graph(
        {"z": _Z, "x": _X, "y": Node(40, 42, "y")},
        (("y", "z"), ("z", "x")),
        (("x", "z", 1), ("x", "y", -1), ("y", "z", -1)),
        (8, 8, 190, 182),
    ),
    "vrnn": Graph(
        {
            "h1": Node(45, 95, "h", "t-1"),
            "z1": Node(125, 35, "z", "t-1"),
            "x1": Node(125, 155, "x", "t-1", observed=True),
            "h2": Node(215, 95, "h", "t"),
            "z2": Node(295, 35, "z", "t"),
            "x2": Node(295, 155, "x", "t", observed=True),
        },
        (
            ("h1", "z1"),
            ("h1", "x1"),
            ("z1", "x1"),
            ("h1", "h2"),
            ("z1", "h2"),
            ("x1", "h2"),
            ("h2", "z2"),
            ("h2", "x2"),
            ("z2", "x2"),
        ),
        (("x1", "z1", 1), ("x2", "z2", 1)),
        (8, 4, 345, 186),
        width=353,
    ),
}


def graphical_model(graph: Graph, title: str) -> str:
    """A graph as SVG; `title` is what a screen reader says of it."""
    left, top, right, bottom = graph.plate
    parts = [
        f'<rect x="{left}" y="{top}" width="{right - left}" height="{bottom - top}" rx="12" fill="none" '
        'stroke="currentColor" stroke-opacity=".35" stroke-width="1.5"/>',
        _text(right - 16, bottom - 10, graph.count, size=20),
    ]
    if graph.link:
        parts.append(_text(70, 100, graph.link, size=18))
    parts += [_edge(graph.nodes[a], graph.nodes[b]) for a, b in graph.generative]
    parts += [_edge(graph.nodes[a], graph.nodes[b], side) for a, b, side in graph.inference]
    parts += [_circle(node) for node in graph.nodes.values()]
    return _svg(graph.width, 190, title, "".join(parts))


def _circle(node: Node) -> str:
    fill = 'fill="currentColor" fill-opacity=".16"' if node.observed else 'fill="none"'
    label = node.label
    if node.index:
        label += f'<tspan font-size="18" dy="6">{node.index.replace("-", "−")}</tspan>'
    shape = (
        f'<circle cx="{node.x}" cy="{node.y}" r="{node.radius}" {fill} '
        'stroke="currentColor" stroke-width="2"/>'
    )
    return shape + _text(node.x, node.y + 7, label, size=26)


def _edge(start: Node, end: Node, side: int = 0) -> str:
    """An arrow from rim to rim: solid and straight for side 0, dashed and bent otherwise."""
    length = hypot(end.x - start.x, end.y - start.y)
    ux, uy = (end.x - start.x) / length, (end.y - start.y) / length
    bend = 34 * side
    x, y = (start.x + end.x) / 2 - uy * bend, (start.y + end.y) / 2 + ux * bend
    x1, y1 = _rim(start, x, y, start.radius + 2)
    x2, y2 = _rim(end, x, y, end.radius + 9)
    stroke = f'stroke="{palette.ELBO}" stroke-dasharray="5 4"' if side else 'stroke="currentColor"'
    return (
        f'<path d="M{x1:.1f} {y1:.1f} Q{x:.1f} {y:.1f} {x2:.1f} {y2:.1f}" fill="none" {stroke} '
        f'stroke-width="2" marker-end="url(#{"q" if side else "p"})"/>'
    )


def _rim(node: Node, x: float, y: float, radius: float) -> tuple[float, float]:
    dx, dy = x - node.x, y - node.y
    length = hypot(dx, dy)
    return node.x + dx / length * radius, node.y + dy / length * radius


def _text(x: float, y: float, label: str, *, size: int) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="middle" fill="currentColor" '
        f'font-style="italic" font-family="Georgia, serif">{label}</text>'
    )


def _svg(width: float, height: float, title: str, body: str) -> str:
    def head(name: str, colour: str) -> str:
        return (
            f'<marker id="{name}" viewBox="0 0 10 10" refX="7" refY="5" markerWidth="6" markerHeight="6" '
            f'orient="auto-start-reverse"><path d="M0 0 L10 5 L0 10 z" fill="{colour}"/></marker>'
        )

    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{title}" '
        'xmlns="http://www.w3.org/2000/svg">'
        f"<defs>{head('p', 'currentColor')}{head('q', palette.ELBO)}</defs>{body}</svg>"
    )
