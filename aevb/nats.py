"""How figures in nats are written: true minus signs, and sums that add up."""

import math
from collections.abc import Sequence


def signed(nats: float) -> str:
    """A figure to one decimal, with a true minus sign."""
    return f"{nats:,.1f}".replace("-", "−")


def with_sign(nats: float) -> str:
    """A figure to one decimal with its sign, the minus as long as the plus."""
    return f"{nats:+,.1f}".replace("-", "−")


def rounded_sum(parts: Sequence[float], decimals: int = 1) -> list[float]:
    """The parts to so many decimals, so that they add up to their rounded sum.

    By the largest remainder: all are rounded down, and those that lost most are raised by one unit until the
    sum is right. So each is less than a unit from what it was.
    """
    unit = 10**decimals
    floors = [math.floor(part * unit) for part in parts]
    lost = [part * unit - floor for part, floor in zip(parts, floors, strict=True)]
    short = round(sum(parts) * unit) - sum(floors)
    for index in sorted(range(len(parts)), key=lambda index: -lost[index])[:short]:
        floors[index] += 1
    return [floor / unit for floor in floors]
