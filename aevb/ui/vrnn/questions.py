"""What the page VRNN asks before it shows."""

from aevb.ui.shared.scene import Question

SURPRISE = Question(
    "surprise",
    "Which row of this digit will <b>surprise</b> the model most? Place the frame.",
    "Where the rows above do not tell what comes, as where a stroke begins or turns, q has to leave the "
    "prior.",
    hides=".stage, .row-plane, .words, .control",
)
