"""A small model of each kind in the registry, and data such as it observes."""

import torch

from aevb.models import REGISTRY, LatentVariableModel

SMALL = {
    "fa": {"data_dim": 5, "latent_dim": 3},
    "vae": {"data_dim": 12, "latent_dim": 3, "hidden_dims": [16, 8]},
    "cvae": {"data_dim": 12, "classes": 5, "latent_dim": 3, "hidden_dims": [16, 8]},
    "gmvae": {"data_dim": 12, "clusters": 5, "latent_dim": 3, "hidden_dims": [16, 8]},
    "vrnn": {
        "data_dim": 8,
        "length": 7,
        "latent_dim": 3,
        "memory_dim": 9,
        "memory_layers": 2,
        "hidden_dims": [16],
    },
}

TRAINING = {
    "command": "python -m aevb train",
    "data": "some",
    "config": {"seed": 0},
    "seconds": 60.0,
    "chosen": "the only one",
    "epoch": 1,
    "curve": [
        {
            "epoch": 1,
            "train_elbo": 10.0,
            "test_elbo": 11.0,
            "test_terms": {"reconstruction": 12.0, "minus_kl_z": -1.0},
        }
    ],
    "test": {"elbo": 11.0, "bound": {"10": 12.0, "100": 13.0}},
}
"""A record of a training of one epoch, as a page reads it."""


def make(name: str, seed: int = 0) -> LatentVariableModel:
    """The model `name` with its `SMALL` arguments, in evaluation mode."""
    torch.manual_seed(seed)
    return REGISTRY[name](**SMALL[name]).eval()


def observe(model: LatentVariableModel, count: int, seed: int = 0) -> tuple[torch.Tensor, ...]:
    """Data such as the model observes, (x,) or (x, y)."""
    rows = (model.length,) if model.observation == "rows" else ()
    x = torch.rand(count, *rows, model.data_dim, generator=seeded(seed))
    if model.observation == "vector":
        x = 4 * x - 2
    elif model.observation in ("binary", "rows"):
        x = x.round()
    return (x, torch.arange(count) % model.classes) if model.conditional else (x,)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
