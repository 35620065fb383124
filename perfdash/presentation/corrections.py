"""Corrections as a story: who decided what, over which rows, what counted before, and what the source says since. Pure.

Rows that were corrected together are one decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any, NamedTuple

from perfdash.domain import corrections as rules
from perfdash.domain.accounts import Days
from perfdash.domain.as_of import instant
from perfdash.domain.corrections import CorrectedField, Correction, Raw
from perfdash.domain.facts import MICRO
from perfdash.presentation import formatting

LABELS: dict[CorrectedField, str] = {"cost": "Cost", "impressions": "Impressions", "clicks": "Clicks", "cpm": "CPM"}


@dataclass(frozen=True, slots=True)
class CorrectionBatch:
    """One correction, or all of a batch, by number. `arrived` rows came into its range later and are not corrected."""

    parts: tuple[Correction, ...]
    arrived: int = 0

    @property
    def first(self) -> Correction:
        """The part that says what all have in common: client, account, campaign, field, reason, author, moment."""
        return self.parts[0]

    @property
    def active(self) -> tuple[Correction, ...]:
        """The parts that have not ended."""
        return tuple(part for part in self.parts if part.ended_at is None)

    @property
    def days(self) -> Days:
        """From its first row's day to its last one's."""
        days = [part.key.day for part in self.parts]
        return Days(min(days), max(days))

    @property
    def platforms(self) -> tuple[str, ...]:
        """Those of its rows, sorted."""
        return tuple(sorted({part.key.platform for part in self.parts}))

    @property
    def state(self) -> str:
        """active, 29 of 31 active, or how and when its last part ended."""
        active = len(self.active)
        if active:
            return "active" if active == len(self.parts) else f"{active:,} of {len(self.parts):,} active"
        return " and ".join(sorted({part.ended_as for part in self.parts}))

    def amount(self, values: Sequence[int | None]) -> str:
        """Values of its field as they read, added up; what does not add up (several CPMs) is –."""
        known = [value for value in values if value is not None]
        if not known or (self.first.field == "cpm" and len(values) > 1):
            return formatting.UNDEFINED
        return format_value(self.first.field, sum(known), self.first.currency)

    @property
    def before(self) -> str:
        """What counted before."""
        return self.amount([part.before for part in self.parts])

    @property
    def value(self) -> str:
        """What was set."""
        return self.amount([part.value for part in self.parts])

    @property
    def raw_then(self) -> str:
        """What the source reported when it was made."""
        return self.amount([reported_value(part.field, part.raw_then) for part in self.parts])

    @property
    def raw_now(self) -> str:
        """What the source reports now, of the rows that it still reports."""
        still = [part for part in self.parts if part.raw_now is not None]
        return self.amount([reported_value(part.field, part.raw_now) for part in still if part.raw_now is not None])

    @property
    def warnings(self) -> tuple[str, ...]:
        """What somebody should look at: only while it is active."""
        told = (_restated(self), _nothing(self), _another_currency(self), _arrived(self))
        return tuple(line for line in told if line) if self.active else ()


def decisions(told: Iterable[Correction], arrived: Mapping[tuple[str, str], int]) -> tuple[CorrectionBatch, ...]:
    """`told` by batch, in the order of its first mention."""
    batches: dict[tuple[str, str | int], list[Correction]] = {}
    for one in told:
        batches.setdefault((one.client, one.batch or one.number), []).append(one)
    return tuple(
        CorrectionBatch(tuple(sorted(parts, key=lambda one: one.number)), arrived.get((client, str(batch)), 0))
        for (client, batch), parts in batches.items()
    )


def reported_value(field: CorrectedField, raw: Raw) -> int | None:
    """Of reported values what a correction of `field` speaks of; a CPM half-even to the micro, None if undefined."""
    return rules.current(raw, {}, field)


def format_value(field: CorrectedField, value: int | None, currency: str) -> str:
    """A value of `field` as people read it; with the unit of its field."""
    known = None if value is None else Fraction(value, MICRO if field in rules.MONEY_FIELDS else 1)
    return formatting.figure(known, formatting.unit_of(field), currency)


def _restated(one: CorrectionBatch) -> str:
    changed = [part for part in one.active if part.restated_under]
    if not changed:
        return ""
    if len(one.parts) > 1:
        return f"{formatting.plural(len(changed), 'row')} restated underneath"
    then, now = changed[0].raw_then, changed[0].raw_now
    field: CorrectedField = one.first.field
    if field == "cpm" and now is not None and then.impressions != now.impressions:
        field = "impressions"
    values = (
        format_value(field, reported_value(field, raw), one.first.currency) for raw in (then, now) if raw is not None
    )
    return f"the platform restated this underneath: {' → '.join(values)}"


def _nothing(one: CorrectionBatch) -> str:
    gone = [part for part in one.active if part.raw_now is None]
    if not gone:
        return ""
    if len(one.parts) == 1:
        return "counts nothing: the source no longer reports this row"
    return f"{formatting.plural(len(gone), 'row')} no longer reported by the source: there it counts nothing"


def _another_currency(one: CorrectionBatch) -> str:
    moved = [part for part in one.active if part.in_another_currency]
    if not moved:
        return ""
    return f"counts nothing: the source now reports {moved[0].currency_now}, not {moved[0].currency}"


def _arrived(one: CorrectionBatch) -> str:
    if not one.arrived:
        return ""
    return f"{formatting.plural(one.arrived, 'row')} arrived since this range was corrected"


class CorrectionEvent(NamedTuple):
    """A correction that was made, or ended (`what` is then how: reverted or superseded)."""

    at: datetime
    what: str
    client: str
    campaign: str
    platform: str
    day: date
    field: str
    reason: str

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return self._asdict() | {"at": instant(self.at), "day": str(self.day)}


def corrections_between(
    corrections: Iterable[Correction], since: datetime, until: datetime, platforms: tuple[str, ...] = ()
) -> tuple[CorrectionEvent, ...]:
    """The decisions after `since` and up to `until`, newest first; a superseded one is told by what replaced it."""
    found = [
        one
        for correction in corrections
        for one in _decisions(correction)
        if since < one.at <= until and (not platforms or one.platform in platforms)
    ]
    return tuple(sorted(found, reverse=True))


def _decisions(one: Correction) -> Iterator[CorrectionEvent]:
    where = (one.client, one.key.campaign, one.key.platform, one.key.day, one.field)
    yield CorrectionEvent(one.made_at, "corrected", *where, one.reason)
    if one.ended_at is not None and one.ended_as == "reverted":
        yield CorrectionEvent(one.ended_at, "reverted", *where, one.ended_reason)
