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
        "Draw slowly and talk about what changes with each stroke; then let somebody from the class "
        "draw. Draw a letter or a dash too: every model answers, for labels and clusters are compared "
        "with one another alone. A dash has a higher ELBO than most test digits, since simple images "
        "have high densities; what a model generates has about its typical likelihood, not the highest "
        "(Nalisnick et al. 2019). “Unlike any digit” is therefore said by another measure: where the "
        "code lies among those of each class, and how much of the ink the decoder does not give back. "
        "Its threshold leaves out 3 % of the validation images. It too is wrong at times, and its errors "
        "stand below the guess: a turned digit is one that a quarter turn makes none, the 200 drawings "
        "are such as squares, spirals, scribbles and letters. A digit in an odd hand may be "
        "called unlike any."
    ),
    mathematics=(*vae.FLOW[:2], *cvae.GUESS, gmvae.GUESS[0], vrnn.SAMPLING),
    cell=cells.draw,
    questions=(questions.DASH,),
)

SCENES = (DRAW,)
