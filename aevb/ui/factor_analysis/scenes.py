"""The scenes of the page factor analysis, in their order."""

from aevb.ui.factor_analysis import cells, mathematics
from aevb.ui.shared.scene import Scene

PART = "factor_analysis"

WATCH = Scene(
    "watch",
    "E and M together or in turn",
    PART,
    "An <b>E-step</b> (in φ) closes the <b>gap</b>; an <b>M-step</b> (in θ) lifts ELBO and evidence. AEVB "
    "takes both at once.",
    "Figure 2 is together, Figure 3 in turn, Figure 1 the planes. Late in an M-step the ELBO is flat in θ; "
    "the evidence is not, and shows the noise.",
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
    options={"view": "em"},
    mathematics=mathematics.EM,
    cell=cells.em,
)

HAND = Scene(
    "hand",
    "By hand",
    PART,
    "One E-step or M-step at a time, exact or by so many gradient steps.",
    options={"view": "hand"},
    mathematics=mathematics.HAND,
    cell=cells.hand,
)

FAMILIES = Scene(
    "families",
    "Smaller families of q",
    PART,
    "The posterior is a tilted normal. A <b>diagonal</b> q cannot tilt, a <b>fixed</b> one not even change "
    "its width. What of the <b>gap</b> remains?",
    "θ bends to make it small: W is free to rotate, until the posterior lies straight. Fixed, q does "
    "reasonably well where its σ is small, says the tutorial (5.2.4).",
    options={"view": "families"},
    mathematics=mathematics.FAMILIES,
    cell=cells.families,
)

ROTATION = Scene(
    "rotation",
    "W is free to rotate",
    PART,
    "W enters the evidence only through <b>W Wᵀ + Φ</b>, and (W R)(W R)ᵀ = W Wᵀ for every rotation R: no "
    "data tell W from W R.",
    "R turns z, whose prior looks the same from every side. Another seed ends with another W, as good.",
    options={"view": "rotation"},
    mathematics=mathematics.ROTATION,
    cell=cells.rotation,
)

PLOT = Scene(
    "plot",
    "The curves, to zoom",
    PART,
    "The curves of Figures 2 and 3, with the thin, noisy estimate of the ELBO by one sample of z per point.",
    "Drag over a range, turn the wheel or use the buttons to zoom; double-click for the whole run.",
    options={"view": "plot"},
    mathematics=mathematics.PLOT,
    cell=cells.watch,
)

SCENES = (WATCH, EM, HAND, FAMILIES, ROTATION, PLOT)
