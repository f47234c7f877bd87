"""Sliders for latent dimensions and a plane of two of them; the image is decoded on every frame of a drag."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from aevb.figures import style
from aevb.ui.components import source
from aevb.ui.components.packing import pack

_component = st.components.v2.component(
    "aevb_latent",
    html=source("latent/latent.html"),
    css=source("engine/engine.css", "latent/latent.css"),
    js=source("engine/engine.js", "engine/live.js", "plot.js", "latent/latent.js"),
)


@dataclass(frozen=True)
class Dial:
    """The labels, or the clusters, under which a latent value can be decoded.

    Attributes:
        numbers: as the model counts them, in the order in which they are shown.
        titles: what each is called.
        of: what they are, in one word.
        said: of the chosen one, before its title.
        between: whether the dial also stops between two of them, at weights of both.
    """

    numbers: Sequence[int]
    titles: Sequence[str]
    of: str
    said: str
    between: bool


def latent(
    *,
    key: str,
    run: str,
    weights: str,
    image: np.ndarray,
    caption: str,
    names: Sequence[str],
    order: Sequence[int],
    shown: int,
    kl: np.ndarray,
    reach: float,
    values: np.ndarray,
    position: float,
    places: Mapping[str, np.ndarray],
    centre: np.ndarray,
    directions: np.ndarray,
    plane: Sequence[int],
    dial: Dial | None = None,
) -> dict[str, Any] | None:
    """Mounts the sliders of a VAE, or with a `dial` of a model that has labels or clusters.

    Args:
        key: the element's.
        run: names what is shown: while it stays the same, so do the visitor's values.
        weights: the URL of the model's weights.
        image, caption: (D,), the image to compare with, and what is said of it.
        names: the L dimensions'.
        order, shown: the dimensions from first to last, and how many of them are not folded away.
        kl: each dimension's mean KL, (L,) in nats.
        reach: the sliders go from -reach to reach.
        values: z, or with a dial ε, at first, (L,).
        position: the dial's at first: a place in its order, or a number between two places.
        places: values (L,) that buttons put the sliders at. Without a dial the first are the encoder's
            mean, against which every other z is compared.
        centre, directions: (L,) and (P, L), principal directions of these values over the test set.
        plane: which two span it at first: places among these directions and then the dimensions in order.
    Returns:
        the state {"run", "z", "choice", "plane"} that the visitor has last let go of, None before.
    """
    header = {
        "run": run,
        "weights": weights,
        "caption": caption,
        "names": list(names),
        "order": list(order),
        "shown": shown,
        "reach": reach,
        "position": position,
        "plane": list(plane),
        "titles": list(places),
        "dial": dial and {**vars(dial), "numbers": list(dial.numbers), "titles": list(dial.titles)},
        "mark": style.MARK,
        "color": style.DATA,
    }
    arrays = {"image": image, "kl": kl, "values": values, "centre": centre, "directions": directions}
    data = pack(header, **arrays, places=np.stack(list(places.values())))
    return _component(key=key, data=data, on_view_change=lambda: None).view
