"""The Gaussian mixture VAE (tutorial section 5.5)."""

from aevb.ui.frame import catalogue, explorer

explorer.show(catalogue.page("gmvae"))
