"""An export that was sent: its totals beside those of now, and the days that moved them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from perfdash.domain.facts import MICRO
from perfdash.domain.metrics import Sums, ratio
from perfdash.presentation import formatting

NAMES = ("cost", "impressions", "clicks", "cpm")
LABELS = {"cost": "Cost", "impressions": "Impressions", "clicks": "Clicks", "cpm": "CPM"}
MONEY = frozenset({"cost", "cpm"})


@dataclass(frozen=True, slots=True)
class SentFigure:
    """One headline total: as it was sent and as it is now; money in currency units, None is undefined."""

    name: str
    currency: str
    sent: Fraction | None
    now: Fraction | None

    @property
    def moved(self) -> bool:
        """True when it is another one now."""
        return self.sent != self.now

    @property
    def unit(self) -> formatting.Unit:
        """What it is: a count, an amount or a price."""
        return formatting.unit_of(self.name)

    @property
    def difference(self) -> Fraction | None:
        """now - sent; None where either is undefined."""
        return None if self.sent is None or self.now is None else self.now - self.sent

    @property
    def share(self) -> Fraction | None:
        """The difference as a part of what was sent; None of nothing."""
        return self.difference / abs(self.sent) if self.sent and self.difference is not None else None

    @property
    def differs(self) -> str:
        """+575.81 EUR (+1.9%); "as it was sent" where nothing moved."""
        if not self.moved:
            return "as it was sent"
        relative = "" if self.share is None else f" ({formatting.change(self.share)})"
        return f"{formatting.signed(self.difference, self.unit, self.currency)}{relative}"

    @property
    def story(self) -> str:
        """Cost: sent 29,792.88 → now 30,368.69 EUR (+575.81, +1.9%)."""
        label = LABELS[self.name]
        if not self.moved:
            return f"{label}: {formatting.figure(self.now, self.unit, self.currency)}, as it was sent"
        sent = formatting.digits(self.sent, self.unit, self.currency)
        now = formatting.figure(self.now, self.unit, self.currency)
        by = [formatting.signed(self.difference, self.unit, self.currency).partition(formatting.GAP)[0]]
        by += [] if self.share is None else [formatting.change(self.share)]
        return f"{label}: sent {sent} → now {now} ({', '.join(by)})"


def figures(sent: Mapping[str, Sums], now: Mapping[str, Sums], *, money: bool) -> list[SentFigure]:
    """Per currency the headline totals, sent and now."""
    return [
        SentFigure(name, currency, value(name, sent.get(currency, Sums())), value(name, now.get(currency, Sums())))
        for currency in sorted({*sent, *now})
        for name in NAMES
        if money or name not in MONEY
    ]


def value(name: str, sums: Sums) -> Fraction | None:
    """A headline total of `sums`."""
    if name == "cpm":
        return ratio("cpm", sums)
    found: int | None = getattr(sums, name)
    return None if found is None else Fraction(found, MICRO if name == "cost" else 1)


@dataclass(frozen=True, slots=True)
class ChangedDay:
    """A day whose total is another one now; micros, or a count without money.

    `restated` is the part that restatements explain, `rest` all else: rows that were first reported later, corrections,
    and rows that moved across a CPM limit.
    """

    day: date
    currency: str
    sent: int
    now: int
    restated: int
    changes: int
    late: int

    @property
    def difference(self) -> int:
        """now - sent."""
        return self.now - self.sent

    @property
    def rest(self) -> int:
        """What no restatement explains."""
        return self.difference - self.restated


Key = tuple[date, str]


def days(
    sent: Mapping[Key, Sums], now: Mapping[Key, Sums], restated: Mapping[Key, tuple[int, int, int]], measure: str
) -> list[ChangedDay]:
    """The days whose `measure` is another one now, or that changed; `restated`: (difference, changes, late)."""
    found = []
    for key in sorted({*sent, *now, *restated}):
        then, later = (getattr(side.get(key, Sums()), measure) or 0 for side in (sent, now))
        moved, changes, late = restated.get(key, (0, 0, 0))
        if then != later or changes:
            found.append(ChangedDay(*key, then, later, moved, changes, late))
    return found


def explanation(days: Sequence[ChangedDay], *, limited: bool) -> str:
    """Because 3 days were restated; 1 day has rows that were first reported later or were corrected."""
    restated = sum(1 for day in days if day.changes)
    other = sum(1 for day in days if day.rest)
    parts = []
    if restated:
        parts.append(f"{restated} {'day was' if restated == 1 else 'days were'} restated")
    if other:
        what = "rows that came later, were corrected" + (" or moved across the CPM limit" if limited else "")
        parts.append(f"{other} {'day has' if other == 1 else 'days have'} {what}")
    return " and ".join(parts)
