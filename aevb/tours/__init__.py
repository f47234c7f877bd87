"""Tours: ways through the scenes, as texts that the front end reads (aevb/web/frame/tour_file.js).

A file beside this module is a tour:

    Tour: its title
    About: a sentence

    # A line that begins with # is for readers of the file.
    Step: vae?scene=flow&digit=7
    Says: one sentence below the scene, of at most 240 letters.
      A line that begins with a space goes on with the one above.
    Notes: for whoever speaks.
    Asks: a question?
    Answer: its answer, shown when asked for.

A step's link is any view's, as the address or Share gives it. Notes, question and answer may be missing.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

NAMES = ("aevb", "em", "figures")
"""Those that ship, in the order in which they are offered; `?tour=NAME` begins one."""


@dataclass(frozen=True)
class Tour:
    """A tour that ships.

    Attributes:
        name: what links call it.
        steps: how many there are.
        text: its file.
    """

    name: str
    title: str
    about: str
    steps: int
    text: str


@cache
def shipped() -> tuple[Tour, ...]:
    """The tours that ship."""
    return tuple(_read(name) for name in NAMES)


def _read(name: str) -> Tour:
    text = (Path(__file__).parent / f"{name}.tour").read_text(encoding="utf-8")
    title, about = (re.findall(rf"^{field}: *(.+)$", text, re.MULTILINE)[0] for field in ("Tour", "About"))
    return Tour(name, title, about, len(re.findall(r"^Step:", text, re.MULTILINE)), text)
