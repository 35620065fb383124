"""What the days in view are compared with: the kinds of comparison, the other days, the moments of one age. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from perfdash.domain.accounts import Days, today_in
from perfdash.domain.as_of import START_OF_TIME, TICK, first_moment_after

Kind = Literal["fair", "before", "weekday", "last_year", "same_age", "none"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LABELS: dict[Kind, str] = {
    "fair": "Fair",
    "before": "Days before",
    "weekday": "Same weekdays",
    "last_year": "Last year",
    "same_age": "Same age",
    "none": "None",
}
DEFAULT_KIND: Kind = "fair"
"""At the same age where days in view are young and the ledger knows the earlier ones so; else the days before."""
NAMES: dict[Kind, str] = {
    "fair": "the period before",
    "before": "the period before",
    "weekday": "the same weekdays before",
    "last_year": "the same days last year",
    "same_age": "the period before",
    "none": "nothing",
}
"""What the other side is called in a sentence."""
WEEK = 7


@dataclass(frozen=True, slots=True)
class Age:
    """How old each day is when it is seen: as old as `youngest` is at `seen`, by the calendar and clock of its client.

    `seen` is now, or as-of: an aware moment, or a date that means its end. Day 0 is the day itself.
    """

    youngest: date
    seen: datetime | date

    def until(self, day: date, time_zone: str) -> datetime:
        """The first moment (aware UTC) at which `day` would be older than that. `seen` itself for the youngest day."""
        end = first_moment_after(self.seen, time_zone).astimezone(ZoneInfo(time_zone))
        try:
            # Days of the calendar: where summer time begins in between, the clock still shows the same.
            return (end + (day - self.youngest)).replace(fold=end.fold).astimezone(UTC)
        except OverflowError:
            return START_OF_TIME

    def number(self, time_zone: str) -> int:
        """How many calendar days after the youngest day it is seen: 1 is the next day, up to the time on the clock."""
        last = first_moment_after(self.seen, time_zone) - TICK
        return (today_in(time_zone, last) - self.youngest).days

    def when(self, time_zones: Collection[str]) -> str:
        """As a phrase: "on day 3"; where some clients are a day ahead, that of the others."""
        day = min((self.number(zone) for zone in time_zones), default=self.number("UTC"))
        return f"on day {day}" if day > 0 else "when each day ended"


def as_long_ago(seen: datetime | date, current: Days, previous: Days) -> datetime | date:
    """When each day of `previous` was as old as its counterpart of `current` is at `seen`: now, or an as-of."""
    try:
        return seen - (current.start - previous.start)
    except OverflowError:
        return START_OF_TIME


def previous(kind: Kind, current: Days, plain: Days) -> Days | str:
    """The days that `current` is compared with, where `plain` is the plain answer; or why there are none."""
    if kind == "weekday":
        return _moved(current, -(-len(current) // WEEK) * WEEK) or "there are no such days"
    if kind == "last_year":
        found = Days(_year_before(current.start), _year_before(current.end)) if current.start.year > 1 else None
        if found is None or found.end >= current.start:
            return "more than a year is in view, so last year's days are part of it"
        return found
    return plain


def _moved(days: Days, by: int) -> Days | None:
    try:
        return Days(days.start - timedelta(days=by), days.end - timedelta(days=by))
    except OverflowError:
        return None


def _year_before(day: date) -> date:
    """The same day of the year before; 28 February for the 29th."""
    last_of_february = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if last_of_february else day.day)
