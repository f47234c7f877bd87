"""What the tests of pages in this process share."""

import json
from collections.abc import Sequence

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


def sliders(app: AppTest, param: str) -> list[float]:
    """Where the sliders whose values the URL has under a name were last put."""
    return app.session_state[f"{param}_opening"].start[0].tolist()


def let_go(
    app: AppTest, param: str, z: Sequence[float], choice: float = 0, plane: Sequence[int] = (0, 1)
) -> None:
    """What those sliders report when a visitor lets go of one, or of their dial."""
    run = mounted(app, "aevb_latent")[0]["run"]
    view = {"run": run, "z": z, "choice": choice, "plane": plane}
    app.session_state[f"{param}_sliders"] = {"view": view}
    app.run()
