"""The one idea that every model here shares.

A latent variable model gives a per-example ELBO, split into named terms, and can sample. Raising the
ELBO in the inference parameters φ is the approximate E-step (tutorial section 3), raising it in the
generative parameters θ the approximate M-step (section 4), and AEVB does both at once (section 5.1).
"""

import math
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ClassVar, Concatenate, NamedTuple, ParamSpec, Self, TypeVar

import numpy as np
import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import Generator, Tensor, nn
from torch.distributions import Independent, kl_divergence

from aevb import stored
from aevb.counted import counted
from aevb.data.border import (
    WEIGHT_TOLERANCE,
    Support,
    as_tensor,
    read_labels,
)
from aevb.data.examples import Examples

MAX_PARAMETERS = 2**28
"""Of a model that can be meant here: a GiB in float32, 200 times the largest of the tutorial's."""

MAX_NUMBERS = 20_000 * 784
"""Of one layer of a net, held at once: 63 MB in float32, or 0.4 GB with what is computed from it."""


class Estimate(NamedTuple):
    """An estimate for each of B examples, in nats, and its standard error; both (B,)."""

    value: Tensor
    standard_error: Tensor


Built = TypeVar("Built", bound=nn.Module)
Answer = TypeVar("Answer")
Arguments = ParamSpec("Arguments")


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Dropout off inside the block, as it was after it."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def _asked(
    method: Callable[Concatenate["LatentVariableModel", Arguments], Answer],
) -> Callable[Concatenate["LatentVariableModel", Arguments], Answer]:
    """A model's method that keeps no gradients, and has no dropout while the model is in training either."""

    @wraps(method)
    def answer(self: "LatentVariableModel", *args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        with torch.no_grad(), evaluating(self):
            return method(self, *args, **kwargs)

    return answer


class LatentVariableModel(nn.Module, PyTorchModelHubMixin, ABC):
    """A model p_θ(x, z) with an approximate posterior q_φ(z | x).

    Subclasses name their networks by the density they parametrise, so that a parameter's name says
    which step moves it: `p_…` is generative (θ), `q_…` is inferential (φ).

    To be trained and measured a model writes `forward`, `log_ratios`, `posterior_mean` and
    `ancestral_sample`, which trust their input. To be explored (`aevb.explore`) it also gives its densities:
    `prior`, `posterior`, `likelihood`. In return it is offered what takes any data and checks them:
    `terms`, `elbo` and `log_weights`, which keep their gradients; `encode`, `decode`, `reconstruct`,
    `sample` and `log_prob`, which have none, and no dropout while the model is in training either.

    Shapes: S samples first, then B batch, D data, L latent, C choices. Everything is in nats.
    """

    name: ClassVar[str]
    """What config.json calls the model: the class's own name, where it does not give another."""

    observation: str
    """How an image is presented to the model: a key of `aevb.data.PRESENTATIONS`."""

    support: Support = "real"
    """What numbers x may consist of, which the likelihood decides."""

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
    """Whether the labels y are observed too: then what takes an x takes (x, y)."""

    own_nets: tuple[str, ...] = ()
    """The names of the nets that `with_nets` has put in: a checkpoint cannot rebuild them by itself."""

    not_in_config: tuple[str, ...] = ()
    """The names of the arguments that were given and of which JSON has no word: `config` lacks them."""

    def __new__(cls, *arguments: Any, **named: Any) -> Self:
        """A model that remembers its arguments as plain JSON, for `config`."""
        arguments = tuple(map(plain, arguments))
        named = {name: plain(value) for name, value in named.items()}
        # The mixin leaves out of `config` what JSON does not know, such as numpy's numbers.
        model = super().__new__(cls, *arguments, **named)
        _, *names = cls._hub_mixin_init_parameters
        given = dict(zip(names, arguments, strict=False)) | named
        model.not_in_config = tuple(name for name, value in given.items() if not cls._is_jsonable(value))
        return model

    # What a model writes. x: (B, D), or (B, T, D) for a model of rows, within `support`, of the model's
    # `dtype` and on its `device`; a conditional model takes y: (B,) or (B, C) after it.

    @abstractmethod
    def forward(self, x: Tensor, *, generator: Generator | None = None) -> Mapping[str, Tensor]:
        """The named, signed terms of the one-sample estimator of the per-example ELBO, each (B,).

        Their sum is the ELBO with all its constants; the gradient of that sum is an unbiased estimator
        of the ELBO's gradient (section 5.2.3). What happens here does not depend on the values of x, so
        that DistributedDataParallel, torch.compile and torch.func can call it.
        """

    @abstractmethod
    def log_ratios(self, x: Tensor, *, samples: int, generator: Generator | None = None) -> Tensor:
        """log p(x, z) - log q(z | x) for `samples` draws z ~ q(z | x), as (S, B)."""

    @abstractmethod
    def posterior_mean(self, x: Tensor) -> Tensor:
        """The mean of q(z | x), (B, L), or (B, T·L) for a model of rows."""

    @abstractmethod
    def ancestral_sample(
        self, count: int, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        """`count` draws of x: z ~ p(z), then x ~ p(x | z), as (count, T·D).

        Args:
            y: (count,) or weights (count, C), of a model that has choices; always given it.
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
        """KL(q(z_l | x) ‖ p(z_l)) of each latent number, (B, T·L), for `observed` as in `forward`.

        They sum to the KL of the ELBO, since both densities are diagonal. A model whose z depend on one
        another draws them from `generator`.
        """
        x, *y = observed
        return kl_divergence(self.posterior(x, *y).base_dist, self.prior(*y).base_dist)

    def decoded(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """What `decode` gives, for z: (…, T·L) of the model's dtype and on its device."""
        return parameter(self.likelihood(z, y))

    def reconstructed(self, x: Tensor, *y: Tensor) -> Tensor:
        """What `reconstruct` gives, for `observed` as in `forward`."""
        return self.decoded(self.posterior_mean(x, *y), *y)

    # What is offered for it. x: `Examples`, or anything that they are made of (`Examples.of`): a tensor, a
    # numpy array, images (B, H, W), lists, a torch Dataset. All raise ValueError as `observed` does.

    def observed(self, x: Any, y: Any = None) -> tuple[Tensor, ...]:
        """x, or (x, y) for a conditional model, read once: as `forward` takes them.

        `Examples`, and a torch `Dataset` or `DataLoader` of pairs, have the labels in them. Grey levels are
        presented under the noise of `aevb.data.TEST_SEED`, always the same.

        Raises:
            ValueError: for examples of another size or outside `support`, missing or impossible labels, or
                labels for a model that is not conditional.
        """
        examples = Examples.of(x, self, y)
        if y is not None and not self.conditional:
            raise ValueError(f"{type(self).__name__} is no model of labels: give it x alone.")
        self._computed()
        return examples.require(self).fixed()

    def terms(self, x: Any, y: Any = None, *, generator: Generator | None = None) -> Mapping[str, Tensor]:
        """The named, signed terms of the one-sample estimate of the ELBO, each (B,): `forward`, checked."""
        return terms_of(self, self.observed(x, y), generator)

    def elbo(self, x: Any, y: Any = None, *, generator: Generator | None = None) -> Tensor:
        """The one-sample estimate of the per-example ELBO, (B,): the sum of `terms`."""
        return total(self.terms(x, y, generator=generator))

    def log_weights(
        self, x: Any, y: Any = None, *, samples: int, generator: Generator | None = None
    ) -> Tensor:
        """log p(x, z) - log q(z | x) for `samples` draws z ~ q(z | x), as (S, B): `log_ratios`, checked."""
        (samples,) = check_sizes(samples=samples)
        return ratios_of(self, self.observed(x, y), samples, generator)

    @_asked
    def encode(self, x: Any, y: Any = None) -> Tensor:
        """The mean of q(z | x), (B, L), or (B, T·L) for a model of rows: each from the means before it."""
        return means_of(self, self.observed(x, y))

    @_asked
    def decode(self, z: Any, y: Any = None) -> Tensor:
        """The parameters of p(x | z) or p(x | z, y), (…, T·D), for z: (…, T·L).

        λ of a continuous Bernoulli, a Bernoulli's probability of 1, a Gaussian's mean.

        Args:
            y: of as many z (N, T·L) one for each, as `encode` takes them; else what broadcasts against z, as
                weights (1, C) for all of them do.
        Raises:
            ValueError: for a z of another width or not of finite numbers, or an impossible y.
        """
        z = as_tensor(z).to(self.device, self._computed())
        if z.shape[-1:] != (self.length * self.latent_dim,):
            numbers = counted(self.length * self.latent_dim, "numbers")
            raise ValueError(f"z must end in {numbers}, not {tuple(z.shape)}.")
        if not z.isfinite().all():
            raise ValueError("Some numbers of z are not finite.")
        return self.decoded(z, self._beside(z, y))

    @_asked
    def reconstruct(self, x: Any, y: Any = None) -> Tensor:
        """x encoded and decoded without noise, as `decode` gives it, (B, T·D)."""
        return self.reconstructed(*self.observed(x, y))

    @_asked
    def sample(self, count: int, y: Any = None, *, generator: Generator | None = None) -> Tensor:
        """`count` draws of x by ancestral sampling, (count, T·D).

        Args:
            y: for a model of choices (count,) labels or clusters, or weights (count, C); without them each is
                drawn at random, all alike probable.
        Raises:
            ValueError: for a count below 1, another number of labels or impossible ones.
        """
        (count,) = check_sizes(count=count)
        if y is not None and not self.choices:
            raise ValueError(f"{type(self).__name__} has no labels or clusters to choose from.")
        if y is not None:
            y = self._labels(y, count)
        elif self.choices:
            y = torch.randint(self.choices, (count,), generator=generator, device=self.device)
        self._computed()
        return self.ancestral_sample(count, y, generator=generator).to(self.dtype)

    @_asked
    def log_prob(
        self, x: Any, y: Any = None, *, samples: int, generator: Generator | None = None
    ) -> Estimate:
        """log p(x), or log p(x | y), estimated by importance sampling with K = `samples` draws from q.

        The value is the importance bound (Burda, Grosse and Salakhutdinov, 2016), which on average lies
        below log p(x), by about half its variance. The standard error is that of the logarithm of the
        weights' mean by the delta method, NaN where K is 1; where a few weights outweigh all others it is
        itself too small. Memory does not grow with K.
        """
        (samples,) = check_sizes(samples=samples)
        observed = self.observed(x, y)
        found = [
            self._log_prob(*part, samples=samples, generator=generator)
            for part in zip(*(part.split(self.at_once) for part in observed), strict=True)
        ]
        return Estimate(*(torch.cat(part) for part in zip(*found, strict=True)))

    def _log_prob(self, *observed: Tensor, samples: int, generator: Generator | None) -> Estimate:
        at_once = max(1, self.at_once // len(observed[0]))
        sums, squares = [], []  # of the weights w, in logarithms
        for drawn in range(0, samples, at_once):
            count = min(at_once, samples - drawn)
            # On the CPU, since not every device has float64.
            ratios = ratios_of(self, observed, count, generator).cpu().double()
            sums.append(ratios.logsumexp(0))
            squares.append((2 * ratios).logsumexp(0))
        log_sum = torch.stack(sums).logsumexp(0)
        # var(log w̄) ≈ var(w) / (K w̄²) = (K Σw² / (Σw)² - 1) / (K - 1)
        excess = samples * (torch.stack(squares).logsumexp(0) - 2 * log_sum).exp() - 1
        variance = excess.clamp(min=0) / (samples - 1) if samples > 1 else torch.full_like(excess, math.nan)
        wide = torch.promote_types(self.dtype, torch.float32)
        value, error = log_sum - math.log(samples), variance.sqrt()
        return Estimate(value.to(self.device, wide), error.to(self.device, wide))

    # Nets of one's own

    def inputs_of(self, net: str) -> str:
        """What a net is given, a letter each, by the density that it is named after: "zy" of p_x_given_zy."""
        return net.partition("_given_")[2]

    def with_nets(self, **nets: nn.Module) -> Self:
        """Puts nets of one's own in the place of this model's nets of those names, and returns the model.

        Each takes what the one before it took, and returns the same kind of distribution. It moves to the
        model's device and dtype.

        >>> model = aevb.VAE().with_nets(q_z_given_x=ConvolutionalEncoder())

        Raises:
            ValueError: for a name that is none of this model's nets', or what is not a torch module.
        """
        known = [name for name, _ in self.named_children()]
        for name, net in nets.items():
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no net {name}: its nets are {', '.join(known)}.")
            if not isinstance(net, nn.Module):
                raise ValueError(f"{name} must be a torch module, not a {type(net).__name__}.")
        for name, net in nets.items():
            setattr(self, name, net.to(self.device, self.dtype).train(self.training))
        self.own_nets = tuple(sorted({*self.own_nets, *nets}))
        return self

    # Its parameters

    def generative_parameters(self) -> list[nn.Parameter]:
        """θ, what the approximate M-step moves; without those that `requires_grad_(False)` holds fixed."""
        return self._moving("p_")

    def inference_parameters(self) -> list[nn.Parameter]:
        """φ, what the approximate E-step moves; without those that `requires_grad_(False)` holds fixed."""
        return self._moving("q_")

    def _moving(self, prefix: str) -> list[nn.Parameter]:
        return [p for name, p in self.named_parameters() if name.startswith(prefix) and p.requires_grad]

    @property
    def dtype(self) -> torch.dtype:
        """The type of the parameters, and so of x and z."""
        return next(self.parameters()).dtype

    @property
    def device(self) -> torch.device:
        """Where the parameters are, and so x and z."""
        return next(self.parameters()).device

    @property
    def at_once(self) -> int:
        """How many examples, or samples of an example, are worked on together in bounded memory, 1 at least.

        By the widest layer, for each row: a VRNN's is its memory's, of more numbers than a row has pixels.
        """
        widest = max([self.data_dim, *(p.shape[0] for p in self.parameters() if p.ndim > 1)])
        return max(1, MAX_NUMBERS // (self.length * widest))

    @property
    def config(self) -> dict:
        """The arguments that rebuild this model, as plain JSON: `type(model)(**model.config)`."""
        return dict(self._hub_mixin_config or {})  # type: ignore[arg-type]  # ours is a dict

    @property
    def by_row(self) -> bool:
        """Whether z comes row by row, each after those before it: then there is no one p(z) of an example."""
        return self.length > 1

    def given(self, y: Any) -> Tensor | None:
        """A y for the densities, (…,) or weights (…, C), checked and on the model's device.

        Raises:
            ValueError: for a choice outside 0…C-1, or weights below 0 or of another sum than 1.
        """
        if y is None:
            return None
        y = as_tensor(y)
        if self.choices:
            check_choices(y, self.choices)
        return y.to(self.device, self.dtype if y.is_floating_point() else y.dtype)

    def _beside(self, z: Tensor, y: Any) -> Tensor | None:
        """A y for z: (…, T·L), as `decode` takes it."""
        if y is None or not self.choices:
            return self.given(y)
        y = as_tensor(y)
        if z.ndim == 2 and y.ndim and len(y) == len(z):
            return self._labels(y, len(z))
        try:
            torch.broadcast_shapes(z.shape[:-1], y.shape[:-1] if y.is_floating_point() else y.shape)
        except RuntimeError as error:
            raise ValueError(
                f"A y of shape {tuple(y.shape)} does not go with z of shape {tuple(z.shape)}: give one for "
                "each, or one for all."
            ) from error
        return self.given(y)

    def _labels(self, y: Any, count: int) -> Tensor:
        labels = read_labels(y, count=count, classes=self.choices or None)
        return labels.to(self.device, self.dtype if labels.is_floating_point() else labels.dtype)

    def _computed(self) -> torch.dtype:
        """The model's dtype.

        Raises:
            ValueError: where this device cannot compute in it, as some processors cannot in half precision.
        """
        if self.dtype in (torch.float16, torch.bfloat16):
            recurrent = any(isinstance(module, nn.RNNBase) for module in self.modules())
            layer = nn.LSTM if recurrent else nn.Linear
            try:
                layer(1, 1).to(self.device, self.dtype)(torch.zeros(1, 1).to(self.device, self.dtype))
            except RuntimeError as error:
                name = str(self.dtype).removeprefix("torch.")
                raise ValueError(
                    f"This {self.device.type} cannot compute in {name}: convert the model by model.float()."
                ) from error
        return self.dtype

    # Kept in one format, on the disk and on the Hub (`aevb.stored`), in place of what the mixin does

    def __init_subclass__(cls, **told: Any) -> None:
        cls.name = vars(cls).get("name", cls.__name__)
        super().__init_subclass__(**told)

    def save_pretrained(  # type: ignore[override]
        self,
        save_directory: str | os.PathLike[str],
        *,
        training: Mapping[str, Any] | None = None,
        overwrite: bool = False,
    ) -> None:
        """Leaves a checkpoint in a folder, as `aevb.stored.save` does, for `from_pretrained` and `aevb.load`.

        Weights are rounded to float16 where that costs next to nothing, as it says.

        Args:
            training: what training.json is to tell.
            overwrite: whether a checkpoint that is already there may go.
        Raises:
            CheckpointError: where one is there, and `overwrite` is not given.
            ValueError: for weights that are not finite numbers, or a model that its arguments do not rebuild.
        """
        stored.save(self, save_directory, training, overwrite=overwrite)

    def push_to_hub(  # type: ignore[override]
        self,
        repo_id: str,
        *,
        training: Mapping[str, Any] | None = None,
        license: str = "mit",  # as the Hub calls it
        private: bool | None = None,
        token: str | None = None,
    ) -> str:
        """Puts the model on the Hugging Face Hub, with a card, as `aevb.stored.push` does.

        Returns:
            The commit's address.
        Raises:
            CheckpointError: where the Hub refuses or cannot be reached.
            ValueError: as `save_pretrained`.
        """
        return stored.push(self, repo_id, training, license=license, private=private, token=token)

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls,
        pretrained_model_name_or_path: str | os.PathLike[str],
        *,
        revision: str | None = None,
        token: str | None = None,
        **nets: nn.Module,
    ) -> Self:
        """The model of a checkpoint, found as `aevb.load` finds it, in evaluation mode.

        Args:
            revision: a branch, tag or commit of a repository on the Hub.
            token: what the Hub knows you by, where it is not what `hf auth login` has kept.
            nets: the nets of one's own that stand in it, by name (`with_nets`); their weights are set.
        Raises:
            CheckpointError: where it is missing, damaged, or of another model.
        """
        return stored.find(pretrained_model_name_or_path, revision=revision, token=token).read(cls, **nets)


def require_model(model: Any) -> None:
    """Refuses what no training and no measurement can begin with.

    Raises:
        ValueError: for what is no model, such as the checkpoint that holds one, or one that torch.compile has
            wrapped; for a model that lacks what its data are read by.
    """
    if not isinstance(model, LatentVariableModel):
        hint = ": give its .model" if hasattr(model, "model") else ""
        hint = ": model.compile() compiles it in place" if hasattr(model, "_orig_mod") else hint
        raise ValueError(f"model must be a LatentVariableModel, not a {type(model).__name__}{hint}.")
    for name in ("observation", "data_dim", "latent_dim"):
        if not hasattr(model, name):
            raise ValueError(f"{type(model).__name__} has no {name}: a LatentVariableModel sets it.")


# What a model writes is held to its word wherever it is asked: another shape would be broadcast, without a
# word, into something that is no ELBO and no bound.


def terms_of(
    model: LatentVariableModel, observed: Sequence[Tensor], generator: Generator | None
) -> Mapping[str, Tensor]:
    """The terms that `forward` gives for `observed`, each (B,).

    Raises:
        ValueError: for what are no terms by name, or terms of another shape.
    """
    found = model(*observed, generator=generator)
    if not isinstance(found, Mapping):
        raise ValueError(
            f"{type(model).__name__}.forward must give the ELBO's terms by their names, such as"
            f' {{"reconstruction": …, "minus_kl_z": …}}, not a {type(found).__name__}.'
        )
    for name, term in found.items():
        _require_shape(model, f"forward must give {name}", term, (len(observed[0]),), "(B,)")
    return found


def ratios_of(
    model: LatentVariableModel, observed: Sequence[Tensor], samples: int, generator: Generator | None
) -> Tensor:
    """What `log_ratios` gives for `observed`, (S, B).

    Raises:
        ValueError: for another shape.
    """
    found = model.log_ratios(*observed, samples=samples, generator=generator)
    _require_shape(model, "log_ratios must be", found, (samples, len(observed[0])), "(S, B)")
    return found


def means_of(model: LatentVariableModel, observed: Sequence[Tensor]) -> Tensor:
    """What `posterior_mean` gives for `observed`, (B, T·L).

    Raises:
        ValueError: for another shape.
    """
    found, wide = model.posterior_mean(*observed), model.length * model.latent_dim
    _require_shape(model, "posterior_mean must be", found, (len(observed[0]), wide), "(B, L)")
    return found


def _require_shape(
    model: LatentVariableModel, what: str, found: Tensor, shape: tuple[int, ...], letters: str
) -> None:
    if tuple(found.shape) != shape:
        raise ValueError(
            f"{type(model).__name__}.{what} of shape {letters}, here {shape}, not {tuple(found.shape)}."
        )


def total(terms: Mapping[str, Tensor]) -> Tensor:
    """The ELBO from its terms. Same shape as each."""
    first, *others = terms.values()
    return sum(others, first)


def parameter(p_x: Independent) -> Tensor:
    """What is shown of a likelihood, batch shape + (D,): the probabilities where it has any, else the mean.

    A continuous Bernoulli's λ is its parameter, not its mean; the tutorial shows it too.
    """
    base = p_x.base_dist
    return base.probs if hasattr(base, "probs") else base.mean


def one_hot(y: Tensor | None, choices: int) -> Tensor:
    """Choices (…,) in 0…C-1 as (…, C) of 0s and 1s; weights (…, C) as they are.

    Raises:
        ValueError: for weights of another width, or no y.
    """
    if y is None:
        raise ValueError(f"This density is given one of {counted(choices, 'choices')} y.")
    if y.is_floating_point():
        if y.shape[-1:] != (choices,):
            raise ValueError(f"Weights of {choices} labels must end in {choices}, not {tuple(y.shape)}.")
        return y
    # Not torch's one_hot, which looks at the values: torch.func and torch.compile have none.
    return (y.unsqueeze(-1) == torch.arange(choices, device=y.device)).float()


def check_choices(y: Tensor, choices: int) -> None:
    """Raises ValueError for a choice outside 0…C-1, and for weights that are below 0 or do not sum to 1."""
    if y.is_floating_point():
        # C labels as floats have the shape of weights.
        if y.numel() and not ((y >= 0).all() and ((y.float().sum(-1) - 1).abs() <= WEIGHT_TOLERANCE).all()):
            raise ValueError("Weights of labels must be at least 0 and sum to 1; a label is a whole number.")
    elif y.numel():
        low, high = int(y.min()), int(y.max())
        if not 0 <= low <= high < choices:
            raise ValueError(f"Labels must be in 0…{choices - 1}, not {low}…{high}.")


def check_sizes(**sizes: int) -> list[int]:
    """The sizes as plain whole numbers, whichever library's they are.

    Raises:
        ValueError: naming the argument, for a size that is not a positive whole number of 64 bits.
    """
    for name, size in sizes.items():
        if isinstance(size, bool | np.bool_) or not isinstance(size, int | np.integer) or size < 1:
            raise ValueError(f"{name} must be a positive whole number, not {size!r}.")
        if size >= 2**63:
            raise ValueError(f"{name} must be below 2**63, not {size!r}.")
    return [int(size) for size in sizes.values()]


def sized(
    build: Callable[Concatenate[Built, Arguments], None],
) -> Callable[Concatenate[Built, Arguments], None]:
    """A module's `__init__` that refuses what cannot be meant before it takes any memory.

    It runs on torch's meta device first, whose tensors have a size and no content.

    Raises:
        ValueError: for more than `MAX_PARAMETERS` parameters in all.
    """

    @wraps(build)
    def checked(self: Built, *args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        with torch.device("meta"):
            try:
                build(self, *args, **kwargs)
                count = sum(found.numel() for found in self.parameters())
            except RuntimeError:  # a product of sizes beyond 64 bits
                count = MAX_PARAMETERS + 1
        if count > MAX_PARAMETERS:
            many = f"{count:,}" if count > MAX_PARAMETERS + 1 else "far too many"
            raise ValueError(
                f"A {type(self).__name__} of these sizes has {many} parameters, and at most"
                f" {MAX_PARAMETERS:,} can be meant: give smaller ones."
            )
        build(self, *args, **kwargs)

    return checked


def plain(value: Any) -> Any:
    """Numpy's numbers as Python's, also within lists and tuples, and its arrays as lists."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value
