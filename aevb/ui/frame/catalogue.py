"""Every page, in the order of the menu: its address, its scenes, and the checkpoints that they look at."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from aevb import places, tours
from aevb.checkpoints import CheckpointError
from aevb.data import DataError
from aevb.ui.cvae.scenes import SCENES as CVAE
from aevb.ui.draw.scenes import SCENES as DRAW
from aevb.ui.factor_analysis.scenes import SCENES as FACTOR_ANALYSIS
from aevb.ui.gmvae.scenes import SCENES as GMVAE
from aevb.ui.overview.scenes import SCENES as OVERVIEW
from aevb.ui.shared import mathematics
from aevb.ui.shared.cell import template
from aevb.ui.shared.contents import Content, Url, digest
from aevb.ui.shared.scene import Scene
from aevb.ui.train.scenes import SCENES as TRAIN
from aevb.ui.vae.scenes import SCENES as VAE
from aevb.ui.vrnn.scenes import SCENES as VRNN

PAGES = places.ROOT / "pages"


@dataclass(frozen=True)
class Page:
    """A page of the app.

    Attributes:
        name: the last part of its address; "" for the first page.
        checkpoints: the one that its scenes look at, or several by name.
        served: whether its scenes need a server that computes.
        brief: its title where there is little room.
    """

    name: str
    title: str
    scenes: Sequence[Scene]
    checkpoints: tuple[str, ...] = ()
    served: bool = False
    brief: str = ""

    @property
    def key(self) -> str:
        """Its name within an address, no part of which is empty: proxies make one slash of two."""
        return self.name or "overview"

    @property
    def script(self) -> Path:
        """The script that Streamlit runs for it."""
        return PAGES / f"{self.key.replace('-', '_')}.py"


MENU = (
    Page("", "Overview", OVERVIEW),
    Page("factor-analysis", "Factor analysis", FACTOR_ANALYSIS, brief="FA"),
    Page("vae", "VAE", VAE, ("vae",)),
    Page("cvae", "Conditional VAE", CVAE, ("cvae",), brief="CVAE"),
    Page("gmvae", "Gaussian mixture VAE", GMVAE, ("gmvae",), brief="GMVAE"),
    Page("vrnn", "Variational RNN", VRNN, ("vrnn",), brief="VRNN"),
    Page("draw", "Draw", DRAW, ("vae", "cvae", "gmvae", "vrnn")),
    Page("train", "Train", TRAIN, served=True),
)

SHOWN = sorted({name for page in MENU for name in page.checkpoints})
"""The shipped checkpoints that pages show."""


def page(name: str) -> Page:
    """The page of that name."""
    (found,) = (page for page in MENU if page.name == name)
    return found


def home(kind: str) -> Page | None:
    """The page of a model's scenes, by the model's name in the registry."""
    return next((page for page in MENU if page.checkpoints == (kind,)), None)


def _found(key: str) -> tuple[Page, Scene]:
    """The page and the scene of a "page/scene"."""
    name, _, scene = key.partition("/")
    found = [(page, one) for page in MENU if page.key == name for one in page.scenes if one.id == scene]
    if not found:
        raise LookupError(key)
    return found[0]


@cache
def _mathematics(key: str) -> bytes:
    _, scene = _found(key)
    return json.dumps({"html": mathematics.page(scene.mathematics)}).encode()


MATHEMATICS = Content("mathematics", _mathematics, lambda key: digest(_mathematics(key)), "application/json")
"""Of each scene, by "page/scene": its formulas and the library's lines, in HTML."""


@cache
def _cell(key: str) -> bytes:
    page, scene = _found(key)
    if scene.cell is None:
        raise LookupError(key)
    return json.dumps(template(scene.cell, checkpoint=next(iter(page.checkpoints), ""))).encode()


CELLS = Content("cell", _cell, lambda key: digest(_cell(key)), "application/json")
"""Of each scene that has one, by "page/scene": its view in Python, as `cell.template` gives it."""


def _notes(key: str) -> bytes:
    found = next((one for one in MENU if f"{one.key}/notes" == key), None)
    if found is None:
        raise LookupError(key)
    return json.dumps({scene.id: scene.notes for scene in found.scenes}, ensure_ascii=False).encode()


NOTES = Content("notes", _notes, lambda key: digest(_notes(key)), "application/json")
"""Of each page, by "page/notes": the lecturer's notes, by the scenes' names."""


def _tours(key: str) -> bytes:
    if key != "all":
        raise LookupError(key)
    return _all_tours()


@cache
def _all_tours() -> bytes:
    scenes = {page.name: [scene.id for scene in page.scenes] for page in MENU}
    return json.dumps({"scenes": scenes, "tours": {one.name: one.text for one in tours.shipped()}}).encode()


TOURS = Content("tours", _tours, lambda key: digest(_tours(key)), "application/json")
"""All tours that ship, and what another one is read against: the scenes' names, by their page's."""

CONTENTS = (MATHEMATICS, CELLS, NOTES, TOURS)


def told(page: Page, scene: Scene, url: Url) -> dict[str, Any]:
    """What the front end is told of a page's scene."""
    found: dict[str, Any] = {
        "id": scene.id,
        "title": scene.title,
        "part": scene.part,
        "says": scene.says,
        "below": scene.below,
    }
    options = dict(scene.options)
    for name, (content, key) in scene.contents.items():
        with suppress(CheckpointError, DataError):  # where it is missing its part does without
            options[name] = url(content, key)
    if options:
        found["options"] = options
    if scene.mathematics:
        found["mathematics"] = url(MATHEMATICS, f"{page.key}/{scene.id}")
    if scene.cell:
        found["cell"] = url(CELLS, f"{page.key}/{scene.id}")
    if scene.questions:
        found["questions"] = [asdict(question) for question in scene.questions]
    return found
