"""A second device, for machines without one: its tensors are numbers on the CPU that refuse to be mixed.

What a forgotten `.to(device)` does on cuda or mps it does here: a tensor of the CPU among those of the
device, a generator of another one, and numbers turned into an array before they came back raise RuntimeError.
Like mps it has no float64 (TypeError). Torch keeps a place for devices that it does not know: this one is
"far". It must be there before a process computes its first gradients, and stays.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

aten = torch.ops.aten
TORCHS = torch.Generator
TRANSFERS = {aten._to_copy.default, aten.copy_.default, aten._local_scalar_dense.default}
INDEXED = {aten.index.Tensor, aten.index_put_.default, aten.index_put.default}  # by indices from anywhere


class _Global:
    """The device's global stream: what is drawn there from none of one's own is drawn from the CPU's."""

    def get_state(self) -> Tensor:
        return torch.default_generator.get_state()

    def set_state(self, state: Tensor) -> None:
        torch.default_generator.set_state(state)


class _Hooks(torch._C._acc.PrivateUse1Hooks):
    def is_available(self) -> bool:
        return True

    def has_primary_context(self, device_id: int) -> bool:
        return True

    def is_built(self) -> bool:
        return True


@cache
def _module() -> SimpleNamespace:
    """What torch knows of the device: it is set up once in a process."""
    module = SimpleNamespace(
        is_available=lambda: True,
        is_initialized=lambda: True,
        _is_in_bad_fork=lambda: False,
        current_device=lambda: 0,
        device_count=lambda: 1,
        manual_seed_all=lambda seed: None,
        get_amp_supported_dtype=lambda: [torch.bfloat16],
        default_generators=(_Global(),),
    )
    _setup_privateuseone_for_python_backend("far", backend_module=module, hook=_Hooks())
    return module


class Far(Tensor):
    """A tensor of the device: a shell around the tensor of the CPU that holds its numbers."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> "Far":
        if held.dtype == torch.float64:
            raise TypeError("The device has no float64.")
        return Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=torch.device("far", 0),
        )

    def __init__(self, held: Tensor):
        self.held = held

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, function, kinds, arguments=(), named=None):
        return run(function, arguments, named or {})

    def __repr__(self) -> str:
        return f"Far({self.held})"


class Generator(TORCHS):
    """torch's, which also knows the device."""

    def __new__(cls, device: Any = "cpu") -> "Generator":
        return super().__new__(cls, device="cpu")

    def __init__(self, device: Any = "cpu"):
        self.place = torch.device(device)

    @property
    def device(self) -> torch.device:
        return self.place


def is_far(device: Any) -> bool:
    return torch.device(device).type == "far"


def parts(whole: Any) -> Iterator[Any]:
    """What an operator is given or gives, one by one: torch's own trees know more, and take as long as it."""
    if isinstance(whole, tuple | list):
        for part in whole:
            yield from parts(part)
    else:
        yield whole


def changed(change: Callable[[Any], Any], whole: Any) -> Any:
    """The same with each of its parts changed."""
    if isinstance(whole, tuple | list):
        return type(whole)([changed(change, part) for part in whole])
    return change(whole)


def run(function: Callable[..., Any], arguments: tuple, named: Mapping[str, Any]) -> Any:
    """Computes on the CPU what is asked of the device, and refuses what the device would."""
    tensors = [part for part in parts((arguments, tuple(named.values()))) if isinstance(part, Tensor)]
    any_far = any(isinstance(part, Far) for part in tensors)
    on_device = is_far(named["device"]) if named.get("device") is not None else any_far
    if not (any_far or on_device):
        return function(*arguments, **named)
    if any_far and function not in TRANSFERS:
        for part in arguments[:1] if function in INDEXED else tensors:
            if not isinstance(part, Far) and part.ndim:  # single numbers may come from anywhere
                raise RuntimeError(f"{function} found tensors on far and on the CPU.")
    shells = {id(part.held): part for part in tensors if isinstance(part, Far)}

    def enter(part: Any) -> Any:
        if isinstance(part, Far):
            return part.held
        return torch.device("cpu") if isinstance(part, torch.device) else part

    def leave(part: Any) -> Any:
        if not isinstance(part, Tensor):
            return part
        return shells[id(part)] if id(part) in shells else Far(part)

    function = CELLS.get(function, function)
    result = function(
        *changed(enter, arguments), **{name: changed(enter, part) for name, part in named.items()}
    )
    return changed(leave, result) if on_device else result


def cell(from_x: Tensor, from_h: Tensor, c: Tensor, bias_x: Tensor, bias_h: Tensor) -> tuple[Tensor, ...]:
    """An LSTM's step, which torch has in one piece for devices and not for the CPU."""
    i, f, g, o = (from_x + bias_x + from_h + bias_h).chunk(4, 1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    after = f * c + i * g
    return o * after.tanh(), after, torch.cat([i, f, g, o], 1)


def cell_backward(
    grad_h: Tensor | None, grad_c: Tensor | None, c: Tensor, after: Tensor, gates: Tensor, has_bias: bool
) -> tuple[Tensor, ...]:
    i, f, g, o = gates.chunk(4, 1)
    grad_h = torch.zeros_like(c) if grad_h is None else grad_h
    through = grad_h * o * (1 - after.tanh() ** 2) + (0 if grad_c is None else grad_c)
    grads = [
        through * g * i * (1 - i),
        through * c * f * (1 - f),
        through * i * (1 - g**2),
        grad_h * after.tanh() * o * (1 - o),
    ]
    grad_gates = torch.cat(grads, 1)
    return grad_gates, through * f, grad_gates.sum(0)


CELLS = {
    aten._thnn_fused_lstm_cell.default: cell,
    aten._thnn_fused_lstm_cell_backward_impl.default: cell_backward,
}


class _Dispatch(TorchDispatchMode):
    def __torch_dispatch__(self, function, kinds, arguments=(), named=None):
        return run(function, arguments, named or {})


class _Function(TorchFunctionMode):
    """What can only be seen from outside: a generator of another device, and numbers on their way there."""

    def __torch_function__(self, function, kinds, arguments=(), named=None):
        named = named or {}
        if function in (torch.tensor, torch.as_tensor) and is_far(named.get("device") or "cpu"):
            return function(*arguments, **{**named, "device": "cpu"}).to(named["device"])
        if (generator := named.get("generator")) is not None:
            asked = named.get("device")
            on_device = is_far(asked) if asked is not None else any(isinstance(p, Far) for p in arguments)
            if is_far(generator.device) != on_device:
                raise RuntimeError(f"{function.__name__} was given a generator on {generator.device}.")
        return function(*arguments, **named)


@contextmanager
def far_device(monkeypatch: pytest.MonkeyPatch) -> Iterator[torch.device]:
    """Inside the block there is the device, and it is this machine's accelerator."""
    _module()
    for module in list(sys.modules.values()):  # wherever torch's own was imported by its name
        if vars(module).get("Generator") is TORCHS:
            monkeypatch.setattr(module, "Generator", Generator)
    with _Function(), _Dispatch():
        yield torch.device("far", 0)
