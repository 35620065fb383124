"""What is being asked: filters, date presets resolved to days, and the period a change is measured against.

Filters narrow; they never grant. An empty tuple means "all that the principal may see".
"""

from __future__ import annotations

import calendar
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from perfdash.domain.accounts import Days, today_in
from perfdash.domain.as_of import START_OF_TIME, TICK, first_moment_after
from perfdash.domain.errors import UsageError
from perfdash.domain.facts import MICRO

Kind = Literal["before", "weekday", "last_year", "same_age"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LABELS: dict[Kind, str] = {
    "before": "Days before",
    "weekday": "Same weekdays",
    "last_year": "Last year",
    "same_age": "Same age",
}
NAMES: dict[Kind, str] = {
    "before": "the period before",
    "weekday": "the same weekdays before",
    "last_year": "the same days last year",
    "same_age": "the period before",
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


Grain = Literal["row", "campaign"]
Preset = Literal["last_7", "last_14", "last_30", "last_90", "this_month", "last_month", "all", "custom"]
PRESETS: tuple[Preset, ...] = get_args(Preset)
PRESET_LABELS: dict[Preset, str] = {
    "last_7": "Last 7 days",
    "last_14": "Last 14 days",
    "last_30": "Last 30 days",
    "last_90": "Last 90 days",
    "this_month": "This month",
    "last_month": "Last month",
    "all": "All days",
    "custom": "Custom",
}
MAX_CPM_MICROS = 10**12


@dataclass(frozen=True, slots=True)
class Filters:
    """One question. Frozen and hashable: it is part of every cache key and every receipt.

    `max_cpm` is in micros of the one currency in view, inclusive. Grain `row` is campaign x platform x day with
    creators summed; `campaign` is the campaign over the filtered days and platforms.
    """

    days: Days
    clients: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    currency: str | None = None
    max_cpm: int | None = None
    cpm_grain: Grain = "row"
    raw: bool = False
    """True: as the source reports it, without corrections."""

    def over(self, days: Days) -> Filters:
        return replace(self, days=days)


@dataclass(frozen=True, slots=True)
class Period:
    """The days in view and what their change is measured against.

    `current` and `previous` are None when no change is shown; `reason` then says why, as a short sentence.
    """

    preset: Preset
    days: Days
    current: Days | None = None
    previous: Days | None = None
    reason: str = ""
    kind: Kind = "before"


def resolve(preset: Preset, today: date, custom: Days | None = None, first_day: date | None = None) -> Period:
    """`preset` as days. `today` is the label in the client's zone (or as-of's date); `first_day` bounds "all"."""
    yesterday = today - timedelta(days=1)
    if preset == "all":
        first = min(first_day or yesterday, yesterday)
        return Period("all", Days(first, today), reason="all days are in view, so there is nothing before them")
    if preset == "this_month":
        return _this_month(today, yesterday)
    if preset == "last_month":
        last = today.replace(day=1) - timedelta(days=1)
        return _against_run_before("last_month", Days(last.replace(day=1), last), today)
    if preset == "custom":
        if custom is None:
            raise UsageError("A custom range needs a first and a last day.")
        return _against_run_before("custom", custom, today)
    length = int(preset.removeprefix("last_"))
    return _against_run_before(preset, Days(yesterday - timedelta(days=length - 1), yesterday), today)


def _this_month(today: date, yesterday: date) -> Period:
    first = today.replace(day=1)
    if today == first:
        return Period("this_month", Days(today, today), reason="this month has no complete day yet")
    days = Days(first, yesterday)
    before = first - timedelta(days=1)
    last = min(yesterday.day, calendar.monthrange(before.year, before.month)[1])
    return Period("this_month", days, days, Days(before.replace(day=1), before.replace(day=last)))


def _against_run_before(preset: Preset, days: Days, today: date) -> Period:
    """The equally long run just before; a range that reaches today is cut at yesterday for the change only."""
    end = min(days.end, today - timedelta(days=1))
    if end < days.start:
        return Period(preset, days, reason="the range has no complete day yet")
    current = Days(days.start, end)
    previous = Days(current.start - timedelta(days=len(current)), current.start - timedelta(days=1))
    return Period(preset, days, current, previous)


def compared(period: Period, kind: Kind) -> Period:
    """`period`, as `resolve` made it, with its change measured against what `kind` says."""
    if period.current is None or period.previous is None:
        return replace(period, kind=kind)
    found = previous(kind, period.current, period.previous)
    if isinstance(found, str):
        return replace(period, current=None, previous=None, reason=found, kind=kind)
    return replace(period, previous=found, kind=kind)


def range_of(start: date | None, end: date | None) -> Days:
    """A checked custom range; a reversed one is refused with a sentence, never swapped silently."""
    if start is None or end is None:
        raise UsageError("A date range needs both a first and a last day (YYYY-MM-DD).")
    if start > end:
        raise UsageError(f"The first day {start} is after the last day {end}; swap them.")
    return Days(start, end)


def cpm_limit(text: str) -> int:
    """A limit such as "12.50" in micros; refuses what is not a number from 0 to 1,000,000."""
    try:
        micros = Decimal(text.strip()) * MICRO
        if micros != int(micros) or not 0 <= micros <= MAX_CPM_MICROS:
            raise InvalidOperation
    except (ArithmeticError, ValueError) as error:
        raise UsageError(
            f"The CPM limit {text!r} is not a number from 0 to 1000000 with at most 6 decimals."
        ) from error
    return int(micros)
