"""The colours that figures and the front end share (aevb/web/kit/palette.js holds the same).

Each solid colour has a contrast of at least 3 to 1 on a white page and on a dark one, and those of one
picture are at least 15 apart in Lab, for colour-blind eyes too (tests/test_colours.py); and still no two
things are told apart by colour alone.
"""

DIGITS = (
    "#728EF2",  # blue
    "#E27047",  # orange
    "#BF2709",  # red
    "#106D87",  # teal
    "#3EA678",  # green
    "#BD8B01",  # gold
    "#6A55A8",  # purple
    "#D66EC1",  # pink
    "#995237",  # brown
    "#70888B",  # grey
)
"""One colour for each of the ten digits, the same everywhere.

Found by annealing: ten hues that have names, within the lightness that stands out from both pages, as far
apart as they go for all eyes. Drawn see-through they would come too close to each other.
"""

NO_CLASS = "#765F57"
"""Of what belongs to none of the ten."""

MARK = "#E61BD0"
"""Of what is chosen: unlike all that it may lie on."""

# Of the mathematics: apart from each other, but not from the digits' colours.
ELBO = "#E3283F"
ELBO_ESTIMATE = ELBO + "66"  # see-through: much noise around a line
EVIDENCE = "#0C8542"
TRUE_MODEL = "#89897F"
GAP = "#945B95"
CLASSIC_EM = "#0191E6"
DATA = "#0191E6"
GENERATED = "#D57B15"
E_STEP = "#8C8C8C1F"
