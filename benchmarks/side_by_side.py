"""Times two functions in turn and reports the ratio pair by pair."""

import statistics
import time
from collections.abc import Callable


def compare(
    names: tuple[str, str],
    first: Callable[[], object],
    second: Callable[[], object],
    rounds: int = 40,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float, float]:
    """Prints the median times of both and the median, minimum and maximum of first / second.

    Returns:
        the two medians, in milliseconds.
    """
    pairs = []
    for _ in range(3):
        first(), second()
    for _ in range(rounds):
        times = []
        for function in (first, second):
            start = clock()
            function()
            times.append(1000 * (clock() - start))
        pairs.append(times)
    medians = [statistics.median(times) for times in zip(*pairs, strict=True)]
    for name, median in zip(names, medians, strict=True):
        print(f"{name:<24}{median:8.2f} ms (median of {len(pairs)})")
    ratios = [a / b for a, b in pairs]
    print(f"{'ratio':<24}{statistics.median(ratios):8.2f} (from {min(ratios):.2f} to {max(ratios):.2f})")
    return medians[0], medians[1]
