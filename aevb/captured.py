"""On a GPU: what a step computes, recorded once as a CUDA graph and then replayed.

A step of nets as small as these is hundreds of kernels of a few microseconds each, which a processor launches
more slowly than a GPU runs them; a variational RNN's are thousands. A graph launches all of them at once.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

WARM = 3  # calls as they come before one is recorded, in which torch's libraries choose their kernels


class Replayed:
    """A function of tensors whose shapes stay the same; on a GPU it is replayed from its fourth call on.

    What it gives is written over by the next call. What cannot be recorded, since it looks at the values of a
    tensor, is called as it is.

    Args:
        compute: the function: it depends on nothing but its inputs, on tensors that are changed in place, on
            random numbers, and on `constants`.
        generator: what it draws from, beside the device's own stream.
        constants: what a record holds for good: where it is another, the function is called as it comes again
            before it is recorded anew. So what changes at every call is never recorded.
    """

    def __init__(
        self, compute: Callable[..., Sequence[Tensor]], generator: Generator, constants: Callable[[], Any]
    ):
        self.compute, self.generator, self.constants = compute, generator, constants
        self._held: Any = None
        self._inputs: list[Tensor] = []
        self._outputs: Sequence[Tensor] = ()
        self._graph: torch.cuda.CUDAGraph | None = None
        self._warm = 0 if generator.device.type == "cuda" else -1  # -1: it is never recorded

    def __call__(self, *inputs: Tensor) -> Sequence[Tensor]:
        """What the function gives for these inputs."""
        if self._warm >= 0 and (held := self.constants()) != self._held:
            self._held, self._graph, self._warm = held, None, 0
        if self._graph is None and self._warm == WARM:
            self._record(inputs)
        if self._graph is None:
            self._warm += self._warm >= 0
            return self.compute(*inputs)
        for own, given in zip(self._inputs, inputs, strict=True):
            own.copy_(given)
        self._graph.replay()
        return self._outputs

    def _record(self, inputs: Sequence[Tensor]) -> None:
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.generator)
        self._inputs = [value.clone() for value in inputs]
        try:
            with torch.cuda.graph(graph):
                self._outputs = self.compute(*self._inputs)
        except RuntimeError:
            self._warm = -1
        else:
            self._graph = graph


def settings(model: nn.Module) -> list[Any]:
    """The numbers and words that are attributes of a model's modules: a temperature, a dropout's share.

    A record holds them as they were, unlike parameters and buffers.
    """
    return [
        value
        for module in model.modules()
        for value in vars(module).values()
        if isinstance(value, bool | int | float | str)
    ]
