"""A model's weights as the browser's engine reads them, at a URL of their own.

Float16 halves what travels; the URL holds a hash of the bytes, so that they may be kept for ever.
"""

import hashlib
import json

import numpy as np
import streamlit as st
import torch
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from torch import Tensor, nn

from aevb import checkpoints
from aevb.models import FactorAnalysis, LatentVariableModel, name_of
from aevb.ui import loading

FOREVER = "public, max-age=31536000, immutable"


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
            for layer in range(module.num_layers):  # input and memory one after the other
                parts = [getattr(module, f"weight_{kind}_l{layer}").T for kind in ("ih", "hh")]
                arrays[f"{name}.l{layer}.weight"] = torch.cat(parts)
                # Two biases: their sum would have to be rounded.
                arrays[f"{name}.l{layer}.bias"] = getattr(module, f"bias_ih_l{layer}")
                arrays[f"{name}.l{layer}.memory_bias"] = getattr(module, f"bias_hh_l{layer}")
    return arrays


@st.cache_resource(show_spinner=False)
def packed(name: str) -> tuple[str, bytes]:
    """A shipped checkpoint's packed weights after their hash."""
    content = pack(loading.checkpoint(name).model)
    return hashlib.sha256(content).hexdigest()[:16], content


def url(name: str) -> str:
    """Where a shipped checkpoint's weights are, from the server's root."""
    return f"{_base()}/weights/{name}/{packed(name)[0]}"


def serve(request: Request) -> Response:
    """The weights, to be kept for ever; under a hash that is not theirs any more, 404."""
    name, hash_ = request.path_params["name"], request.path_params["hash"]
    if name not in checkpoints.shipped():
        return Response("There is no such checkpoint.", 404)
    current, content = packed(name)
    if hash_ != current:
        return Response("The checkpoint has changed: reload the page.", 404)
    return Response(content, media_type="application/octet-stream", headers={"Cache-Control": FOREVER})


def route() -> Route:
    """For `st.App`."""
    return Route(_base() + "/weights/{name}/{hash}", serve)


def _base() -> str:
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""
