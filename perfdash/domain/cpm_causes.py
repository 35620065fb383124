"""Why a CPM or ROI that a source reports is not the one that its own measures give: every way it can be, by name.

All arithmetic is in whole numbers. A reported number is taken to be rounded where its decimals end, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from perfdash.domain.facts import MICRO

RatioName = Literal["cpm", "roi"]
CauseName = Literal[
    "agrees",
    "rounding",
    "x1000",
    "x100",
    "per_reach",
    "mean",
    "roas",
    "percent",
    "roas_percent",
    "ambiguous",
    "unexplained",
    "incomparable",
]
MOST_PLACES, MOST_DIGITS = 9, 14
"""Decimals, and digits in all, that a reported number is compared at: a float holds 15, and costs come in micros."""


class Ratio(NamedTuple):
    """A value as two whole numbers; `bottom` is above 0."""

    top: int
    bottom: int

    def times(self, factor: int, per: int = 1) -> Ratio:
        """The value x `factor` / `per`."""
        return Ratio(self.top * factor, self.bottom * per)

    @property
    def exact(self) -> Fraction:
        return Fraction(self.top, self.bottom)


Other = tuple[CauseName, Ratio]
"""A cause, and the value that would be reported because of it."""
Span = tuple[Ratio, Ratio] | None
"""The lowest and the highest value of what a source rounded before it was sent; None where it did not round."""


class Said(NamedTuple):
    """A reported number: `digits` / `scale`, rounded to whole `1 / unit`."""

    digits: int
    scale: int
    unit: int

    def is_rounded(self, value: Ratio, unit: int = 0, slack: int = 1) -> bool:
        """Whether it can be `value` rounded (halves either way) or cut off; `slack` 2 allows one unit either way."""
        unit = unit or self.unit
        reported, meant = self.digits * value.bottom, value.top * self.scale
        whole = self.scale * value.bottom
        if 2 * unit * abs(reported - meant) <= slack * whole:
            return True
        return reported * meant >= 0 and 0 <= unit * (abs(meant) - abs(reported)) < whole


@dataclass(frozen=True, slots=True)
class Cause:
    """What one reported number is beside its recomputed value. `fits`: the causes that each explain it alone."""

    name: CauseName
    reported: Decimal
    value: Ratio | None
    fits: tuple[CauseName, ...] = ()

    @property
    def recomputed(self) -> Fraction | None:
        """What the row's own measures give; None where that is undefined. Made only when asked: most rows agree."""
        return None if self.value is None else self.value.exact

    @property
    def difference(self) -> Fraction | None:
        """Reported less recomputed, in the measure's own unit; None where nothing can be recomputed."""
        recomputed = self.recomputed
        return None if recomputed is None else Fraction(self.reported) - recomputed

    @property
    def apart(self) -> Fraction:
        """How far apart both are, as a share of the larger: it ranks twice and half of it alike. From 0 to 2."""
        recomputed, reported = self.recomputed, Fraction(self.reported)
        if recomputed is None:
            return Fraction(1)
        larger = max(abs(reported), abs(recomputed))
        return abs(reported - recomputed) / larger if larger else Fraction(0)


def ratio_of(reported: Decimal) -> Said:
    """A reported number as whole numbers."""
    sign, digits, exponent = reported.as_tuple()
    places = max(0, -int(exponent))
    number = int(Decimal((sign, digits, max(0, int(exponent)))))
    compared = min(places, MOST_PLACES, max(0, MOST_DIGITS - 1 - max(0, reported.adjusted())))
    return Said(number, 10**places, 10**compared)


def fitting_causes(reported: Said, value: Ratio | None, others: Iterable[Other], sent: Span) -> tuple[CauseName, ...]:
    """The causes that fit a number that does not agree with `value`; each is tried alone.

    A reported 0 is small enough for every unit and every rounding, so it tells of none; but a ROAS can be 0.
    """
    if not reported.digits:
        return tuple(name for name, other in others if name == "roas" and reported.is_rounded(other))
    found: list[CauseName] = []
    if value is not None and (_is_coarser(reported, value) or _is_of_unrounded(reported, sent)):
        found.append("rounding")
    for name, other in others:
        if name not in found and reported.is_rounded(other, slack=2 if name == "mean" else 1):
            found.append(name)
    return tuple(found)


def _is_coarser(reported: Said, value: Ratio) -> bool:
    """Rounded at an earlier decimal than it shows: 12.50 for 12.53."""
    digits, unit = reported.digits, reported.scale
    while unit > 1 and digits % 10 == 0:
        digits, unit = digits // 10, unit // 10
    return unit < reported.unit and reported.is_rounded(value, unit)


def _is_of_unrounded(reported: Said, sent: Span) -> bool:
    """Computed from amounts that were rounded to the currency's decimals only afterwards, when they were sent."""
    if sent is None:
        return False
    low, high = sent
    between = low.top * reported.scale <= reported.digits * low.bottom
    between = between and reported.digits * high.bottom <= high.top * reported.scale
    return between or reported.is_rounded(low) or reported.is_rounded(high)


def cpm(cost: int, impressions: int) -> Ratio | None:
    """Cost (micros) / impressions x 1000, in currency units; None without impressions."""
    return Ratio(cost, impressions * (MICRO // 1000)) if impressions > 0 else None


def roi(cost: int, revenue: int | None) -> Ratio | None:
    """(revenue - cost) / cost, both in micros; None without a cost or a revenue."""
    return Ratio(revenue - cost, cost) if revenue is not None and cost > 0 else None


def other_cpms(value: Ratio | None, cost: int, reach: int | None) -> Iterator[Other]:
    """What else a reported CPM may be."""
    if not cost:
        return
    if value is not None:
        yield "x1000", value.times(1000)
        yield "x1000", value.times(1, 1000)
        yield "x100", value.times(100)
        yield "x100", value.times(1, 100)
    by_reach = cpm(cost, reach or 0)
    if by_reach is not None:
        yield "per_reach", by_reach


def other_rois(value: Ratio) -> Iterator[Other]:
    """What else a reported ROI may be."""
    roas = Ratio(value.top + value.bottom, value.bottom)
    yield "roas", roas
    yield "percent", value.times(100)
    yield "roas_percent", roas.times(100)


def cpms_as_sent(cost: int, impressions: int, cent: int) -> Span:
    """The CPMs of all costs that are sent as `cost` once rounded to `cent` (micros)."""
    if cost % cent or impressions <= 0:
        return None
    bottom = 2 * (MICRO // 1000) * impressions
    return Ratio(2 * cost - cent, bottom), Ratio(2 * cost + cent, bottom)


def rois_as_sent(cost: int, revenue: int, cent: int) -> Span:
    """The ROIs of all costs and revenues that are sent as these once rounded to `cent` (micros)."""
    least, most = 2 * cost - cent, 2 * cost + cent
    low, high = 2 * revenue - cent, 2 * revenue + cent
    if cost % cent or revenue % cent or least <= 0:
        return None
    below, above = (most if low >= 0 else least), (least if high >= 0 else most)
    return Ratio(low - below, below), Ratio(high - above, above)
