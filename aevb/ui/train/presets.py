"""Where to begin: for each model half a minute, a run like the tutorial's, and one that fails to learn.

For the VAE also one on points of the plane.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Preset:
    """Settings with a name.

    Attributes:
        id: "quick", "tutorial", "break" or "moons".
        title: a few words.
        says: what it is for, and what to look for, in a sentence or two.
        specification: as `aevb.ui.train.specification.read` takes it.
    """

    id: str
    title: str
    says: str
    specification: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """For the page."""
        return asdict(self)


def _presets(
    model: str,
    quick: tuple[str, Mapping[str, Any], Mapping[str, Any]],
    tutorial: tuple[str, Mapping[str, Any], Mapping[str, Any]],
    broken: tuple[str, Mapping[str, Any], Mapping[str, Any]],
    *more: Preset,
    data: str = "sample",
) -> Sequence[Preset]:
    titles = {"quick": "30 seconds", "tutorial": "Like the tutorial", "break": "Break it"}
    three = [
        Preset(
            id,
            titles[id],
            says,
            {"model": model, "arguments": arguments, "data": data, "training": training, "seed": 0},
        )
        for id, (says, arguments, training) in zip(titles, (quick, tutorial, broken), strict=True)
    ]
    return [*three, *more]


MOONS = Preset(
    "moons",
    "Two moons",
    "Points of the plane in the place of images, so that all of p(x) is in sight: its draws find the two "
    "moons, and leave the bridge between them last.",
    {
        "model": "vae",
        "arguments": {"latent_dim": 2, "hidden_dims": [64, 64], "likelihood": "gaussian"},
        "data": "moons",
        "training": {"epochs": 60, "learning_rate": 0.003, "rate": "cosine"},
        "seed": 0,
    },
)

TITLES = {
    "fa": "Factor analysis",
    "vae": "VAE",
    "cvae": "Conditional VAE",
    "gmvae": "Gaussian mixture VAE",
    "vrnn": "Variational RNN",
}
"""Of the models that can be trained, in their order on the page."""

PRESETS: Mapping[str, Sequence[Preset]] = {
    "fa": _presets(
        "fa",
        (
            "Ten latent variables for 8 × 8 digits. The gap to log p(x), which is exact here, closes as q "
            "finds the posterior.",
            {"latent_dim": 10},
            {"epochs": 200, "learning_rate": 0.02},
        ),
        (
            "E-steps and M-steps in turn, as in Experiment 2: in each E region the gap closes, in each M "
            "region it opens while the evidence rises.",
            {"latent_dim": 2},
            {"steps": 6000, "learning_rate": 0.01, "schedule": [500, 500]},
        ),
        (
            "E-steps alone: q finds the posterior of a model that never learns. The gap closes, the evidence "
            "stays where it was, and the draws stay noise.",
            {"latent_dim": 10},
            {"epochs": 100, "learning_rate": 0.02, "schedule": [1, 0]},
        ),
        data="digits",
    ),
    "vae": _presets(
        "vae",
        (
            "Two latent variables, so that the map shows all of them: digits find their places within "
            "seconds.",
            {"latent_dim": 2, "hidden_dims": [200]},
            {"epochs": 40},
        ),
        (
            "Section 5.3's VAE: 20 latent variables, two layers of 500, dropout, Adam at 0.0003. On a sample "
            "of MNIST unless you choose all of it.",
            {"latent_dim": 20, "hidden_dims": [500, 500], "dropout": 0.1},
            {"epochs": 100, "learning_rate": 3e-4},
        ),
        (
            "The KL weighs 300 times as much: q gives up, KL(z) falls to 0, all reconstructions and draws "
            "become the same average digit. Lower β to 1 in mid-run and see whether it recovers.",
            {"latent_dim": 2, "hidden_dims": [200]},
            {"epochs": 30, "beta": 300.0},
        ),
        MOONS,
    ),
    "cvae": _presets(
        "cvae",
        (
            "The label is given, so that z holds the style alone. The draws are of the labels 0 to 9, and "
            "again from 0.",
            {"latent_dim": 2, "hidden_dims": [200]},
            {"epochs": 40},
        ),
        (
            "Section 5.4's conditional VAE: 20 latent variables, two layers of 500, dropout, Adam at 0.0003.",
            {"latent_dim": 20, "hidden_dims": [500, 500], "dropout": 0.1},
            {"epochs": 100, "learning_rate": 3e-4},
        ),
        (
            "The KL weighs 300 times as much: z holds nothing, and each label has one average digit, in the "
            "reconstructions as in the draws.",
            {"latent_dim": 2, "hidden_dims": [200]},
            {"epochs": 30, "beta": 300.0},
        ),
    ),
    "gmvae": _presets(
        "gmvae",
        (
            "Ten clusters that no label helps to find. Watch their accuracy and their sizes: a cluster that "
            "is empty early seldom returns.",
            {"latent_dim": 10, "hidden_dims": [200, 200]},
            {"epochs": 12},
        ),
        (
            "Section 5.5's GMVAE: 64 latent variables, two layers of 512, y summed over.",
            {"latent_dim": 64, "hidden_dims": [512, 512]},
            {"epochs": 30},
        ),
        (
            "A learning rate ten times too high: within an epoch one cluster has all images, and the others "
            "never get one back.",
            {"latent_dim": 10, "hidden_dims": [200, 200]},
            {"epochs": 10, "learning_rate": 0.01},
        ),
    ),
    "vrnn": _presets(
        "vrnn",
        (
            "8 × 8 digits, which grow row by row.",
            {"latent_dim": 2, "memory_dim": 64, "memory_layers": 1, "hidden_dims": [64]},
            {"epochs": 100, "learning_rate": 0.003},
        ),
        (
            "Section 5.6's sizes on 8 × 8 digits: a memory of two layers of 256, nets of two layers of 500. "
            "On MNIST it takes an hour and more.",
            {},
            {"epochs": 100},
        ),
        (
            "The KL weighs 20 times as much: the memory alone predicts the rows, and z is passed over. The "
            "reconstructions no longer follow their images.",
            {"latent_dim": 2, "memory_dim": 64, "memory_layers": 1, "hidden_dims": [64]},
            {"epochs": 100, "learning_rate": 0.003, "beta": 20.0},
        ),
        data="digits",
    ),
}
"""By the model's name in the registry."""
