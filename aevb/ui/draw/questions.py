"""What the page Draw asks before it shows."""

from aevb.ui.shared.scene import Question

DASH = Question(
    "dash",
    "Somebody draws a <b>dash</b>. Which digit will the conditional VAE take it for?",
    "p(y | x) compares labels with one another alone: whatever is drawn, their shares add up to one, and "
    "none of them says “no digit”: another measure has to.",
    hides=".answers",
)
