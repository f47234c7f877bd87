"""A recorded run: what its time counts."""

import dataclasses
import time
from pathlib import Path

import pytest
import torch

from aevb import VAE, TrainingConfig, checkpoints, data, runs


def test_a_standstill_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour passes by the clock between any two looks at it, as if the process were stopped there."""
    whole = data.load_sample()
    few = data.Split(whole.test.images[:100], whole.test.labels[:100])
    clock = iter(range(0, 10**9, 3600))
    for name in ("perf_counter", "monotonic", "time"):
        monkeypatch.setattr(time, name, lambda: float(next(clock)))
    torch.manual_seed(0)
    model, config = VAE(latent_dim=2, hidden_dims=[4]), TrainingConfig(steps=4, batch_size=50)
    for _ in runs.record(model, dataclasses.replace(whole, train=few, test=few), config, tmp_path, {}):
        pass
    training = checkpoints.load(tmp_path).training
    assert [epoch["epoch"] for epoch in training["curve"]] == [1, 2]
    assert 0 <= training["seconds"] < 600
