"""The scenes of the page VRNN, in their order."""

from aevb.ui.shared import cells as shared_cells
from aevb.ui.shared.scene import Scene
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
    mathematics=[maths.RECURRENCE, maths.ROW_PRIOR, maths.ROW_LIKELIHOOD, maths.SAMPLING],
    cell=cells.growing,
)

ROWS = Scene(
    "rows",
    "Where a digit surprises",
    "rows",
    "Read row by row: where a row goes as expected, <b>q</b> stays on the prior; where it surprises, q moves "
    "away and the <b>KL</b> is large.",
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
    mathematics=[maths.ROW_LIKELIHOOD, maths.SAMPLING],
    cell=cells.samples,
)

TRAINING = Scene(
    "training",
    "Training",
    "training",
    "How it was trained: the <b>ELBO</b> climbs quickly, then levels off. (Figure 12, left)",
    mathematics=[maths.ELBO, maths.GRADIENTS, maths.TRAINING],
    cell=shared_cells.training,
)

SCENES = (GROWING, ROWS, MOVED, ENDINGS, PATHS, SAMPLES, TRAINING)
