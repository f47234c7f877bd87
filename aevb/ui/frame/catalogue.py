"""Every page, in the order of the menu: its address, its scenes, and the checkpoints that they look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aevb import places
from aevb.ui.cvae.scenes import SCENES as CVAE
from aevb.ui.draw.scenes import SCENES as DRAW
from aevb.ui.factor_analysis.scenes import SCENES as FACTOR_ANALYSIS
from aevb.ui.gmvae.scenes import SCENES as GMVAE
from aevb.ui.overview.scenes import SCENES as OVERVIEW
from aevb.ui.shared.scene import Scene
from aevb.ui.train.scenes import SCENES as TRAIN
from aevb.ui.vae.scenes import SCENES as VAE
from aevb.ui.vrnn.scenes import SCENES as VRNN

PAGES = places.ROOT / "pages"


@dataclass(frozen=True)
class Page:
    """A page of the app.

    Attributes:
        name: the last part of its address; "" for the first page.
        checkpoints: the one that its scenes look at, or several by name.
    """

    name: str
    title: str
    scenes: Sequence[Scene]
    checkpoints: tuple[str, ...] = ()

    @property
    def script(self) -> Path:
        """The script that Streamlit runs for it."""
        return PAGES / f"{self.name.replace('-', '_') or 'overview'}.py"


MENU = (
    Page("", "Overview", OVERVIEW),
    Page("factor-analysis", "Factor analysis", FACTOR_ANALYSIS),
    Page("vae", "VAE", VAE, ("vae",)),
    Page("cvae", "Conditional VAE", CVAE, ("cvae",)),
    Page("gmvae", "Gaussian mixture VAE", GMVAE, ("gmvae",)),
    Page("vrnn", "Variational RNN", VRNN, ("vrnn",)),
    Page("draw", "Draw", DRAW, ("vae", "cvae", "gmvae", "vrnn")),
    Page("train", "Train", TRAIN),
)


def page(name: str) -> Page:
    """The page of that name."""
    (found,) = (page for page in MENU if page.name == name)
    return found
