"""Whether an image is like any digit: by where its code lies, and by what of it is not given back.

A high likelihood does not say so. Under the VAE a dash has more nats than most digits, for simple images have
high densities, though nothing drawn from the model looks like them: what a model generates has about its
typical likelihood, not the highest (Nalisnick et al. 2019, "Do Deep Generative Models Know What They Don't
Know?" and "Detecting Out-of-Distribution Inputs to Deep Generative Models Using Typicality").

So an image is looked at from two sides at once: its code μ, which may lie where no digit's does, and r, the
part of its ink that the decoder does not give back. Of each class there is one Gaussian of both, over draws
of q(z | x) and the r of its training images; an image's strangeness is minus its log density under the class
that is nearest, in nats but for a constant (as Lee et al. 2018, "A Simple Unified Framework for Detecting
Out-of-Distribution Samples and Adversarial Attacks", do with a classifier's features). What is stranger than
97 % of the validation images is called unlike any digit.

The measure was chosen among others by validation images, as they are and turned, and by drawings of other
kinds than those that its errors are measured on. Its twin in the browser is aevb/web/engine/likeness.js.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from aevb.data import Examples, Images, Split
from aevb.evaluation import BATCH
from aevb.explore import codes
from aevb.explore.drawings import drawings
from aevb.explore.measures import plain
from aevb.models import LatentVariableModel
from aevb.models.base import evaluating

FEWEST = 100
"""Training images of a class, at least."""

STRANGE = 0.03
"""The share of the validation images that is called unlike any digit."""

TURNED = (2, 3, 4, 5, 6, 7, 9)
"""The digits that a quarter turn makes none; a 0 stays one, a slanted 1 may, an 8 looks much the same."""


def asked(model: LatentVariableModel, images: Images) -> bool:
    """Whether it can be asked: of a model of z alone, and of images of the ten digits as the pad has them."""
    digits = images.shape == (28, 28) and images.classes == tuple("0123456789")
    if not digits or model.by_row or model.choices:
        return False
    return int(images.train.known_labels.bincount(minlength=10).min()) >= FEWEST


def measure(model: LatentVariableModel, trained_on: Split, validation: Split, test: Split) -> dict[str, Any]:
    """The strangeness of digits and its errors, as plain JSON.

    C classes, L latent dimensions, F = L + 1.
        means: (C, F) of each class.
        whitening: (C, F, …) the rows, up to the diagonal, of each class's W, with WᵀW its inverse covariance.
        threshold: above it an image is unlike any digit, in nats: chosen on validation images alone.
        wrong: about how many of how many images it is wrong: test "digits" that are called unlike any, and
            those that are not of `TURNED` test digits, "turned" by a quarter to the left, and of 200
            "drawings" of other things (`aevb.explore.drawings`).
    """
    fitted = fit(model, trained_on)
    strange = strangeness(model, validation.images, fitted).double()
    threshold = plain(strange.quantile(1 - STRANGE).item())
    turned = test.images[torch.isin(test.known_labels, torch.tensor(TURNED))].rot90(1, (1, 2))
    asked_of = {"digits": test.images, "turned": turned, "drawings": torch.from_numpy(drawings())}
    wrong = {}
    for name, images in asked_of.items():
        unlike = int((strangeness(model, images, fitted) > threshold).sum())
        wrong[name] = [unlike if name == "digits" else len(images) - unlike, len(images)]
    return fitted | {"threshold": threshold, "wrong": wrong}


def fit(model: LatentVariableModel, trained_on: Split) -> dict[str, Any]:
    """`means` and `whitening` of each class, as `measure` gives them."""
    looks, variances = _looks(model, trained_on.images)
    means, whitening = [], []
    for label in range(int(trained_on.known_labels.max()) + 1):
        own = trained_on.known_labels == label
        spread = looks[own].T.cov() + variances[own].mean(0).diag()  # of the means of q(z | x), and within it
        means.append(looks[own].mean(0).numpy())
        inverse = torch.linalg.inv(torch.linalg.cholesky(spread))
        whitening.append([row[: k + 1].tolist() for k, row in enumerate(inverse)])
    return {"means": plain(means), "whitening": plain(whitening)}


def strangeness(model: LatentVariableModel, images: Any, fitted: Mapping[str, Any]) -> Tensor:
    """How far each image is from the nearest class, (N,), in nats, by what `measure` found.

    Args:
        images: grey levels (N, 28, 28) in 0…255, as `codes.seen` takes them.
    """
    looks = _looks(model, images)[0]
    distances = []
    for mean, rows in zip(fitted["means"], fitted["whitening"], strict=True):
        whiten = looks.new_tensor([row + [0] * (len(mean) - len(row)) for row in rows])
        white = (looks - looks.new_tensor(mean)) @ whiten.T
        distances.append(white.square().sum(1) / 2 - whiten.diag().log().sum())
    return torch.stack(distances).amin(0)


@torch.no_grad()
def _looks(model: LatentVariableModel, images: Any) -> tuple[Tensor, Tensor]:
    """(μ, r) of each image, (N, L + 1), and the variances of q(z | x), with 0 for r, in float64.

    r is the root of the ink that is missing or too much, squared, over the image's own. It is averaged over
    3 × 3 pixels first, so that a pen of another width is forgiven.
    """
    looks, variances = [], []
    grey = Examples.of(images, model, dark=True, labelled=False).fitted(model).values
    side = math.isqrt(model.data_dim)
    with evaluating(model):
        for batch in grey.split(BATCH):
            x = codes.seen(model, batch).to(model.device)
            q = codes.posterior(model, x)
            missed = (x - codes.decode(model, q.mean)).view(-1, 1, side, side)
            smooth = avg_pool2d(missed, 3, 1, 1).flatten(1)
            rest = smooth.square().sum(1, keepdim=True) / x.sum(1, keepdim=True).clamp(min=1)
            looks.append(torch.cat([q.mean, rest.sqrt()], 1).cpu())
            variances.append(torch.cat([q.stddev.square(), torch.zeros_like(rest)], 1).cpu())
    return torch.cat(looks).double(), torch.cat(variances).double()
