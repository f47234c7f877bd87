"""A scene as a page lists it: one idea, its instrument, and the words around it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aevb.ui.shared.contents import Content

ASCENT = r"""
$$
\begin{aligned}
\phi &\leftarrow \phi + \eta\, \nabla_\phi \tfrac{1}{N_B} \textstyle\sum_i \text{ELBO}_i \\
\theta &\leftarrow \theta + \eta\, \nabla_\theta \tfrac{1}{N_B} \textstyle\sum_i \text{ELBO}_i
\end{aligned}
$$
"""
"""Equations 3 and 4 taken together: what a gradient step of AEVB does."""


def recorded(path: Path) -> Any:
    """What a benchmark has left beside the scenes, as JSON."""
    return json.loads(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Formula:
    """A step of a derivation, beside the lines of the library that are it.

    Attributes:
        title: what it is.
        text: markdown with LaTeX between dollar signs.
        code: the function, method or class whose source is shown, without its docstring; or none.
        lines: of that source, those from the first that holds the one text to the first from there on that
            holds the other, so that no argument checks or bookkeeping are shown.
    """

    title: str
    text: str
    code: Callable[..., Any] | type | None = None
    lines: tuple[str, str] | None = None


@dataclass(frozen=True)
class Question:
    """What a visitor is asked before a scene shows it. What is right is computed, of what is in view.

    Attributes:
        id: what is asked, by its name among the instrument's `asks` (aevb/web/parts/NAME/asks.js).
        text: the question, in HTML; it says nothing that another checkpoint could make false.
        why: one sentence that explains the answer, in HTML, whatever it is.
        hides: what of the instrument would give the answer away, a CSS selector; the question lies over the
            largest of it.
    """

    id: str
    text: str
    why: str
    hides: str


@dataclass(frozen=True)
class Scene:
    """One idea on one screen.

    Attributes:
        id: its address, `?scene=id`.
        title: a few words.
        part: its instrument, a module of aevb/web/parts/.
        says: one sentence above it; HTML, as `below`.
        below: at most two sentences below it.
        options: what the instrument is told, in JSON.
        contents: what it is told the place of, by name: the content, and its key.
        notes: to whoever presents it: what to say, what to move, and what students get wrong. Plain text.
        mathematics: the steps that it shows.
        cell: what computes the view in Python (`aevb.ui.shared.cell`).
        questions: what it asks before it shows, one after the other.
    """

    id: str
    title: str
    part: str
    says: str
    below: str = ""
    notes: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    contents: Mapping[str, tuple[Content, str]] = field(default_factory=dict)
    mathematics: Sequence[Formula] = ()
    cell: Callable[..., Any] | None = None
    questions: Sequence[Question] = ()
