"""Makes a shipped checkpoint of a finished run: rounds its weights, measures it on the test set, maps it.

    python -m benchmarks.ship vae runs/vae
    python -m benchmarks.ship vrnn runs/vrnn --bounds 10

Nothing is chosen here: the run has kept its best epoch by the validation images, and the test images are
looked at once, with the weights as they are shipped.
"""

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from safetensors.torch import load_file, save

from aevb import checkpoints
from aevb.__main__ import main as aevb
from aevb.commands import measuring, options
from aevb.stored.files import WEIGHTS
from benchmarks.rounding import rounded

FRACTION = 7
"""Bits of the weights' fraction that are kept (`benchmarks.rounding`): it costs less than 0.01 nats."""

KEPT = (WEIGHTS, "config.json", "training.json")

BESIDE = ("seeds", "plain")
"""What a training.json tells of other runs, which one that takes the place of its own tells too."""


def ship(name: str, run: Path, bounds: Sequence[int], chosen: str | None = None) -> None:
    """Makes checkpoints/NAME of a run's folder, with all that its page shows.

    Args:
        chosen: what its training.json is to tell beside how its epoch was chosen.
    """
    folder = round_and_measure(name, run, bounds, chosen)
    aevb(["measure", str(folder)])
    if checkpoints.load(folder).model.length == 1:  # no page maps z of several rows
        aevb(["map", str(folder)])
    aevb(["manifest"])


def round_and_measure(name: str, run: Path, bounds: Sequence[int], chosen: str | None = None) -> Path:
    """Rounds a run's weights and measures it on the test set; returns its folder in checkpoints/."""
    folder = checkpoints.ROOT / name
    before = checkpoints.load(folder).training if folder.exists() else {}
    beside = {key: before[key] for key in BESIDE if key in before}
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in KEPT:
        shutil.copyfile(run / file, folder / file)
    weights = {key: rounded(array, FRACTION) for key, array in load_file(folder / WEIGHTS).items()}
    (folder / WEIGHTS).write_bytes(save(weights))
    aevb(["manifest"])  # which vouches for other files of that name
    checkpoint = checkpoints.load(folder)
    images = options.read_for(checkpoint, argparse.Namespace(data=None, image_size=None))
    test = measuring.figures(checkpoint, images, bounds)
    facts = beside | {"fraction_bits": FRACTION, "test": test}
    if chosen:
        facts["chosen"] = f"{checkpoint.training['chosen']}; {chosen}"
    checkpoints.write_json(folder / "training.json", checkpoint.training | facts)
    aevb(["manifest"])
    print(json.dumps(test, indent=2))
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", help="of the checkpoint")
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument("--chosen", help="what else there is to say of how it was chosen")
    options.add_bounds(parser)
    given = parser.parse_args()
    ship(given.name, given.run, given.bounds, given.chosen)


if __name__ == "__main__":
    main()
