"""The models, by name. A model's file reads like its derivation in the tutorial."""

from aevb.models.base import LatentVariableModel
from aevb.models.cvae import CVAE
from aevb.models.factor_analysis import FactorAnalysis
from aevb.models.gmvae import GMVAE
from aevb.models.vae import VAE
from aevb.models.vrnn import VRNN

REGISTRY: dict[str, type[LatentVariableModel]] = {
    "fa": FactorAnalysis,
    "vae": VAE,
    "cvae": CVAE,
    "gmvae": GMVAE,
    "vrnn": VRNN,
}
"""What `config.json` and the command line call each model."""


def name_of(model: LatentVariableModel) -> str:
    """The registry's name for a model."""
    return next(name for name, kind in REGISTRY.items() if type(model) is kind)


__all__ = ["CVAE", "GMVAE", "REGISTRY", "VAE", "VRNN", "FactorAnalysis", "LatentVariableModel", "name_of"]
