"""A start for the GMVAE from which the ascent finds digits. No label takes part in it.

From its plain initialisation the bound climbs as high with clusters that mix digits: where the ascent
starts decides. So, before the first joint step:

1. train the same nets as a VAE, which is the GMVAE with one cluster;
2. embed its latent means with UMAP and fit a Gaussian mixture to the embedding;
3. fit q(y | x) to the mixture's responsibilities, and set each p(z | y) to its cluster's moments.

The joint ascent may then hold q(y | x) for some epochs while the rest adapts: a long M-step.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adam

from aevb import devices
from aevb.counted import counted
from aevb.data import Examples, Split
from aevb.devices import Precision
from aevb.evaluation import posterior_means
from aevb.models.factor_analysis import inverse_softplus
from aevb.models.gmvae import GMVAE
from aevb.runs import epoch_steps
from aevb.training import TrainingConfig, train

EMBEDDED = 20_000  # images that UMAP and the mixture see: more take minutes and find the same clusters
LEAST = 20  # images of which UMAP makes five dimensions
VAE_EPOCHS = 10
CLASSIFIER_EPOCHS = 10


def require_umap() -> None:
    """Looks for UMAP before the minutes after which it is needed, without importing it, which takes seconds.

    Raises:
        ModuleNotFoundError: where it is not installed, as importing it would.
    """
    if find_spec("umap") is None:
        raise ModuleNotFoundError("No module named 'umap'", name="umap")


def prepare(
    model: GMVAE,
    images: Any,
    *,
    vae_epochs: int = VAE_EPOCHS,
    seed: int = 0,
    precision: Precision = "auto",
    embedded: slice | None = None,
) -> Iterator[str]:
    """Sets `model`, in place, from images (N, H, W), or `Examples` of them; yields what it does in words.

    Takes some minutes: most of it is the VAE and UMAP.

    Args:
        precision: of matrix products, as in `TrainingConfig`.
        embedded: the images that UMAP and the mixture see; None: `EMBEDDED` that lie evenly among all, which
            may come class by class.
    Raises:
        ValueError: for images that the model does not take, fewer of them than clusters or than `LEAST`, or a
            model with nets of its own, which a VAE's cannot start.
        ModuleNotFoundError: as `require_umap`.
    """
    require_umap()
    if model.own_nets:
        raise ValueError(
            f"A start from clusters needs the GMVAE's own nets, not others for {', '.join(model.own_nets)}."
        )
    examples = Examples.of(images, model).require(model)
    least = max(LEAST, model.choices)
    if len(examples) < least:
        raise ValueError(
            f"A start from {counted(model.choices, 'clusters')} needs at least {least} images, not"
            f" {len(examples)}."
        )
    vae = GMVAE(**{**model.config, "clusters": 1, "estimator": "marginal", "straight_through": False})
    vae.to(model.device, model.dtype)
    steps = vae_epochs * epoch_steps(len(examples), TrainingConfig.batch_size)
    config = TrainingConfig(steps, rate="cosine", seed=seed, precision=precision)
    for progress in train(vae, examples, config):
        if progress.step % 600 == 0:
            yield f"VAE: step {progress.step} of {steps}, ELBO {progress.elbo:.1f}"

    (x, *_) = examples.fixed()
    x = x[Split(x).spread(EMBEDDED).to(x.device) if embedded is None else embedded]
    means = posterior_means(vae, x)
    yield f"UMAP of {len(means):,} latent means"
    with devices.threads_kept():
        embedding = _embed(means.cpu().numpy(), seed)
    yield f"Gaussian mixture of {model.choices}"
    with devices.threads_kept():
        shares = torch.from_numpy(mixture(embedding, model.choices, seed)).to(means)
    _take_over(model, vae, means, shares)
    yield from _fit_classifier(model, x, shares, seed, bfloat16=progress.precision == "bfloat16")


def _embed(means: np.ndarray, seed: int) -> np.ndarray:
    """UMAP of (N, L) in five dimensions, (N, 5). Deterministic, hence on one core."""
    from umap import UMAP  # imported late: compiling it takes seconds

    neighbours = min(20, len(means) - 1)
    umap = UMAP(n_components=5, n_neighbors=neighbours, min_dist=0.0, random_state=seed, n_jobs=1)
    return umap.fit_transform(means)


def mixture(points: np.ndarray, clusters: int, seed: int) -> np.ndarray:
    """Responsibilities (N, C) of a Gaussian mixture with full covariances fitted to points (N, E)."""
    from sklearn.mixture import GaussianMixture

    fitted = GaussianMixture(clusters, n_init=10, random_state=seed, reg_covar=1e-4).fit(points)
    return fitted.predict_proba(points)


@torch.no_grad()
def _take_over(model: GMVAE, vae: GMVAE, means: Tensor, shares: Tensor) -> None:
    """The VAE's nets, and each cluster's moments for p(z | y)."""
    model.p_x_given_z.load_state_dict(vae.p_x_given_z.state_dict())
    model.q_z_given_xy.from_x.load_state_dict(vae.q_z_given_xy.from_x.state_dict())
    # With one cluster y is always 1: its share of the first layer is a bias, the same for every cluster.
    model.q_z_given_xy.from_y.weight.copy_(vae.q_z_given_xy.from_y.weight.expand(-1, model.choices))
    model.q_z_given_xy.rest.load_state_dict(vae.q_z_given_xy.rest.state_dict())
    sizes = shares.sum(0).unsqueeze(1).clamp(min=1e-6)
    loc = shares.T @ means / sizes
    variance = shares.T @ means.square() / sizes - loc.square()
    p_z = model.p_z_given_y
    # The means' own spread leaves out the posteriors' width; half a unit stands for it.
    scale = (variance.clamp(min=0) + 0.25).sqrt()
    p_z.loc.weight.copy_(loc.T)
    p_z.loc.bias.zero_()
    p_z.pre_scale.weight.copy_(inverse_softplus(scale).T)
    p_z.pre_scale.bias.zero_()


def _fit_classifier(model: GMVAE, x: Tensor, shares: Tensor, seed: int, *, bfloat16: bool) -> Iterator[str]:
    """q(y | x) by cross-entropy with the mixture's responsibilities."""
    generator = torch.Generator(model.device).manual_seed(seed)
    optimizer = Adam(model.q_y_given_x.parameters(), lr=1e-3, fused=True)
    for epoch in range(1, CLASSIFIER_EPOCHS + 1):
        for index in torch.randperm(len(x), generator=generator, device=model.device).split(100):
            with torch.autocast(model.device.type, torch.bfloat16, enabled=bfloat16):
                logits = model.q_y_given_x(x[index]).logits
            loss = F.cross_entropy(logits, shares[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        yield f"q(y | x): epoch {epoch} of {CLASSIFIER_EPOCHS}, cross-entropy {loss.item():.3f}"
