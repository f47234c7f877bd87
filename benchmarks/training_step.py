"""A VAE's training step (batch 100, the tutorial's nets) in float32 against bfloat16."""

from collections.abc import Iterator

import torch

from aevb import VAE, TrainingConfig, train
from aevb.data import load_sample
from aevb.training import Progress
from benchmarks.side_by_side import compare


def steps(bfloat16: bool) -> Iterator[Progress]:
    torch.manual_seed(0)
    model = VAE()
    config = TrainingConfig(steps=10_000, bfloat16=bfloat16)
    return train(model, load_sample().train.seen_by(model), config)


float32, bfloat16 = steps(False), steps(True)
compare(("float32", "bfloat16"), lambda: next(float32), lambda: next(bfloat16))
