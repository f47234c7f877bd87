"""python -m aevb, or aevb where it is installed: train, evaluate, sample and draw from the command line."""

import argparse
import shlex
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

import aevb
from aevb.checkpoints import CheckpointError
from aevb.commands import datasets, deploying, drawing, exporting, measuring, refitting, serving, training
from aevb.data import DataError
from aevb.deploy import DeployError
from aevb.distributed import Lost
from aevb.training import Diverged, ScaleWarning

EXTRAS = {
    "streamlit": "app",
    "cachetools": "app",
    "filelock": "app",
    "latex2mathml": "app",
    "pygments": "app",
    "umap": "maps",
    "plotly": "figures",
    "onnx": "onnx",
    "onnxscript": "onnx",
    "onnxruntime": "onnx",
}
"""Which of the package's extras brings a module."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status: 0, 1 for a failure said in a sentence, 130 for Ctrl-C."""
    parser = _parser()
    options, others = parser.parse_known_args(arguments)
    if others:
        parser.error(f"{others[0]} is not an option of {options.command}: see {options.command} --help")
    options.command_line = "python -m aevb " + shlex.join(sys.argv[1:] if arguments is None else arguments)
    try:
        with _sentences():
            options.run(options)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRAS:
            raise
        return _fail(f'This needs {missing}: pip install "aevb[{EXTRAS[missing]}]".')
    except (CheckpointError, DataError, DeployError, Diverged, Lost, ValueError, OSError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        print("aevb: stopped.", file=sys.stderr)
        return 130
    return 0


@contextmanager
def _sentences() -> Iterator[None]:
    """Our own warnings as the sentence alone, without the line of the library that gives them."""
    usual = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if issubclass(category, ScaleWarning):
            tqdm.write(f"aevb: {message}", file=sys.stderr)  # above a bar
        else:
            usual(message, category, *where, **more)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _fail(sentence: str) -> int:
    print(f"aevb: {sentence}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m aevb", description=__doc__, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"aevb {aevb.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in (training, refitting, measuring, drawing, exporting, datasets, serving, deploying):
        module.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
