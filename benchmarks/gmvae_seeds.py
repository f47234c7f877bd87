"""The GMVAE from several seeds, from its plain initialisation and from clusters found first, side by side.

    python -m benchmarks.gmvae_seeds

A run takes some ten minutes on one core, or three on a GPU that five share. Runs are kept in
runs/gmvae_seeds and not repeated.
"""

import json
import shlex
import statistics
import subprocess
import sys
from pathlib import Path

RUNS = Path("runs") / "gmvae_seeds"
SEEDS = {"plain": range(1), "clusters": range(5)}
STARTS = {
    "plain": ["--epochs", "20", "--weight-decay", "0.1"],
    "clusters": ["--epochs", "30", "--clusters-first", "18", "--weight-decay", "0.1"],
}


def run(start: str, seed: int) -> dict:
    """What training.json tells of a run, which is trained if it has not been."""
    folder = RUNS / f"{start}-{seed}"
    record = folder / "training.json"
    if not record.is_file() or "test" not in json.loads(record.read_text()):
        options = f"--seed {seed} --bounds --output {folder} --overwrite"
        command = f"train gmvae {shlex.join(STARTS[start])} {options}"
        print(f"python -m aevb {command}", flush=True)
        subprocess.run([sys.executable, "-m", "aevb", *shlex.split(command)], check=True)
    return json.loads(record.read_text())


def validated(record: dict) -> float:
    """The validation ELBO of the epoch that a run has kept, in nats."""
    return record["curve"][record["epoch"] - 1]["validation_elbo"]


def over_seeds(values: list[float], digits: int) -> str:
    """Mean and standard deviation."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.{digits}f} ± {deviation:.{digits}f}"


def main() -> None:
    for start, seeds in SEEDS.items():
        runs = [run(start, seed) for seed in seeds]
        for seed, record in zip(seeds, runs, strict=True):
            print(f"{start:<9} seed {seed}: validation ELBO {validated(record):.2f}")
        elbos = over_seeds([record["test"]["elbo"] for record in runs], 2)
        accuracies = over_seeds([record["test"]["scores"]["accuracy"] for record in runs], 3)
        print(f"{start:<9} test ELBO {elbos}, accuracy {accuracies}")


if __name__ == "__main__":
    main()
