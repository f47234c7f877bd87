"""The scenes of the page CVAE, in their order."""

from aevb.ui.cvae import cells, mathematics, questions
from aevb.ui.shared import cells as shared_cells
from aevb.ui.shared import contents
from aevb.ui.shared.mathematics import formula
from aevb.ui.shared.plane import PLANE as PLANE_FORMULA
from aevb.ui.shared.scene import Scene

STYLES = Scene(
    "styles",
    "Labels and styles",
    "grid",
    "The <b>label</b> y is told, so what z adds to it is a <b>style</b> ε, its place in the label’s prior: a "
    "row for each label, drawn in styles ε ~ N(0, I).",
    "Down a column slant, width and stroke tend to stay while the label changes. Unshared, every image has "
    "a style of its own (Figure 9).",
    notes=(
        "Run a finger down a column: the same ε under ten labels. Switch off The same styles in every row to "
        "show what the columns were for. Students say that a number of ε is the slant; together they hold "
        "whatever the label does not tell, and nobody named any of it."
    ),
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
    notes=(
        "Choose a strongly slanted digit and compare the two rows. Copying z fails, copying ε works: ask why "
        "before you say it. The mistake is to believe that z is independent of y because y was given; the "
        "prior p(z | y) says otherwise."
    ),
    mathematics=mathematics.REWRITE,
    cell=cells.rewrite,
    questions=(questions.KEPT,),
)

KINDS = {
    "xz": ("x and z", r"p(\mathbf x \mid \mathbf z, \mathbf y)\, p(\mathbf z \mid \mathbf y)"),
    "x": ("x alone", r"p(\mathbf x \mid \mathbf z, \mathbf y)\, p(\mathbf z)"),
    "z": ("z alone", r"p(\mathbf x \mid \mathbf z)\, p(\mathbf z \mid \mathbf y)"),
    "shuffled": (
        "x and z, random y",
        r"p(\mathbf x \mid \mathbf z, \mathbf y)\, p(\mathbf z \mid \mathbf y)",
    ),
}
"""What the label conditions, and how the joint density is made, by the checkpoint's name in conditioned/."""

CONDITIONED = Scene(
    "conditioned",
    "What the label conditions",
    "conditioned",
    "Small models whose label y conditions <b>x</b>, <b>z</b>, or both draw with the same y and noise ε; the "
    "last was trained on random y.",
    "Where y conditions z each label has a region of its own: another digit appears only near a border. "
    "Where it conditions x alone one p(z) serves all, z here tells of the digit too, and y bends it only so "
    "far.",
    options={
        "kinds": [
            {"name": name, "title": title, "density": formula(density)}
            for name, (title, density) in KINDS.items()
        ]
    },
    contents={
        f"{content.kind}_{name}": (content, f"conditioned/{name}{key}")
        for name in KINDS
        for content, key in ((contents.WEIGHTS, "/p"), (contents.ABOUT, ""))
    },
    notes=(
        "Read across, then step through the labels and follow one place in each grid. Students expect style "
        "alone from z where y conditions x alone: but to tell the digit too costs z no more than 2.3 nats of "
        "1,800, log 10, and this model pays some of that. A z drawn without regard to y then contradicts y. "
        "The last model was told labels at random and learned to leave them out "
        "(section 5.4.4)."
    ),
    mathematics=mathematics.CONDITIONED,
    cell=cells.conditioned,
)

GUESS = Scene(
    "guess",
    "Which label?",
    "guess",
    "Asked how probable an image is under each label, p(x | y), the model is a <b>classifier</b> by Bayes’ "
    "rule.",
    "p(y | x) ∝ p(x | y) p(y), every label as likely beforehand. A difference of 7 nats is a factor of a "
    "thousand.",
    notes=(
        "Choose an ambiguous digit, a 4 like a 9, and read the differences in nats: 7 are a factor of a "
        "thousand. Then say that nothing was trained to classify. Students take the probabilities for "
        "calibrated ones; they are far too sure, since errors of a density in 784 dimensions add up."
    ),
    mathematics=mathematics.GUESS,
    cell=cells.guess,
    questions=(questions.RUNNER_UP,),
)

CONFUSION = Scene(
    "confusion",
    "Guesses against labels",
    "confusion",
    "Which digits the model takes for which, by the <b>bounds</b> on log p(x | y): nothing was trained to "
    "classify.",
    "Choose a cell to see its images, and an image to see what p(y | x) says of it.",
    notes=(
        "Open the largest number off the diagonal and let the class say what each digit is. Then look at how "
        "sure the model was: nearly always very. A bound under a wrong label comes from an encoder that was "
        "never trained there, so that it is less tight: that speaks for the right one."
    ),
    mathematics=mathematics.GUESS,
    cell=cells.confusion,
    questions=(questions.NAMED,),
)

KNOBS = Scene(
    "knobs",
    "Turn the style",
    "knobs",
    "One <b>style ε</b> under all labels: turn its numbers, choose the label below the digit, or stop "
    "between two.",
    "ε says where z lies in its label’s prior. Shown are the numbers that say most of an image, by their "
    "mean KL.",
    notes=(
        "Choose a knob, turn it, then change the label below the digit while the knob stays. Stop the dial "
        "between two labels: that input was never seen in training. ε is counted in standard deviations of "
        "its label’s prior, so that 2 is far out for every label; that it also looks alike under each is the "
        "nets’ doing."
    ),
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
    notes=(
        "Drag the mark to a corner and turn the dial through the labels: the style goes along. Ask what "
        "would happen if z instead of ε were kept. The axes are directions of styles, so that the digit’s "
        "class is nowhere on this plane."
    ),
    mathematics=(PLANE_FORMULA, *mathematics.PLANE),
    cell=cells.plane,
)

BETWEEN = Scene(
    "between",
    "Between labels and styles",
    "between",
    "From one <b>style</b> to another by columns, from one <b>label</b> to another by rows.",
    "The first and the last row are labels. Rows between mix two labels by the weights at the left; training "
    "never saw such a mix.",
    notes=(
        "Go along a row first, style alone, then down a column, label alone. The rows in between are weights "
        "of two labels that the network never saw: it need not make sense, and often it does not. Ask which "
        "of the two directions the model was trained for."
    ),
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
    notes=(
        "The encoder is told the label, and still the classes lie apart: ask why, then change to PCA of ε, "
        "where they do not. Nothing has been learned about classes here that was not told. Students take the "
        "islands for a proof of the opposite."
    ),
    mathematics=(mathematics.STYLE,),
    cell=shared_cells.latent_map,
)

DIMENSIONS = Scene(
    "dimensions",
    "Dimensions",
    "dimensions",
    "How much each dimension says beyond the label: its mean KL.",
    notes=(
        "The count of used dimensions is the VAE’s, 17 of 20; compare the sum of the KLs, 34.0 nats against "
        "38.8: the label took over part of the work. Choose "
        "one and see that it changes the style under any label. The KL is measured against the label’s own "
        "prior, and not against N(0, I)."
    ),
    cell=shared_cells.dimensions,
)

TRAINING = Scene(
    "training",
    "Training",
    "training",
    "How the checkpoint was trained: the ELBO, epoch by epoch.",
    notes=(
        "Compare the final ELBO with the VAE’s: about ten nats for each image. A label among ten is worth at "
        "most log 10, 2.3 nats: ask where the rest comes from. A bound on log p(x | y) and one on log p(x) "
        "are not of the same thing, which the comparison needs said."
    ),
    mathematics=mathematics.TRAINING,
    cell=shared_cells.training,
)

SCENES = (STYLES, REWRITE, CONDITIONED, GUESS, CONFUSION, KNOBS, PLANE, BETWEEN, MAP, DIMENSIONS, TRAINING)
