"""The models, by name. A model's file reads like its derivation in the tutorial."""

from aevb.models.base import LatentVariableModel
from aevb.models.cvae import CVAE
from aevb.models.factor_analysis import FactorAnalysis
from aevb.models.gmvae import GMVAE
from aevb.models.vae import VAE
from aevb.models.vrnn import VRNN

REGISTRY: dict[str, type[LatentVariableModel]] = {
    kind.name: kind for kind in (FactorAnalysis, VAE, CVAE, GMVAE, VRNN)
}
"""What `config.json` and the command line call each model."""


def name_of(model: LatentVariableModel) -> str:
    """The registry's name for a model.

    Raises:
        ValueError: for a model of another class than those in the registry.
    """
    for name, kind in REGISTRY.items():
        if type(model) is kind:
            return name
    raise ValueError(
        f"The class {type(model).__name__} is none of {', '.join(REGISTRY)}: its own save_pretrained and "
        "from_pretrained keep it."
    )


__all__ = ["CVAE", "GMVAE", "REGISTRY", "VAE", "VRNN", "FactorAnalysis", "LatentVariableModel", "name_of"]
