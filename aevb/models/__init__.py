"""The models, by name. A model's file reads like its derivation in the tutorial."""

from aevb.models.base import LatentVariableModel
from aevb.models.factor_analysis import FactorAnalysis
from aevb.models.vae import VAE

REGISTRY: dict[str, type[LatentVariableModel]] = {"fa": FactorAnalysis, "vae": VAE}
"""What `config.json` and the command line call each model."""


def name_of(model: LatentVariableModel) -> str:
    """The registry's name for a model."""
    return next(name for name, kind in REGISTRY.items() if type(model) is kind)


__all__ = ["REGISTRY", "VAE", "FactorAnalysis", "LatentVariableModel", "name_of"]
