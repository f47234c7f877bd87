"""The VAE's scenes, in their order."""

from aevb.ui.shared.plane import PLANE as PLANE_FORMULA
from aevb.ui.shared.scene import Scene
from aevb.ui.vae import mathematics

PRIOR = Scene(
    "prior",
    "New digits",
    "prior",
    "The generative model: draw 20 numbers <b>z ~ N(0, I)</b>, and the decoder turns them into an image.",
    "Left the parameters λ of 30 draws (Figure 6), right one sample x of each (Figure 7): pixels are "
    "independent given z, hence the noise.",
    mathematics=mathematics.PRIOR,
)

FLOW = Scene(
    "flow",
    "A digit through the model",
    "flow",
    "The <b>encoder</b> turns an image into a distribution over 20 numbers, the <b>decoder</b> a draw of "
    "them back into an image.",
    "A high log p(x | z): the output explains the image. A low KL: the posterior stays near the prior. "
    "All in nats.",
    mathematics=mathematics.FLOW,
)

KNOBS = Scene(
    "knobs",
    "Turn the knobs",
    "knobs",
    "Each of the 20 numbers of <b>z</b> is a knob: turn one, or pick an image of what it does, and the digit "
    "changes.",
    "The five that say most of an image, by their mean KL. In brackets: the gain over the encoder’s mean. "
    "Can you beat it?",
    mathematics=mathematics.KNOBS,
)

PLANE = Scene(
    "plane",
    "A plane of z",
    "plane",
    "Two directions of latent space span a plane through <b>z</b>: drag the mark over it, or press anywhere.",
    "PCA 1 is the direction in which the test images’ z differ most. Images that do not lie on the plane any "
    "more are dimmed.",
    mathematics=(PLANE_FORMULA,),
)

MAP = Scene(
    "map",
    "The map",
    "map",
    "10,000 test images where the <b>encoder</b> puts them: posterior means, 20 numbers projected to 2 "
    "(Figure 8).",
    "No label placed them: colours and numerals only tell what the points are. In t-SNE neighbours count, "
    "not how far its islands lie apart.",
)

WALK = Scene(
    "walk",
    "A walk",
    "walk",
    "From one digit to another through latent space.",
    "Along an arc the length of z changes evenly; a straight line’s middle lies nearer to the origin, where "
    "digits blur.",
    mathematics=mathematics.WALK,
)

DIMENSIONS = Scene(
    "dimensions",
    "Dimensions",
    "dimensions",
    "How much each dimension says of an image: its KL from posterior to prior, averaged over the test set.",
    "Choose one to see what it does. A used dimension’s posterior is narrow; an unused one’s is the prior, "
    "0 ± 1.",
    mathematics=mathematics.DIMENSIONS,
)

TRAINING = Scene(
    "training",
    "Training",
    "training",
    "The ELBO, epoch by epoch: it climbs quickly, then levels off. (Figure 5)",
    "A better likelihood is bought with more KL. |logit| ≤ 15.94 is a cap that the tutorial’s own code has "
    "unseen: see the mathematics.",
    mathematics=mathematics.TRAINING,
)

SCENES = (PRIOR, FLOW, KNOBS, PLANE, MAP, WALK, DIMENSIONS, TRAINING)
