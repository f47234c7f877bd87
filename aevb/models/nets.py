"""Small nets, named by the density they parametrise; each returns a distribution.

Likelihoods are computed in float32 or wider even when the matrix products run in half precision: a sum over
784 pixels needs the digits.
"""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import (
    Categorical,
    Distribution,
    Independent,
    Normal,
    OneHotCategorical,
    kl_divergence,
)
from torch.nn import functional as F

from aevb.data.border import Support
from aevb.distributions import Bernoulli, ContinuousBernoulli, cap
from aevb.models.base import check_sizes

MIN_SCALE = 1e-6  # softplus of a very negative number is 0 in float32, and a scale must not be
MIN_DATA_SCALE = math.exp(-6)
"""Of a Gaussian likelihood: below it noise of quantisation, 1/256 wide, would be all that it measures."""

Likelihood = Literal["continuous bernoulli", "bernoulli", "gaussian"]


def check_widths(hidden_dims: Sequence[int]) -> list[int]:
    """The widths of hidden layers as plain whole numbers.

    Raises:
        ValueError: for no or impossible widths.
    """
    try:
        widths = list(hidden_dims)
    except TypeError:
        raise ValueError(f"hidden_dims must list the widths of layers, not be {hidden_dims!r}.") from None
    if not widths:
        raise ValueError("hidden_dims must name at least one layer's width.")
    return check_sizes(**{f"hidden_dims[{i}]": width for i, width in enumerate(widths)})


class HiddenLayers(nn.Sequential):
    """Layers one after the other, whose input may be of a wider type than their weights."""

    def forward(self, inputs: Tensor) -> Tensor:
        """The last layer's units, (…, hidden_dims[-1]), for inputs (…, input_dim)."""
        return super().forward(as_weights(self[0], inputs))


def hidden_layers(input_dim: int, hidden_dims: Sequence[int], dropout: float) -> HiddenLayers:
    """Linear, ReLU and (where it is not 0) dropout for each width, (…, input_dim) to (…, hidden_dims[-1]).

    Raises:
        ValueError: for no or impossible widths, or a dropout outside [0, 1).
    """
    widths = check_widths(hidden_dims)
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), not {dropout!r}.")
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Linear(input_dim, width), nn.ReLU()]
        if dropout:
            layers.append(nn.Dropout(dropout))
        input_dim = width
    return HiddenLayers(*layers)


class DiagonalNormalNet(nn.Module):
    """h ↦ N(loc(h), diag scale(h)²), event shape (output_dim,)."""

    def __init__(self, input_dim: int, hidden_dims: Sequence[int], output_dim: int, dropout: float = 0.0):
        super().__init__()
        self.hidden = hidden_layers(input_dim, hidden_dims, dropout)
        self.loc = nn.Linear(hidden_dims[-1], output_dim)
        self.pre_scale = nn.Linear(hidden_dims[-1], output_dim)

    def forward(self, inputs: Tensor) -> Independent:
        """The distribution for inputs (…, input_dim)."""
        h = self.hidden(inputs)
        scale = F.softplus(wide(self.pre_scale(h))) + MIN_SCALE
        return Independent(Normal(wide(self.loc(h)), scale, validate_args=False), 1, validate_args=False)


class ContinuousBernoulliNet(nn.Module):
    """z ↦ a product of continuous Bernoullis by their logits, event shape (output_dim,)."""

    def __init__(self, input_dim: int, hidden_dims: Sequence[int], output_dim: int, dropout: float = 0.0):
        super().__init__()
        self.hidden = hidden_layers(input_dim, hidden_dims, dropout)
        self.logits = nn.Linear(hidden_dims[-1], output_dim)

    def forward(self, inputs: Tensor) -> Independent:
        """The distribution for inputs (…, input_dim)."""
        logits = cap(wide(self.logits(self.hidden(inputs))))
        return Independent(ContinuousBernoulli(logits, validate_args=False), 1, validate_args=False)


class BernoulliNet(nn.Module):
    """z ↦ a product of Bernoullis by their logits, event shape (output_dim,)."""

    def __init__(self, input_dim: int, hidden_dims: Sequence[int], output_dim: int, dropout: float = 0.0):
        super().__init__()
        self.hidden = hidden_layers(input_dim, hidden_dims, dropout)
        self.logits = nn.Linear(hidden_dims[-1], output_dim)

    def forward(self, inputs: Tensor) -> Independent:
        """The distribution for inputs (…, input_dim)."""
        logits = wide(self.logits(self.hidden(inputs)))
        return Independent(Bernoulli(logits=logits, validate_args=False), 1, validate_args=False)


class GaussianNet(nn.Module):
    """z ↦ N(loc(z), σ² I), event shape (output_dim,), with one learned σ for all of x.

    A σ that is fixed weighs the reconstruction against the KL by a number that nobody chose; learned, it is
    the maximum of the likelihood (Rybkin, Daniilidis and Levine, "Simple and effective VAE training with
    calibrated decoders", 2021). It is 1 at first, and at least `MIN_DATA_SCALE`.
    """

    def __init__(self, input_dim: int, hidden_dims: Sequence[int], output_dim: int, dropout: float = 0.0):
        super().__init__()
        self.hidden = hidden_layers(input_dim, hidden_dims, dropout)
        self.loc = nn.Linear(hidden_dims[-1], output_dim)
        self.pre_scale = nn.Parameter(torch.tensor(math.log(math.expm1(1 - MIN_DATA_SCALE))))

    @property
    def scale(self) -> Tensor:
        """σ, a single number ()."""
        return F.softplus(wide(self.pre_scale)) + MIN_DATA_SCALE

    def forward(self, inputs: Tensor) -> Independent:
        """The distribution for inputs (…, input_dim)."""
        loc = wide(self.loc(self.hidden(inputs)))
        return Independent(
            Normal(loc, self.scale.expand_as(loc), validate_args=False), 1, validate_args=False
        )


class Kind(NamedTuple):
    """What a likelihood is of: the net that gives it, what x may be, and how images become that."""

    net: type[ContinuousBernoulliNet | BernoulliNet | GaussianNet]
    support: Support
    observation: str


LIKELIHOODS: dict[str, Kind] = {
    "continuous bernoulli": Kind(ContinuousBernoulliNet, "unit interval", "continuous"),
    "bernoulli": Kind(BernoulliNet, "binary", "binary"),
    "gaussian": Kind(GaussianNet, "real", "continuous"),
}


def kind(likelihood: str, *allowed: str) -> Kind:
    """The kind of that name.

    Raises:
        ValueError: for one that is not among the `allowed`, which are all by default.
    """
    known = allowed or tuple(LIKELIHOODS)
    if likelihood not in known:
        raise ValueError(f"likelihood must be one of {', '.join(map(repr, known))}, not {likelihood!r}.")
    return LIKELIHOODS[likelihood]


class CategoricalNet(nn.Module):
    """x ↦ a one-hot categorical distribution by its logits, event shape (output_dim,)."""

    def __init__(self, input_dim: int, hidden_dims: Sequence[int], output_dim: int, dropout: float = 0.0):
        super().__init__()
        self.hidden = hidden_layers(input_dim, hidden_dims, dropout)
        self.logits = nn.Linear(hidden_dims[-1], output_dim)

    def forward(self, inputs: Tensor) -> OneHotCategorical:
        """The distribution for inputs (…, input_dim)."""
        return self.distribution(wide(self.logits(self.hidden(inputs))))

    @staticmethod
    def distribution(logits: Tensor) -> OneHotCategorical:
        """The one-hot categorical distribution of logits (…, C)."""
        # Torch's constructor tells the Categorical inside it nothing of this, which would look at the values.
        found = OneHotCategorical.__new__(OneHotCategorical)
        found._categorical = Categorical(logits=logits, validate_args=False)
        Distribution.__init__(found, logits.shape[:-1], logits.shape[-1:], validate_args=False)
        return found


class LinearDiagonalNormal(nn.Module):
    """y ↦ N(loc, diag scale²), loc linear in y, event shape (output_dim,): a one-hot y picks a column."""

    def __init__(self, input_dim: int, output_dim: int):
        super().__init__()
        self.loc = nn.Linear(input_dim, output_dim)
        self.pre_scale = nn.Linear(input_dim, output_dim)

    def forward(self, inputs: Tensor) -> Independent:
        """The distribution for inputs (…, input_dim)."""
        inputs = as_weights(self.loc, inputs)
        scale = F.softplus(wide(self.pre_scale(inputs))) + MIN_SCALE
        return Independent(Normal(wide(self.loc(inputs)), scale, validate_args=False), 1, validate_args=False)


def standard_normal(zeros: Tensor) -> Independent:
    """N(0, I) of the shape of `zeros`, whose last dimension is the event's."""
    return Independent(Normal(zeros, torch.ones_like(zeros), validate_args=False), 1, validate_args=False)


# Which formula a pair of distributions takes is searched for once and then remembered; torch.compile can
# trace what is remembered, but not the search.
kl_divergence(standard_normal(torch.zeros(1)), standard_normal(torch.zeros(1)))


def as_weights(layer: nn.Module, inputs: Tensor) -> Tensor:
    """Inputs in the type of the layer's weights: a z of a model in half precision is float32."""
    return inputs.to(layer.weight.dtype)  # type: ignore[arg-type]  # a linear layer's is a tensor


def wide(h: Tensor) -> Tensor:
    """In float32, or in float64 where the model is."""
    return h.to(torch.promote_types(h.dtype, torch.float32))
