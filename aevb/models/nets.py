"""Small nets, named by the density they parametrise; each returns a distribution.

Likelihoods are computed in float32 or wider even when the matrix products run in bfloat16: a sum over
784 pixels needs the digits.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Independent, Normal, OneHotCategorical
from torch.nn import functional as F

from aevb.distributions import ContinuousBernoulli, cap
from aevb.models.base import check_sizes

MIN_SCALE = 1e-6  # softplus of a very negative number is 0 in float32, and a scale must not be


def hidden_layers(input_dim: int, hidden_dims: Sequence[int], dropout: float) -> nn.Sequential:
    """Linear, ReLU and (where it is not 0) dropout for each width, (…, input_dim) to (…, hidden_dims[-1]).

    Raises:
        ValueError: for no or impossible widths, or a dropout outside [0, 1).
    """
    if not hidden_dims:
        raise ValueError("hidden_dims must name at least one layer's width.")
    check_sizes(**{f"hidden_dims[{i}]": width for i, width in enumerate(hidden_dims)})
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), not {dropout!r}.")
    layers: list[nn.Module] = []
    for width in hidden_dims:
        layers += [nn.Linear(input_dim, width), nn.ReLU()]
        if dropout:
            layers.append(nn.Dropout(dropout))
        input_dim = width
    return nn.Sequential(*layers)


class DiagonalNormalNet(nn.Module):
    """h ↦ N(loc(h), diag scale(h)²), event shape (output_dim,)."""

    def __init__(self, input_dim: int, hidden_dims: Sequence[int], output_dim: int, dropout: float = 0.0):
        super().__init__()
        self.hidden = hidden_layers(input_dim, hidden_dims, dropout)
        self.loc = nn.Linear(hidden_dims[-1], output_dim)
        self.pre_scale = nn.Linear(hidden_dims[-1], output_dim)

    def forward(self, inputs: Tensor) -> Independent:
        h = self.hidden(inputs)
        scale = F.softplus(_wide(self.pre_scale(h))) + MIN_SCALE
        return Independent(Normal(_wide(self.loc(h)), scale, validate_args=False), 1, validate_args=False)


class ContinuousBernoulliNet(nn.Module):
    """z ↦ a product of continuous Bernoullis by their logits, event shape (output_dim,)."""

    def __init__(self, input_dim: int, hidden_dims: Sequence[int], output_dim: int, dropout: float = 0.0):
        super().__init__()
        self.hidden = hidden_layers(input_dim, hidden_dims, dropout)
        self.logits = nn.Linear(hidden_dims[-1], output_dim)

    def forward(self, inputs: Tensor) -> Independent:
        logits = cap(_wide(self.logits(self.hidden(inputs))))
        return Independent(ContinuousBernoulli(logits, validate_args=False), 1, validate_args=False)


class BernoulliNet(nn.Module):
    """z ↦ a product of Bernoullis by their logits, event shape (output_dim,)."""

    def __init__(self, input_dim: int, hidden_dims: Sequence[int], output_dim: int, dropout: float = 0.0):
        super().__init__()
        self.hidden = hidden_layers(input_dim, hidden_dims, dropout)
        self.logits = nn.Linear(hidden_dims[-1], output_dim)

    def forward(self, inputs: Tensor) -> Independent:
        logits = _wide(self.logits(self.hidden(inputs)))
        return Independent(Bernoulli(logits=logits, validate_args=False), 1, validate_args=False)


class CategoricalNet(nn.Module):
    """x ↦ a one-hot categorical distribution by its logits, event shape (output_dim,)."""

    def __init__(self, input_dim: int, hidden_dims: Sequence[int], output_dim: int, dropout: float = 0.0):
        super().__init__()
        self.hidden = hidden_layers(input_dim, hidden_dims, dropout)
        self.logits = nn.Linear(hidden_dims[-1], output_dim)

    def forward(self, inputs: Tensor) -> OneHotCategorical:
        return self.distribution(_wide(self.logits(self.hidden(inputs))))

    @staticmethod
    def distribution(logits: Tensor) -> OneHotCategorical:
        return OneHotCategorical(logits=logits, validate_args=False)


class LinearDiagonalNormal(nn.Module):
    """y ↦ N(loc, diag scale²), loc linear in y, event shape (output_dim,): a one-hot y picks a column."""

    def __init__(self, input_dim: int, output_dim: int):
        super().__init__()
        self.loc = nn.Linear(input_dim, output_dim)
        self.pre_scale = nn.Linear(input_dim, output_dim)

    def forward(self, inputs: Tensor) -> Independent:
        scale = F.softplus(_wide(self.pre_scale(inputs))) + MIN_SCALE
        return Independent(
            Normal(_wide(self.loc(inputs)), scale, validate_args=False), 1, validate_args=False
        )


def standard_normal(zeros: Tensor) -> Independent:
    """N(0, I) of the shape of `zeros`, whose last dimension is the event's."""
    return Independent(Normal(zeros, torch.ones_like(zeros), validate_args=False), 1, validate_args=False)


def _wide(h: Tensor) -> Tensor:
    """In float32, or in float64 where the model is."""
    return h.to(torch.promote_types(h.dtype, torch.float32))
