"""The page Draw in Python."""

import torch
from PIL import Image

import aevb
from aevb.explore import codes, rows
from aevb.figures.images import sheet


def draw(digit: int = 0, keep: int | None = None, seed: int = rows.SEED) -> Image.Image:
    """What four models say of a test digit. The library reads no drawings: a digit stands in for yours."""
    test = aevb.data.read().test
    vae, cvae, gmvae, vrnn = (aevb.load(name).model for name in ("vae", "cvae", "gmvae", "vrnn"))
    assert isinstance(vrnn, aevb.VRNN)
    grey, binary = (codes.seen(model, test.images[[digit]])[0] for model in (vae, gmvae))
    rebuilt = codes.decode(vae, codes.posterior(vae, grey).mean)

    bounds = codes.label_bounds(cvae, grey, samples=100, seed=0)
    guess = bounds.argmax()
    style = codes.style(cvae, codes.posterior(cvae, grey, guess).mean, guess)
    rewritten = codes.write(cvae, style.expand(10, -1), torch.arange(10))
    print(f"the CVAE's guess: {guess}, p(y | x) = {bounds.softmax(0)[guess]:.3f}")

    shares, titles = codes.components(gmvae, binary)[0], aevb.load("gmvae").measures["titles"]
    order = aevb.load("gmvae").measures["order"]
    print(f"the GMVAE's cluster: {titles[order.index(int(shares.argmax()))]}, q(y | x) = {shares.max():.3f}")

    kept = 14 if keep is None else keep
    given = codes.seen(vrnn, test.images[[digit]])[:, :kept].expand(6, -1, -1)
    endings = rows.drawn(vrnn, *rows.noise(vrnn, seed, 6), given).x.transpose(0, 1).flatten(1)
    return sheet(torch.cat([torch.stack([grey, rebuilt]), rewritten, endings]), 6)
