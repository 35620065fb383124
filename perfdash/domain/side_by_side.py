"""Two to four sides of a comparison, measure by measure. Amounts only where all sides are in one currency. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from perfdash.domain.facts import MICRO
from perfdash.domain.measures import ADDITIVE, BY_NAME, IN_MILLIONTHS
from perfdash.domain.metrics import METRICS, PER_1000_VIEWS, Sums, quotient

FEWEST, MOST = 2, 4
_RATIOS = {m.name: m for m in (*METRICS.values(), PER_1000_VIEWS) if m.name != "cpv"}
"""The cost of a view is compared at a size that can be read."""


def _lines() -> Iterator[str]:
    """Measures, each with the ratios that are made of it and of those before it."""
    known: set[str] = set()
    for name in sorted(ADDITIVE, key=lambda name: name != "cost"):
        known.add(name)
        yield name
        yield from (one for one, ratio in _RATIOS.items() if name in ratio.measures and known >= set(ratio.measures))


LINES = tuple(_lines())
"""What is compared, in this order."""


@dataclass(frozen=True, slots=True)
class ComparedSide:
    """One of the things compared: its sums, and the one currency they are in; '' for several, and without money."""

    label: str
    sums: Sums
    currency: str = ""


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """One measure of all sides, in units of the currency, as counts or fractions; None is undefined.

    `change` is that of the last side against the first: in points (a difference) for what is a percentage itself, else
    relative. None where either is undefined, the first is 0, or they lie on both sides of 0.
    """

    name: str
    label: str
    values: tuple[Fraction | None, ...]
    change: Fraction | None


def common_currency(sides: Sequence[ComparedSide]) -> str:
    """The one currency of all sides; '' when there is none."""
    found = {side.currency for side in sides}
    return found.pop() if len(found) == 1 else ""


def compared(sides: Sequence[ComparedSide]) -> tuple[ComparedLine, ...]:
    """Every line of which any side knows something, without those of money where the sides share no currency."""
    money = bool(common_currency(sides))
    found = (_line(name, sides) for name in LINES if money or not _needs_money(name))
    return tuple(line for line in found if any(value is not None for value in line.values))


def not_reported(sides: Sequence[ComparedSide]) -> tuple[str, ...]:
    """The labels of measures that no side reports."""
    names = (name for name in LINES if name in BY_NAME and not BY_NAME[name].needs_money)
    return tuple(BY_NAME[name].label for name in names if all(_value(name, side.sums) is None for side in sides))


def label_of(name: str) -> str:
    """What a line is called."""
    return BY_NAME[name].label if name in BY_NAME else _RATIOS[name].label


def _needs_money(name: str) -> bool:
    return BY_NAME[name].needs_money if name in BY_NAME else _RATIOS[name].needs_money


def _line(name: str, sides: Sequence[ComparedSide]) -> ComparedLine:
    values = tuple(_value(name, side.sums) for side in sides)
    return ComparedLine(name, label_of(name), values, _change(name, values[0], values[-1]))


def _value(name: str, sums: Sums) -> Fraction | None:
    if name not in BY_NAME:
        return quotient(_RATIOS[name], sums)
    value: int | None = getattr(sums, name)
    return None if value is None else Fraction(value, MICRO if name in IN_MILLIONTHS else 1)


def _change(name: str, first: Fraction | None, last: Fraction | None) -> Fraction | None:
    if first is None or last is None:
        return None
    if in_points(name):
        return last - first
    return (last - first) / abs(first) if first and first * last >= 0 else None


def in_points(name: str) -> bool:
    """True for what is a percentage: its change is a difference in points."""
    metric = _RATIOS.get(name)
    return metric is not None and metric.unit == "fraction" and not metric.times
