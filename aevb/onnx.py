"""The generative and inference nets of a model as ONNX, for runtimes without torch.

Each net becomes a file of its name, such as p_x_given_zy.onnx. Its inputs are what its density is given,
letter by letter: z, then y. Labels and clusters y are weights, one-hot for a single one. Its outputs are the
parameters of the distribution by torch's names: loc and scale, logits, scale_tril. The first axis of each is
the batch, of any size. A recurrent memory, p_h.onnx, is one step: x, z and the states h and c,
(layers, batch, H), to its output, which is the next row's h_t, and the states after it.

All of them compute in float32: the runtimes know few functions in float64, and fewer in bfloat16.

Factor analysis with a mean μ has a q_z_given_x of x less μ, which p_x_given_z gives as its loc at z = 0.
"""

import copy
import inspect
import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import onnxruntime
import onnxscript  # noqa: F401 # torch's exporter needs it, and says so less clearly
import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent

from aevb.models.base import LatentVariableModel
from aevb.stored import place

BATCHES = (1, 7)
"""The sizes of the batches on which torch and the ONNX runtime are compared."""

TOLERANCE = 1e-4
"""By how much they may differ, relative to the largest number of an output or to 1."""


class _Density(nn.Module):
    """A net as ONNX knows functions: tensors in, one for each letter, and the parameters of a density out."""

    def __init__(self, net: nn.Module, separate: bool):
        super().__init__()
        self.net, self.separate = net, separate

    def parameters_of(self, *given: Tensor) -> dict[str, Tensor]:
        return parameters(self.net(*given) if self.separate else self.net(torch.cat(given, -1)))

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.parameters_of(*given).values())


class _Step(nn.Module):
    """One step of an LSTM: (B, I) in parts, and its states, to (B, H) and its next states."""

    def __init__(self, net: nn.LSTM):
        super().__init__()
        self.net = net

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        *inputs, h, c = given
        output, states = self.net(torch.cat(inputs, -1).unsqueeze(0), (h, c))
        return output.squeeze(0), *states


class Graph(NamedTuple):
    """A function of tensors, and the names, shapes and batch axes of what it takes and gives."""

    function: nn.Module
    inputs: Mapping[str, tuple[int, ...]]
    outputs: tuple[str, ...]
    batch_axes: tuple[int, ...]  # of the inputs

    def examples(self, batch: int) -> tuple[Tensor, ...]:
        """Inputs of one batch, in [0, 1)."""
        generator = torch.Generator().manual_seed(batch)
        dtype = next(self.function.parameters()).dtype
        shapes = [
            (*shape[:axis], batch, *shape[axis:])
            for shape, axis in zip(self.inputs.values(), self.batch_axes, strict=True)
        ]
        return tuple(torch.rand(shape, generator=generator, dtype=dtype) for shape in shapes)


@torch.no_grad()
def export(model: LatentVariableModel, folder: str | Path) -> list[Path]:
    """Writes every net of a model into a folder, in float32, and compares each with torch. Returns the files.

    Raises:
        ValueError: for a net that is not named by its density, or whose file computes something else, as it
            may where the model is in float64 for a reason.
    """
    folder, model = place(folder), copy.deepcopy(model).cpu().eval()
    model.to(torch.promote_types(model.dtype, torch.float32))
    single = copy.deepcopy(model).float()
    graphs = {name: (graph(single, name), graph(model, name)) for name, _ in model.named_children()}
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(model, *made, folder / f"{name}.onnx") for name, made in graphs.items()]


def graph(model: LatentVariableModel, name: str) -> Graph:
    """One net of a model, as a function of what its name says.

    Raises:
        ValueError: for a net that is not named by its density.
    """
    net = model.get_submodule(name)
    if isinstance(net, nn.LSTM):
        state = (net.num_layers, net.hidden_size)
        fed = {"x": (model.data_dim,), "z": (model.latent_dim,)}
        return Graph(
            _Step(net), {**fed, "h": state, "c": state}, ("output", "h_next", "c_next"), (0, 0, 1, 1)
        )
    widths = {
        "x": model.data_dim,
        "z": model.latent_dim,
        "y": model.choices,
        "h": getattr(model, "memory_dim", 0),
    }
    letters = model.inputs_of(name)
    if not letters or not all(widths.get(letter) for letter in letters):
        raise ValueError(
            f"The net {name} is not named by its density, such as p_x_given_z: its inputs are unknown."
        )
    several = (
        sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in inspect.signature(net.forward).parameters.values()) > 1
    )
    inputs = {letter: (widths[letter],) for letter in letters}
    density = _Density(net, several)
    made = Graph(density, inputs, (), (0,) * len(inputs))
    return made._replace(outputs=tuple(density.parameters_of(*made.examples(1))))


def parameters(density: Distribution) -> dict[str, Tensor]:
    """The parameters that a distribution was made from, by name."""
    while isinstance(density, Independent):
        density = density.base_dist
    held = vars(getattr(density, "_categorical", density))  # a one-hot categorical keeps them there
    return {name: held[name] for name in density.arg_constraints if name in held}


def _write(model: LatentVariableModel, made: Graph, oracle: Graph, path: Path) -> Path:
    batch = torch.export.Dim("batch")
    with warnings.catch_warnings(), _unchecked_distributions():
        warnings.simplefilter("ignore")  # of the exporter's own code
        program = torch.onnx.export(
            made.function,
            made.examples(2),
            input_names=list(made.inputs),
            output_names=list(made.outputs),
            dynamic_shapes=(tuple({axis: batch} for axis in made.batch_axes),),
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # as it is where it writes no file itself
    program.model.metadata_props.update(model=type(model).__name__, config=json.dumps(model.config))
    program.save(path, external_data=False)
    _compare(oracle, path)
    return path


@contextmanager
def _unchecked_distributions() -> Iterator[None]:
    """ONNX knows no checks, and torch's categorical makes some whatever it is told."""
    checked = Distribution._validate_args
    Distribution.set_default_validate_args(False)
    try:
        yield
    finally:
        Distribution.set_default_validate_args(checked)


def _compare(oracle: Graph, path: Path) -> None:
    """Raises ValueError where the file computes something else than torch does."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for size in BATCHES:
        given = oracle.examples(size)
        fed = {name: value.float().numpy() for name, value in zip(oracle.inputs, given, strict=True)}
        for name, ours, theirs in zip(
            oracle.outputs, oracle.function(*given), session.run(None, fed), strict=True
        ):
            off = (ours - torch.from_numpy(theirs)).abs().max().item()
            if not off <= TOLERANCE * max(1.0, ours.abs().max().item()):
                path.unlink()
                raise ValueError(
                    f"{path.name} gives another {name} than torch, by {off:.2g}: it is not kept."
                )
