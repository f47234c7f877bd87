"""Times two functions in turn and reports the ratio pair by pair."""

import statistics
import time
from collections.abc import Callable


def compare(names: tuple[str, str], first: Callable[[], object], second: Callable[[], object]) -> None:
    """Prints the median times of both and the median, minimum and maximum of first / second."""
    pairs = []
    for _ in range(3):
        first(), second()
    for _ in range(40):
        times = []
        for function in (first, second):
            start = time.perf_counter()
            function()
            times.append(1000 * (time.perf_counter() - start))
        pairs.append(times)
    for name, times in zip(names, zip(*pairs, strict=True), strict=True):
        print(f"{name:<24}{statistics.median(times):8.2f} ms (median of {len(pairs)})")
    ratios = [a / b for a, b in pairs]
    print(f"{'ratio':<24}{statistics.median(ratios):8.2f} (from {min(ratios):.2f} to {max(ratios):.2f})")
