"""A scrubber over the states of a `Trajectory`: everything about the chosen one, at once.

The curves with the E- and M-steps shaded, the gap, generated points over test points on the three
planes, and the true posterior against q for a chosen test point: all drawn in the browser, so that a
drag redraws on every frame and sends nothing. Python hears of the chosen step and point on release.
"""

from collections.abc import Callable

import numpy as np
import streamlit as st

from aevb.experiments import Trajectory
from aevb.figures import style
from aevb.ui.components import source
from aevb.ui.components.packing import pack

FRAMES = 800
STRIDES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # of states, so that frames stand at round steps
GENERATED = 500

_component = st.components.v2.component(
    "aevb_em_scrubber",
    html=source("em_scrubber/em_scrubber.html"),
    css=source("player.css", "em_scrubber/em_scrubber.css"),
    js=source("plot.js", "em_scrubber/em_scrubber.js"),
)

GRADIENT_STEPS = {
    "": "the initial parameters",
    "E": "E-step: raising the ELBO in φ",
    "M": "M-step: raising the ELBO in θ",
    "EM": "both at once: raising the ELBO in φ and θ",
    "shaded": "shaded: E-step, plain: M-step",
    "estimate": "shown",
}
"""What the phases are called where states are gradient steps apart."""


def em_scrubber(
    trajectory: Trajectory,
    *,
    key: str,
    run: str,
    points: np.ndarray,
    true_evidence: float,
    unit: str,
    length: float,
    live: bool = False,
    em: np.ndarray | None = None,
    words: dict[str, str] = GRADIENT_STEPS,
    start: float | None = None,
    point: int = 1,
    on_step: Callable[[], None] | None = None,
    on_point: Callable[[], None] | None = None,
) -> tuple[float | None, int | None]:
    """Mounts a scrubber.

    Args:
        trajectory: what to scrub over; it may grow from rerun to rerun.
        key: the element's, and that of its state {"step": position, "point": number}.
        run: names the trajectory: while it stays the same, so does the chosen step.
        points: the test points (N, 3).
        true_evidence: drawn as a dotted line, in nats.
        unit: what the positions count, such as "step".
        length: the last position that there will be.
        live: whether more is to come.
        em: classic EM's evidence over the same axis, as pairs (position, nats), (n, 2).
        words: what the phases are called, and what the shading means.
        start: the position shown at first; None shows the newest.
        point: the number, from 1, of the test point shown at first.
        on_step, on_point: called when the visitor has chosen another.
    Returns:
        the position and the test point's number that the visitor last chose, None where none was.
    """
    states = _thin(trajectory)
    columns = [
        states.position,
        states.elbo_estimate,
        states.elbo,
        states.evidence,
        states.gap,
        states.W,
        states.sigma,
        states.V,
        states.scale_tril,
        states.V_exact,
        states.covariance_exact,
    ]
    frames = np.concatenate([column.reshape(len(states), -1) for column in columns], axis=1)
    noise = np.random.default_rng(0).standard_normal((GENERATED, states.latent_dim + points.shape[1]))
    header = {
        "run": run,
        "unit": unit,
        "length": length,
        "live": live,
        "latentDim": states.latent_dim,
        "width": frames.shape[1],
        "spans": trajectory.spans(),
        "trueEvidence": true_evidence,
        "reach": (1.05 * np.abs(points).max(axis=0)).tolist(),
        "start": start,
        "point": point,
        "words": words,
        "colors": {
            "elbo": style.ELBO,
            "estimate": style.ELBO_ESTIMATE,
            "evidence": style.EVIDENCE,
            "gap": style.GAP,
            "gapArea": style.GAP_AREA,
            "trueModel": style.TRUE_MODEL,
            "em": style.CLASSIC_EM,
            "eStep": style.E_STEP,
            "points": style.DATA,
            "generated": style.GENERATED,
        },
    }
    state = _component(
        key=key,
        data=pack(header, frames=frames, points=points, noise=noise, em=np.zeros(0) if em is None else em),
        on_step_change=on_step or _nothing,
        on_point_change=on_point or _nothing,
    )
    return state.step, state.point


def _thin(trajectory: Trajectory) -> Trajectory:
    """At most about `FRAMES` of the states: evenly chosen, where a phase ends, and the last."""
    stride = next((s for s in STRIDES if len(trajectory) <= FRAMES * s + 1), STRIDES[-1])
    ends = np.flatnonzero(trajectory.phase[1:] != trajectory.phase[:-1])
    return trajectory[np.union1d(np.arange(0, len(trajectory), stride), [*ends, len(trajectory) - 1])]


def _nothing() -> None:
    """The states exist only where callbacks are given."""
