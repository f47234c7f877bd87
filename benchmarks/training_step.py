"""Each model's training step against a textbook's step of the same nets, on batches of 100, in turn.

    python -m benchmarks.training_step [MODEL …] [--steps N] [--threads N] [--cpu-time] [--device NAME]

Ours is `aevb.train` as anyone calls it, in float32 and then in bfloat16; the textbook's stands in
`benchmarks/textbook.py`, in float32. Both begin from the same weights: as they are initialised, and the GMVAE
from those of the shipped checkpoint too, where clusters are passed over. The share of the peak is the rate of
the matrix products that are computed, over the time of the whole step, to that of one large product here.

With --steps 600, an epoch, the test ELBOs at the end say that both have learned the same. --cpu-time with
--threads 1 is for a machine that does something else too. On a GPU ours is replayed (`aevb.captured`).
"""

import argparse
import time
from collections.abc import Callable, Iterator

import torch
from torch import Generator, Tensor
from torch.utils.flop_counter import FlopCounterMode

import aevb
from aevb import LatentVariableModel, TrainingConfig, devices
from aevb.data import Images
from aevb.devices import Precision
from aevb.models import REGISTRY
from aevb.training import Progress
from benchmarks import textbook
from benchmarks.side_by_side import compare

STARTS = (("vae", "new"), ("cvae", "new"), ("gmvae", "new"), ("gmvae", "shipped"), ("vrnn", "new"))
BATCH = 100
SIDE = 2048  # of the large product
Clock = Callable[[], float]


def begin(name: str, start: str, device: torch.device) -> LatentVariableModel:
    torch.manual_seed(0)
    model = aevb.load(name).model if start == "shipped" else REGISTRY[name]()
    return model.requires_grad_(True).to(device)


def ours(model: LatentVariableModel, images: Images, precision: Precision) -> Iterator[Progress]:
    config = TrainingConfig(steps=10**9, batch_size=BATCH, precision=precision)
    return aevb.train(model, images.train.seen_by(model), config)


def batches(model: LatentVariableModel, images: Images) -> Iterator[tuple[Tensor, ...]]:
    examples, generator = images.train.seen_by(model).require(model), Generator(model.device).manual_seed(0)
    while True:
        yield from examples.epoch(BATCH, generator)


def peak(precision: Precision, device: torch.device, clock: Clock) -> float:
    """Floating point operations a second in one large product, the best of ten."""
    factor = torch.randn(SIDE, SIDE, dtype=getattr(torch, precision), device=device)
    times = []
    for _ in range(10):
        start = clock()
        (factor @ factor)[0, 0].item()  # a GPU is waited for
        times.append(clock() - start)
    return 2 * SIDE**3 / min(times)


def measure(
    name: str,
    start: str,
    precision: Precision,
    device: torch.device,
    images: Images,
    steps: int,
    clock: Clock,
) -> None:
    print(f"\n{name}, {start}, {precision}")
    model, plain = begin(name, start, device), begin(name, start, device).train()
    run, drawn = ours(model, images, precision), batches(plain, images)
    step = textbook.steps(plain, lambda: next(drawn))
    try:
        next(run), step()
    except ValueError as error:  # this machine has no bfloat16
        print(error)
        return
    with FlopCounterMode(display=False) as counter:  # of an early step, since none is replayed yet
        next(run)
    step()
    _, spent = compare(("textbook", "aevb"), step, lambda: next(run), steps, clock)
    rate, products = BATCH / spent * 1000, counter.get_total_flops()
    share = products / (spent / 1000) / peak(precision, device, clock)
    print(f"{'images a second':<24}{rate:8.0f}")
    print(f"{'share of the peak':<24}{100 * share:8.0f} % of {products / 1e9:.2f} GFLOP in products")
    elbos = [aevb.evaluate(each, images.test.seen_by(each)).elbo for each in (plain.eval(), model)]
    print(f"{'test ELBOs':<24}{elbos[0]:8.2f} and {elbos[1]:.2f} nats after {steps} steps")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", metavar="MODEL", help="vae, cvae, gmvae, vrnn; all by default")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--cpu-time", action="store_true", help="the processor's time instead of the clock's")
    parser.add_argument("--device", default="cpu", help="as of `aevb train`; the processor by default")
    parser.add_argument("--precision", nargs="*", choices=("float32", "bfloat16"))
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    clock = time.process_time if options.cpu_time else time.perf_counter
    device = devices.device(options.device)
    gpu = torch.cuda.get_device_name(device) + ", " if device.type == "cuda" else ""
    print(f"{gpu}{torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}")
    images = aevb.data.load_sample()
    for precision in options.precision or ("float32", "bfloat16"):
        for name, start in STARTS:
            if name in (options.models or REGISTRY):
                measure(name, start, precision, device, images, options.steps, clock)


if __name__ == "__main__":
    main()
