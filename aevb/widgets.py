"""The app's live instruments in a notebook, on its models of images. It needs `aevb[widgets]`.

>>> import aevb
>>> from aevb import widgets
>>> knobs = widgets.show(aevb.load("vae"), "knobs", digit=7)  # what a cell ends with is shown
>>> knobs
>>> knobs.z  # where the sliders stand; None where they stand at the encoder's mean

Everything is computed in the browser, by the modules in aevb/web/: the kernel sends the model once, and hears
of a value when the visitor has let go. Values set from Python, `knobs.z = [0.0] * 20`, move the sliders.
"""

import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import torch

try:
    import anywidget
    import traitlets
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'Widgets need anywidget: pip install "aevb[widgets]".', name=error.name
    ) from error

from aevb import data, web_bundle
from aevb.checkpoints import Checkpoint, CheckpointError
from aevb.data import DataError, Examples, Images, Split
from aevb.evaluation import posterior_means, responsibilities
from aevb.explore import codes, maps, packing
from aevb.explore.measures import measure
from aevb.explore.record import record
from aevb.models import REGISTRY, LatentVariableModel

IMAGES = 1000
"""Test images that a notebook is sent unless it asks for more: 28 × 28 pixels of each are 0.8 MB together."""

GUESSED = 200
"""Of those whose labels a conditional model guesses, where nothing was recorded of that."""

CHUNK = 100

Fits = Callable[[LatentVariableModel], bool]


def _any(model: LatentVariableModel) -> bool:
    return True


def _whole(model: LatentVariableModel) -> bool:
    return not model.by_row


def _plain(model: LatentVariableModel) -> bool:
    return not model.by_row and not model.choices


def _chosen(model: LatentVariableModel) -> bool:
    return model.choices > 0


def _labelled(model: LatentVariableModel) -> bool:
    return model.conditional


def _clustered(model: LatentVariableModel) -> bool:
    return model.choices > 0 and not model.conditional


def _rows(model: LatentVariableModel) -> bool:
    return model.by_row


@dataclass(frozen=True)
class Part:
    """An instrument of aevb/web/parts/.

    Attributes:
        said: what it can be told and tells, beside `digit`: the names in its links.
        fits: whether it can show a model; None where it shows none.
        options: what it is told beside, unless it is told otherwise, as a scene of the app tells it.
    """

    said: str
    fits: Fits | None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def keys(self) -> list[str]:
        """Those names, one by one."""
        return ["digit", *self.said.split()]


PARTS: Mapping[str, Part] = {
    "amortised": Part("seed start steps", _plain),
    "ascent": Part("seed course moves curve shape point", _plain, {"view": "images"}),
    "between": Part("to from until between", _labelled),
    "confusion": Part("cell page", _clustered),
    "dimensions": Part("dim", _whole),
    "endings": Part("seed temperature keep", _rows),
    "evidence": Part("seed from_prior draws", _plain),
    "factor_analysis": Part(
        "experiment lr batch L family steps e m rounds seed step point moves by angle zoom",
        None,
        {"view": "watch"},
    ),
    "flow": Part("seed", _whole),
    "forcing": Part("q kl apart", None),
    "grid": Part("seed shared tile", _chosen, {"columns": 12}),
    "growing": Part("seed temperature grown image", _rows),
    "guess": Part("seed", _chosen),
    "gumbel": Part("tau pi", None),
    "knobs": Part("z choice locked", _whole),
    "map": Part("map by tool view only loop", _whole),
    "moved": Part("seed moved_row moved_z", _rows),
    "normalisation": Part("seed pixel", _plain),
    "paths": Part("seed paths only", _rows),
    "plane": Part("z choice plane", _whole),
    "prior": Part("seed", _plain),
    "rewrite": Part("seed", _labelled),
    "rows": Part("seed row", _rows),
    "sampled": Part("seed q width", None),
    "samples": Part("seed", _rows),
    "training": Part("epoch origin", _any),
    "walk": Part("to at way", _whole),
}
"""By the names of their modules. What they say is held to the modules by tests/test_widgets.py."""

SCRIPT = """\
%s
const styles = await Promise.all(%s.map((text) => new CSSStyleSheet().replace(text)));
const [host, part] = await Promise.all([%s].map((name) => import(urls.get(name))));
export default { render: (context) => host.render(part, %s, styles, context) };
"""


class Instrument(anywidget.AnyWidget):
    """A part as a widget; `show` makes one. Its values are traits by their names: `z`, `digit`, `seed` …

    Attributes:
        height: in pixels, where there is room for both of its halves side by side.
    """

    part = ""
    height = traitlets.Int(560).tag(sync=True)
    digits = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    checkpoint = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    options = traitlets.Dict().tag(sync=True)


def show(
    model: LatentVariableModel | Checkpoint | None,
    part: str,
    *,
    images: Any = None,
    count: int = IMAGES,
    height: int = 560,
    options: Mapping[str, Any] | None = None,
    **values: Any,
) -> Instrument:
    """A part on a model.

    Args:
        model: a VAE, CVAE, GMVAE or VRNN of this library, with its own nets and of square grey images, or a
            checkpoint of one, whose maps and record of training are shown too; None for a part that shows
            none, "gumbel" and "factor_analysis".
        part: one of `PARTS`.
        images: what is looked at: a data set's `test` images, a split, or whatever else `aevb.evaluate`
            takes; MNIST unless told.
        count: the first so many of them are sent.
        height: in pixels.
        options: what the part is told beside: `{"columns": 8}` of "grid", or `{"view": "em"}` of
            "factor_analysis".
        values: where it begins: the digit's number, and what the part's links say, such as z or seed.
    Raises:
        ValueError: in a sentence: for an unknown part or value, a model that the part does not show, images
            that the model is not of, or a model that browsers do not know (`aevb.explore.packing.pack`).
    """
    if part not in PARTS:
        raise ValueError(f"There is no part {part!r}: there are {', '.join(PARTS)}.")
    keys = PARTS[part].keys
    if unknown := sorted(set(values) - set(keys)):
        raise ValueError(f"{part} takes no {', '.join(unknown)}: it takes {', '.join(keys)}.")
    told, fits = {**PARTS[part].options, **(options or {})}, PARTS[part].fits
    if fits is None:
        return _kind(part)(height=height, options=told, **values)
    found = model.model if isinstance(model, Checkpoint) else model
    if found is None:
        raise ValueError(f"{part} shows a model: tell it which.")
    if not fits(found):
        others = [name for name, other in PARTS.items() if other.fits and other.fits(found)]
        raise ValueError(f"{part} shows no {type(found).__name__}; these do: {', '.join(others)}.")
    if type(found) not in REGISTRY.values():
        raise ValueError(
            f"{part} shows no {type(found).__name__}: browsers know this library's own VAE, CVAE, GMVAE and "
            "VRNN alone."
        )
    seen = data.read() if images is None else images
    try:
        split = _grey(seen.test if isinstance(seen, Images) else seen, found)
    except ValueError as error:
        hint = " MNIST is looked at where no images=… are given." if images is None else ""
        raise ValueError(f"{error}{hint}") from error
    seen = seen if isinstance(seen, Images) else split
    split = split[:count]
    known = model if isinstance(model, Checkpoint) else None
    recorded = known is not None and _recorded(known, seen)
    try:
        checkpoint = _checkpoint(found, known, split, recorded=recorded)
    except NotImplementedError as error:  # a model whose z have no use of their own
        raise ValueError(f"{part} shows no {type(found).__name__}: {error}") from error
    return _kind(part)(
        digits=_digits(split, _classes(found, seen, split)),
        checkpoint=checkpoint,
        height=height,
        options=told,
        **values,
    )


@cache
def _kind(part: str) -> type[Instrument]:
    """The class of a part's widgets: they share its script."""
    names = ("hosts/notebook.js", f"parts/{part}/{part}.js")
    sheets = ("style/base.css", f"parts/{part}/{part}.css")
    styles = [(web_bundle.ROOT / sheet).read_text(encoding="utf-8") for sheet in sheets]
    script = SCRIPT % (
        web_bundle.loader(*names),
        json.dumps(styles),
        ", ".join(json.dumps(name) for name in names),
        json.dumps(part),
    )
    traits = {key: traitlets.Any(None, allow_none=True).tag(sync=True) for key in PARTS[part].keys}
    return type(part.title().replace("_", ""), (Instrument,), {"part": part, "_esm": script, **traits})


def _classes(model: LatentVariableModel, images: Images | Split, split: Split) -> list[str]:
    """What the labels are called: by their numbers where nothing tells more; none where there are none."""
    if split.labels is None:
        return []
    named = list(images.classes) if isinstance(images, Images) else []
    known = model.choices if model.conditional else 0
    count = max(len(named), known, int(split.labels.numpy().max(initial=-1)) + 1)
    return named + [str(y) for y in range(len(named), count)]


def _grey(images: Any, model: LatentVariableModel) -> Split:
    """Images as browsers draw them, (N, S, S) as uint8 in 0…255, also those that are presented already."""
    split = Split.of(images, model)
    x = split.images
    side, presented = math.isqrt(x[0].numel()), not Examples.of(x, model, dark=True, labelled=False).grey
    if tuple(x.shape[1:]) not in ((side, side), (side * side,)) or x.min() < 0 or (presented and x.max() > 1):
        raise ValueError("Instruments show square images of grey levels in 0…255 alone.")
    x = (255 * x.float()).round() if presented else x
    return Split(x.byte().view(-1, side, side), split.labels)


def _digits(split: Split, classes: list[str]) -> dict[str, Any]:
    """The images as parts take them: a byte for each pixel, a hundred images together, and for each label."""
    images = split.images
    labels = np.zeros(len(images)) if split.labels is None else split.labels.numpy()
    if labels.max(initial=0) > 255:
        raise ValueError("Instruments show images with labels in 0…255 alone, or without labels.")
    return {
        "count": len(images),
        "side": images.shape[-1],
        "chunk": CHUNK,
        "classes": classes,
        "labels": labels.astype(np.uint8).tobytes(),
        "images": [chunk.numpy().tobytes() for chunk in images.split(CHUNK)],
    }


def _recorded(known: Checkpoint, images: Images | Split) -> bool:
    """Whether a checkpoint's maps and measures are of these images."""
    source = known.training.get("source")
    if isinstance(images, Images):
        return images.name == source
    if source not in data.SOURCES:
        return False
    with suppress(DataError):
        return torch.equal(data.read(source).test.images[: len(images)], images.images)
    return False


def _checkpoint(
    model: LatentVariableModel, known: Checkpoint | None, split: Split, *, recorded: bool
) -> dict[str, Any]:
    """A model as parts take it, with what is known of it on these images."""
    observed = split.seen_by(model).fixed()
    means = posterior_means(model, *observed).cpu().numpy()
    styles = codes.styles(model, *observed).cpu().numpy() if not model.by_row else means
    name, measures, drawn = known.path.name if known else "", {}, {}
    if known and recorded:
        measures, drawn = known.measures, known.maps
    points = {method: found[: len(split)] for method, found in drawn.items() if len(found) >= len(split)}
    points |= {"pca": maps.pca(means)} | ({"style": maps.pca(styles)} if model.conditional else {})
    shares = responsibilities(model, observed[0])
    told = {
        "name": name,
        "about": packing.about(
            name, model, measures or measure(model, split, guessed=GUESSED), _record(known)
        ),
        "p": packing.pack(model, "p"),
        "q": packing.pack(model, "q"),
        "means": means.astype("<f2").tobytes(),
        "styles": styles.astype("<f2").tobytes(),
        "maps": {method: found.astype("<f4").tobytes() for method, found in points.items()},
    }
    if shares is not None:
        told["clusters"] = packing.clusters(shares.cpu().numpy())
    return told


def _record(known: Checkpoint | None) -> dict[str, Any]:
    if known is None:
        return {"problem": "This model was not read from a checkpoint: nothing is known of its training."}
    try:
        return record(known)
    except CheckpointError as error:
        return {"problem": str(error)}
