"""What the tests of pages in this process share."""

import json

import numpy as np
from streamlit.testing.v1 import AppTest


def mounted(app: AppTest, component: str) -> tuple[dict, np.ndarray]:
    """The header and the arrays, joined, that the page's only such component was given."""
    protos = [element.proto for element in app.get("bidi_component")]
    (data,) = [proto.bytes for proto in protos if proto.component_name.endswith(component)]
    length = int.from_bytes(data[:4], "little")
    return json.loads(data[4 : 4 + length]), np.frombuffer(data, "<f4", offset=4 + length)


def linked(app: AppTest, param: str) -> str | None:
    """What the page's URL says under a name."""
    return "".join(app.query_params[param]) if param in app.query_params else None
