"""The scenes of the page factor analysis, in their order."""

from aevb.ui.factor_analysis import cells, mathematics, questions
from aevb.ui.shared.scene import Scene

PART = "factor_analysis"

WATCH = Scene(
    "watch",
    "E and M together or in turn",
    PART,
    "An <b>E-step</b> (in φ) closes the <b>gap</b>; an <b>M-step</b> (in θ) lifts the ELBO, and once the gap "
    "is closed the evidence. AEVB takes both at once.",
    "Figure 2, Experiment 1, is together; Figure 3, Experiment 2, in turn; the planes’ data are Figure 1. "
    "Late in an M-step the ELBO is at its top in θ, and flat; the evidence is not, and shows the noise.",
    notes=(
        "Drag the step back to the beginning and play: the shaded band between the curves is the gap. Then "
        "choose E and M in turn, where evidence moves in M phases alone. Expect the question whether the "
        "ELBO could ever cross the evidence: it never does, however the steps are taken, for a KL is never "
        "negative."
    ),
    options={"view": "watch"},
    mathematics=mathematics.WATCH,
    cell=cells.watch,
)

EM = Scene(
    "em",
    "Classic EM beside AEVB",
    PART,
    "Classic EM takes each step in closed form, which few models allow; AEVB needs only gradients of a "
    "one-sample estimate.",
    "Both start from the same parameters. An iteration of EM reads the data once, as the gradient steps of "
    "one pass do.",
    notes=(
        "Ask which is faster before you show it: an iteration of EM is exact and reads all the data, a "
        "gradient step is cheap and noisy. Drag the learning rate up until AEVB becomes unsteady. Students "
        "tend to conclude that EM is always better; say that its E-step needs the exact posterior, which no "
        "other model here has."
    ),
    options={"view": "em"},
    mathematics=mathematics.EM,
    cell=cells.em,
)

HAND = Scene(
    "hand",
    "By hand",
    PART,
    "One E-step or M-step at a time, exact, or by a chosen number of gradient steps: equation 3 in φ, "
    "equation 4 in θ.",
    notes=(
        "Let the class call the moves: E until the gap is 0, then M, then E again. Point at the two "
        "ellipses: an E-step moves q onto p(z | x), an M-step moves p(z | x) away. Many believe that an "
        "M-step closes the gap too; here they see it open."
    ),
    options={"view": "hand"},
    mathematics=mathematics.HAND,
    cell=cells.hand,
    questions=(questions.E_STEP, questions.M_STEP),
)

FAMILIES = Scene(
    "families",
    "Smaller families of q",
    PART,
    "The posterior is a tilted normal. A <b>diagonal</b> q cannot tilt, a <b>fixed</b> one not even change "
    "its width. How much of the <b>gap</b> remains?",
    "θ bends to make it small: W is free to rotate, until the posterior lies straight. Fixed, q does "
    "reasonably well where its σ is small, says the tutorial (5.2.4).",
    options={"view": "families"},
    notes=(
        "Choose diagonal and watch W turn until the posterior lies straight: a poor q changes the model, "
        "too. A fixed and wide q costs little in the gap and a whole nat in the evidence: θ gives way to it. "
        "So compare evidences, and not gaps alone."
    ),
    mathematics=mathematics.FAMILIES,
    cell=cells.families,
)

ROTATION = Scene(
    "rotation",
    "W is free to rotate",
    PART,
    "W enters the evidence only through <b>W Wᵀ + Φ</b>, and (W\u00a0R)(W\u00a0R)ᵀ = W\u00a0Wᵀ for every "
    "rotation R: no data tell W from W\u00a0R.",
    "R turns z, whose prior looks the same from every side. Another seed ends with another W, as good.",
    notes=(
        "Turn the slider all the way: W and its columns change, the evidence and the points do not move. "
        "So single factors have no meaning of their own, only the subspace has. Students often name the "
        "factors of one run; ask what another seed would have named."
    ),
    options={"view": "rotation"},
    mathematics=mathematics.ROTATION,
    cell=cells.rotation,
)

PLOT = Scene(
    "plot",
    "The curves, to zoom",
    PART,
    "The curves of Figures 2 and 3, with the thin, noisy estimate of the ELBO by one sample of z per point.",
    "The evidence, equation 1, is known in closed form here. Drag over a range, turn the wheel or use the "
    "buttons to zoom; double-click for the whole run.",
    notes=(
        "Zoom into the thin line: it has one sample of z for each of 1,000 test points. What the gradient is "
        "taken of has 32 training points, and is some seven times as noisy. Say why training works all the "
        "same: its noise has mean zero. The jagged line is no sign of a bug, which is what most take it for."
    ),
    options={"view": "plot"},
    mathematics=mathematics.PLOT,
    cell=cells.watch,
)

SAMPLED = Scene(
    "sampled",
    "The KL in closed form, or sampled",
    "sampled",
    "One draw of z estimates the ELBO. AEVB takes its <b>KL in closed form</b>; with the <b>KL sampled</b> "
    "too it is SGVB (note 10). Which has less noise? Move q.",
    "While q is narrow the closed form has less; at the posterior p(x, z) / q(z) is p(x) for every z, so "
    "that the sampled one has none. In θ their gradients are the same.",
    notes=(
        "Ask which of the two is the noisier, and why anyone would sample what is known exactly. Begin with "
        "the narrow q: the closed form wins, as the tutorial says. Then set q to the posterior: every draw "
        "says log p(x), and the other still scatters. What training follows is the gradient, and in q's mean "
        "the closed form's is never the noisier one here."
    ),
    mathematics=mathematics.SAMPLED,
    cell=cells.sampled,
)

SCENES = (WATCH, EM, HAND, FAMILIES, ROTATION, SAMPLED, PLOT)
