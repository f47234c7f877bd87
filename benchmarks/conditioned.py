"""Small CVAEs that differ in what the label conditions alone (section 5.4.1): trained alike, and shipped.

    python -m benchmarks.conditioned    checkpoints/conditioned/NAME, some twenty minutes on one core

A fourth is told labels that have been shuffled among the training images: it can learn nothing from them
(section 5.4.4). Each keeps its best epoch by the validation images; the test images are looked at once.
"""

import dataclasses
from pathlib import Path

import torch

from aevb import CVAE, TrainingConfig, data, runs
from aevb.__main__ import main as aevb
from aevb.data import Images, Split
from aevb.models.cvae import Conditioned
from benchmarks.ship import round_and_measure

COMMAND = "python -m benchmarks.conditioned"
RUNS = Path("runs")
KINDS: dict[str, Conditioned] = {"xz": "x and z", "x": "x", "z": "z", "shuffled": "x and z"}
"""What the label conditions, by the names of the checkpoints."""

EPOCHS, BATCH, SEED = 30, 100, 0
BOUNDS = (100,)


def shuffled(images: Images) -> Images:
    """The training images under each other's labels; the test images have their own."""
    labels, generator = images.train.known_labels, torch.Generator().manual_seed(SEED)
    train = Split(images.train.images, labels[torch.randperm(len(labels), generator=generator)])
    return dataclasses.replace(images, train=train, note=f"{images.note} The training labels were shuffled.")


def trained(name: str) -> Path:
    """The folder of a finished run; one that was stopped goes on, one that is there stays."""
    folder = RUNS / "conditioned" / name
    stopped = (folder / runs.STATE).is_file()
    if (folder / "training.json").is_file() and not stopped:
        return folder
    torch.manual_seed(SEED)
    model = CVAE(hidden_dims=[200, 200], conditioned=KINDS[name])
    images = data.read()
    if name == "shuffled":
        images = shuffled(images)
    config = TrainingConfig(
        steps=EPOCHS * (len(runs.divided(images.train)[0]) // BATCH),
        batch_size=BATCH,
        learning_rate=0.002,
        rate="cosine",
        weight_decay=0.05,
        seed=SEED,
    )
    for event in runs.record(model, images, config, folder, {"command": COMMAND}, resume=stopped):
        if isinstance(event, runs.Epoch):
            print(f"{name}: {event}", flush=True)
    return folder


def main() -> None:
    """Trains and ships them all."""
    torch.set_num_threads(1)
    for name in KINDS:
        round_and_measure(f"conditioned/{name}", trained(name), BOUNDS)
    aevb(["manifest"])


if __name__ == "__main__":
    main()
