"""The steps by which a VAE learns in the browser, run by deno, against torch's autograd and Adam."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.polynomial.hermite_e import hermegauss
from torch.distributions import kl_divergence

from aevb import VAE
from aevb.explore.packing import arrays, pack
from aevb.models.nets import Likelihood
from tests.test_parity import DENO, other, seeded

SCRIPT = Path(__file__).parent / "web" / "parity_training.js"
RATE = 0.01
BATCHES = (32, 13, 8, 5, 32, 32)  # images each: eight at a time are gathered, and what is left
PHASES = ("EM", "E", "M", "EM", "M", "E")


@pytest.mark.parametrize("hidden_dims", [[16], [12, 9]], ids=str)
@pytest.mark.parametrize(
    ("likelihood", "latent_dim"),
    [("continuous bernoulli", 2), ("bernoulli", 2), ("gaussian", 2), ("gaussian", 1)],
)
def test_a_vaes_steps_are_torchs(
    likelihood: Likelihood, latent_dim: int, hidden_dims: Sequence[int], tmp_path: Path
) -> None:
    torch.manual_seed(2 * (2 - latent_dim))  # weights of which each is moved far by so few steps
    with torch.no_grad():
        model = other(VAE(25, latent_dim, hidden_dims, likelihood=likelihood))
    for part in ("p", "q"):
        (tmp_path / f"{part}.bin").write_bytes(pack(model, part))
    x = [torch.rand(count, 25, generator=seeded(k)) for k, count in enumerate(BATCHES)]
    if model.support == "binary":
        x = [(batch < 0.5).float() for batch in x]
    noise = [torch.randn(count, latent_dim, generator=seeded(100 + k)) for k, count in enumerate(BATCHES)]
    asked = {"batches": x, "noise": noise}
    told = {name: [batch.tolist() for batch in batches] for name, batches in asked.items()}
    (tmp_path / "asked.json").write_text(json.dumps({**told, "phases": PHASES, "rate": RATE}))
    allowed = [f"--allow-read={tmp_path}", f"--allow-write={tmp_path}"]
    command = [DENO, "run", "--quiet", "--no-check", "--no-remote", *allowed, SCRIPT, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers = json.loads((tmp_path / "answers.json").read_text())

    model.requires_grad_(True)
    moved = {"E": model.inference_parameters(), "M": model.generative_parameters()}
    optimisers = {step: torch.optim.Adam(parameters, RATE) for step, parameters in moved.items()}
    before = {name: weights.detach().clone() for name, weights in model.named_parameters()}
    for batch, epsilon, phase, terms in zip(x, noise, PHASES, answers["terms"], strict=True):
        q = model.posterior(batch)
        log = model.likelihood(q.mean + q.stddev * epsilon).log_prob(batch).mean()
        kl = kl_divergence(q, model.prior()).mean()
        assert terms == pytest.approx({"log": log.item(), "kl": kl.item()}, rel=1e-4)
        model.zero_grad()
        (kl - log).backward()
        for step in phase:
            optimisers[step].step()
    expected = {name: weights.detach().numpy() for name, weights in arrays(model)}
    assert answers["weights"].keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(answers["weights"][name], values.ravel(), atol=1e-4, err_msg=name)
    for name, weights in model.named_parameters():
        assert (weights - before[name]).abs().max() > RATE, name

    model.double()
    images, line = x[0].double(), torch.linspace(-7, 7, {1: 14_001, 2: 141}[latent_dim]).double()
    nodes, weights = map(torch.from_numpy, hermegauss(24))
    z, epsilon, factors = (
        torch.cartesian_prod(*[each] * latent_dim).view(-1, latent_dim) for each in (line, nodes, weights)
    )
    weights = factors.prod(1)
    with torch.no_grad():
        p_x, log_p_z = model.likelihood(z), model.prior().log_prob(z)
        joint = torch.stack([p_x.log_prob(one) + log_p_z for one in images])
        q = model.posterior(images)
        p_x = model.likelihood(q.mean + q.stddev * epsilon.unsqueeze(1))
        likelihood = weights @ p_x.log_prob(images) / weights.sum()
        elbo = likelihood - kl_divergence(q, model.prior())
    evidence = joint.logsumexp(1) + latent_dim * (line[1] - line[0]).log()
    assert (elbo < evidence).all()
    assert answers["evidence"] == pytest.approx(evidence.tolist(), abs=2e-3)
    assert answers["elbo"] == pytest.approx(elbo.tolist(), abs=5e-2)
