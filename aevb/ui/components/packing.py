"""How arrays travel to a component: as bytes, in one piece.

Streamlit passes bytes through as they are only where they are all of `data`, so a small header says
what they hold; `unpack` in plot.js is the counterpart.
"""

import json
from typing import Any

import numpy as np


def pack(header: dict[str, Any], **arrays: np.ndarray) -> bytes:
    """Plain values and arrays (any shape, sent as flat float32) as one piece of bytes."""
    flat = {name: np.ascontiguousarray(array, dtype="<f4").ravel() for name, array in arrays.items()}
    text = json.dumps(header | {"arrays": [[name, array.size] for name, array in flat.items()]}).encode()
    text += b" " * (-len(text) % 4)  # float32 arrays begin at multiples of 4
    return len(text).to_bytes(4, "little") + text + b"".join(array.tobytes() for array in flat.values())
