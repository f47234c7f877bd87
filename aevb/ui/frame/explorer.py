"""A page: one element, in which the front end shows the page's scenes.

What is computed from a digit, a z or a seed is computed there (aevb/web/); the server says where things are.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from aevb.checkpoints import CheckpointError
from aevb.data import DataError
from aevb.ui.frame import catalogue, modules
from aevb.ui.shared import contents, served
from aevb.ui.shared.sentences import sentence

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
        shared = contents.of(page.checkpoints, served.url)
    except (CheckpointError, DataError) as error:
        problem = sentence(str(error))
    data = {
        "web": modules.url(),
        "needed": modules.needed_by(page.scenes),
        "pages": [other.name for other in catalogue.MENU],
        "page": page.name,
        "title": page.title,
        "brief": page.brief or page.title,
        "problem": problem,
        "notes": served.url(catalogue.NOTES, f"{page.key}/notes"),
        "checkpoints": list(page.checkpoints),
        "scenes": [catalogue.told(page, scene, served.url) for scene in page.scenes],
        "shared": shared,
        "tours": served.url(catalogue.TOURS, "all"),
    }
    _component(key="explorer", data=data)


def prepare() -> None:
    """Makes what the first visitors will fetch, so that they need not wait for it."""
    for scene in catalogue.MENU[0].scenes:
        for content, key in scene.contents.values():
            try:
                served.prepare(content, key)
            except (CheckpointError, DataError) as error:
                log.warning("%s", error)
    for name in catalogue.SHOWN:
        try:
            contents.checkpoint(name, served.url)
            served.prepare(contents.ABOUT, name)
            served.prepare_weights(name)
        except (CheckpointError, DataError) as error:
            log.warning("%s", error)
