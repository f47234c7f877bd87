"""The GMVAE from several seeds, from its plain initialisation and from clusters found first.

    python -m benchmarks.gmvae_seeds           trains what is missing and prints both starts side by side
    python -m benchmarks.gmvae_seeds --ship    and makes checkpoints/gmvae of the chosen run

A run takes some ten minutes on one core, or three on a GPU that five share. Runs are kept in
runs/gmvae_seeds and not repeated. The chosen run is the one from clusters with the highest validation ELBO:
no label takes part in the choice. What is shipped is that run on all training images (`aevb refit`).
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
from pathlib import Path

from aevb.__main__ import main as aevb
from aevb.commands.options import BOUNDS
from benchmarks.ship import ship

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


def summary(records: dict[int, dict]) -> dict:
    """Mean and standard deviation over the seeds of the test ELBO in nats and of the accuracy."""
    runs = [
        {
            "seed": seed,
            "validation_elbo": validated(record),
            "elbo": record["test"]["elbo"],
            "accuracy": record["test"]["scores"]["accuracy"],
        }
        for seed, record in records.items()
    ]
    spread = {name: _mean_and_deviation([run[name] for run in runs]) for name in ("elbo", "accuracy")}
    return {"command": next(iter(records.values()))["command"], **spread, "runs": runs}


def _mean_and_deviation(values: list[float]) -> list[float]:
    return [statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0]


def validated(record: dict) -> float:
    """The validation ELBO of the epoch that a run has kept, in nats."""
    return record["curve"][record["epoch"] - 1]["validation_elbo"]


def chosen(records: dict[int, dict]) -> int:
    """The seed with the highest validation ELBO: neither labels nor test images take part."""
    return max(records, key=lambda seed: validated(records[seed]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ship", action="store_true", help="make checkpoints/gmvae of the chosen run")
    options = parser.parse_args()
    records = {start: {seed: run(start, seed) for seed in SEEDS[start]} for start in STARTS}
    seeds = {start: summary(found) for start, found in records.items()}
    for start, found in seeds.items():
        (elbo, elbo_sd), (accuracy, accuracy_sd) = found["elbo"], found["accuracy"]
        print(f"{start:<9} ELBO {elbo:7.2f} ± {elbo_sd:.2f}   accuracy {accuracy:.3f} ± {accuracy_sd:.3f}")
    if options.ship:
        runs = records["clusters"]
        seed = chosen(runs)
        refit = RUNS / "refit"
        aevb(["refit", str(RUNS / f"clusters-{seed}"), "--bounds", "--output", str(refit), "--overwrite"])
        record = json.loads((refit / "training.json").read_text())
        why = f"{record['chosen']}; of {len(runs)} seeds the run with the highest, no label looked at"
        facts = {"chosen": why, "seeds": {"clusters": seeds["clusters"]}, "plain": records["plain"][0]}
        ship("gmvae", refit, BOUNDS, facts)


if __name__ == "__main__":
    main()
