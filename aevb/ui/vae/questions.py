"""What the page VAE asks before it shows."""

from aevb.ui.shared.scene import Question

KL = Question(
    "kl",
    "How many nats will <b>KL(q ‖ p)</b> be of this digit?",
    "To tell one of ten classes takes 2.3 nats; all else that z says is how this one is written.",
    hides=".posterior, .equation > *, .picture:last-child",
)

PRIOR = Question(
    "prior",
    "A thousand z are drawn from the <b>prior</b> and their p(x | z) averaged. How far off is the logarithm?",
    "The prior holds every digit in every hand; of a thousand draws none is quite this one, and a stroke "
    "that is off by a pixel costs hundreds of nats.",
    hides=".stage, .columns, .sum",
)

MIDWAY = Question(
    "midway",
    "What lies <b>midway</b> between two digits?",
    "The middle of two z is a place like any other: the decoder draws what was taught to lie there, and "
    "that need not be a mixture of both ends.",
    hides=".middle, .steps",
)

SLANT = Question(
    "slant",
    "Which number of z <b>slants</b> the digit most? Each is shown at +2.",
    "Nobody told the model of slant: what differs from image to image z has to say, or the decoder could "
    "not draw it.",
    hides=".both, .does",
)

PLATEAU = Question(
    "plateau",
    "After which epoch has the <b>ELBO</b> made nine tenths of what it gains after the first?",
    "What all digits share is learned in the first passes; what follows are details, worth few nats each.",
    hides=".charts, .readout, .facts",
)
