"""The variational RNN (tutorial section 5.6)."""

from aevb.ui.frame import catalogue, explorer

explorer.show(catalogue.page("vrnn"))
