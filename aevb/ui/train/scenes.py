"""The scenes of the page Train."""

from aevb.ui.shared.scene import Scene
from aevb.ui.train import mathematics

TRAIN = Scene(
    "train",
    "Train a model",
    "train",
    "A model learns while you watch, and you are at the wheel: <b>E-steps</b> move φ, <b>M-steps</b> θ, AEVB "
    "both.",
    notes=(
        "Start a small run, and let the class choose the next move: E-steps alone, M-steps alone, or a "
        "learning rate ten times as high. Scrub back through the film when something has gone wrong. With "
        "E-steps alone the samples do not improve; many expect them to."
    ),
    options={"first": "vae"},
    mathematics=mathematics.TRAIN,
)

COMPARE = Scene(
    "compare",
    "Compare runs",
    "train",
    "Runs side by side, also while they are under way: whose <b>validation ELBO</b> is higher, and do its "
    "draws look better?",
    notes=(
        "Start two runs that differ in one setting, and let the class bet while they train. Judge by the "
        "validation ELBO first, then by the draws, and say when the two disagree. Once they have ended, send "
        "any test image through each. A conditional VAE bounds log p(x | y), the others log p(x), so that "
        "theirs is no fair race; β changes what is climbed, not what is shown."
    ),
    options={"compares": True},
)

FACTORS = Scene(
    "factors",
    "Factors of a run",
    "train",
    "A run of <b>factor analysis</b>: each column of <b>W</b> is what its factor adds to an image, <b>σ</b> "
    "what is left to noise.",
    "Move the z of a test image from the mean of q. W is unique only up to a rotation of z: what these span "
    "has a meaning, one of them alone has none.",
    notes=(
        "Set all of z to the prior mean: what is left is μ, the average image. Then move one factor at a "
        "time and ask what it stands for. It is a blend, and another seed ends with other blends of the same "
        "span. Say what a linear model cannot do: move a stroke."
    ),
    options={"factors": True},
    mathematics=mathematics.FACTORS,
)

SCENES = (TRAIN, COMPARE, FACTORS)
