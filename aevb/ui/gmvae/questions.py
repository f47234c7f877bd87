"""What the page GMVAE asks before it shows."""

from aevb.ui.shared.scene import Question

CLUSTER = Question(
    "cluster",
    "Which <b>cluster</b> will q(y | x) put this image in?",
    "No label takes part: an image joins those that it looks like, whatever its writer meant.",
    hides="table, .verdict, .worth, .pictures",
)

ACCURACY = Question(
    "accuracy",
    "No label was used. How many of the test images are in the cluster <b>matched</b> with their label?",
    "Shapes alone tell much of what labels do; where two digits are written alike, or one in two ways, "
    "clusters and labels part.",
    hides=".whole, .side",
)

COLD = Question(
    "cold",
    "A soft sample from π = q(y | x) lies here at τ = 1. Place it where it goes as the <b>temperature</b>"
    " falls to 0.1.",
    "Each goes to the corner that it is nearest to, and the temperature does not change which one that is: "
    "the corners keep their shares π.",
    hides=".simplex, .nearest",
)
