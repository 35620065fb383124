"""What one answer adds up to, measure by measure, and where it went: the control totals of a run.

Per measure of the answer as it came, in the measure's own integers: read = stored + refused + duplicate + left out.
What cannot be added up (reach, ratios) and what cannot be read is not in these sums; `unread` counts the latter.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from operator import itemgetter
from typing import Any

from perfdash.domain.errors import BadAnswer
from perfdash.domain.measures import ADDITIVE, BY_NAME, NAMES


@dataclass(frozen=True, slots=True)
class MeasureTotals:
    """Of one measure: what came, and how much of it went where."""

    read: int = 0
    stored: int = 0
    refused: int = 0
    """In refused rows, as far as it could be read there."""
    duplicate: int = 0
    """In rows that are another row once more."""
    left_out: int = 0
    """In rows that are not about one fact: totals, and what `records.where` leaves out."""

    @property
    def missing(self) -> int:
        """What came and went nowhere: 0, or the run fails."""
        return self.read - self.stored - self.refused - self.duplicate - self.left_out

    def __add__(self, other: MeasureTotals) -> MeasureTotals:
        return MeasureTotals(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(MeasureTotals)))


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """The control totals of one answer. A measure that the answer does not report is not in `measures`."""

    measures: Mapping[str, MeasureTotals] = field(default_factory=dict)
    unread: Mapping[str, int] = field(default_factory=dict)
    """The source's name of an optional field -> how many rows lost its value, which could not be read."""

    def __add__(self, other: ControlTotals) -> ControlTotals:
        measures, unread = dict(self.measures), dict(self.unread)
        for name, totals in other.measures.items():
            measures[name] = measures.get(name, MeasureTotals()) + totals
        for label, count in other.unread.items():
            unread[label] = unread.get(label, 0) + count
        return ControlTotals(measures, unread)

    def closed(self, rows: Collection[tuple[Any, ...]]) -> ControlTotals:
        """With what `rows` (facts.Stored) hold. BadAnswer when the totals do not close: something went nowhere."""
        sums = stored_sums(rows, self.measures)
        whole = replace(self, measures={name: replace(of, stored=sums[name]) for name, of in self.measures.items()})
        for name in NAMES:
            of = whole.measures.get(name)
            if of is not None and of.missing:
                raise BadAnswer(
                    f"The control totals do not close: of the {BY_NAME[name].spoken} that came, {of.missing} "
                    "(in the smallest unit) would be neither stored nor refused. Nothing was stored; please report it."
                )
        return whole

    def as_json(self) -> str:
        """As it is kept beside the run."""
        return json.dumps(
            {
                "measures": {
                    name: {f.name: getattr(of, f.name) for f in fields(MeasureTotals)}
                    for name, of in self.measures.items()
                },
                "unread": dict(self.unread),
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> ControlTotals:
        """What `as_json` wrote; '' is that of a run without any."""
        said = json.loads(text) if text else {}
        return cls(
            {name: MeasureTotals(**of) for name, of in said.get("measures", {}).items()}, dict(said.get("unread", {}))
        )


_PLACES = {name: place for place, name in enumerate(NAMES, 1)}
"""Where a measure stands in what is Stored: behind the currency."""


def stored_sums(rows: Collection[tuple[Any, ...]], names: Iterable[str]) -> dict[str, int]:
    """The sum of each named measure over `rows` (facts.Stored); what is not reported adds nothing."""
    return {name: sum(filter(None, map(itemgetter(_PLACES[name]), rows))) for name in names if name in ADDITIVE}
