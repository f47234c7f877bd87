"""The conditional VAE (tutorial section 5.4)."""

from aevb.ui.frame import catalogue, explorer

explorer.show(catalogue.page("cvae"))
