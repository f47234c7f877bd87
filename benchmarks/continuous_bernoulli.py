"""torch's continuous Bernoulli against ours: log p(x) of 100 images and its gradient."""

import torch
from torch.distributions import ContinuousBernoulli as TorchContinuousBernoulli

from aevb.distributions import ContinuousBernoulli
from benchmarks.side_by_side import compare

logits = (4 * torch.randn(100, 784)).requires_grad_()
x = torch.rand(100, 784)


def run(kind: type) -> None:
    kind(logits=logits).log_prob(x).sum().backward()


compare(
    ("torch.distributions", "aevb.distributions"),
    lambda: run(TorchContinuousBernoulli),
    lambda: run(ContinuousBernoulli),
)
