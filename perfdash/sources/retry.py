"""Asking again: only after what may pass by itself, at most so often, never past the deadline, never before the pause
that the source asked for. Why this is not stamina: docs/decisions/0004-retries.md."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import TypeVar

from perfdash.config.source_models import UsageConfig
from perfdash.domain.errors import RateLimited, SourceUnreachable
from perfdash.domain.schedule import LONGEST_SILENCE
from perfdash.sources.rate_limit import Budget, resume_at
from perfdash.sources.transport import Deadline

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 20.0
LONGEST_ASKED = LONGEST_SILENCE.total_seconds()
FIRST_MOMENT = 1e9
"""A number of "seconds" from here on is no pause of 31 years but a moment, in seconds since 1970 (or milliseconds)."""
MAX_HINT = 200
_SECONDS = r"[0-9]+(?:\.[0-9]+)?"
T = TypeVar("T")


class Transient(Exception):
    """A failure that may pass by itself. `pause` is how long the source asked us to wait, in seconds, if it did."""

    def __init__(self, text: str, pause: float | None = None, limited: bool = False) -> None:
        super().__init__(text)
        self.pause = pause
        self.limited = limited


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to keep trying: attempts of one request inside one deadline, with the outside world as arguments.

    Every attempt, the first too, waits for its turn in `budget`, and a pause that comes with a rate limit holds all who
    share it. Without one there are no turns and nobody else.
    """

    attempts: int
    deadline: Deadline
    clock: Callable[[], datetime]
    sleep: Callable[[float], object]
    rng: random.Random
    note: Callable[[str], None]
    budget: Budget | None = None

    def ask(self, once: Callable[[], T]) -> T:
        """The first result of `once`, which is called again after each Transient.

        RateLimited when the source asks for a pause beyond the deadline, still limits us at the last attempt, or the
        budget has no turn before the deadline; SourceUnreachable when attempts or time are used up otherwise.
        """
        attempt = 0
        while True:
            attempt += 1
            if self.budget:
                self.budget.wait(self.deadline, self.clock, self.sleep, self.note)
            try:
                return once()
            except Transient as error:
                failure = error
            if self.budget and failure.limited and failure.pause:
                self.budget.pause(failure.pause)
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
        when = resume_at(self.clock(), failure.pause)
        return RateLimited(f"{failure} and asks us to wait until {when:%Y-%m-%d %H:%M:%S} UTC; sync again then", when)


def pause_asked(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that `Retry-After` asks for, given as seconds, as a date or, against the standard, as seconds since 1970.

    None when it is missing or garbage. It is a day at most: one wrong header must not silence an account for years.

    A date is taken relative to the answer's own `Date` if it has one, so that a clock that is wrong does no harm.
    Of several numbers the largest counts, and parts of a second do.
    """
    asked = headers.get("Retry-After")
    if asked is None:
        return None
    asked = asked.strip()[:MAX_HINT]
    if re.fullmatch(rf"{_SECONDS}([ \t]*,[ \t]*{_SECONDS})*", asked):
        return min(LONGEST_ASKED, max(_from_now(float(seconds), now) for seconds in asked.split(",")))
    until = _date(asked)
    if until is None:
        return None
    return min(LONGEST_ASKED, max(0.0, (until - (_date(headers.get("Date")) or now)).total_seconds()))


def _from_now(seconds: float, now: datetime | None) -> float:
    """`seconds` as a pause, also where they are a moment; of one whose distance is not known, the longest pause."""
    if seconds < FIRST_MOMENT:
        return seconds
    moment = seconds / 1000 if seconds >= FIRST_MOMENT * 1000 else seconds
    return max(0.0, moment - now.timestamp()) if now else LONGEST_ASKED


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


MAX_LENGTH = 64 * 1024
MAX_DEPTH = 8
_NUMBER = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,30})?) ?%?")


def pause_said(headers: Mapping[str, str], usage: UsageConfig | None, now: datetime | None = None) -> float | None:
    """Seconds to pause after an answer of any kind: the longest that a header at `pause_at` or above calls for.

    That is what the header's own `minutes` or `seconds` say, `pause_seconds` if they say nothing. None: go on.
    """
    if usage is None:
        return None
    found = [
        _regained(said, usage, now) or min(LONGEST_ASKED, usage.pause_seconds)
        for said in _said(headers, usage)
        if any(percent >= usage.pause_at for percent in _percents(said, usage))
    ]
    return max(found, default=None)


def pause_hinted(headers: Mapping[str, str], usage: UsageConfig | None, now: datetime | None = None) -> float | None:
    """Seconds to pause after an answer that says "rate limited": what `minutes` or `seconds` say, whatever the percent.

    As `pause_said` if they say nothing.
    """
    if usage is None:
        return None
    longest = max((_regained(said, usage, now) for said in _said(headers, usage)), default=None)
    return longest or pause_said(headers, usage, now)


def _said(headers: Mapping[str, str], usage: UsageConfig) -> Iterator[object]:
    """What each configured header holds, read."""
    by_name = {name.lower(): value for name, value in headers.items()}
    for name in usage.headers:
        text = by_name.get(name.lower())
        if text and len(text) <= MAX_LENGTH:
            # A header that was sent several times comes as one text with commas, which is the inside of a list.
            yield _read(f"[{text}]") or text


def _read(text: str) -> object:
    try:
        return json.loads(text, parse_int=float)
    except (ValueError, RecursionError):
        return None


def _percents(said: object, usage: UsageConfig) -> Iterator[float]:
    if usage.percent:
        yield from _named(said, usage.percent)
    else:
        for one in said if isinstance(said, list) else [said]:
            yield from _number(one)


def _regained(said: object, usage: UsageConfig, now: datetime | None) -> float:
    """Seconds until access is regained; 0.0 when nothing says so."""
    asked = [60 * minutes for minutes in _named(said, usage.minutes)]
    return min(
        LONGEST_ASKED, max([*asked, *(_from_now(found, now) for found in _named(said, usage.seconds))], default=0.0)
    )


def _named(said: object, names: tuple[str, ...], depth: int = MAX_DEPTH) -> Iterator[float]:
    """The numbers under one of these names, at any place."""
    if not depth or not isinstance(said, dict | list):
        return
    for name, value in said.items() if isinstance(said, dict) else ((None, one) for one in said):
        if name in names:
            yield from _number(value)
        yield from _named(value, names, depth - 1)


def _number(value: object) -> Iterator[float]:
    """The number that a value is, also as text; nothing for what is none, is negative, or has no end."""
    if isinstance(value, str) and (text := _NUMBER.fullmatch(value.strip())):
        value = float(text[1])
    if isinstance(value, float) and isfinite(value) and value >= 0:
        yield value
