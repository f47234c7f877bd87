"""What a checkpoint's ELBO loses where its weights keep fewer bits of fraction, and the bytes they then take.

    python -m benchmarks.rounding vae    from float16's 10 bits down to 4, on the last training digits

Float16 has 10 bits of fraction. Low ones are as good as random: no code makes them smaller, but all that a
browser fetches of a model is weights. The noise is the same for each, so differences are far more exact
than the ELBO itself.
"""

import argparse
import zlib

import numpy as np
import torch
from torch import Generator, Tensor

from aevb import checkpoints, data
from aevb.data import Split
from aevb.explore.packing import pack
from aevb.models import LatentVariableModel
from aevb.models.base import total

BITS = 10
SEED = 0


def rounded(weights: Tensor, bits: int) -> Tensor:
    """Weights to the nearest that has so many bits of fraction, of a tie the even one, in float16."""
    fraction, exponent = torch.frexp(weights.float())  # which is in ½…1
    return torch.ldexp(torch.ldexp(fraction, torch.tensor(bits + 1)).round(), exponent - bits - 1).half()


@torch.no_grad()
def elbos(model: LatentVariableModel, images: Split) -> np.ndarray:
    """Of each example, (B,), in nats."""
    observed = images.seen_by(model).fixed()
    return total(model.terms(*observed, generator=Generator().manual_seed(SEED))).double().numpy()


@torch.no_grad()
def shortened(model: LatentVariableModel, bits: int) -> LatentVariableModel:
    for weights in model.parameters():
        weights.copy_(rounded(weights, bits))
    return model


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", help="a shipped checkpoint, or a folder")
    parser.add_argument("--images", type=int, default=1000, help="how many (%(default)s)")
    given = parser.parse_args()
    images, whole = data.read().train[-given.images :], None  # nothing is chosen by the test images
    for bits in range(BITS, 3, -1):
        model = shortened(checkpoints.load(given.name).model, bits)
        found = elbos(model, images)
        whole = found if whole is None else whole
        lost, size = whole - found, sum(len(zlib.compress(pack(model, part), 9)) for part in ("p", "q"))
        error = lost.std() / len(lost) ** 0.5
        print(f"{bits:>2} bits: {lost.mean():+.4f} ± {error:.4f} nats lost, {size / 1e6:.2f} MB", flush=True)


if __name__ == "__main__":
    main()
