"""Asking again: only after what may pass by itself, at most so often, never past the deadline, never before the pause
that the source asked for. Why this is not stamina: docs/decisions/0004-retries.md."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

from perfdash.errors import RateLimited, SourceUnreachable
from perfdash.sources.limits import Deadline

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 20.0
LONGEST_ASKED = 10 * 365 * 86_400.0
T = TypeVar("T")


class Transient(Exception):
    """A failure that may pass by itself. `pause` is how long the source asked us to wait, in seconds, if it did."""

    def __init__(self, text: str, pause: float | None = None, limited: bool = False) -> None:
        super().__init__(text)
        self.pause = pause
        self.limited = limited


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to keep trying: attempts of one request inside one deadline, with the outside world as arguments."""

    attempts: int
    deadline: Deadline
    clock: Callable[[], datetime]
    sleep: Callable[[float], object]
    rng: random.Random
    note: Callable[[str], None]

    def ask(self, once: Callable[[], T]) -> T:
        """The first result of `once`, which is called again after each Transient.

        RateLimited when the source asks for a pause beyond the deadline, or still limits us at the last attempt;
        SourceUnreachable when attempts or time are used up otherwise.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                return once()
            except Transient as error:
                failure = error
            pause = max(self._backoff(attempt), failure.pause or 0.0)
            too_long = pause >= self.deadline.remaining
            if too_long or attempt >= self.attempts:
                break
            self.note(f"waiting {pause:.1f} s, then asking again: {failure}")
            self.sleep(pause)
        if failure.limited or (failure.pause and too_long):
            raise self._limited(failure)
        raise SourceUnreachable(f"{failure}, also after {attempt} attempts" if attempt > 1 else str(failure))

    def _backoff(self, attempt: int) -> float:
        """Doubling, and random so that many clients do not come back together."""
        return self.rng.uniform(0.5, 1.0) * float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1)))

    def _limited(self, failure: Transient) -> RateLimited:
        if failure.pause is None:
            return RateLimited(f"{failure}; sync again later")
        resume = self.clock() + timedelta(seconds=failure.pause)
        when = resume.astimezone(UTC)
        return RateLimited(f"{failure} and asks us to wait until {when:%Y-%m-%d %H:%M:%S} UTC; sync again then", resume)


def pause_asked(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that `Retry-After` asks for, given as seconds or as a date; None when it is missing or garbage.

    A date is taken relative to the answer's own `Date` if it has one, so that a clock that is wrong does no harm.
    """
    asked = headers.get("Retry-After", "").strip()
    if re.fullmatch("[0-9]+", asked, re.ASCII):
        return min(LONGEST_ASKED, float(asked[-12:]) if len(asked) <= 12 else LONGEST_ASKED)
    until = _date(asked)
    if until is None:
        return None
    return min(LONGEST_ASKED, max(0.0, (until - (_date(headers.get("Date", "")) or now)).total_seconds()))


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
