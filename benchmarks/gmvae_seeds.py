"""The GMVAE from several seeds, from its plain initialisation and from clusters found first.

    python -m benchmarks.gmvae_seeds           trains what is missing and prints both starts side by side
    python -m benchmarks.gmvae_seeds --ship    and makes checkpoints/gmvae of the chosen run

A run takes some ten minutes on one core. Runs are kept in runs/gmvae_seeds and not repeated. The chosen
run is the one from clusters with the highest validation ELBO: no label takes part in the choice.
"""

import argparse
import json
import shlex
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from aevb import checkpoints

RUNS = Path("runs") / "gmvae_seeds"
SEEDS = range(5)
STARTS = {
    "plain": ["--epochs", "20"],
    "clusters": ["--epochs", "28", "--clusters-first", "18"],
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
        {"seed": seed, "elbo": record["test"]["elbo"], "accuracy": record["test"]["scores"]["accuracy"]}
        for seed, record in records.items()
    ]
    spread = {
        name: [function(run[name] for run in runs) for function in (statistics.mean, statistics.stdev)]
        for name in ("elbo", "accuracy")
    }
    return {"command": next(iter(records.values()))["command"], **spread, "runs": runs}


def validated(record: dict) -> float:
    """The validation ELBO of the epoch that a run has kept, in nats."""
    return record["curve"][record["epoch"] - 1]["validation_elbo"]


def ship(records: dict[int, dict], seeds: dict[str, dict]) -> None:
    """Makes checkpoints/gmvae of the run with the highest validation ELBO, and what is recorded with it."""
    chosen = max(records, key=lambda seed: validated(records[seed]))
    folder = checkpoints.ROOT / "gmvae"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(RUNS / f"clusters-{chosen}", folder)
    evaluate = [sys.executable, "-m", "aevb", "evaluate", str(folder), "--json"]
    test = json.loads(subprocess.run(evaluate, check=True, capture_output=True, text=True).stdout)
    del test["checkpoint"]
    record = records[chosen]
    why = f"{record['chosen']}; of {len(records)} seeds the run with the highest, no label looked at"
    checkpoints.write_json(folder / "training.json", record | {"test": test, "chosen": why, "seeds": seeds})
    for command in ("map", "measure"):
        subprocess.run([sys.executable, "-m", "aevb", command, str(folder)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ship", action="store_true", help="make checkpoints/gmvae of the chosen run")
    options = parser.parse_args()
    records = {start: {seed: run(start, seed) for seed in SEEDS} for start in STARTS}
    seeds = {start: summary(found) for start, found in records.items()}
    for start, found in seeds.items():
        (elbo, elbo_sd), (accuracy, accuracy_sd) = found["elbo"], found["accuracy"]
        print(f"{start:<9} ELBO {elbo:7.2f} ± {elbo_sd:.2f}   accuracy {accuracy:.3f} ± {accuracy_sd:.3f}")
    if options.ship:
        ship(records["clusters"], seeds)


if __name__ == "__main__":
    main()
