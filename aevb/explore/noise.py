"""The noise that the app draws with: the same seed shows in Python what it shows there."""

import math

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Independent


class Noise:
    """Numbers one after the other, those of aevb/web/engine/random.js: the generator mulberry32."""

    def __init__(self, seed: int) -> None:
        self._state = seed % 2**32

    def uniform(self, *shape: int) -> Tensor:
        """Numbers in (0, 1), in float64."""
        return torch.tensor([self._next() for _ in range(math.prod(shape))], dtype=torch.float64).view(shape)

    def normal(self, *shape: int) -> Tensor:
        """Draws of N(0, 1), by Box and Muller."""
        return torch.tensor([self._next_normal() for _ in range(math.prod(shape))]).view(shape)

    def pixels(self, p_x: Independent) -> Tensor:
        """One draw of pixels, (…, D): where a uniform number for each lies in its distribution."""
        base = p_x.base_dist
        uniform = self.uniform(*base.batch_shape)
        if isinstance(base, Bernoulli):
            return (uniform < base.probs).to(base.probs)
        return base.icdf(uniform)

    def _next(self) -> float:
        self._state = (self._state + 0x6D2B79F5) % 2**32
        t = (self._state ^ self._state >> 15) * (self._state | 1) % 2**32
        t ^= (t + (t ^ t >> 7) * (t | 61)) % 2**32
        return ((t ^ t >> 14) + 0.5) / 2**32

    def _next_normal(self) -> float:
        return math.sqrt(-2 * math.log(self._next())) * math.cos(2 * math.pi * self._next())
