"""What the VAE page shows, by a checkpoint's name and plain values."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch
from torch import Generator, Tensor

from aevb import explore
from aevb.evaluation import SEED, importance_bounds
from aevb.explore import squares
from aevb.figures import flow as flows
from aevb.figures import generated, images
from aevb.figures import posterior as posterior_figures
from aevb.figures.style import DATA, ELBO, GENERATED
from aevb.models import VAE
from aevb.ui import latents, loading

WALK_STEPS = 10
TRAVERSAL = torch.linspace(-3, 3, 13)


def model(name: str) -> VAE:
    """A checkpoint's VAE, as `loading.model`."""
    return loading.model(name, VAE)


def image(digit: int) -> Tensor:
    """A test image as the model sees it, (784,)."""
    return loading.test_image(VAE.observation, digit)


# An image's way through the model


def posterior(name: str, digit: int) -> tuple[np.ndarray, np.ndarray]:
    """μ and σ of q(z | x), (L,) each."""
    q_z = explore.posterior(model(name), image(digit))
    return q_z.mean.numpy(), q_z.stddev.numpy()


def drawn(name: str, digit: int, seed: int) -> Tensor:
    """The z ~ q(z | x) that a seed draws, (L,)."""
    return explore.draw_posterior(model(name), image(digit), generator=Generator().manual_seed(seed))


def flow(name: str, digit: int, seed: int) -> str:
    """The six stages as HTML."""
    z = drawn(name, digit, seed)
    output = explore.decode(model(name), z)
    loc, scale = posterior(name, digit)
    return flows.flow(squares(image(digit)), loc, scale, z.numpy(), squares(output), latents.order(name))


def elbo(name: str, digit: int, seed: int) -> str:
    """The ELBO of this digit in its terms, as an equation in HTML."""
    terms = explore.elbo_terms(model(name), image(digit), drawn(name, digit, seed))
    reconstruction, minus_kl = terms["reconstruction"].item(), terms["minus_kl_z"].item()
    return flows.equation(
        [
            flows.Number(reconstruction, "log p(x | z)", color=GENERATED),
            flows.Number(-minus_kl, "KL(q ‖ p)", "−", DATA),
            flows.Number(reconstruction + minus_kl, "ELBO, one sample", "=", ELBO),
            flows.Number(bound(name, digit), "closer bound, K = 100"),
        ]
    )


@st.cache_data(max_entries=10_000, show_spinner=False)
def bound(name: str, digit: int) -> float:
    """The importance bound of K = 100 samples on this digit's evidence."""
    x, generator = image(digit).unsqueeze(0), Generator().manual_seed(SEED)
    return importance_bounds(model(name), x, bounds=[100], generator=generator)[100].item()


# The sliders


def sliders(name: str, digit: int, seed: int) -> None:
    """The latent dimensions live, from the digit's posterior mean on, or the sample of a seed."""
    mean, sample = posterior(name, digit)[0], drawn(name, digit, seed).numpy()
    places = {"Posterior mean": mean, "The sample above": sample}
    latents.show(name, digit, "z", image(digit), places)


def reconstructed(name: str, digit: int) -> Tensor:
    """The decoder's λ at a digit's posterior mean, (784,)."""
    return explore.decode(model(name), torch.from_numpy(posterior(name, digit)[0]))


# Samples and walks


def prior(name: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """As `generated.prior`."""
    return generated.prior(model(name), seed)


def walk(name: str, start: int, end: int) -> str:
    """The decoder's λ from one digit's posterior mean to another's, as HTML."""
    loc = explore.posterior(model(name), torch.stack([image(start), image(end)])).mean
    steps = explore.decode(model(name), explore.walk(loc[0], loc[1], WALK_STEPS))
    between = [f"{step} / {WALK_STEPS - 1}" for step in range(1, WALK_STEPS - 1)]
    return images.strip(squares(steps), [f"digit {start}", *between, f"digit {end}"])


def traversal(name: str, digit: int, dimension: int) -> str:
    """The decoder's λ as one dimension of the digit's posterior mean goes from -3 to 3, as HTML."""
    loc, _ = posterior(name, digit)
    steps = explore.decode(model(name), explore.along(torch.from_numpy(loc), dimension, TRAVERSAL))
    captions = [f"{value:+.1f}".replace("-", "−") for value in TRAVERSAL.tolist()]
    return images.strip(squares(steps), captions)


def posterior_figure(name: str, digit: int) -> go.Figure:
    """A digit's q(z | x), dimension by dimension."""
    return posterior_figures.posterior(*posterior(name, digit), latents.order(name))
