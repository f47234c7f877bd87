"""How often somebody may do something."""

import time
from collections import deque


class RateLimiter:
    """Counts what visitors do, of which so many are allowed within so many seconds. Its owner locks it.

    Args:
        most: how many counts are kept.
    """

    def __init__(self, most: int):
        self._most = most
        self._times: dict[tuple[str, str], deque[float]] = {}

    def wait(self, what: str, visitor: str, most: tuple[int, float]) -> float:
        """Seconds until a visitor may do it; 0 where that is now, and it is counted then.

        Args:
            most: how often, and within how many seconds.
        """
        count, seconds = most
        now = time.monotonic()
        times = self._times.setdefault((what, visitor), deque(maxlen=count))
        if len(times) == count and now - times[0] < seconds:
            return seconds - (now - times[0])
        times.append(now)
        if len(self._times) > self._most:
            del self._times[next(iter(self._times))]  # the one that came first
        return 0.0

    def forget(self, seconds: float) -> None:
        """Drops the counts of who has done nothing for so long."""
        now = time.monotonic()
        self._times = {key: times for key, times in self._times.items() if now - times[-1] <= seconds}
