"""What a change is measured against, in words: the other days, and whether both sides are seen at the same age.

Two comparisons are fair to numbers that still move; only a ledger can answer them. "fair" takes the days in view as
they are, and each earlier day as it was known when it was as old as its counterpart in view. "same_age" sees each day
of both periods as many days after its end, at the same time on the clock, as the youngest day in view is seen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from perfdash.domain.accounts import Days, contiguous
from perfdash.domain.comparison import Kind
from perfdash.domain.filters import Filters
from perfdash.presentation import formatting, periods

_NO_NAMES: Mapping[str, str] = {}


def describe(kind: Kind, current: Filters, other: Filters, when: str = "", names: Mapping[str, str] = _NO_NAMES) -> str:
    """What is compared with what, exactly, as a phrase: the days of both. `when` is the age's phrase for `same_age`,
    and for `fair` the moment at which the other days are seen.

    `names` are the names of clients, by slug.
    """
    lengths = len(current.days), len(other.days)
    unequal = "" if len(set(lengths)) == 1 or other.ranges else "{} days against {}".format(*lengths)
    aside = f" ({unequal})" if unequal else ""
    hows = {"weekday": "the same weekdays", "last_year": "the same days last year", "same_age": f"both as known {when}"}
    if kind == "fair" and when:
        hows["fair"] = f"as known at {when}"
    how = f", {hows[kind]}" if kind in hows else ""
    return f"change against {periods.told(other.days, other.ranges, names)}{how}{aside}"


def at_same_age(young: Collection[date], when: str) -> str:
    """Why both sides are seen at the same age; a sentence without its point."""
    why = f"{_ranges(young)} can still change" if young else "chosen so"
    return f"Compared at the same age, each day as known {when}: {why}"


def as_old(young: Collection[date], moment: str) -> str:
    """Why the days before are taken as they were known at `moment`; a sentence without its point."""
    return (
        f"Compared at the same age: {_ranges(young)} can still change, so the days before are taken as they were known "
        f"at {moment}, when they were as old"
    )


def plain(young: Collection[date], why: str) -> str:
    """Why the days before are taken as they are now; `why` not at the same age. A sentence without its point."""
    if not young:
        return "Compared as they are: every day in view is final"
    return f"Compared as they are, although {_ranges(young)} can still change: {why}"


def _ranges(days: Collection[date]) -> str:
    return formatting.enumerate_names([formatting.days(span) for span in contiguous(set(days))], 3)


def never_fetched(name: str, days: Days, lacking: Collection[date]) -> str:
    """Why there is no change: days that no committed run covers. A short phrase."""
    return f"{_counted(name, days, lacking)} never fetched"


def not_known_then(name: str, days: Days, lacking: Collection[date], when: str, begins: date | None) -> str:
    """Why there is no change at the same age: days that nothing was known of by then. `begins`: where that is why."""
    why = "they were first fetched later" if begins is None else f"the ledger begins on {formatting.day(begins)}"
    return f"{_counted(name, days, lacking)} not known yet {when}: {why}"


def _counted(name: str, days: Days, lacking: Collection[date]) -> str:
    """2 days of the period before (1–30 Oct 2026) were"""
    verb = "was" if len(lacking) == 1 else "were"
    return f"{formatting.plural(len(lacking), 'day')} of {name} ({formatting.days(days)}) {verb}"
