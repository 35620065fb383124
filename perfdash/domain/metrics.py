"""Sums and the ratios made of them. A ratio is computed last, from sums, and is never averaged.

Each ratio is taken over the rows that report both of its sides, so `Sums` carries, beside each optional measure, the
cost (or impressions) of just those rows. Undefined is None, shown as –, and never 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from perfdash.domain.facts import MICRO
from perfdash.domain.measures import BY_NAME, CORRECTABLE, IN_MILLIONTHS, MONEY, NOT_ADDITIVE, OPTIONAL

RatioUnit = Literal["money", "fraction"]
_OF_CAMPAIGN = ("flight_cost", "budget")
"""Amounts of a campaign, not of Sums."""


@dataclass(frozen=True, slots=True)
class Sums:
    """The measures of a group of facts in one currency, added up. Money in micros, conversions in millionths.

    None: no row of the group reports it, or the principal may not see money. `x_of_y` is the sum of x over the rows
    that report y. `reach` is set only when the group is a single row, since reach cannot be added. `corrected` counts
    the rows of which a person has set a value, `corrected_x` those of which x is set.
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
    corrected: int = 0
    corrected_impressions: int = 0
    corrected_clicks: int = 0
    corrected_cost: int = 0

    def corrections_of(self, name: str) -> tuple[tuple[str, int], ...]:
        """(measure, rows of which it was set) for each that a measure, or what is made of measures, counts."""
        made_of = METRICS[name].measures if name in METRICS else (name,)
        found = [(one, getattr(self, f"corrected_{one}")) for one in CORRECTABLE if one in made_of]
        return tuple((one, rows) for one, rows in found if rows)

    def __add__(self, other: Sums) -> Sums:
        """The sums of both groups together; what is not additive is lost unless one of them is empty."""
        if not self.rows or not other.rows:
            return self if self.rows else other
        added = {name: _add(getattr(self, name), getattr(other, name)) for name in ("rows", *CORRECTED, *ADDED)}
        return Sums(**added)  # type: ignore[arg-type]


CORRECTED = ("corrected", *(f"corrected_{name}" for name in CORRECTABLE))
"""How many rows a person has set a value of: any, and each that people can set."""
ADDED = tuple(f.name for f in fields(Sums) if f.name not in ("rows", *CORRECTED, *NOT_ADDITIVE))
"""What sums are made of: the additive measures, and each x_of_y."""


def _add(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else a + b


@dataclass(frozen=True, slots=True)
class Metric:
    """A definition that the code computes from: numerator / denominator x `per`, both fields of Sums."""

    name: str
    label: str
    numerator: str
    denominator: str
    unit: RatioUnit
    per: int = 1
    minus_one: bool = False
    times: bool = False
    """A fraction that reads as a multiple, 3.20×, and not in per cent."""
    later: bool = False
    """It came after exports had receipts; see measures.Measure."""
    factor: Fraction = field(init=False, compare=False)
    """What the quotient of both fields is multiplied by: `per`, and what makes units of micros and of millionths."""

    def __post_init__(self) -> None:
        """The factor once, and not for each row."""
        top, bottom = _scale(self.numerator), _scale(self.denominator)
        object.__setattr__(self, "factor", Fraction(self.per * bottom, top))

    @property
    def formula(self) -> str:
        """What is computed, in words made of what computes it: cost / impressions × 1000."""
        top, bottom = (self._side(side, other) for side, other in self._sides)
        if self.minus_one:
            return f"({top} − {bottom}) / {bottom}"
        return f"{top} / {bottom}" + (f" × {self.per}" if self.per != 1 else "")

    @property
    def definition(self) -> str:
        """The formula and the rows it is taken over."""
        twin = self._without_minus_one
        same = f" = {twin.label} − 1" if twin else ""
        return f"{self.formula}{same}{', ' if self._scope else ''}{self._scope}"

    @property
    def exported(self) -> str:
        """The unit in exports: fraction, currency units per 1000 impressions, or impressions per person."""
        if self.denominator in NOT_ADDITIVE:
            return f"{spoken(self.numerator)} per person"
        if self.unit != "money":
            return self.unit
        under = spoken(self.denominator)
        of_many = f"{self.per} {under}" if self.per != 1 else under.removesuffix("s")
        return f"currency units per {of_many}"

    @property
    def _sides(self) -> tuple[tuple[str, str], tuple[str, str]]:
        return (self.numerator, self.denominator), (self.denominator, self.numerator)

    @staticmethod
    def _side(side: str, other: str) -> str:
        """`cost_of_views` is cost where the other side is views: the scope then says which rows; else it says so."""
        measure, over = sides_of(side)
        if not over or over == other:
            return spoken(measure)
        return f"{spoken(measure)} of rows that report {spoken(over)}"

    @property
    def _scope(self) -> str:
        if self.denominator in NOT_ADDITIVE:
            return f"only where {spoken(self.denominator)} is valid for exactly that group"
        over = next((o for o in (sides_of(side)[1] for side, _ in self._sides) if o), "")
        return f"over rows that report {spoken(over)}" if over in (self.numerator, self.denominator) else ""

    @property
    def _without_minus_one(self) -> Metric | None:
        same = (m for m in METRICS.values() if (m.numerator, m.denominator) == (self.numerator, self.denominator))
        return next((m for m in same if not m.minus_one), None) if self.minus_one else None

    @property
    def places(self) -> int:
        """Decimal places in data and exports: money to the micro, fractions to eight."""
        return 6 if self.unit == "money" else 8

    @property
    def needs_money(self) -> bool:
        """True when it cannot be shown to someone who may not see money."""
        return made_of_money(self.numerator) or made_of_money(self.denominator)

    @property
    def measures(self) -> tuple[str, ...]:
        """What it is made of, and what a row must report to count."""
        return tuple(name for side in (self.numerator, self.denominator) for name in sides_of(side) if name)

    @property
    def optional(self) -> tuple[str, ...]:
        """Those of its measures that not every source reports."""
        return tuple(name for name in OPTIONAL if name in self.measures)


def sides_of(name: str) -> tuple[str, str]:
    """What is added up in a field of Sums, and what a row must report to count; '' when it need not report another."""
    measure, _, over = name.partition("_of_")
    return measure, over


def made_of_money(name: str) -> bool:
    """True for a field of Sums, or of a campaign, that is an amount or is added up by one."""
    return any(part in MONEY or part in _OF_CAMPAIGN for part in sides_of(name))


def spoken(name: str) -> str:
    """A field of Sums, or of a campaign, inside a sentence."""
    measure = BY_NAME.get(name)
    return measure.spoken if measure else name.replace("_", " ")


def _scale(name: str) -> int:
    return MICRO if sides_of(name)[0] in (*IN_MILLIONTHS, *_OF_CAMPAIGN) else 1


METRICS: dict[str, Metric] = {
    m.name: m
    for m in (
        Metric("cpm", "CPM", "cost", "impressions", "money", 1000),
        Metric("cpc", "CPC", "cost", "clicks", "money"),
        Metric("ctr", "CTR", "clicks", "impressions", "fraction"),
        Metric("cpv", "CPV", "cost_of_views", "views", "money"),
        Metric("cpe", "CPE", "cost_of_engagements", "engagements", "money"),
        Metric("cpa", "CPA", "cost_of_conversions", "conversions", "money"),
        Metric("engagement_rate", "Engagement rate", "engagements", "impressions_of_engagements", "fraction"),
        Metric("roas", "ROAS", "revenue", "cost_of_revenue", "fraction", times=True),
        Metric("roi", "ROI", "revenue", "cost_of_revenue", "fraction", minus_one=True),
        Metric("frequency", "Frequency", "impressions", "reach", "fraction", times=True),
    )
}
COVERAGE = Metric("revenue_coverage", "Revenue coverage", "cost_of_revenue", "cost", "fraction")
PACING = Metric("budget_pacing", "Budget spent", "flight_cost", "budget", "fraction")
"""Of a campaign, not of Sums: the cost of its whole flight."""
PER_1000_VIEWS = Metric(
    "cost_per_1000_views", "Cost per 1,000 views", "cost_of_views", "views", "money", 1000, later=True
)
"""CPV at a size that can be compared. Not in METRICS: exports hold CPV, which says the same."""
PAIRED = {name: sides_of(name) for name in ADDED if sides_of(name)[1]}
"""Name of a sum -> the measure that is added, and the one that a row must report to count."""


def ratio(name: str, sums: Sums) -> Fraction | None:
    """The exact value of metric `name`: money ratios in currency units, the others as fractions. None is undefined."""
    return quotient(METRICS[name], sums)


def quotient(metric: Metric, row: object) -> Fraction | None:
    """The exact value of `metric`, whose sides are fields of `row`."""
    top, bottom = getattr(row, metric.numerator), getattr(row, metric.denominator)
    if top is None or not bottom:
        return None
    value = Fraction(top, bottom) * metric.factor
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
    return quotient(COVERAGE, sums)


def change(now: Fraction | int | None, before: Fraction | int | None) -> Fraction | None:
    """Relative change against `before`; None when either is undefined or `before` is 0."""
    if now is None or not before:
        return None
    return Fraction(now - before) / abs(Fraction(before))


Cell = str | int | Decimal | date | None


def text(cell: Cell) -> str:
    """One cell as exact text; '' where there is no value. Decimals keep their places and never an exponent."""
    if cell is None:
        return ""
    return format(cell, "f") if isinstance(cell, Decimal) else str(cell)
