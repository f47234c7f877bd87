"""Train: any of the five models, live."""

from aevb.ui.frame import catalogue, explorer

explorer.show(catalogue.page("train"))
