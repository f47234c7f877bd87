"""aevb: latent variable models trained with auto-encoding variational Bayes.

>>> import aevb
>>> model = aevb.load("vae").model  # or a folder, or a repository of the Hugging Face Hub
>>> digits = aevb.data.read()  # or "fashion", "kmnist", a folder of images, an .npz
>>> aevb.evaluate(model, digits.test.seen_by(model), bounds=10)
"""

from aevb.checkpoints import Checkpoint, CheckpointError, load, save
from aevb.data import DataError, Examples
from aevb.evaluation import evaluate
from aevb.models import CVAE, GMVAE, VAE, VRNN, FactorAnalysis, LatentVariableModel
from aevb.models.base import Estimate
from aevb.training import Alternating, Diverged, Run, Simultaneous, TrainingConfig, train

__all__ = [
    "CVAE",
    "GMVAE",
    "VAE",
    "VRNN",
    "Alternating",
    "Checkpoint",
    "CheckpointError",
    "DataError",
    "Diverged",
    "Estimate",
    "Examples",
    "FactorAnalysis",
    "LatentVariableModel",
    "Run",
    "Simultaneous",
    "TrainingConfig",
    "evaluate",
    "load",
    "save",
    "train",
]

__version__ = "0.2.0"
