"""The scenes of the page Train."""

from aevb.ui.shared.scene import Scene
from aevb.ui.train import mathematics

TRAIN = Scene(
    "train",
    "Train a model",
    "train",
    "A model learns while you watch, and you are at the wheel: <b>E-steps</b> move φ, <b>M-steps</b> θ, AEVB "
    "both.",
    options={"first": "vae"},
    mathematics=mathematics.TRAIN,
)

COMPARE = Scene(
    "compare",
    "Compare runs",
    "train",
    "Runs side by side, also while they are under way: whose <b>validation ELBO</b> is higher, and do its "
    "draws look better?",
    options={"compares": True},
)

SCENES = (TRAIN, COMPARE)
