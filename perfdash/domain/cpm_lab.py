"""Reported CPM and ROI against recomputed ones, row by row: what each is, and the cause where exactly one fits.

A row is a fact as its source reports it, without corrections. A cause is named only when no other explains the same
number; rounding is that of the reported number's own decimals, so what agrees with it needs no cause.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import chain, groupby
from typing import NamedTuple

from perfdash.domain import cpm_causes, currencies
from perfdash.domain.cpm_causes import Cause, CauseName, Other, Ratio, RatioName, Span
from perfdash.domain.facts import MICRO
from perfdash.domain.values import cpm_disagrees

MEASURES: tuple[RatioName, ...] = ("cpm", "roi")


class ReportedFact(NamedTuple):
    """One reported fact: its key, its raw measures (money in micros) and what the source says of both ratios."""

    client: str
    day: date
    account: int
    campaign: str
    platform: str
    creator: str
    currency: str
    cost: int
    impressions: int
    reach: int | None = None
    revenue: int | None = None
    cpm: Decimal | None = None
    roi: Decimal | None = None

    @property
    def together(self) -> tuple[str, date, int, str]:
        """The campaign's day: the rows that a mean may have been taken over."""
        return self[:4]


@dataclass(frozen=True, slots=True)
class ExplainedRatio:
    """One reported number of one row and what it is."""

    row: ReportedFact
    measure: RatioName
    cause: Cause


class _Pool(NamedTuple):
    """Rows that a source may have averaged: what they add up to, and how many have the ratio."""

    cost: int
    impressions: int
    defined: int
    ratios: Ratio


class Beside:
    """The rows of one campaign's day: what one of them may be the mean of. Added up once, and only if asked."""

    def __init__(self, rows: Sequence[ReportedFact] = ()) -> None:
        self.rows = rows
        self._pools: dict[tuple[RatioName, str], _Pool] = {}

    def pools(self, measure: RatioName, platform: str) -> set[_Pool]:
        """The creators on one platform, and all rows of the day: one when they are the same."""
        return {self._pool(measure, name) for name in (platform, "")}

    def _pool(self, measure: RatioName, platform: str) -> _Pool:
        if (measure, platform) not in self._pools:
            rows = [row for row in self.rows if platform in ("", row.platform)]
            self._pools[measure, platform] = _added(measure, rows)
        return self._pools[measure, platform]


ALONE = Beside()


def findings(rows: Iterable[ReportedFact]) -> Iterator[ExplainedRatio]:
    """Every reported CPM and ROI of `rows`, which come campaign's day by campaign's day."""
    for _, each in groupby(rows, key=lambda row: row.together):
        beside = Beside(tuple(each))
        for measure in MEASURES:
            for row in beside.rows:
                cause = cause_of(measure, row, beside)
                if cause is not None:
                    yield ExplainedRatio(row, measure, cause)


def cause_of(measure: RatioName, row: ReportedFact, beside: Beside = ALONE) -> Cause | None:
    """Why the reported `measure` of `row` differs from ours, if it does; None where the source sends no such number."""
    reported = row.cpm if measure == "cpm" else row.roi
    if reported is None:
        return None
    if measure == "roi" and row.revenue is None:
        return Cause("incomparable", reported, None)
    value = _recomputed(measure, row)
    if _agrees(measure, row, reported, value):
        return Cause("agrees", reported, value)
    others, sent = _alternatives(measure, row, value)
    fits = cpm_causes.fitting_causes(
        cpm_causes.ratio_of(reported), value, chain(others, _means(measure, row, beside)), sent
    )
    return Cause("unexplained" if not fits else fits[0] if len(fits) == 1 else "ambiguous", reported, value, fits)


def _recomputed(measure: RatioName, row: ReportedFact) -> Ratio | None:
    return cpm_causes.cpm(row.cost, row.impressions) if measure == "cpm" else cpm_causes.roi(row.cost, row.revenue)


def _agrees(measure: RatioName, row: ReportedFact, reported: Decimal, value: Ratio | None) -> bool:
    """0 agrees with what is undefined. A whole unit lies between ROAS and ROI, so there the last place is not slack."""
    if value is None:
        return not reported
    if measure == "cpm":
        return not cpm_disagrees(reported, row.cost, row.impressions)
    return cpm_causes.ratio_of(reported).is_rounded(value)


def _alternatives(measure: RatioName, row: ReportedFact, value: Ratio | None) -> tuple[Iterable[Other], Span]:
    """What else may be reported, and the range that rounded amounts leave."""
    cent = 10 ** (6 - currencies.decimals(row.currency))
    if measure == "cpm":
        sent = cpm_causes.cpms_as_sent(row.cost, row.impressions, cent)
        return cpm_causes.other_cpms(value, row.cost, row.reach), sent
    if value is None or row.revenue is None:
        return (), None
    return cpm_causes.other_rois(value), cpm_causes.rois_as_sent(row.cost, row.revenue, cent)


def _means(measure: RatioName, row: ReportedFact, beside: Beside) -> Iterator[Other]:
    """The means that the row may carry: of its creators, of its campaign's day, or of the rows that it adds up."""
    own = _recomputed(measure, row)
    for pool in beside.pools(measure, row.platform):
        if pool.defined > 1:
            yield "mean", pool.ratios.times(1, pool.defined)
        adds_up = (pool.cost, pool.impressions) == (2 * row.cost, 2 * row.impressions)
        if adds_up and own is not None and pool.defined > 2:
            rest = pool.ratios.exact - own.exact
            yield "mean", Ratio(rest.numerator, rest.denominator * (pool.defined - 1))


def _added(measure: RatioName, rows: Sequence[ReportedFact]) -> _Pool:
    defined = [value.exact for row in rows if (value := _recomputed(measure, row)) is not None]
    whole = sum(defined, Fraction())
    ratios = Ratio(whole.numerator, whole.denominator)
    return _Pool(sum(row.cost for row in rows), sum(row.impressions for row in rows), len(defined), ratios)


MOST = 200
"""How many of the largest disagreements are shown."""
EVEN: tuple[CauseName, ...] = ("agrees", "incomparable")
"""What is no disagreement."""


@dataclass(frozen=True, slots=True)
class Share:
    """The rows of one cause in one currency. `cost` in micros.

    `moves`: by how much they move the reported total away from the recomputed one; over all shares of a currency these
    add up to exactly that difference. None for what cannot be recomputed.
    """

    name: CauseName
    currency: str
    rows: int
    cost: int
    moves: Fraction | None
    example: ExplainedRatio


@dataclass(frozen=True, slots=True)
class Whole:
    """All comparable rows of one currency: the ratio of sums, what is reported weighted alike, and the plain mean.

    `cost` of these rows in micros.
    """

    currency: str
    rows: int
    cost: int
    recomputed: Fraction | None
    reported: Fraction | None
    mean: Fraction


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure over all rows in view that report it. `worst`: the largest disagreements, the largest first."""

    measure: RatioName
    shares: tuple[Share, ...]
    wholes: tuple[Whole, ...]
    worst: tuple[ExplainedRatio, ...]

    @property
    def rows(self) -> int:
        """Rows that report the measure."""
        return sum(share.rows for share in self.shares)

    def count(self, *names: CauseName) -> int:
        """Rows of these causes."""
        return sum(share.rows for share in self.shares if share.name in names)

    @property
    def disagreeing(self) -> int:
        """Rows whose reported number is not the recomputed one."""
        return self.rows - self.count(*EVEN)


class _Tally:
    """One cause in one currency, while rows stream past."""

    def __init__(self, first: ExplainedRatio) -> None:
        self.example = first
        self.rows = self.cost = self.weight = self.top = 0
        # By number of decimals, so that whole numbers are added.
        self._reported: dict[int, int] = {}
        self._weighted: dict[int, int] = {}

    def add(self, finding: ExplainedRatio) -> None:
        said, (weight, top) = cpm_causes.ratio_of(finding.cause.reported), _sides(finding)
        self.rows, self.cost = self.rows + 1, self.cost + finding.row.cost
        self.weight, self.top = self.weight + weight, self.top + top
        self._reported[said.scale] = self._reported.get(said.scale, 0) + said.digits
        self._weighted[said.scale] = self._weighted.get(said.scale, 0) + said.digits * weight
        if finding.row.cost > self.example.row.cost:
            self.example = finding

    @property
    def reported(self) -> Fraction:
        """The reported numbers added up."""
        return _exact(self._reported)

    @property
    def weighted(self) -> Fraction:
        """The reported numbers, each times its weight, added up."""
        return _exact(self._weighted)


def _exact(digits_by_scale: dict[int, int]) -> Fraction:
    return sum((Fraction(digits, scale) for scale, digits in digits_by_scale.items()), Fraction())


def _sides(finding: ExplainedRatio) -> tuple[int, int]:
    """What a reported number is weighted with, and the numerator it stands for: sums of both give the recomputed one.

    In micros, so that a CPM is in currency units: thousandths of an impression weigh a cost in micros.
    """
    row = finding.row
    if finding.measure == "cpm":
        return row.impressions * (MICRO // 1000), row.cost
    return row.cost, (row.revenue or 0) - row.cost


class _Worst:
    """The rows that are furthest apart, the costliest of equals first, and no more than `most` of them at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[Fraction, int, int, ExplainedRatio]] = []
        self._seen = 0

    def add(self, finding: ExplainedRatio) -> None:
        self._seen -= 1  # the first of equals stays, and two findings are never compared
        entry = (finding.cause.apart, finding.row.cost, self._seen, finding)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
        elif entry > self._heap[0]:
            heapq.heapreplace(self._heap, entry)

    def sorted(self) -> tuple[ExplainedRatio, ...]:
        return tuple(entry[-1] for entry in sorted(self._heap, reverse=True))


Tallies = dict[tuple[CauseName, str], _Tally]


def compare(findings: Iterable[ExplainedRatio], most: int = MOST) -> tuple[Comparison, ...]:
    """The comparison of each measure that any row reports."""
    tallies: dict[RatioName, Tallies] = {measure: {} for measure in MEASURES}
    worst = {measure: _Worst(most) for measure in MEASURES}
    for finding in findings:
        key = (finding.cause.name, finding.row.currency)
        of_measure = tallies[finding.measure]
        if key not in of_measure:
            of_measure[key] = _Tally(finding)
        of_measure[key].add(finding)
        if finding.cause.name not in EVEN:
            worst[finding.measure].add(finding)
    return tuple(_comparison(measure, found, worst[measure]) for measure, found in tallies.items() if found)


def _comparison(measure: RatioName, tallies: Tallies, worst: _Worst) -> Comparison:
    weights: dict[str, int] = {}
    for (name, currency), tally in tallies.items():
        weights[currency] = weights.get(currency, 0) + (0 if name == "incomparable" else tally.weight)
    shares = [
        Share(name, currency, tally.rows, tally.cost, _moves(name, tally, weights[currency]), tally.example)
        for (name, currency), tally in tallies.items()
    ]
    shares.sort(key=lambda share: (share.name in EVEN, -share.rows, share.name, share.currency))
    wholes = tuple(whole for currency in sorted(weights) if (whole := _whole(currency, tallies, weights[currency])))
    return Comparison(measure, tuple(shares), wholes, worst.sorted())


def _moves(name: CauseName, tally: _Tally, weight: int) -> Fraction | None:
    return (tally.weighted - tally.top) / weight if weight and name != "incomparable" else None


def _whole(currency: str, tallies: Tallies, weight: int) -> Whole | None:
    kept = [tally for (name, own), tally in tallies.items() if own == currency and name != "incomparable"]
    rows = sum(tally.rows for tally in kept)
    if not rows:
        return None
    reported = sum((tally.weighted for tally in kept), Fraction()) / weight if weight else None
    recomputed = Fraction(sum(tally.top for tally in kept), weight) if weight else None
    cost = sum(tally.cost for tally in kept)
    return Whole(currency, rows, cost, recomputed, reported, sum((tally.reported for tally in kept), Fraction()) / rows)
