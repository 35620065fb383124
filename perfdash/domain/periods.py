"""Periods: presets and custom ranges as days, each client's by its own calendar and up to its own last complete day.

A day is complete once a committed run fetched it after its end. A client's days follow from its own state alone, so
that everybody who looks at it gets the same ones. Pure; `store.query.coverage` knows which days are complete.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, get_args

from perfdash.domain.accounts import Days
from perfdash.domain.as_of import day_before
from perfdash.domain.comparison import WEEK, Kind, previous
from perfdash.domain.errors import UsageError
from perfdash.domain.filters import Ranges, joined

Preset = Literal[
    "today",
    "yesterday",
    "last_7",
    "last_14",
    "last_30",
    "last_90",
    "this_week",
    "last_week",
    "this_month",
    "last_month",
    "last_quarter",
    "all",
    "custom",
]
PRESETS: tuple[Preset, ...] = get_args(Preset)
PRESET_LABELS: dict[Preset, str] = {
    "today": "Today",
    "yesterday": "Yesterday",
    "last_7": "Last 7 days",
    "last_14": "Last 14 days",
    "last_30": "Last 30 days",
    "last_90": "Last 90 days",
    "this_week": "This week",
    "last_week": "Last week",
    "this_month": "This month",
    "last_month": "Last month",
    "last_quarter": "Last quarter",
    "all": "All days",
    "custom": "Custom",
}
"""They are the values of the URL and of the command line, too."""
DEFAULT_PRESET: Preset = "last_30"


@dataclass(frozen=True, slots=True)
class Period:
    """The days in view and what their change is measured against.

    `current` are the complete ones of the days in view. `current` and `previous` are None when no change is shown;
    `reason` then says why, as a short sentence. Each of the three is a range from the first day of any client to the
    last of any, with each client's own days in the ranges beside it where they differ.
    """

    preset: Preset
    days: Days
    current: Days | None = None
    previous: Days | None = None
    reason: str = ""
    kind: Kind = "before"
    ranges: Ranges = ()
    current_ranges: Ranges = ()
    previous_ranges: Ranges = ()

    def of(self, client: str) -> Period:
        """The same period of one client, on its own days."""
        return replace(
            self,
            days=dict(self.ranges).get(client, self.days),
            current=dict(self.current_ranges).get(client, self.current),
            previous=dict(self.previous_ranges).get(client, self.previous),
            ranges=(),
            current_ranges=(),
            previous_ranges=(),
        )


@dataclass(frozen=True, slots=True)
class _Own:
    """A period of one client."""

    days: Days
    current: Days | None = None
    previous: Days | None = None
    reason: str = ""


def resolve(
    preset: Preset,
    complete: Mapping[str, date],
    today: Mapping[str, date],
    custom: Days | None = None,
    first: date | None = None,
) -> Period:
    """`preset` as the days of each client of `today`, which is what it calls so at the moment asked about.

    `complete` is the last complete day of those clients that have one: the day before today stands in for it. `first`
    is where all days begin. UsageError for a custom range that is not given.
    """
    own = {
        client: _own(preset, complete.get(client, day_before(day)), day, custom, first) for client, day in today.items()
    }
    days, ranges = joined({client: one.days for client, one in own.items()})
    reasons = [one.reason for one in own.values() if one.reason]
    if reasons:
        some = "" if len(reasons) == len(own) else f"for {len(reasons)} of {len(own)} clients "
        return Period(preset, days, reason=some + reasons[0], ranges=ranges)
    current, current_ranges = joined({client: one.current for client, one in own.items() if one.current})
    before, before_ranges = joined({client: one.previous for client, one in own.items() if one.previous})
    return Period(
        preset,
        days,
        current,
        before,
        ranges=ranges,
        current_ranges=current_ranges,
        previous_ranges=before_ranges,
    )


def _own(preset: Preset, complete: date, today: date, custom: Days | None, first: date | None) -> _Own:
    if preset == "all":
        begins = min(first or day_before(today), day_before(today))
        return _Own(Days(begins, today), reason="all days are in view, so there is nothing before them")
    if preset == "today":
        return _Own(Days(today, today), reason="today is not over")
    if preset == "custom":
        if custom is None:
            raise UsageError("A custom range needs a first and a last day.")
        return _against_run_before(custom, complete)
    if preset in ("this_week", "last_week"):
        return _week(preset, complete, today)
    if preset == "this_month":
        return _this_month(complete, today)
    if preset in ("yesterday", "last_month", "last_quarter"):
        return _against_run_before(_calendar_range(preset, today), complete)
    return _against_run_before(Days(day_before(complete, int(preset.removeprefix("last_")) - 1), complete), complete)


def _calendar_range(preset: Preset, today: date) -> Days:
    if preset == "yesterday":
        return Days(day_before(today), day_before(today))
    begins = today.replace(day=1)
    if preset == "last_quarter":
        begins = begins.replace(month=(today.month - 1) // 3 * 3 + 1)
    last = day_before(begins)
    months = 3 if preset == "last_quarter" else 1
    return Days(last.replace(day=1, month=last.month - months + 1), last)


def _week(preset: Preset, complete: date, today: date) -> _Own:
    """Monday first; against the same days of the week before."""
    monday = day_before(today, today.weekday())
    days = Days(monday, today) if preset == "this_week" else Days(day_before(monday, WEEK), day_before(monday))
    last = min(complete, days.end)
    if last < days.start:
        return _Own(days, reason="the week has no complete day yet")
    current = Days(days.start, last)
    plain = Days(day_before(current.start, WEEK), day_before(current.end, WEEK))
    return _Own(current if preset == "this_week" else days, current, plain)


def _this_month(complete: date, today: date) -> _Own:
    first = today.replace(day=1)
    if complete < first:
        return _Own(Days(first, today), reason="this month has no complete day yet")
    days = Days(first, complete)
    before = day_before(first)
    last = min(complete.day, calendar.monthrange(before.year, before.month)[1])
    return _Own(days, days, Days(before.replace(day=1), before.replace(day=last)))


def _against_run_before(days: Days, complete: date) -> _Own:
    """The equally long run just before; what is not complete is left out of the change only."""
    end = min(days.end, complete)
    if end < days.start:
        return _Own(days, reason="the range has no complete day yet")
    current = Days(days.start, end)
    return _Own(days, current, Days(day_before(current.start, len(current)), day_before(current.start)))


def compared(period: Period, kind: Kind) -> Period:
    """`period`, as `resolve` made it, with its change measured against what `kind` says."""
    if kind == "none":
        return replace(period, current=None, previous=None, reason="", kind=kind)
    if period.current is None or period.previous is None:
        return replace(period, kind=kind)
    plain = dict(period.previous_ranges)
    found: dict[str, Days] = {}
    for client, current in period.current_ranges or (("", period.current),):
        other = previous(kind, current, plain.get(client, period.previous))
        if isinstance(other, str):
            return replace(period, current=None, previous=None, reason=other, kind=kind)
        found[client] = other
    before, ranges = joined(found)
    return replace(period, previous=before, previous_ranges=ranges, kind=kind)
