"""A VAE's training step (batch 100, the tutorial's nets) in float32 against bfloat16; what "auto" takes."""

import sys
from collections.abc import Iterator

import torch

from aevb import VAE, TrainingConfig, train
from aevb.data import load_sample
from aevb.devices import Precision
from aevb.training import Progress
from benchmarks.side_by_side import compare


def steps(precision: Precision) -> Iterator[Progress]:
    torch.manual_seed(0)
    model = VAE()
    config = TrainingConfig(steps=10_000, precision=precision)
    return train(model, load_sample().train.seen_by(model), config)


print(f"auto: {next(steps('auto')).precision}")
float32, bfloat16 = steps("float32"), steps("bfloat16")
try:
    next(bfloat16)
except ValueError as error:  # this machine has none
    sys.exit(str(error))
compare(("float32", "bfloat16"), lambda: next(float32), lambda: next(bfloat16))
