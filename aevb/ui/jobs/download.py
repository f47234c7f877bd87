"""A download that several visitors follow: one thread for all of them, given up when the last one leaves."""

import logging
import threading
from collections.abc import Callable, Iterator

log = logging.getLogger("aevb")


class Download:
    """A generator of fractions that have arrived, run in a thread while anyone follows it.

    Attributes:
        fraction: that has arrived so far.
        running: whether it is under way.
        problem: why the last attempt failed, or "".
        attempts: how many have been begun.
    """

    def __init__(self, fetch: Callable[[], Iterator[float]]):
        self._fetch = fetch
        self._lock = threading.Lock()
        self._followers: set[str] = set()
        self.fraction, self.running, self.problem, self.attempts = 0.0, False, "", 0

    def follow(self, follower: str) -> None:
        """Begins it, unless it is under way."""
        with self._lock:
            self._followers.add(follower)
            if not self.running:
                self.fraction, self.running, self.problem = 0.0, True, ""
                self.attempts += 1
                threading.Thread(target=self._run, name="download", daemon=True).start()

    def leave(self, follower: str) -> None:
        """One follower fewer; without any the download ends at its next fraction."""
        with self._lock:
            self._followers.discard(follower)

    def _run(self) -> None:
        fractions = self._fetch()
        problem = ""
        try:
            for self.fraction in fractions:
                with self._lock:
                    if not self._followers:
                        # Within the lock, so that who comes next begins it anew.
                        self.running = False
                        return
        except Exception as error:  # of any kind: the followers must hear of it
            log.warning("A download failed: %s", error)
            problem = str(error) or type(error).__name__
        finally:
            close = getattr(fractions, "close", None)  # what it has begun it also clears away
            if close:
                close()
        with self._lock:
            self.problem, self.running = problem, False
