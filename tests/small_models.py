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


def make(name: str, seed: int = 0) -> LatentVariableModel:
    """The model `name` with its `SMALL` arguments, in evaluation mode."""
    torch.manual_seed(seed)
    return REGISTRY[name](**SMALL[name]).eval()


def observe(model: LatentVariableModel, count: int, seed: int = 0) -> tuple[torch.Tensor, ...]:
    """Data such as the model observes, (x,) or (x, y)."""
    rows = (model.length,) if model.length > 1 else ()
    x = torch.rand(count, *rows, model.data_dim, generator=seeded(seed))
    if model.observation == "vector":
        x = 4 * x - 2
    elif model.observation in ("binary", "rows"):
        x = x.round()
    return (x, torch.arange(count) % model.choices) if model.conditional else (x,)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
