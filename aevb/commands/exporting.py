"""export-onnx: a checkpoint's nets for other runtimes."""

import argparse
from pathlib import Path

from aevb import checkpoints
from aevb.commands import options
from aevb.commands.options import Commands


def add(commands: Commands) -> None:
    """Adds `export-onnx`."""
    added = options.add(commands, "export-onnx", run)
    added.add_argument("checkpoint", help="a folder, a shipped name, or a Hugging Face repository")
    options.add_output(added, None, "the folder (CHECKPOINT-onnx)")


def run(given: argparse.Namespace) -> None:
    """Writes a checkpoint's generative and inference nets as ONNX, each compared with torch."""
    from aevb import onnx  # imported late: it needs an extra

    checkpoint = checkpoints.load(given.checkpoint)
    folder = given.output or Path(f"{checkpoint.path.resolve().name}-onnx")
    written = onnx.export(checkpoint.model, folder)
    print(f"{', '.join(path.name for path in written)}: in {folder}.")
