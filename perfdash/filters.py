"""What is being asked: filters, date presets resolved to days, and the period a change is measured against.

Filters narrow; they never grant. An empty tuple means "all that the principal may see".
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Literal, get_args

from perfdash import comparison
from perfdash.accounts import Days
from perfdash.comparison import Kind
from perfdash.errors import UsageError
from perfdash.payload import MICRO

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
    found = comparison.previous(kind, period.current, period.previous)
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
