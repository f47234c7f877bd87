"""A model's weights as the browser's engine reads them (aevb/web/engine/weights.js).

Float16 halves what travels; a shipped checkpoint's are float16 already, so that nothing is lost, and of so
few bits of fraction that they compress (benchmarks/rounding.py). What a model generates with and what it
infers with are packed apart: most pages need one long before the other.
"""

import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from aevb.models import LatentVariableModel, name_of

Part = Literal["p", "q"]
"""The generative parameters θ, or the inference parameters φ: a parameter's name says which."""

MAX_CHOICES = 256


def pack(model: LatentVariableModel, part: Part) -> bytes:
    """A header in JSON, its length before it in four bytes, and then the arrays in float16: the high bytes
    of all numbers, and then their low bytes.

    A high byte holds sign, exponent and two bits of the fraction, and few of them are common; the bits of low
    bytes are as good as random. Apart, they compress to 7 % less than number by number.

    The header has the model's name in the registry, its `config` and `observation`, the `arrays` as
    [name, size] in their order, and the `adler32` of all bytes after it: what was damaged on its way, or on a
    disk, is not shown.

    Raises:
        ValueError: for a model of another class than those in the registry, or with nets of one's own, or of
            more than 256 labels or clusters, or for a weight beyond the range of float16.
    """
    if model.choices > MAX_CHOICES:
        raise ValueError(
            f"Browsers are told labels and clusters by a byte: of at most {MAX_CHOICES}, not {model.choices}."
        )
    if model.own_nets:
        raise ValueError(
            f"Browsers know only this library's own nets, not another {' or '.join(model.own_nets)}."
        )
    found = {name: array.detach() for name, array in arrays(model) if name.startswith(f"{part}_")}
    values = np.concatenate([array.cpu().numpy().ravel() for array in found.values()])
    if np.abs(values).max() > np.finfo(np.float16).max:
        raise ValueError("A weight is beyond the range of float16, in which browsers are sent them.")
    high_and_low = values.astype(">f2").view(np.uint8).reshape(-1, 2).T.tobytes()
    header = {
        "model": name_of(model),
        "config": model.config,
        "observation": model.observation,
        "arrays": [[name, array.numel()] for name, array in found.items()],
        "adler32": zlib.adler32(high_and_low),
    }
    text = json.dumps(header).encode()
    return len(text).to_bytes(4, "little") + text + high_and_low


def arrays(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Every parameter by its name; a layer's weights stand input by input, as the engine multiplies."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            yield f"{name}.weight", module.weight.T
            if module.bias is not None:
                yield f"{name}.bias", module.bias
        elif isinstance(module, nn.LSTM):
            for layer in range(module.num_layers):  # input and memory one after the other
                parts = [getattr(module, f"weight_{kind}_l{layer}").T for kind in ("ih", "hh")]
                yield f"{name}.l{layer}.weight", torch.cat(parts)
                # Two biases: their sum would have to be rounded.
                yield f"{name}.l{layer}.bias", getattr(module, f"bias_ih_l{layer}")
                yield f"{name}.l{layer}.memory_bias", getattr(module, f"bias_hh_l{layer}")
        else:
            for own, parameter in module.named_parameters(recurse=False):
                yield f"{name}.{own}", parameter


def about(
    name: str, model: LatentVariableModel, measures: Mapping[str, Any], record: Mapping[str, Any]
) -> bytes:
    """In JSON: what a model is, what was measured of it (`aevb.explore.measures`), and how it was trained, as
    `aevb.explore.record` tells it or a "problem" in a sentence.
    """
    return json.dumps(
        {
            "name": name,
            "kind": name_of(model),
            "config": model.config,
            "latentDim": model.latent_dim,
            "labelled": model.conditional,
            "choices": model.choices,
            "measures": measures,
            "record": record,
        }
    ).encode()


def clusters(shares: np.ndarray) -> bytes:
    """Of q(y | x), (N, C), each example's largest, in float32, and then whose they are, a byte each."""
    return shares.max(1).astype("<f4").tobytes() + shares.argmax(1).astype(np.uint8).tobytes()
