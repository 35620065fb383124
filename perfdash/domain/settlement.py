"""How platforms' days settle: how far from its last value a day was, some days after it ended. Pure.

The movement after k days is the sum of |known then - known last| over the sum of what is known last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

FEWEST_DAYS = 14
"""Fewer say more about those days than about the platform."""
_ONE_DAY = timedelta(days=1)


class Part(NamedTuple):
    """What some versions of one account's day on one platform add up to: known from `since` until `until` (None: now).

    `value` is cost in micros of `currency`, or impressions with currency ''.
    """

    client: str
    account: int
    platform: str
    currency: str
    day: date
    since: datetime
    until: datetime | None
    value: int


class Settled(NamedTuple):
    """An account's day that is final: when it ended, its window in days, and after how many days it was fetched.

    `fetched_after` holds k when a fetch was committed within the 24 hours before k days after the day's end: only then
    does what was known say something about the platform, and not about when somebody asked.
    """

    ended_at: datetime
    window: int
    fetched_after: frozenset[int]


@dataclass(frozen=True, slots=True)
class SettlingPoint:
    """`moved`: the movement after `after` days, a fraction; None where fewer than FEWEST_DAYS days can say."""

    after: int
    days: int
    moved: Fraction | None


@dataclass(frozen=True, slots=True)
class Curve:
    """One platform's movement from the end of its days to the end of their window; `days`: how many can say it."""

    platform: str
    currency: str
    days: int
    points: tuple[SettlingPoint, ...]

    @property
    def enough(self) -> bool:
        """True when at least one point says something."""
        return any(point.moved is not None for point in self.points)


Key = tuple[str, int, date]
"""Client, account number, day."""


def curves(parts: Iterable[Part], settled: Mapping[Key, Settled]) -> tuple[Curve, ...]:
    """One curve per platform and currency, by both, over the days in `settled`."""
    by_name: dict[tuple[str, str], dict[Key, list[Part]]] = {}
    for part in parts:
        key = (part.client, part.account, part.day)
        if key in settled:
            by_name.setdefault((part.platform, part.currency), {}).setdefault(key, []).append(part)
    return tuple(_curve(*name, by_name[name], settled) for name in sorted(by_name))


def _curve(platform: str, currency: str, days: Mapping[Key, list[Part]], settled: Mapping[Key, Settled]) -> Curve:
    longest = max(settled[key].window for key in days)
    points = tuple(_point(after, days, settled) for after in range(longest + 1))
    return Curve(platform, currency, max(point.days for point in points), points)


def _point(after: int, days: Mapping[Key, list[Part]], settled: Mapping[Key, Settled]) -> SettlingPoint:
    moved = whole = 0
    told: set[date] = set()
    for key, parts in days.items():
        day = settled[key]
        if after not in day.fetched_after or after > day.window:
            continue
        last = sum(part.value for part in parts if part.until is None)
        moved += abs(_known(parts, day.ended_at + after * _ONE_DAY) - last)
        whole += last
        told.add(key[2])
    return SettlingPoint(after, len(told), Fraction(moved, whole) if whole and len(told) >= FEWEST_DAYS else None)


def _known(parts: Iterable[Part], at: datetime) -> int:
    return sum(part.value for part in parts if part.since <= at and (part.until is None or at < part.until))


def days_after_end(ended_at: datetime, at: datetime) -> int:
    """The k for which `at` lies in the 24 hours before k days after a day's end; below 0 it was too early for any."""
    return -((ended_at - at) // _ONE_DAY)
