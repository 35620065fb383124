"""What a change is measured against: the days before, the same weekdays, last year, or the days before at the same age.

Same age asks a fair question of numbers that still move: each day of both periods is seen as many days after its end,
at the same time on the clock, as the youngest day in view is seen now (or at as-of). Only a ledger can answer it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from perfdash.domain.accounts import Days
from perfdash.domain.filters import Kind
from perfdash.presentation import formatting


def describe(kind: Kind, current: Days, other: Days, when: str = "") -> str:
    """What is compared with what, exactly, as a phrase. `when` is the age's phrase for the kind `same_age`."""
    unequal = "" if len(current) == len(other) else f" ({len(current)} days against {len(other)})"
    if kind == "same_age":
        sides = (f"{formatting.days(side)} as known {when}" for side in (current, other))
        return f"change: {' against '.join(sides)}{unequal}"
    aside = {"weekday": ", the same weekdays", "last_year": ", the same days last year"}.get(kind, "")
    return f"change against {formatting.days(other)}{aside}{unequal}"


def never_fetched(name: str, days: Days, lacking: Collection[date]) -> str:
    """Why there is no change: days that no committed run covers. A short phrase."""
    return f"{formatting.plural(len(lacking), 'day')} of {name} ({formatting.days(days)}) were never fetched"


def not_known_then(name: str, days: Days, lacking: Collection[date], when: str, begins: date | None) -> str:
    """Why there is no change at the same age: days that nothing was known of by then. `begins`: where that is why."""
    why = "they were first fetched later" if begins is None else f"the ledger begins on {formatting.day(begins)}"
    which = f"{formatting.plural(len(lacking), 'day')} of {name} ({formatting.days(days)})"
    return f"{which} were not known yet {when}: {why}"
