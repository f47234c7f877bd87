"""The mathematics of a plane through latent space, the same for every model."""

from aevb.explore.maps import directions
from aevb.ui.shared.scene import Formula

PLANE = Formula(
    "A plane",
    r"""
$$
\mathbf z(a, b) = \mathbf z_0 + a\, \mathbf u + b\, \mathbf v
$$

through the present $\mathbf z_0$; for a model with labels or clusters the same with $\boldsymbol\epsilon$.
The directions $\mathbf u$ and $\mathbf v$ are those of two dimensions, or principal ones: along PCA 1 the
codes $\mathbf z_i$ of the test set differ most, along PCA 2 most of what is left. They are the first right
singular vectors of the codes about their mean,

$$
[\mathbf z_1 - \bar{\mathbf z}, \dots, \mathbf z_N - \bar{\mathbf z}]^\top
= \mathbf A\, \mathbf S\, [\mathbf u_1, \dots, \mathbf u_L]^\top
$$
""",
    directions,
    ("centre =", "rows ="),
)
