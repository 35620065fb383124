"""Sums and the ratios made of them. A ratio is computed last, from sums, and is never averaged.

Each ratio is taken over the rows that report both of its sides, so `Sums` carries, beside each optional measure, the
cost (or impressions) of just those rows. Undefined is None, shown as –, and never 0.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from perfdash.payload import MICRO

Unit = Literal["count", "money", "fraction"]


@dataclass(frozen=True, slots=True)
class Sums:
    """The measures of a group of facts in one currency, added up. Money in micros, conversions in millionths.

    None: no row of the group reports it, or the principal may not see money. `x_of_y` is the sum of x over the rows
    that report y. `reach` is set only when the group is a single row, since reach cannot be added.
    """

    rows: int = 0
    impressions: int | None = None
    clicks: int | None = None
    cost: int | None = None
    views: int | None = None
    engagements: int | None = None
    conversions: int | None = None
    revenue: int | None = None
    cost_of_views: int | None = None
    cost_of_engagements: int | None = None
    cost_of_conversions: int | None = None
    cost_of_revenue: int | None = None
    impressions_of_engagements: int | None = None
    reach: int | None = None

    def __add__(self, other: Sums) -> Sums:
        """The sums of both groups together; reach is lost unless one of them is empty."""
        if not self.rows or not other.rows:
            return self if self.rows else other
        added = {f.name: _add(getattr(self, f.name), getattr(other, f.name)) for f in fields(Sums) if f.name != "reach"}
        return Sums(**added)  # type: ignore[arg-type]


def _add(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else a + b


@dataclass(frozen=True, slots=True)
class Metric:
    """A definition that the code computes from: numerator / denominator x `per`, both fields of Sums."""

    name: str
    label: str
    numerator: str
    denominator: str
    unit: Unit
    per: int = 1
    minus_one: bool = False
    definition: str = ""

    @property
    def places(self) -> int:
        """Decimal places in data and exports: money to the micro, fractions to eight."""
        return 6 if self.unit == "money" else 8

    @property
    def needs_money(self) -> bool:
        """True when it cannot be shown to someone who may not see money."""
        return any(side.startswith(("cost", "revenue")) for side in (self.numerator, self.denominator))


METRICS: dict[str, Metric] = {
    m.name: m
    for m in (
        Metric("cpm", "CPM", "cost", "impressions", "money", 1000, definition="cost / impressions × 1000"),
        Metric("cpc", "CPC", "cost", "clicks", "money", definition="cost / clicks"),
        Metric("ctr", "CTR", "clicks", "impressions", "fraction", definition="clicks / impressions"),
        Metric("cpv", "CPV", "cost_of_views", "views", "money", definition="cost / views, over rows that report views"),
        Metric(
            "cpe", "CPE", "cost_of_engagements", "engagements", "money",
            definition="cost / engagements, over rows that report engagements",
        ),
        Metric(
            "cpa", "CPA", "cost_of_conversions", "conversions", "money",
            definition="cost / conversions, over rows that report conversions",
        ),
        Metric(
            "engagement_rate", "Engagement rate", "engagements", "impressions_of_engagements", "fraction",
            definition="engagements / impressions, over rows that report engagements",
        ),
        Metric(
            "roas", "ROAS", "revenue", "cost_of_revenue", "fraction",
            definition="revenue / cost, over rows that report revenue",
        ),
        Metric(
            "roi", "ROI", "revenue", "cost_of_revenue", "fraction", minus_one=True,
            definition="(revenue − cost) / cost = ROAS − 1, over rows that report revenue",
        ),
        Metric(
            "frequency", "Frequency", "impressions", "reach", "fraction",
            definition="impressions / reach, only where reach is valid for exactly that group",
        ),
    )
}  # fmt: skip


def ratio(name: str, sums: Sums) -> Fraction | None:
    """The exact value of metric `name`: money ratios in currency units, the others as fractions. None is undefined."""
    metric = METRICS[name]
    top, bottom = getattr(sums, metric.numerator), getattr(sums, metric.denominator)
    if top is None or not bottom:
        return None
    value = Fraction(top, bottom) * metric.per
    # Conversions are millionths: cost (micros) / conversions (millionths) is already in units per one.
    if metric.unit == "money" and metric.denominator != "conversions":
        value /= MICRO
    return value - 1 if metric.minus_one else value


def exact(name: str, sums: Sums) -> Decimal | None:
    """`ratio` rounded half-even to the metric's places: the one form used in exports and JSON."""
    value = ratio(name, sums)
    return None if value is None else rounded(value, METRICS[name].places)


def rounded(value: Fraction, places: int) -> Decimal:
    """`value` with exactly `places` decimals, half-even (Python's round of a Fraction is exact and half-even)."""
    return Decimal(round(value * 10**places)).scaleb(-places)


def money(micros: int | None) -> Decimal | None:
    """Micros as currency units with six places."""
    return None if micros is None else Decimal(micros).scaleb(-6)


def revenue_coverage(sums: Sums) -> Fraction | None:
    """The share of cost whose rows report revenue: what ROAS and ROI speak of."""
    if not sums.cost or sums.cost_of_revenue is None:
        return None
    return Fraction(sums.cost_of_revenue, sums.cost)


def change(now: Fraction | int | None, before: Fraction | int | None) -> Fraction | None:
    """Relative change against `before`; None when either is undefined or `before` is 0."""
    if now is None or not before:
        return None
    return Fraction(now - before) / abs(Fraction(before))
