"""A page: one element, in which the front end shows the page's scenes.

What is computed from a digit, a z or a seed is computed there (aevb/web/); the server says where things are.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from aevb.checkpoints import CheckpointError
from aevb.data import DataError
from aevb.ui.frame import catalogue, errors, modules
from aevb.ui.shared import mathematics, resources
from aevb.ui.shared.scene import Scene
from aevb.ui.shared.served import Served, digest

log = logging.getLogger("aevb")

HOST = (Path(__file__).parent / "host.js").read_text(encoding="utf-8")

_component = st.components.v2.component(
    "aevb_explorer", html='<div class="explorer"></div>', css=":host { display: block; }", js=HOST
)


def show(page: catalogue.Page) -> None:
    """Shows a page's scenes; where its checkpoint or the data are missing or damaged, a sentence."""
    shared: Mapping[str, Any] = {}
    problem = ""
    try:
        shared = resources.of(page.checkpoints)
    except (CheckpointError, DataError) as error:
        problem = errors.sentence(str(error))
    data = {
        "web": modules.url(),
        "pages": [other.name for other in catalogue.MENU],
        "page": page.name,
        "title": page.title,
        "problem": problem,
        "scenes": [_told(page.name, scene) for scene in page.scenes],
        "shared": shared,
    }
    _component(key="explorer", data=data)


def prepare() -> None:
    """Makes what the first visitors will fetch, so that they need not wait for it."""
    names = {name for page in catalogue.MENU for name in page.checkpoints}
    for name in sorted(names):
        try:
            resources.prepare(name)
        except (CheckpointError, DataError) as error:
            log.warning("%s", error)


def _told(page: str, scene: Scene) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": scene.id,
        "title": scene.title,
        "part": scene.part,
        "says": scene.says,
        "below": scene.below,
    }
    if scene.options:
        told["options"] = dict(scene.options)
    if scene.mathematics:
        told["mathematics"] = MATHEMATICS.url(f"{page}/{scene.id}")
    return told


def _scene(key: str) -> Scene:
    name, _, scene = key.partition("/")
    found = [one for page in catalogue.MENU if page.name == name for one in page.scenes if one.id == scene]
    if not found:
        raise LookupError(key)
    return found[0]


def _mathematics(key: str) -> bytes:
    return json.dumps({"html": mathematics.page(_scene(key).mathematics)}).encode()


MATHEMATICS = Served(
    "mathematics",
    _mathematics,
    lambda key: digest(repr(_scene(key).mathematics).encode(), modules.version().encode()),
    "application/json",
)
