"""The scenes of the page CVAE, in their order."""

from aevb.ui.cvae import cells, mathematics, questions
from aevb.ui.shared import cells as shared_cells
from aevb.ui.shared.plane import PLANE as PLANE_FORMULA
from aevb.ui.shared.scene import Scene

STYLES = Scene(
    "styles",
    "Labels and styles",
    "grid",
    "The <b>label</b> y is told, so z is left with what it does not say, a <b>style</b>: a row for each "
    "label, drawn in styles ε ~ N(0, I).",
    "Down a column slant, width and stroke tend to stay while the label changes. Unshared, every image has "
    "a style of its own (Figure 9).",
    options={"columns": 12, "styles": True},
    mathematics=mathematics.STYLES,
    cell=cells.styles,
)

REWRITE = Scene(
    "rewrite",
    "A digit rewritten",
    "rewrite",
    "What is left of a digit when its label is taken away is its <b>style</b>: it can be written under any "
    "other.",
    "A label’s prior is a region of its own, so z itself tells the label, and the decoder believes z: to "
    "change the label, z has to move to the same place in another region.",
    mathematics=mathematics.REWRITE,
    cell=cells.rewrite,
    questions=(questions.KEPT,),
)

GUESS = Scene(
    "guess",
    "Which label?",
    "guess",
    "Asked how probable an image is under each label, p(x | y), the model is a <b>classifier</b> by Bayes’ "
    "rule.",
    "p(y | x) ∝ p(x | y) p(y), every label as likely beforehand. A difference of 7 nats is a factor of a "
    "thousand.",
    mathematics=mathematics.GUESS,
    cell=cells.guess,
    questions=(questions.RUNNER_UP,),
)

KNOBS = Scene(
    "knobs",
    "Turn the style",
    "knobs",
    "One <b>style ε</b> under all labels: turn its numbers, choose the label below the digit, or stop "
    "between two.",
    "ε says where z lies in its label’s prior, so that it means the same under each. The numbers that "
    "say most of an image, by their mean KL.",
    mathematics=mathematics.KNOBS,
    cell=cells.knobs,
)

PLANE = Scene(
    "plane",
    "A plane of styles",
    "plane",
    "Two directions of the styles span a plane through <b>ε</b>: drag the mark over it, or press anywhere.",
    "The plane is written as the label that the dial chooses. PCA 1 is the direction in which the test "
    "images’ ε differ most.",
    mathematics=(PLANE_FORMULA, *mathematics.PLANE),
    cell=cells.plane,
)

BETWEEN = Scene(
    "between",
    "Between labels and styles",
    "between",
    "From one <b>style</b> to another by columns, from one <b>label</b> to another by rows.",
    "The first and the last row are labels. What is between them was never seen in training: weights of "
    "two labels.",
    mathematics=mathematics.BETWEEN,
    cell=cells.between,
)

MAP = Scene(
    "map",
    "The map",
    "map",
    "Test images where the <b>encoder</b> puts them: posterior means of z, projected to the plane.",
    "The encoder is told the label, so z need not tell the classes apart; it does where p(z | y) gives each "
    "a region. PCA of ε takes the regions away.",
    mathematics=(mathematics.STYLE,),
    cell=shared_cells.latent_map,
)

DIMENSIONS = Scene(
    "dimensions",
    "Dimensions",
    "dimensions",
    "How much each dimension adds to the label.",
    cell=shared_cells.dimensions,
)

TRAINING = Scene(
    "training",
    "Training",
    "training",
    "How the checkpoint was trained: the ELBO, epoch by epoch.",
    mathematics=mathematics.TRAINING,
    cell=shared_cells.training,
)

SCENES = (STYLES, REWRITE, GUESS, KNOBS, PLANE, BETWEEN, MAP, DIMENSIONS, TRAINING)
