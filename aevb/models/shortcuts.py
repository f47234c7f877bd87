"""What makes a gradient step faster and changes it by no more than rounding.

Each is taken inside `taken` alone, which the optimiser loop opens, and on a processor: there memory and small
products cost most. Everywhere else the plain form stands, which torch.func, torch.compile, second derivatives
and accelerators can take, and which is the oracle of each (`tests/test_shortcuts.py`).
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

_TAKEN = ContextVar("taken", default=False)


@contextmanager
def taken() -> Iterator[None]:
    """Inside the block shortcuts are taken: a forward pass there has one backward pass, and a single one."""
    token = _TAKEN.set(True)
    try:
        yield
    finally:
        _TAKEN.reset(token)


def open_to(values: Tensor) -> bool:
    """Whether what is computed from `values` may take them."""
    return _TAKEN.get() and values.device.type == "cpu" and not torch.compiler.is_compiling()


# Choices whose weight vanishes (the GMVAE's clusters)


def without_vanishing(weights: Tensor) -> Tensor:
    """The same weights, with 0 for those that rounding would lose from their sum, which is 1.

    What goes back through smaller ones would be denormal numbers, with which some processors multiply ten
    times as slowly: two thirds of a GMVAE's step, once its clusters are found.
    """
    return torch.where(weights < torch.finfo(weights.dtype).eps, 0.0, weights)


def worthwhile(weights: Tensor) -> tuple[Tensor, Tensor] | None:
    """Where weights (C, B) are not 0, as rows and columns; None where hardly any is, or outside `taken`.

    In half precision some of weight 0 are among them, so that their number is one of `SIZES`: for products of
    a size that has not been yet, oneDNN writes machine code first, which takes longer than the products.
    """
    if not open_to(weights):
        return None
    which = weights.flatten().nonzero().flatten()
    if torch.is_autocast_enabled("cpu"):
        size = -(-weights.numel() // SIZES)
        others = (weights == 0).flatten().nonzero().flatten()
        which = torch.cat([which, others[: -len(which) % size]])
    if len(which) >= MOST * weights.numel():
        return None
    return which // weights.shape[1], which % weights.shape[1]


MOST = 0.9  # of the choices: with more, it costs more to pick them than to compute the others too
SIZES = 16  # in half precision, from none of the choices to all


# A linear Gaussian model and posterior (factor analysis')


def linear_gaussian(
    x: Tensor, noise: Tensor, W: Tensor, pre_sigma: Tensor, V: Tensor, cholesky: Tensor, least: float
) -> tuple[Tensor, Tensor]:
    """The two terms of `FactorAnalysis.forward`, (B,) each, whose gradients are found at once.

    Its tensors are so small that nearly all of a step is what autograd does around some fifty operations.

    Args:
        x: (B, D), less its mean.
        noise: ε of z, (B, L).
        W, pre_sigma, V, cholesky: the parameters, (D, L), (D,), (L, D) and (L, L).
        least: of σ.
    """
    return _LinearGaussian.apply(x, noise, W, pre_sigma, V, cholesky, least)


class _LinearGaussian(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        noise: Tensor,
        W: Tensor,
        pre_sigma: Tensor,
        V: Tensor,
        cholesky: Tensor,
        least: float,
    ) -> tuple[Tensor, Tensor]:
        sigma, C = F.softplus(pre_sigma).clamp_(min=least), cholesky.tril(-1)
        diagonal = F.softplus(cholesky.diagonal())
        C.diagonal().copy_(diagonal)
        loc = x @ V.T
        z = torch.addmm(loc, noise, C.T)
        missed = torch.addmm(x, z, W.T, alpha=-1).div_(sigma)  # (x - W z) / σ
        ctx.save_for_backward(x, noise, W, pre_sigma, V, cholesky, sigma, C, diagonal, loc, z, missed)
        log_scale = sigma.log().sum() + 0.5 * math.log(2 * math.pi) * len(sigma)
        at_one_mean = 0.5 * (C.square().sum() - len(C)) - diagonal.log().sum()
        return (
            missed.square().sum(-1).mul_(-0.5).sub_(log_scale),
            loc.square().sum(-1).mul_(-0.5).sub_(at_one_mean),
        )

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_reconstruction: Tensor, of_minus_kl: Tensor) -> tuple[Tensor | None, ...]:
        x, noise, W, pre_sigma, V, cholesky, sigma, C, diagonal, loc, z, missed = ctx.saved_tensors
        weighed = missed * of_reconstruction.unsqueeze(-1)
        of_mean = weighed / sigma  # of W z
        of_z = of_mean @ W
        of_loc = torch.addcmul(of_z, of_minus_kl.unsqueeze(-1), loc, value=-1)
        of_sigma = ((weighed * missed).sum(0) - of_reconstruction.sum()) / sigma
        of_C, kl = of_z.T @ noise, of_minus_kl.sum()
        of_C = torch.addcmul(of_C, kl, C, value=-1).tril_()
        of_diagonal = (of_C.diagonal() + kl / diagonal) * cholesky.diagonal().sigmoid()
        of_C.diagonal().copy_(of_diagonal)
        return (
            torch.addmm(of_mean, of_loc, V, beta=-1) if ctx.needs_input_grad[0] else None,
            None,
            of_mean.T @ z,
            of_sigma * pre_sigma.sigmoid(),
            of_loc.T @ x,
            of_C,
            None,
        )


# Layers that a recurrence applies row after row (the VRNN's)


class GatheredWeights(TorchFunctionMode):
    """Inside the block a linear layer may be applied many times, and its weights' gradient is one product.

    By itself autograd makes a product for each time and adds them up: for the hundred images of a row that is
    as much memory to go through as there is to compute.
    """

    def __init__(self) -> None:
        super().__init__()
        self._layers: dict[tuple[int, int], tuple[Tensor, Tensor | None, _Gathered]] = {}

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """As torch calls it, for every function inside the block."""
        if function is F.linear and torch.is_grad_enabled() and not kwargs:
            return self._linear(*args)
        return function(*args, **(kwargs or {}))

    def _linear(self, inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        # Weight and bias are kept beside what they became, so that no other tensor takes their identity.
        layer = id(weight), id(bias)
        if layer not in self._layers:
            self._layers[layer] = weight, bias, _Gathered(weight, bias)
        return self._layers[layer][-1](inputs)


class _Gathered:
    """A linear layer for one forward and backward pass: what it was given, and what came back."""

    def __init__(self, weight: Tensor, bias: Tensor | None):
        self.inputs: list[Tensor] = []
        self.gradients: list[Tensor] = []
        # Narrowed once, where products are in half precision.
        low = torch.is_autocast_enabled("cpu")
        self.dtype = torch.get_autocast_dtype("cpu") if low else weight.dtype
        self.weight, self.bias = _Gather.apply(self, weight, bias)

    def __call__(self, inputs: Tensor) -> Tensor:
        return _Apply.apply(self, inputs.to(self.dtype), self.weight, self.bias)


class _Gather(torch.autograd.Function):
    """The weights as all times use them. Backward comes after that of all of them."""

    @staticmethod
    def forward(
        ctx: Any, layer: _Gathered, weight: Tensor, bias: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        ctx.layer, ctx.dtype = layer, weight.dtype
        ctx.set_materialize_grads(False)  # `_Apply` gives none
        narrow = weight.detach().to(layer.dtype)
        return narrow, None if bias is None else bias.detach().to(layer.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *_: None) -> tuple[None, Tensor, Tensor | None]:
        # The layer holds what this has made of its weights: together they would never be let go.
        layer, ctx.layer = ctx.layer, None
        gradient, inputs = (
            torch.cat([time.flatten(0, -2) for time in times]) for times in (layer.gradients, layer.inputs)
        )
        of_bias = gradient.sum(0, dtype=ctx.dtype) if ctx.needs_input_grad[2] else None
        return None, (gradient.T @ inputs).to(ctx.dtype), of_bias


class _Apply(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, layer: _Gathered, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.layer = layer
        ctx.save_for_backward(inputs, weight)
        return F.linear(inputs, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor | None, None, None]:
        inputs, weight = ctx.saved_tensors
        if ctx.needs_input_grad[2]:
            ctx.layer.inputs.append(inputs.detach())
            ctx.layer.gradients.append(gradient)
        return None, gradient @ weight if ctx.needs_input_grad[1] else None, None, None


class _Cell(torch.autograd.Function):
    """An LSTM's memory (B, H) after its gates (B, 4 H), as torch orders them: h and c."""

    @staticmethod
    def forward(ctx: Any, gates: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        open_ = gates.sigmoid()
        i, f, g, o = open_.chunk(4, -1)
        torch.tanh(gates.chunk(4, -1)[2], out=g)
        after = torch.addcmul(f * c, i, g)
        bent = after.tanh()
        ctx.save_for_backward(open_, c, bent)
        return o * bent, after

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_h: Tensor, of_c: Tensor) -> tuple[Tensor, Tensor]:
        open_, c, bent = ctx.saved_tensors
        i, f, g, o = open_.chunk(4, -1)
        of_c = torch.addcmul(of_c, of_h * o, 1 - bent.square())
        of_gates = open_ * (1 - open_)  # of a sigmoid, times what it opens for
        of_i, of_f, of_g, of_o = of_gates.chunk(4, -1)
        of_i.mul_(g).mul_(of_c)
        of_f.mul_(c).mul_(of_c)
        torch.mul(1 - g.square(), i, out=of_g).mul_(of_c)
        of_o.mul_(bent).mul_(of_h)
        return of_gates, of_c * f


State = list[tuple[Tensor, Tensor]]


def unrolls(layers: nn.Module) -> bool:
    """Whether `lstm` computes what they do: an LSTM of one's own may have no biases, or dropout."""
    if type(layers) is not nn.LSTM or not layers.bias:
        return False
    return not (layers.dropout or layers.bidirectional or layers.proj_size or layers.batch_first)


def lstm(layers: nn.LSTM) -> Callable[[Tensor, State | None], tuple[Tensor, State]]:
    """A function of one row's inputs (B, I) and the state of every layer, which gives h (B, H) and the next.

    The same as `layers`, where `unrolls` says so. Inputs and memory are multiplied at once, and inside
    `GatheredWeights` the weights' gradient is one product; oneDNN's LSTM prepares its weights for every row.
    """
    weights = [
        (torch.cat([w_input, w_memory], 1), b_input + b_memory)
        for w_input, w_memory, b_input, b_memory in layers.all_weights
    ]

    def step(inputs: Tensor, state: State | None) -> tuple[Tensor, State]:
        if state is None:
            nothing = inputs.new_zeros(len(inputs), layers.hidden_size)
            state = [(nothing, nothing)] * len(weights)
        after: State = []
        for (weight, bias), (h, c) in zip(weights, state, strict=True):
            gates = F.linear(torch.cat([inputs, h], -1), weight, bias)
            inputs, c = _Cell.apply(gates.to(c.dtype), c)
            after.append((inputs, c))
        return inputs, after

    return step
