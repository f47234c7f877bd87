"""What models generate, put together as pictures: the tutorial's Figures 6, 7, 9, 11 and 12.

Each is a function of a model and a seed.
"""

import numpy as np
import torch
from torch import Generator

from aevb.explore import codes
from aevb.explore.clusters import Clustering
from aevb.explore.codes import squares
from aevb.figures import images
from aevb.models import CVAE, GMVAE, VAE, VRNN

COUNT = 30
STYLES = 12  # in a row of Figure 9
DRAWS = 15  # in a row of Figure 11


def prior(model: VAE, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Figures 6 and 7: λ of 30 draws z ~ p(z) and a sample of each, tiled, (H, W) uint8 each."""
    lambdas, samples = codes.generate(model, COUNT, generator=Generator().manual_seed(seed))
    return images.tile(squares(lambdas), 6, scale=5), images.tile(squares(samples), 6, scale=5)


def labels(model: CVAE, seed: int) -> str:
    """Figure 9: a line for each label, λ of the same 12 styles ε ~ N(0, I) in each; HTML."""
    every = torch.arange(model.choices)
    epsilon = torch.randn(STYLES, model.latent_dim, generator=Generator().manual_seed(seed))
    lambdas = codes.write(model, epsilon, every.unsqueeze(-1))
    return images.table(squares(lambdas), [f"{label}" for label in every])


def clusters(model: GMVAE, found: Clustering, seed: int) -> str:
    """Figure 11: a line for each cluster, 15 draws z ~ p(z | y) in it, decoded; HTML."""
    size = model.choices, DRAWS, model.latent_dim
    epsilon = torch.randn(size, generator=Generator().manual_seed(seed))
    probs = codes.write(model, epsilon, torch.arange(model.choices).unsqueeze(-1))
    return images.table(squares(probs[found.order]), found.titles)


@torch.no_grad()
def sequences(model: VRNN, seed: int) -> np.ndarray:
    """Figure 12, right: 30 samples drawn row by row, tiled, (H, W) uint8."""
    x = model.sample(COUNT, generator=Generator().manual_seed(seed))
    return images.tile(x.unflatten(1, (model.length, -1)).numpy(), 10, scale=5)
