"""One rate budget per host and credential: who shares both, shares the turns, whatever the thread, account or page.

Why this is neither pyrate-limiter nor limits: docs/decisions/0006-rate-budget.md.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from perfdash.config.source_models import RateConfig
from perfdash.domain.errors import RateLimited
from perfdash.domain.schedule import LONGEST_SILENCE
from perfdash.domain.secret import Secret
from perfdash.sources.transport import Deadline

LONGEST_HELD = LONGEST_SILENCE.total_seconds()
"""Of a pause, in seconds. What asks for more may be an error; after a day one request finds out."""
SHORTEST_SLEEP = 0.001
"""In seconds. A wait that is only a rounding error may be too short to move a clock."""
FORGOTTEN_AFTER = 2 * 3600.0
"""Longer than any run may take (limits.total_seconds), so that nobody still waits on what is forgotten."""

ServerOrigin = tuple[str, str, int]
Monotonic = Callable[[], float]


class Budget:
    """Turns of one credential at one host. Every rate that was named for it holds, so the strictest does.

    Threads share it. `monotonic` gives seconds that never go back.
    """

    def __init__(self, monotonic: Monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._rates: set[tuple[int, float]] = set()
        self._starts: deque[float] = deque(maxlen=0)
        self._held_until = self._wanted = monotonic()

    def limit(self, rate: RateConfig | None) -> None:
        """From now on at most `rate.requests` starts in any `rate.seconds`, beside what was named before."""
        with self._lock:
            self._wanted = self._monotonic()
            if rate is not None:
                self._rates.add((rate.requests, rate.seconds))
                self._starts = deque(self._starts, maxlen=max(requests for requests, _ in self._rates))

    def pause(self, seconds: float) -> None:
        """Nobody starts for so long. It never shortens a pause that was asked for before."""
        with self._lock:
            self._held_until = max(self._held_until, self._monotonic() + min(seconds, LONGEST_HELD))

    def wait(
        self,
        deadline: Deadline,
        clock: Callable[[], datetime],
        sleep: Callable[[float], object],
        note: Callable[[str], None],
    ) -> None:
        """Take the next turn, sleeping until it comes. One note for all of it.

        RateLimited as soon as the turn can only come after the deadline: nothing is slept or taken then.
        """
        noted = False
        while seconds := self._seconds_left():
            if seconds >= deadline.remaining:
                resume = resume_at(clock(), seconds)
                raise RateLimited(
                    "the rate limit of this host and key lets nothing through before "
                    f"{resume:%Y-%m-%d %H:%M:%S} UTC, when this run's time is over; sync again then",
                    resume,
                )
            if not noted:
                note(f"waiting {seconds:.1f} s for the rate limit")
            noted = True
            # Without the lock. Who wakes first takes the turn; the others look again, as a pause may have come too.
            sleep(seconds)

    def _seconds_left(self) -> float:
        """0.0 when the turn was there, and is taken; or else how long until one may come."""
        with self._lock:
            now = self._monotonic()
            turn = self._next_turn()
            if turn > now:
                return max(SHORTEST_SLEEP, turn - now)
            self._starts.append(now)
            return 0.0

    def _next_turn(self) -> float:
        """When every rate has room again and no pause holds."""
        full = [(requests, seconds) for requests, seconds in self._rates if len(self._starts) >= requests]
        return max([self._held_until, *(self._starts[-requests] + seconds for requests, seconds in full)])

    @property
    def is_forgettable(self) -> bool:
        """True once nobody can hold it any more and a new one would give the same turns."""
        with self._lock:
            now = self._monotonic()
            longest = max((seconds for _, seconds in self._rates), default=0.0)
            last = self._starts[-1] + longest if self._starts else now
            return max(self._held_until, last, self._wanted + FORGOTTEN_AFTER) <= now


class Budgets:
    """The budgets of a process, by origin, credential and clock. Of a credential only a salted hash is kept."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes()
        self._lock = threading.Lock()
        self._budgets: dict[tuple[ServerOrigin | None, bytes, Monotonic], Budget] = {}

    def __len__(self) -> int:
        return len(self._budgets)

    def of(self, origin: ServerOrigin | None, secret: Secret, rate: RateConfig | None, monotonic: Monotonic) -> Budget:
        """The one budget of this credential at this origin, held to `rate` too."""
        credential = blake2b(secret.reveal().encode(errors="surrogatepass"), key=self._salt).digest()
        key = (origin, credential, monotonic)
        with self._lock:
            if key not in self._budgets:
                self._budgets = {k: known for k, known in self._budgets.items() if not known.is_forgettable}
                self._budgets[key] = Budget(monotonic)
            found = self._budgets[key]
            found.limit(rate)
            return found


_OF_THIS_PROCESS = Budgets()


def budget_of(
    origin: ServerOrigin | None,
    secret: Secret,
    rate: RateConfig | None = None,
    monotonic: Monotonic = time.monotonic,
    budgets: Budgets = _OF_THIS_PROCESS,
) -> Budget:
    """The process-wide budget of a credential at an origin, as perfdash.sources.origin tells it; one per clock."""
    return budgets.of(origin, secret, rate, monotonic)


def resume_at(now: datetime, seconds: float) -> datetime:
    """The first whole second, in UTC, after a pause that begins now: what is shown in seconds must not be early."""
    end = (now + timedelta(seconds=seconds)).astimezone(UTC)
    return end.replace(microsecond=0) + timedelta(seconds=end.microsecond > 0)
