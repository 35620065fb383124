"""What a report said and what the same days say now, in one sentence. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from perfdash.domain.metrics import change
from perfdash.presentation import formatting


@dataclass(frozen=True, slots=True)
class Remembered:
    """A total as it was known at an earlier moment and as it is now, over the same days, in units of `currency`.

    `since` names the moment in a sentence: "your report of Mon 23 Nov (campaigns.csv)". `days`: how many were restated,
    `late`: how many of them after they were final.
    """

    since: str
    name: str
    currency: str
    then: Fraction | None
    now: Fraction | None
    days: int = 0
    late: int = 0

    @property
    def label(self) -> str:
        """Cost, in a sentence."""
        return self.name

    @property
    def moved(self) -> bool:
        return self.then != self.now or self.days > 0


def sentence(found: Remembered) -> str:
    """Since your report of Mon 23 Nov (campaigns.csv): cost 29,792.88 → 30,368.69 EUR (+1.9%), 8 days restated."""
    unit = formatting.unit_of(found.name)
    now = formatting.figure(found.now, unit, found.currency)
    if not found.moved:
        return f"Nothing has changed since {found.since}: {found.name} is still {now}."
    then = formatting.digits(found.then, unit, found.currency)
    moved = f"**{then} → {now}** ({formatting.change(change(found.now, found.then), unit)})"
    if found.then == found.now:
        moved = f"**{now}**, in sum as it was"
    days = f", {formatting.plural(found.days, 'day')} restated" if found.days else ""
    late = f", {found.late} after {'it was' if found.late == 1 else 'they were'} final" if found.late else ""
    return f"Since {found.since}: {found.name} {moved}{days}{late}."


def begins(day: date) -> str:
    """What stands there while the ledger is younger than any report."""
    return f"Memory begins on {formatting.day(day)}: from then on every number is kept as it was first told."
