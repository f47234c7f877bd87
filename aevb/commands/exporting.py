"""export: the explorer without a server; export-onnx: a checkpoint's nets for other runtimes."""

import argparse
from pathlib import Path

from aevb import checkpoints
from aevb.commands import options
from aevb.commands.options import Commands


def add(commands: Commands) -> None:
    """Adds `export` and `export-onnx`."""
    added = options.add(commands, "export", run)
    added.add_argument("folder", type=Path, help="to be made; open the index.html in it")
    added.add_argument(
        "--checkpoint",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="one of your own in the place of its model's; several may be named",
    )
    added.add_argument("--overwrite", action="store_true", help="in the place of an edition that is there")
    added = options.add(commands, "export-onnx", run_onnx)
    added.add_argument("checkpoint", help="a folder, a shipped name, or a Hugging Face repository")
    options.add_output(added, None, "the folder (CHECKPOINT-onnx)")


def run(given: argparse.Namespace) -> None:
    """Writes the explorer as a static site, for any host of files and for a double click."""
    from aevb import site  # imported late: it needs an extra

    site.write(given.folder, site.kinds(given.checkpoint), overwrite=given.overwrite)
    files = [path for path in given.folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"{len(files)} files, {size / 1e6:.1f} MB: open {given.folder / 'index.html'}.")


def run_onnx(given: argparse.Namespace) -> None:
    """Writes a checkpoint's generative and inference nets as ONNX, each compared with torch."""
    from aevb import onnx  # imported late: it needs an extra

    checkpoint = checkpoints.load(given.checkpoint)
    folder = given.output or Path(f"{checkpoint.path.resolve().name}-onnx")
    written = onnx.export(checkpoint.model, folder)
    print(f"{', '.join(path.name for path in written)}: in {folder}.")
