"""How often something may happen: a number at once, and so many a second from then on."""

from __future__ import annotations

import time
from collections.abc import Callable


class Allowance:
    """`burst` at once, `each_second` on the average. `clock` counts seconds. Not for several threads."""

    def __init__(self, burst: float, each_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._each_second, self._clock = burst, each_second, clock
        self._left, self._at = burst, clock()

    def take(self) -> bool:
        """True when one more may happen now, and then it has."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._each_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
