"""The first page's views in Python."""

import torch
from PIL import Image
from torch.distributions import Categorical, kl_divergence

import aevb
from aevb import data
from aevb.checkpoints import shipped
from aevb.explore import codes
from aevb.figures.images import sheet


def start(turn: float | None = None) -> Image.Image:
    """The image at a place of the ring of digits, of which 12 steps lead from each to the next."""
    vae, test = aevb.load("vae").model, data.read().test
    means = vae.encode(codes.seen(vae, test.images))
    z = codes.ring(means, test.known_labels, 12)[round(12 * (turn or 0)) % 120]
    print(f"‖z‖ = {z.norm():.2f}")
    return sheet(codes.decode(vae, z[None]), 1)


def idea(at: list[float] | None = None) -> dict[str, float]:
    """Evidence = ELBO + gap on the smallest factor analysis, x = θ z + ε, with q the posterior of φ for θ."""
    theta, phi = at or (0.4, 2.4)
    x = torch.tensor([[5**0.5], [-(5**0.5)]]).double()  # of mean square 5
    model = aevb.FactorAnalysis(1, 1).double()
    weight, pre_sigma = model.p_x_given_z.W.data, model.p_x_given_z.pre_sigma.data
    pre_sigma.fill_(1).expm1_().log_()  # σ = softplus(log(e - 1)) = 1
    weight.fill_(phi)
    model.e_step()
    weight.fill_(theta)
    evidence, elbo = model.evidence(x).mean().item(), model.exact_elbo(x).mean().item()
    return {"evidence": evidence, "elbo": elbo, "gap": evidence - elbo}


def models() -> dict[str, int]:
    """The shipped models, and how many parameters each has."""
    return {name: sum(p.numel() for p in aevb.load(name).model.parameters()) for name in shipped()}


def jensen(q: list[int] = [15, 25, 60]) -> dict[str, float]:  # noqa: B006
    """log of the mean, mean of the log, and the KL between q and the posterior, of a z of three values."""
    joint, shares = torch.tensor([0.09, 0.07, 0.04]).double(), torch.tensor(q).double() / 100
    evidence, elbo = joint.sum().log().item(), (shares * (joint / shares).log()).sum().item()
    posterior = Categorical(joint)  # normalised
    return {"evidence": evidence, "elbo": elbo, "gap": kl_divergence(Categorical(shares), posterior).item()}
