"""The page Draw in Python."""

import torch
from PIL import Image

import aevb
from aevb.explore import codes, likeness, rows
from aevb.figures.images import sheet
from aevb.percent import stated


def draw(digit: int = 0, keep: int | None = None, seed: int = rows.SEED) -> Image.Image:
    """What four models say of a test digit. A cell takes no drawing: a digit stands in for yours."""
    test = aevb.data.read().test
    vae, cvae, gmvae, vrnn = (aevb.load(name).model for name in ("vae", "cvae", "gmvae", "vrnn"))
    assert isinstance(vrnn, aevb.VRNN)
    grey, binary = (codes.seen(model, test.images[[digit]])[0] for model in (vae, gmvae))
    rebuilt = codes.decode(vae, codes.posterior(vae, grey).mean)
    measured = aevb.load("vae").measures["likeness"]
    strange = likeness.strangeness(vae, test.images[[digit]], measured).item()
    print("unlike any digit" if strange > measured["threshold"] else "like a digit", "by the VAE")

    bounds = codes.label_bounds(cvae, grey, samples=100, seed=0)
    guess = bounds.argmax()
    style = codes.style(cvae, codes.posterior(cvae, grey, guess).mean, guess)
    rewritten = codes.write(cvae, style.expand(10, -1), torch.arange(10))
    print(f"the CVAE's guess: {guess}, p(y | x) {stated(bounds.softmax(0)[guess].item())}")

    shares, titles = codes.components(gmvae, binary)[0], aevb.load("gmvae").measures["titles"]
    order = aevb.load("gmvae").measures["order"]
    cluster = titles[order.index(int(shares.argmax()))]
    print(f"the GMVAE's cluster: {cluster}, q(y | x) {stated(shares.max().item())}")

    kept = 14 if keep is None else keep
    given = codes.seen(vrnn, test.images[[digit]])[:, :kept].expand(6, -1, -1)
    endings = rows.drawn(vrnn, *rows.noise(vrnn, seed, 6), given).x.transpose(0, 1).flatten(1)
    return sheet(torch.cat([torch.stack([grey, rebuilt]), rewritten, endings]), 6)
