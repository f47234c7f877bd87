"""The variational auto-encoder (tutorial section 5.3)."""

from aevb.ui.frame import catalogue, explorer

explorer.show(catalogue.page("vae"))
