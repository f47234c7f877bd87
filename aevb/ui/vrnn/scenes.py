"""The scenes of the page VRNN, in their order."""

from pathlib import Path

from aevb.ui.shared import cells as shared_cells
from aevb.ui.shared.scene import Scene, recorded
from aevb.ui.vrnn import cells, questions
from aevb.ui.vrnn import mathematics as maths

GROWING = Scene(
    "growing",
    "Digits grow",
    "growing",
    "An image is drawn <b>row by row</b>: z from the row’s own prior, then its pixels, and a <b>memory</b> "
    "carries both on.",
    "Twelve samples, one of them framed and enlarged. Early rows decide which digit it becomes; a "
    "temperature below 1 draws plainer digits, above 1 wilder ones.",
    notes=(
        "Play once at the usual speed, then row by row: ask at which row the digit can be named. Lower the "
        "temperature for plain digits, raise it for wild ones. The grey image is the probability that each "
        "pixel was drawn with, not an average of digits."
    ),
    mathematics=[maths.RECURRENCE, maths.ROW_PRIOR, maths.ROW_LIKELIHOOD, maths.SAMPLING],
    cell=cells.growing,
)

ROWS = Scene(
    "rows",
    "Where a digit surprises",
    "rows",
    "Read row by row: where a row goes as expected, <b>q</b> stays on the prior; where it surprises, q moves "
    "away and the <b>KL</b> is large.",
    notes=(
        "Let the class bet on the row that surprises most, then look. It is where the first stroke begins, "
        "or where a stroke turns. Students expect the inkiest row; a row of ink that was expected costs next "
        "to nothing."
    ),
    mathematics=[maths.POSTERIOR, maths.ELBO, maths.BOUND],
    cell=cells.rows,
    questions=(questions.SURPRISE,),
)

MOVED = Scene(
    "moved",
    "Move the z of a row",
    "moved",
    "Choose a row and move its <b>z</b> over the prior: the rows above stay, those below grow again from the "
    "same noise.",
    "So what changes is what this z decides. Drag or tap in the plane, or use the arrow keys there.",
    notes=(
        "Choose an early row and drag its z far: another digit may come. Then a late row: only its end "
        "changes. Rows above never move, which is the point: z acts forward alone, through the memory."
    ),
    mathematics=[maths.MOVED, maths.RECURRENCE, maths.ROW_PRIOR],
    cell=cells.moved,
)

ENDINGS = Scene(
    "endings",
    "Endings",
    "endings",
    "The first rows of a digit are kept, the same in all; below the line the model <b>goes on</b>, twelve "
    "times.",
    "Keep few rows and they could become anything; keep more and the endings agree.",
    notes=(
        "Keep four rows, then ten, then eighteen, and ask each time how many digits are still possible. All "
        "twelve endings share the rows above the line. Nothing is filled in afterwards: the model knows no "
        "row below the one it is drawing."
    ),
    mathematics=[maths.SAMPLING, maths.POSTERIOR],
    cell=cells.endings,
)

PATHS = Scene(
    "paths",
    "Paths",
    "paths",
    "The two numbers of <b>z</b> from row to row: q’s means, averaged over each class of digit, part where "
    "the strokes begin.",
    "In the blank rows above and below, where z hardly matters, they lie far outside of what is shown; the "
    "samples’ charts show those rows too.",
    notes=(
        "Follow two classes of digit and find the row in which they part. The curves are means over many "
        "images, so that no single digit follows one. Curves far apart do not mean that z says much: in the "
        "blank rows below q lies on the prior, but each image’s memory has another prior."
    ),
    mathematics=[maths.POSTERIOR, maths.MEAN_PATH],
    cell=cells.paths,
)

SAMPLES = Scene(
    "samples",
    "Thirty samples",
    "samples",
    "Thirty digits, drawn row by row: strokes hang together, since a row knows those above it. (Figure 12, "
    "right)",
    "Given the memory and z, a row’s pixels are as independent as the VAE’s; but most probabilities are near "
    "0 or 1, since the memory holds what was drawn above.",
    notes=(
        "Compare these with the VAE’s samples: strokes hang together, although pixels are drawn "
        "independently here too. Ask why: a row knows what was drawn above it, as drawn. The two pictures "
        "are nearly alike because most probabilities are near 0 or 1."
    ),
    mathematics=[maths.ROW_LIKELIHOOD, maths.SAMPLING],
    cell=cells.samples,
)

ESTIMATORS = Scene(
    "estimators",
    "Reparametrised or drawn",
    "estimators",
    "<b>Reparametrised</b>, z lets the likelihood’s gradient pass to φ. Merely <b>drawn</b>, as in the "
    "tutorial’s code, z blocks it: q ends on the prior.",
    "Small models, alike but for that; means over three seeds, ELBOs of 1,000 test images. Where the KL is "
    "0, z says nothing: the memory alone foresees a row.",
    options={"runs": recorded(Path(__file__).with_name("estimators.json")), "steps": 100},
    notes=(
        "Ask first what becomes of q where no gradient comes through z: what is left for it is the KL, which "
        "it can make 0. Then read the column of the KL. Both ascend, and a curve that rises is no proof of a "
        "right gradient: the missing one is seen beside the other only."
    ),
    mathematics=[maths.ELBO, maths.GRADIENTS],
)

TRAINING = Scene(
    "training",
    "Training",
    "training",
    "How it was trained: the <b>ELBO</b> climbs quickly, then levels off. (Figure 12, left)",
    notes=(
        "The bound is in nats for a whole image of black and white pixels, so that it cannot be compared "
        "with the VAE’s, whose pixels are grey. Students compare the two numbers at once. The KL is the sum "
        "over all rows, and few of them hold most of it."
    ),
    mathematics=[maths.ELBO, maths.TRAINING],
    cell=shared_cells.training,
)

SCENES = (GROWING, ROWS, MOVED, ENDINGS, PATHS, SAMPLES, ESTIMATORS, TRAINING)
