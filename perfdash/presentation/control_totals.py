"""Control totals as people read them: what came, and where it went, each figure exact."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from perfdash.domain.control_totals import ControlTotals, MeasureTotals
from perfdash.domain.facts import MICRO
from perfdash.domain.measures import MEASURES, Measure
from perfdash.domain.refusals import Refusal, by_reason
from perfdash.presentation import formatting

PARTS = ("stored", "refused", "duplicate", "left_out")
"""What becomes of what was read: the parts of `MeasureTotals`, which add up to it."""


def lines(totals: ControlTotals, currency: str, *, money: bool = True) -> Iterator[str]:
    """cost 58,705.23 read = 58,650.00 stored + 55.23 refused; last "unread: roi 3", fields that lost values."""
    for measure in MEASURES:
        of = totals.measures.get(measure.name)
        if of is not None and (money or not measure.needs_money):
            yield f"{measure.spoken} {_sum(measure, of, currency)}"
    if totals.unread:
        yield f"unread: {', '.join(f'{name} {count:,}' for name, count in sorted(totals.unread.items()))}"


def _sum(measure: Measure, of: MeasureTotals, currency: str) -> str:
    parts = [(name, getattr(of, name)) for name in PARTS]
    told = [
        f"{figure(measure, value, currency)} {name.replace('_', ' ')}"
        for name, value in parts
        if value or name == "stored"
    ]
    return f"{figure(measure, of.read, currency)} read = {' + '.join(told)}"


def figure(measure: Measure, value: int, currency: str) -> str:
    """A sum of a measure with all its digits; an amount with at least its currency's decimals."""
    if measure.unit == "count":
        return formatting.figure(value, "count")
    return formatting.exactly(Fraction(value, MICRO), currency if measure.needs_money else "")


def reasons(refused: tuple[Refusal, ...], most: int = 3) -> str:
    """cost is missing (9), day is missing (2), ...; the reasons of most rows first."""
    found = by_reason(refused)
    told = [f"{reason} ({rows:,})" for reason, rows in found[:most]]
    return ", ".join(told) + (", …" if len(found) > most else "")
