"""The way in: the one idea, and the five models of the tutorial's Table 1."""

from aevb.ui.frame import catalogue, explorer

explorer.show(catalogue.page(""))
