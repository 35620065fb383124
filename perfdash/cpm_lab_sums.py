"""The findings of the CPM lab added up: rows and cost by cause, what each does to the total, and the worst ones.

Only sums are kept while rows stream past, so a year of a large client costs no more memory than a day.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from perfdash import causes
from perfdash.causes import CauseName, RatioName
from perfdash.cpm_lab import MEASURES, ExplainedRatio
from perfdash.payload import MICRO

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
    """All comparable rows of one currency: the ratio of sums, what is reported weighted alike, and the plain mean."""

    currency: str
    rows: int
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
        said, (weight, top) = causes.said(finding.cause.reported), _sides(finding)
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
    return Whole(currency, rows, recomputed, reported, sum((tally.reported for tally in kept), Fraction()) / rows)
