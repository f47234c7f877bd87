"""What the page CVAE asks before it shows."""

from aevb.ui.shared.scene import Question

KEPT = Question(
    "kept",
    "Its <b>z</b> is kept, and the decoder is told another label. What will it draw?",
    "Where each label’s prior p(z | y) is a region of its own, z tells the label as well, and the decoder"
    " believes z.",
    hides="section:last-of-type",
)

RUNNER_UP = Question(
    "runner-up",
    "After its own label, under which will this image be <b>most probable</b>?",
    "Labels that share its strokes come next; each nat between them is a factor of 2.7, so that a few "
    "make the guess all but certain.",
    hides="table, .verdict, .pictures figure:last-child",
)

NAMED = Question(
    "named",
    "Nothing was trained to classify. For what share of test images is the <b>most probable</b> label the "
    "true one?",
    "To give digits of each label a density is to know what they look like; but a density of 784 numbers "
    "also weighs what no reader of digits would.",
    hides=".whole, .side",
)
