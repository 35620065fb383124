"""A clock that many threads sleep through together, and what a rate is measured by."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from tests.sources.loopback import NOW


class SharedHours:
    """Time that stands still while any of the threads is awake, and then moves to the first moment one waits for."""

    def __init__(self, threads: int) -> None:
        self._now, self._wakes, self._changed = 0.0, dict[int, float](), threading.Condition()
        self._awake = threads

    def clock(self) -> datetime:
        """NOW, and what has passed since."""
        return NOW + timedelta(seconds=self._now)

    def monotonic(self) -> float:
        """Seconds that have passed."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Until all the others sleep longer."""
        with self._changed:
            until = self._now + seconds
            if until <= self._now:
                return
            self._wakes[threading.get_ident()] = until
            self._awake -= 1
            self._move()
            self._changed.wait_for(lambda: self._now >= until)
            del self._wakes[threading.get_ident()]

    def ends(self) -> None:
        """One thread will not sleep again."""
        with self._changed:
            self._awake -= 1
            self._move()

    def _move(self) -> None:
        if self._awake == 0 and self._wakes:
            self._now = min(self._wakes.values())
            self._awake = sum(until <= self._now for until in self._wakes.values())
            self._changed.notify_all()


def most_in_any(starts: list[float], seconds: float) -> int:
    """The most starts in any window. A window ends before the same moment of the next one; rounding is forgiven."""
    return max(sum(at <= other < at + seconds - 1e-9 for other in starts) for at in starts)
