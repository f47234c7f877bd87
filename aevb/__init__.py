"""aevb: latent variable models trained with auto-encoding variational Bayes.

>>> import aevb
>>> model = aevb.VAE.from_pretrained("checkpoints/vae")
"""

from aevb.checkpoints import Checkpoint, CheckpointError, load, save
from aevb.data import DataError, Examples
from aevb.evaluation import evaluate
from aevb.models import CVAE, GMVAE, VAE, VRNN, FactorAnalysis, LatentVariableModel
from aevb.training import Alternating, Simultaneous, TrainingConfig, train

__all__ = [
    "CVAE",
    "GMVAE",
    "VAE",
    "VRNN",
    "Alternating",
    "Checkpoint",
    "CheckpointError",
    "DataError",
    "Examples",
    "FactorAnalysis",
    "LatentVariableModel",
    "Simultaneous",
    "TrainingConfig",
    "evaluate",
    "load",
    "save",
    "train",
]
