"""The day that stands out of its days, and the campaign without which it would not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from statistics import median

from perfdash.domain.groups import Group
from perfdash.domain.metrics import Sums

STANDS_OUT = Fraction(3, 2)
"""From one and a half times the days' median on."""
FEWEST_DAYS = 7


def day_of(values: Mapping[date, Fraction | None]) -> date | None:
    """The highest day, where it stands out; None where none does or too few days are known to say so."""
    known = {day: value for day, value in values.items() if value is not None}
    if len(known) < FEWEST_DAYS:
        return None
    highest = max(known, key=lambda day: known[day])
    usual = median(known.values())
    return highest if usual > 0 and known[highest] >= STANDS_OUT * usual else None


def made_by(groups: Sequence[Group], value: Callable[[Sums], Fraction | None]) -> Group | None:
    """The group without which the day's value would be lowest; None where there are not several."""
    if len(groups) < 2:
        return groups[0] if groups else None
    without = {}
    for n in range(len(groups)):
        rest = Sums()
        for group in (*groups[:n], *groups[n + 1 :]):
            rest += group.sums
        without[n] = value(rest) or Fraction(0)
    return groups[min(without, key=lambda n: without[n])]
