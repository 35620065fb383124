"""Ranges of days as a source takes them: slices of what it allows at once, halves of what was too much (pure)."""

from __future__ import annotations

from datetime import timedelta

from perfdash.accounts import Days


def slices(days: Days, most: int | None) -> tuple[Days, ...]:
    """`days` in ranges of at most `most` days (None: as many as there are), in order: disjoint, and together `days`."""
    if most is None:
        return (days,)
    return tuple(_part(days, begin, min(begin + most, len(days))) for begin in range(0, len(days), most))


def halves(days: Days) -> tuple[Days, Days] | None:
    """`days` as two ranges that are equally long, the second by one day longer if need be; None for a single day."""
    middle = len(days) // 2
    return (_part(days, 0, middle), _part(days, middle, len(days))) if middle else None


def _part(days: Days, begin: int, end: int) -> Days:
    """The days from the `begin`th, counted from 0, to before the `end`th."""
    return Days(days.start + timedelta(days=begin), days.start + timedelta(days=end - 1))
