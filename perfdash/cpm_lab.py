"""Reported CPM and ROI against recomputed ones, row by row: what each is, and the cause where exactly one fits.

A row is a fact as its source reports it, without corrections. A cause is named only when no other explains the same
number; rounding is that of the reported number's own decimals, so what agrees with it needs no cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import chain, groupby
from typing import NamedTuple

from perfdash import causes, words
from perfdash.causes import Cause, Other, Ratio, RatioName, Span
from perfdash.reported import cpm_disagrees

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
    fits = causes.fitting(causes.said(reported), value, chain(others, _means(measure, row, beside)), sent)
    return Cause("unexplained" if not fits else fits[0] if len(fits) == 1 else "ambiguous", reported, value, fits)


def _recomputed(measure: RatioName, row: ReportedFact) -> Ratio | None:
    return causes.cpm(row.cost, row.impressions) if measure == "cpm" else causes.roi(row.cost, row.revenue)


def _agrees(measure: RatioName, row: ReportedFact, reported: Decimal, value: Ratio | None) -> bool:
    """0 agrees with what is undefined. A whole unit lies between ROAS and ROI, so there the last place is not slack."""
    if value is None:
        return not reported
    if measure == "cpm":
        return not cpm_disagrees(reported, row.cost, row.impressions)
    return causes.said(reported).is_rounded(value)


def _alternatives(measure: RatioName, row: ReportedFact, value: Ratio | None) -> tuple[Iterable[Other], Span]:
    """What else may be reported, and the range that rounded amounts leave."""
    cent = 10 ** (6 - words.decimals(row.currency))
    if measure == "cpm":
        sent = causes.cpms_as_sent(row.cost, row.impressions, cent)
        return causes.other_cpms(value, row.cost, row.reach), sent
    if value is None or row.revenue is None:
        return (), None
    return causes.other_rois(value), causes.rois_as_sent(row.cost, row.revenue, cent)


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
