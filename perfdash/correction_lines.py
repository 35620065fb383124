"""What a form of corrections shows before anything is written: rows as they are, and what a correction would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from perfdash.corrections import CorrectedField, Overlay, Raw, Target, WantedValue, counted, overlay, with_value
from perfdash.errors import UsageError


class Set(NamedTuple):
    """An active correction of a fact."""

    number: int
    field: CorrectedField
    value: int


class SeenVersion(NamedTuple):
    """What somebody looked at: the revision that brought the fact, and the numbers of its active corrections."""

    version: int
    corrections: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CorrectableFact:
    """A fact as the source reports it now, and what is set over it. Without money its cost is 0, and no cost is set.

    `idle` are fields set in a currency that the fact is no longer in: they count nothing.
    """

    target: Target
    raw: Raw
    currency: str
    version: int
    active: tuple[Set, ...] = ()
    idle: tuple[CorrectedField, ...] = ()

    @property
    def seen(self) -> SeenVersion:
        """What a correction of this line, as it looks now, must still find."""
        return SeenVersion(self.version, tuple(sorted(one.number for one in self.active)))

    @property
    def by_field(self) -> dict[CorrectedField, int]:
        """The values of the active corrections that count."""
        return {one.field: one.value for one in self.active if one.field not in self.idle}

    @property
    def counted(self) -> Raw:
        return counted(self.raw, self.by_field)

    @property
    def laid(self) -> Overlay:
        """What counts because of corrections; None where the reported value does."""
        return overlay(self.raw, self.by_field)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a correction would do to the sums of the rows that it touches. `cost` in micros."""

    rows: int
    before: Raw
    after: Raw
    currency: str


def effect(lines: Sequence[CorrectableFact], wanted: Sequence[WantedValue]) -> Effect:
    """The sums of the wanted rows, now and once `wanted` is set. UsageError for a row that is not among `lines`."""
    known = {line.target: line for line in lines}
    if any(one.target not in known for one in wanted):
        raise UsageError("The rows in view are others meanwhile; look at them again.")
    touched = [known[target] for target in dict.fromkeys(one.target for one in wanted)]
    active = {line.target: line.by_field for line in touched}
    for one in wanted:
        active[one.target] = with_value(active[one.target], one.field, one.value)
    currencies = {line.currency for line in touched}
    return Effect(
        rows=len(touched),
        before=_sum([line.counted for line in touched]),
        after=_sum([counted(line.raw, active[line.target]) for line in touched]),
        currency=currencies.pop() if len(currencies) == 1 else "",
    )


def _sum(rows: Sequence[Raw]) -> Raw:
    return Raw(*(sum(row[n] for row in rows) for n in range(3)))


def cpm_of(sums: Raw) -> Fraction | None:
    """The CPM of sums in currency units; None without impressions."""
    return Fraction(sums.cost, 1000 * sums.impressions) if sums.impressions else None
