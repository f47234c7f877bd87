"""W is identified up to rotation only: an angle to turn, live, and everything that stays the same."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from aevb.experiments import Trajectory
from aevb.figures import style
from aevb.ui.components import source
from aevb.ui.components.packing import pack

GENERATED = 500

_component = st.components.v2.component(
    "aevb_rotation",
    html=source("rotation/rotation.html"),
    css=source("rotation/rotation.css"),
    js=source("plot.js", "rotation/rotation.js"),
)


def rotation(
    state: Trajectory, *, key: str, run: str, points: np.ndarray, angle: int, on_angle: Callable[[], None]
) -> int | None:
    """Mounts the demonstration.

    Args:
        state: its last state's W and sigma are what is rotated.
        key: the element's, and that of its state {"angle": degrees}.
        run: names the state: while it stays the same, so does the angle.
        points: the test points (N, 3).
        angle: shown at first, in degrees.
        on_angle: called when the visitor has chosen another.
    Returns:
        the angle last chosen, None where none was.
    """
    W, sigma = state.W[-1], state.sigma[-1]
    header = {
        "run": run,
        "latentDim": state.latent_dim,
        "angle": angle,
        "reach": (1.05 * np.abs(points).max(axis=0)).tolist(),
        "colors": {"points": style.DATA, "generated": style.GENERATED, "evidence": style.EVIDENCE},
    }
    data = pack(
        header,
        W=W,
        sigma=sigma,
        points=points,
        noise=np.random.default_rng(0).standard_normal((GENERATED, state.latent_dim + points.shape[1])),
        moment=points.T @ points / len(points),
        covariance=W @ W.T + np.diag(sigma**2),
    )
    return _component(key=key, data=data, on_angle_change=on_angle).angle
