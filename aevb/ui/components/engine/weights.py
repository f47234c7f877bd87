"""A model's weights as the browser's engine reads them, at a URL of their own.

Float16 halves what travels.
"""

import json

import numpy as np
import torch
from torch import Tensor, nn

from aevb import checkpoints
from aevb.models import FactorAnalysis, LatentVariableModel, name_of
from aevb.ui import loading
from aevb.ui.components.served import Served


def pack(model: LatentVariableModel) -> bytes:
    """A header in JSON (the model's name, its configuration, each array's name and size), then the arrays.

    Weights are transposed, input by input, which is how engine.js multiplies. A checkpoint's are float16
    already, so that nothing is lost.
    """
    arrays = {name: array.detach().contiguous() for name, array in _arrays(model).items()}
    header = {
        "model": name_of(model),
        "config": model.config,
        "arrays": [[name, array.numel()] for name, array in arrays.items()],
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)  # typed arrays begin at multiples of their size
    halves = [array.numpy().astype(np.dtype("<f2")).tobytes() for array in arrays.values()]
    return len(text).to_bytes(4, "little") + text + b"".join(halves)


def _arrays(model: LatentVariableModel) -> dict[str, Tensor]:
    if isinstance(model, FactorAnalysis):
        p = model.p_x_given_z
        return {"p_x_given_z.W.weight": p.W.T, "p_x_given_z.sigma": p.sigma}
    arrays: dict[str, Tensor] = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            arrays[f"{name}.weight"] = module.weight.T
            if module.bias is not None:
                arrays[f"{name}.bias"] = module.bias
        elif isinstance(module, nn.LSTM):
            for layer in range(module.num_layers):  # input and memory one after the other, one bias
                parts = [getattr(module, f"weight_{kind}_l{layer}").T for kind in ("ih", "hh")]
                arrays[f"{name}.l{layer}.weight"] = torch.cat(parts)
                biases = (getattr(module, f"bias_{kind}_l{layer}") for kind in ("ih", "hh"))
                arrays[f"{name}.l{layer}.bias"] = sum(biases)
    return arrays


def _packed(name: str) -> bytes:
    if name not in checkpoints.shipped():
        raise LookupError(name)
    return pack(loading.checkpoint(name).model)


served = Served("weights", _packed)


def url(name: str) -> str:
    """Where a shipped checkpoint's weights are, from the server's root."""
    return served.url(name)
