"""Two ways to let a gradient through a random draw, and two that do not quite: trained side by side.

    python -m benchmarks.estimators gmvae    y summed over, or relaxed by the Gumbel-Softmax trick (5.5.3)
    python -m benchmarks.estimators vrnn     z reparametrised, or only drawn (5.6.3)

Each writes aevb/ui/MODEL/estimators.json, which a scene shows: small models on the bundled sample of MNIST,
means over three seeds, minutes on one core. ELBOs are in nats, over 1,000 test images; a step's time is the
processor's, in which others' work does not count.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Generator

from aevb import GMVAE, VRNN, Examples, LatentVariableModel, Run, TrainingConfig, evaluate
from aevb.data import mnist
from aevb.models.base import total

SEEDS = range(3)
BATCH, MEASURED = 100, 1000
FOLDER = Path(__file__).parent.parent / "aevb" / "ui"


class Drawn(VRNN):
    """A VRNN whose z are drawn and no more: the tutorial's code (`sample()`), not its derivation."""

    def unroll(self, batch, length, choose):
        """As VRNN's, but no gradient passes through z."""

        def without(t, h):
            z, x = choose(t, h)
            return z.detach(), x

        return super().unroll(batch, length, without)


def gmvae(**settings: Any) -> LatentVariableModel:
    """A small one; in training it has the estimator that the settings name."""
    return GMVAE(latent_dim=16, hidden_dims=[128, 128], **settings)


def vrnn(kind: type[VRNN]) -> LatentVariableModel:
    """A small one."""
    return kind(memory_dim=64, memory_layers=1, hidden_dims=[64])


Runs = dict[str, Callable[[], LatentVariableModel]]

EXPERIMENTS: dict[str, tuple[int, tuple[str, ...], Runs]] = {
    "gmvae": (
        20,
        ("elbo", "own"),
        {
            "sum over y": lambda: gmvae(),
            "relaxed, τ = 0.5": lambda: gmvae(estimator="gumbel analytic", temperature=0.5),
            "relaxed, τ = 2": lambda: gmvae(estimator="gumbel analytic", temperature=2.0),
        },
    ),
    "vrnn": (15, ("elbo",), {"reparametrised": lambda: vrnn(VRNN), "only drawn": lambda: vrnn(Drawn)}),
}
"""Epochs, the curves that are kept, and the ways by name. A VRNN's estimate is the same either way."""


@torch.no_grad()
def told(model: LatentVariableModel, test: Examples) -> float:
    """What the estimator that it is trained by says of the ELBO, in nats."""
    model.train()
    value = total(model(*test.fixed(), generator=Generator().manual_seed(0))).mean().item()
    model.eval()
    return value


def trained(make: Callable[[], LatentVariableModel], epochs: int, seed: int) -> dict[str, Any]:
    """A run's test ELBO before and after each epoch, what its own estimator says, and seconds a step."""
    torch.manual_seed(seed)
    model, source = make(), mnist.load_sample()
    test = source.test[:MEASURED].seen_by(model)
    examples = source.train.seen_by(model)
    steps = len(examples) // BATCH
    config = TrainingConfig(steps=epochs * steps, batch_size=BATCH, seed=seed, precision="float32")
    run = Run(model, examples, config)
    elbo, own, seconds = [evaluate(model, test).elbo], [told(model, test)], []
    for _ in range(epochs):
        for _ in range(steps):
            begun = time.process_time()
            run.advance()
            seconds.append(time.process_time() - begun)
        found = evaluate(model, test)
        elbo.append(found.elbo)
        own.append(told(model, test))
    return {"elbo": elbo, "own": own, "kl": -found.terms["minus_kl_z"], "seconds": statistics.median(seconds)}


def main() -> None:
    """Trains one experiment and records it."""
    parser = argparse.ArgumentParser(description="Trains estimators side by side and records them.")
    parser.add_argument("model", choices=EXPERIMENTS)
    name = parser.parse_args().model
    torch.set_num_threads(1)
    epochs, kept, runs = EXPERIMENTS[name]
    recorded = []
    for title, make in runs.items():
        found = [trained(make, epochs, seed) for seed in SEEDS]
        curves = {key: zip(*(run[key] for run in found), strict=True) for key in kept}
        recorded.append(
            {
                "name": title,
                **{
                    key: [round(statistics.mean(epoch), 2) for epoch in curve]
                    for key, curve in curves.items()
                },
                "spread": round(statistics.stdev(run["elbo"][-1] for run in found), 2),
                "kl": round(statistics.mean(run["kl"] for run in found), 2),
                "milliseconds": round(1000 * statistics.median(run["seconds"] for run in found), 1),
            }
        )
        print(recorded[-1], flush=True)
    path = FOLDER / name / "estimators.json"
    path.write_text(json.dumps(recorded, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
