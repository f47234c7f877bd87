"""The variational RNN (tutorial section 5.6; Chung et al., 2015): an image as T rows of D pixels.

h_t = LSTM_θ(x_{t-1}, z_{t-1}, state_{t-1}), h_1 = 0    the memory of what came before
z_t ~ N(μ_θ(h_t), diag σ_θ(h_t)²)                       the prior of a row
x_t ~ ProductOfBernoullis(p_θ(h_t, z_t))                the generative net, or N(μ_θ(h_t, z_t), σ² I)
q_φ(z_t | x_t, h_t) = N(μ_φ(x_t, h_t), …)               the inference net, on the same memory
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import torch
from torch import Generator, Tensor, nn
from torch.distributions import Bernoulli, Distribution, Independent, Normal, kl_divergence

from aevb.counted import counted
from aevb.data import Examples
from aevb.data.border import as_tensor
from aevb.distributions import rsample, sample
from aevb.models import shortcuts
from aevb.models.base import LatentVariableModel, check_sizes, parameter, sized
from aevb.models.nets import DiagonalNormalNet, check_widths, kind

Choose = Callable[[int, Tensor], tuple[Tensor, Tensor]]
"""(t from 0, h_t: (B, H)) ↦ (z_t: (B, L), x_t: (B, D)): what distinguishes inference from sampling."""


MAX_LAYERS = 64  # of a memory that can be meant: each is made one by one, whatever its width
MAX_LENGTH = 2**16  # of an example that can be meant: each row waits for the one before it


class Path(NamedTuple):
    """What a sequence went through: h (T, B, H), z (T, B, L), x (T, B, D)."""

    h: Tensor
    z: Tensor
    x: Tensor


class VRNN(LatentVariableModel):
    """A variational RNN for sequences in {0, 1}^(T × D) or R^(T × D), as its likelihood is.

    Args:
        data_dim: D, the length of a row.
        length: T, the number of rows; what trusts its input (`forward`, `infer` and what follows from them)
            takes any number.
        latent_dim: L, of each row.
        memory_dim: H, of each layer of the LSTM.
        memory_layers: how many layers it has.
        hidden_dims: widths of the hidden layers of the prior, the inference net and the generative net.
        likelihood: what p(x_t | h_t, z_t) is a product of. The Gaussian's σ is learned, one for all of x.
    Raises:
        ValueError: for a size below 1, sizes beyond all that can be meant, or another likelihood.
    """

    name = "vrnn"

    nothing: Tensor
    """h_1 = 0, (H,): the memory before the first row."""

    @sized
    def __init__(
        self,
        data_dim: int = 28,
        length: int = 28,
        latent_dim: int = 2,
        memory_dim: int = 256,
        memory_layers: int = 2,
        hidden_dims: Sequence[int] = (500, 500),
        likelihood: Literal["bernoulli", "gaussian"] = "bernoulli",
    ):
        super().__init__()
        data_dim, length, latent_dim, memory_dim, memory_layers = check_sizes(
            data_dim=data_dim,
            length=length,
            latent_dim=latent_dim,
            memory_dim=memory_dim,
            memory_layers=memory_layers,
        )
        self.data_dim, self.length, self.latent_dim = data_dim, length, latent_dim
        self.memory_dim = memory_dim
        if memory_layers > MAX_LAYERS:
            raise ValueError(f"memory_layers must be at most {MAX_LAYERS}, not {memory_layers}.")
        if length > MAX_LENGTH:
            raise ValueError(f"length must be at most {MAX_LENGTH:,}, not {length:,}.")
        hidden_dims = check_widths(hidden_dims)
        net, self.support, observation = kind(likelihood, "bernoulli", "gaussian")
        self.observation = "rows" if observation == "binary" else observation
        self.register_buffer("nothing", torch.zeros(memory_dim), persistent=False)
        self.p_h = nn.LSTM(data_dim + latent_dim, memory_dim, memory_layers)
        self.p_z_given_h = DiagonalNormalNet(memory_dim, hidden_dims, latent_dim)
        self.p_x_given_hz = net(memory_dim + latent_dim, hidden_dims, data_dim)
        self.q_z_given_hx = DiagonalNormalNet(memory_dim + data_dim, hidden_dims, latent_dim)

    @property
    def by_row(self) -> bool:
        """True, of a single row too."""
        return True

    def unroll(self, batch: int, length: int, choose: Choose) -> Path:
        """The recurrence, written once for the ELBO, for encoding and for sampling."""
        steps: list[tuple[Tensor, Tensor, Tensor]] = []
        with self._row_by_row() as remember:
            state, h = None, self.nothing.expand(batch, -1)
            for t in range(length):
                z, x = choose(t, h)
                steps.append((h, z, x))
                if t + 1 < length:  # the memory after the last row would be of no use
                    h, state = remember(torch.cat([x, z], -1).to(self.nothing.dtype), state)
        h_all, z_all, x_all = (torch.stack(part) for part in zip(*steps, strict=True))
        return Path(h_all, z_all, x_all)

    @contextmanager
    def _row_by_row(self) -> Iterator[Callable[[Tensor, Any], tuple[Tensor, Any]]]:
        """The LSTM as a function of one row's inputs and its state, which gives h and the next."""
        if shortcuts.open_to(self.nothing) and shortcuts.unrolls(self.p_h):
            with shortcuts.GatheredWeights():
                yield shortcuts.lstm(self.p_h)
            return

        def remember(inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
            output, state = self.p_h(inputs.unsqueeze(0), state)
            return output.squeeze(0), state

        yield remember

    def infer(
        self, x: Tensor, *, generator: Generator | None = None, sampled: bool = True
    ) -> tuple[Path, Independent]:
        """q along the rows of x: (B, T, D) or (B, D): the path of reparametrised z (or of means), and q.

        Gradients flow through every z and through time. q has batch shape (T, B), event shape (L,).
        """
        rows = x.reshape(len(x), -1, self.data_dim).transpose(0, 1)
        found: list[Independent] = []

        def choose(t: int, h: Tensor) -> tuple[Tensor, Tensor]:
            q_z = self.q_z_given_hx(torch.cat([h, rows[t]], -1))
            found.append(q_z)
            return rsample(q_z, generator=generator) if sampled else q_z.mean, rows[t]

        path = self.unroll(len(x), len(rows), choose)
        loc, scale = (torch.stack([getattr(q.base_dist, name) for q in found]) for name in ("loc", "scale"))
        return path, Independent(Normal(loc, scale, validate_args=False), 1, validate_args=False)

    def row_prior(self, h: Tensor, temperature: float = 1.0) -> Independent:
        """p(z_t | h_t) for h: (…, H), its standard deviation times the temperature; event shape (L,)."""
        p_z = self.p_z_given_h(h).base_dist
        scaled = Normal(p_z.loc, p_z.scale * temperature, validate_args=False)
        return Independent(scaled, 1, validate_args=False)

    def row_likelihood(self, path: Path) -> Independent:
        """p(x_t | h_t, z_t) of all rows at once, batch shape (T, B), event shape (D,)."""
        return self.p_x_given_hz(torch.cat([path.h, path.z], -1))

    def row_terms(self, x: Tensor, *, generator: Generator | None = None) -> dict[str, Tensor]:
        """The terms of the ELBO row by row, each (T, B), for x: (B, T, D) (section 5.6.3)."""
        return self.terms_along(*self.infer(x, generator=generator))

    def terms_along(self, path: Path, q_z: Independent) -> dict[str, Tensor]:
        """The terms row by row, each (T, B), on a path that `infer` has drawn from q_z.

        The prior and the generative net are evaluated once over all rows: given the path, no row waits
        for another.
        """
        return {
            "reconstruction": self.row_likelihood(path).log_prob(path.x),
            "minus_kl_z": -kl_divergence(q_z, self.p_z_given_h(path.h)),
        }

    def forward(self, x: Tensor, *, generator: Generator | None = None) -> dict[str, Tensor]:
        """Σ_t log p(x_t | h_t, z_t) and -Σ_t KL(q(z_t | x_t, h_t) ‖ p(z_t | h_t)), each (B,)."""
        return {name: term.sum(0) for name, term in self.row_terms(x, generator=generator).items()}

    def kl_by_dimension(self, *observed: Tensor, generator: Generator | None = None) -> Tensor:
        """KL(q(z_tl | x_t, h_t) ‖ p(z_tl | h_t)) along one path drawn from q, (B, T·L)."""
        path, q_z = self.infer(*observed, generator=generator)
        kl = kl_divergence(q_z.base_dist, self.row_prior(path.h).base_dist)  # (T, B, L)
        return kl.transpose(0, 1).flatten(1)

    def log_ratios(self, x: Tensor, *, samples: int, generator: Generator | None = None) -> Tensor:
        """log p(x, z) - log q(z | x) of whole paths as (S, B)."""
        repeated = x.repeat(samples, *(1 for _ in x.shape[1:]))  # every sample has a memory of its own
        path, q_z = self.infer(repeated, generator=generator)
        log_prior = self.p_z_given_h(path.h).log_prob(path.z)
        weights = self.row_likelihood(path).log_prob(path.x) + log_prior - q_z.log_prob(path.z)
        return weights.sum(0).view(samples, len(x))

    def posterior_mean(self, x: Tensor) -> Tensor:
        """The path of q's means, each following from the means before it, as (B, T·L)."""
        path, _ = self.infer(x, sampled=False)
        return path.z.transpose(0, 1).flatten(1)

    def decoded(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Each row's probabilities (or means), (…, T·D), for z: (…, T·L), where they go on as its pixels."""
        z_rows = z.reshape(-1, self.length, self.latent_dim).transpose(0, 1)

        def choose(t: int, h: Tensor) -> tuple[Tensor, Tensor]:
            return z_rows[t], parameter(self.p_x_given_hz(torch.cat([h, z_rows[t]], -1)))

        path = self.unroll(z_rows.shape[1], self.length, choose)
        return path.x.transpose(0, 1).reshape(*z.shape[:-1], self.length * self.data_dim)

    def reconstructed(self, x: Tensor, *y: Tensor) -> Tensor:
        """Each row's probabilities (or means) at the means of q, after the rows of x before it, (B, T·D)."""
        path, _ = self.infer(x, sampled=False)
        return parameter(self.row_likelihood(path)).transpose(0, 1).flatten(1)

    def ancestral_sample(
        self, count: int, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        """`count` images row by row, as (count, T·D) (Figure 12)."""
        empty = next(self.parameters()).new_zeros(count, 0, self.data_dim)
        return self.complete(empty, generator=generator).x.transpose(0, 1).flatten(1)

    def first_rows(self, x: Any) -> Tensor:
        """The first k rows of images, (B, k, D), as `observed` takes whole ones: grey levels are presented.

        Raises:
            ValueError: for more than T rows, rows of another width, and values outside `support`.
        """
        x = as_tensor(x)
        if x.ndim != 3 or x.shape[-1] != self.data_dim:
            raise ValueError(
                f"The first rows of images must be of shape (N, k, {self.data_dim}), not {tuple(x.shape)}."
            )
        given = x.shape[1]
        if given > self.length:
            raise ValueError(f"An image has {counted(self.length, 'rows')}; {given} were given.")
        whole = torch.cat([x, x.new_zeros(len(x), self.length - given, self.data_dim)], 1)
        (seen,) = Examples.of(whole, self, dark=True).require(self).fixed()
        return seen.view(whole.shape)[:, :given]

    def complete(self, x: Any, *, generator: Generator | None = None, temperature: float = 1.0) -> Path:
        """Goes on from the first k rows x: (B, k, D) to the T-th: given rows by q, new ones by p.

        Args:
            x: as `first_rows` takes them.
            temperature: scales the prior's standard deviation and divides the pixels' logits (or scales
                their standard deviation); 1 is the model itself, below 1 is bolder.
        Raises:
            ValueError: as `first_rows`, and for a temperature that is not above 0.
        """
        given = self.first_rows(x).transpose(0, 1)
        if not temperature > 0:
            raise ValueError(f"The temperature must be above 0, not {temperature!r}.")

        def choose(t: int, h: Tensor) -> tuple[Tensor, Tensor]:
            if t < len(given):
                q_z = self.q_z_given_hx(torch.cat([h, given[t]], -1))
                return rsample(q_z, generator=generator), given[t]
            z = rsample(self.row_prior(h, temperature), generator=generator)
            p_x = self.p_x_given_hz(torch.cat([h, z], -1))
            return z, sample(at_temperature(p_x, temperature), generator=generator)

        return self.unroll(given.shape[1], self.length, choose)


def at_temperature(p_x: Independent, temperature: float) -> Independent:
    """A product of Bernoullis with its logits divided by the temperature, of normals with its σ times it."""
    base: Distribution
    match p_x.base_dist:
        case Bernoulli(logits=logits):
            base = Bernoulli(logits=logits / temperature, validate_args=False)
        case Normal(loc=loc, scale=scale):
            base = Normal(loc, scale * temperature, validate_args=False)
        case other:
            raise NotImplementedError(f"at_temperature does not know {type(other).__name__}.")
    return Independent(base, 1, validate_args=False)


def tempered(p_x: Independent, temperature: float) -> Tensor:
    """The probabilities (or means), (…, D), of `at_temperature`."""
    return parameter(at_temperature(p_x, temperature))
