"""What the page factor analysis asks before it shows."""

from aevb.ui.shared.scene import Question

E_STEP = Question(
    "e-step",
    "q takes an exact <b>E-step</b> from here. What will the gap be?",
    "The evidence does not depend on φ: an E-step can only lift the ELBO towards it. A full q takes the "
    "posterior, and nothing is left between them; a smaller family takes the nearest that it has.",
    hides=".panes, .foot, .account",
)

M_STEP = Question(
    "m-step",
    "Can an <b>M-step</b> lower the evidence?",
    "It raises the ELBO, which is the evidence less the gap: with the gap closed before, the evidence "
    "rises by as much at least; with an open one it may fall while the gap shrinks.",
    hides=".panes, .foot, .account",
)
