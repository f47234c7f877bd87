"""The scenes of the page Draw."""

from aevb.ui.cvae import mathematics as cvae
from aevb.ui.draw import cells, questions
from aevb.ui.gmvae import mathematics as gmvae
from aevb.ui.shared.scene import Scene
from aevb.ui.vae import mathematics as vae
from aevb.ui.vrnn import mathematics as vrnn

DRAW = Scene(
    "draw",
    "Draw a digit",
    "draw",
    "Draw with a mouse, a pen or a finger: four models answer <b>while you draw</b>.",
    notes=(
        "Draw slowly and talk about what changes with each stroke; then let somebody from the class draw. "
        "Draw a letter or a dash too: every model answers, for none can say that it is no digit. Beware of "
        "reading a high ELBO as a likeness to digits: simple images have high ones."
    ),
    mathematics=(*vae.FLOW[:2], *cvae.GUESS, gmvae.GUESS[0], vrnn.SAMPLING),
    cell=cells.draw,
    questions=(questions.DASH,),
)

SCENES = (DRAW,)
