"""Factor analysis: EM and AEVB where everything is exact (tutorial section 5.2)."""

from aevb.ui.frame import catalogue, explorer

explorer.show(catalogue.page("factor-analysis"))
