"""The one idea that every model here shares.

A latent variable model gives a per-example ELBO, split into named terms, and can sample. Raising the
ELBO in the inference parameters φ is the approximate E-step (tutorial section 3), raising it in the
generative parameters θ the approximate M-step (section 4), and AEVB does both at once (section 5.1).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, Self

import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import Generator, Tensor, nn
from torch.distributions import Independent, kl_divergence


class LatentVariableModel(nn.Module, PyTorchModelHubMixin, ABC):
    """A model p_θ(x, z) with an approximate posterior q_φ(z | x).

    Subclasses name their networks by the density they parametrise, so that a parameter's name says
    which step moves it: `p_…` is generative (θ), `q_…` is inferential (φ).

    To be trained and measured a model writes `terms`, `log_weights`, `encode` and `sample`. To be explored
    (`aevb.explore`) it also gives its densities: `prior`, `posterior`, `likelihood`.

    Shapes: S samples first, then B batch, D data, L latent, C choices. Everything is in nats.
    """

    observation: str
    """How an image is presented to the model: a key of `aevb.data.PRESENTATIONS`."""

    data_dim: int
    latent_dim: int

    length: int = 1
    """T, how many rows an example has, each with a z of its own; D and L are then one row's."""

    choices: int = 0
    """C, how many labels or clusters y there are beside z; 0 for a model of z alone.

    Where a method takes a y, it is whole numbers (…,) in 0…C-1 or weights of the choices (…, C), and
    broadcasts against x or z. A model without choices passes it over.
    """

    conditional: bool = False
    """Whether the labels y are observed too: then `terms`, `log_weights` and `encode` take (x, y)."""

    @abstractmethod
    def terms(self, x: Tensor, *, generator: Generator | None = None) -> Mapping[str, Tensor]:
        """The named, signed terms of the one-sample estimator of the per-example ELBO, each (B,).

        Their sum is the ELBO with all its constants; the gradient of that sum is an unbiased estimator
        of the ELBO's gradient (section 5.2.3).
        """

    @abstractmethod
    def log_weights(self, x: Tensor, *, samples: int, generator: Generator | None = None) -> Tensor:
        """log p(x, z) - log q(z | x) for `samples` draws z ~ q(z | x), as (S, B)."""

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """The mean of q(z | x), (B, L)."""

    @abstractmethod
    def sample(self, count: int, *, generator: Generator | None = None) -> Tensor:
        """`count` draws of x by ancestral sampling: z ~ p(z), then x ~ p(x | z), as (count, D).

        A model of classes or clusters y takes them in turn rather than at random.
        """

    # The densities. A model that has none of this shape leaves them out.

    def prior(self, y: Tensor | None = None) -> Independent:
        """p(z), or p(z | y) for a y (…,); event shape (L,)."""
        raise NotImplementedError(f"{type(self).__name__} gives no prior p(z) as one distribution.")

    def posterior(self, x: Tensor, y: Tensor | None = None) -> Independent:
        """q(z | x), or q(z | x, y), for x: (…, D); event shape (L,)."""
        raise NotImplementedError(f"{type(self).__name__} gives no posterior q(z | x) as one distribution.")

    def likelihood(self, z: Tensor, y: Tensor | None = None) -> Independent:
        """p(x | z), or p(x | z, y), for z: (…, L); event shape (D,)."""
        raise NotImplementedError(f"{type(self).__name__} gives no likelihood p(x | z) as one distribution.")

    def responsibilities(self, x: Tensor) -> Tensor | None:
        """q(y | x), (B, C), of a latent choice; None where it is observed or there is none."""
        return None

    def kl_by_dimension(self, *observed: Tensor, generator: Generator | None = None) -> Tensor:
        """KL(q(z_l | x) ‖ p(z_l)) of each latent number, (B, T·L) as `encode`, for `observed` as in `terms`.

        They sum to the KL of the ELBO, since both densities are diagonal. A model whose z depend on one
        another draws them from `generator`.
        """
        x, *y = observed
        return kl_divergence(self.posterior(x, *y).base_dist, self.prior(*y).base_dist)

    def elbo(self, *observed: Tensor, generator: Generator | None = None) -> Tensor:
        """The one-sample estimate of the per-example ELBO, (B,): the sum of `terms`."""
        return total(self.terms(*observed, generator=generator))

    def generative_parameters(self) -> list[nn.Parameter]:
        """θ, what the approximate M-step moves; without those that `requires_grad_(False)` holds fixed."""
        return self._moving("p_")

    def inference_parameters(self) -> list[nn.Parameter]:
        """φ, what the approximate E-step moves; without those that `requires_grad_(False)` holds fixed."""
        return self._moving("q_")

    def _moving(self, prefix: str) -> list[nn.Parameter]:
        return [p for name, p in self.named_parameters() if name.startswith(prefix) and p.requires_grad]

    @property
    def config(self) -> dict:
        """The arguments that rebuild this model: `type(model)(**model.config)`."""
        return dict(self._hub_mixin_config or {})  # type: ignore[arg-type]  # ours is a dict

    @classmethod
    def _from_pretrained(cls, *, strict: bool = True, **arguments: Any) -> Self:
        # The mixin's own default would leave weights that the file does not name at random.
        return super()._from_pretrained(strict=strict, **arguments)


def total(terms: Mapping[str, Tensor]) -> Tensor:
    """The ELBO from its terms. Same shape as each.

    Raises:
        ValueError: for terms of different shapes, which would be broadcast into something that is no ELBO.
    """
    shapes = {name: tuple(term.shape) for name, term in terms.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"The terms of an ELBO must be of one shape, (B,), not {shapes}.")
    values: Iterable[Tensor] = terms.values()
    return sum(values)  # type: ignore[return-value]


def one_hot(y: Tensor | None, choices: int) -> Tensor:
    """Choices (…,) in 0…C-1 as (…, C) of 0s and 1s; weights (…, C) as they are.

    Raises:
        ValueError: for a choice outside 0…C-1, weights of another width, or no y.
    """
    if y is None:
        raise ValueError(f"This density is given one of {choices} choices y.")
    if y.is_floating_point():
        if y.shape[-1:] != (choices,):
            raise ValueError(f"Weights of {choices} labels must end in {choices}, not {tuple(y.shape)}.")
        return y
    if y.numel() and not 0 <= int(y.min()) <= int(y.max()) < choices:
        raise ValueError(f"Labels must be in 0…{choices - 1}, not {int(y.min())}…{int(y.max())}.")
    return torch.nn.functional.one_hot(y.long(), choices).float()


def check_sizes(**sizes: int) -> None:
    """Raises ValueError, naming the argument, for a size that is not a positive whole number."""
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"{name} must be a positive whole number, not {size!r}.")
