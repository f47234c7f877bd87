"""Draw: every model looks at a digit while it is drawn."""

from aevb.ui.frame import catalogue, explorer

explorer.show(catalogue.page("draw"))
