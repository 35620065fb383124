"""Restatements: changes of facts after they were first reported, one by one and as sums. Pure.

First reports and repeated values are no restatements. Over a period, `then` is a fact's value at the start of the
period, or its first report when that came later; then + the sum of the differences = now.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple, TypeVar

from perfdash.domain.as_of import day_start
from perfdash.domain.measures import ADDITIVE, IN_MILLIONTHS, MEASURES, MONEY, NAMES, REPORTED_RATIOS
from perfdash.domain.metrics import money

Kind = Literal["restated", "vanished", "reappeared"]
Timing = Literal["running", "before", "after", "provisional"]
"""When a change came: while its day was running, before or after the day was final; `provisional`: nobody said how long
this source restates."""
RestatedField = str
"""One of FIELDS."""
RESTATED_FIELDS: tuple[RestatedField, ...] = (*NAMES, *REPORTED_RATIOS, "currency")
ADDED: tuple[RestatedField, ...] = ADDITIVE
"""The fields whose differences add up. Reach does not, and a ratio never does."""
RESTATED_MONEY = frozenset((*MONEY, *REPORTED_RATIOS, "currency"))
LABELS: dict[RestatedField, str] = {measure.name: measure.label for measure in MEASURES} | {
    "reported_cpm": "Reported CPM",
    "reported_roi": "Reported ROI",
    "currency": "Currency",
}
Key = TypeVar("Key", bound=Hashable)
_ONE_DAY = timedelta(days=1)
Value = int | Decimal | str | None


class Change(NamedTuple):
    """One field of one event; None: not reported. Money in micros, conversions in millionths, ratios exact."""

    field: RestatedField
    then: Value
    now: Value

    @property
    def difference(self) -> int | Decimal | None:
        """now - then; what is not reported counts as nothing. None for a currency."""
        sides = (self.then, self.now)
        if any(isinstance(side, str) for side in sides):
            return None
        then, now = (0 if side is None else side for side in sides)
        return now - then  # type: ignore[operator]


class Event(NamedTuple):
    """One change of one fact, in one revision of its client. `at` is aware UTC.

    `then` and `now` hold the values in the order of FIELDS; all None where the fact was not, or is no longer, reported.
    """

    client: str
    account: int
    campaign: str
    creator: str
    platform: str
    day: date
    kind: Kind
    revision: int
    run: int | None
    at: datetime
    timing: Timing
    then: tuple[Value, ...]
    now: tuple[Value, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """The fields that changed; of a fact that came or went those that were reported."""
        each = zip(RESTATED_FIELDS, self.then, self.now, strict=True)
        found = tuple(Change(*one) for one in each if one[1] != one[2])
        return found if self.kind == "restated" else tuple(one for one in found if one.field != "currency")

    @property
    def currency(self) -> str:
        """The currency after the change; of a vanished fact the one it had. '' without money."""
        found = self.now[-1] or self.then[-1]
        return found if isinstance(found, str) else ""


class Moved(NamedTuple):
    """The changes of one campaign's day in one revision and currency, added up.

    `changed` counts, by FIELDS, the events in which a field changed; `differences` are sums by ADDED, None: nothing
    reports it.
    """

    client: str
    account: int
    campaign: str
    day: date
    currency: str
    revision: int
    at: datetime
    timing: Timing
    events: int
    vanished: int
    reappeared: int
    changed: tuple[int, ...]
    differences: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Movement:
    """What a set of changes adds up to, in one currency. `late` days: those changed after they were final."""

    currency: str
    events: int = 0
    vanished: int = 0
    reappeared: int = 0
    late: int = 0
    days: frozenset[date] = frozenset()
    late_days: frozenset[date] = frozenset()
    last_at: datetime | None = None
    changed: tuple[int, ...] = (0,) * len(RESTATED_FIELDS)
    differences: tuple[int | None, ...] = (None,) * len(ADDED)

    def difference(self, field: RestatedField) -> int | None:
        """The sum of a field's differences: micros, millionths or a count; None when nothing reports it."""
        return self.differences[ADDED.index(field)]

    def count(self, field: RestatedField) -> int:
        """In how many changes of facts this field changed."""
        return self.changed[RESTATED_FIELDS.index(field)]


def by_currency(moved: Iterable[Moved]) -> tuple[Movement, ...]:
    """One movement per currency, by currency."""
    found = by_key(moved, lambda _one: None)
    return tuple(found[key] for key in sorted(found, key=lambda key: key[1]))


def by_key(moved: Iterable[Moved], key: Callable[[Moved], Key]) -> dict[tuple[Key, str], Movement]:
    """One movement per `key` and currency."""
    parts: dict[tuple[Key, str], list[Moved]] = {}
    for one in moved:
        parts.setdefault((key(one), one.currency), []).append(one)
    return {name: _together(name[1], some) for name, some in parts.items()}


def _together(currency: str, some: list[Moved]) -> Movement:
    late = [one for one in some if one.timing == "after"]
    return Movement(
        currency=currency,
        events=sum(one.events for one in some),
        vanished=sum(one.vanished for one in some),
        reappeared=sum(one.reappeared for one in some),
        late=sum(one.events for one in late),
        days=frozenset(one.day for one in some),
        late_days=frozenset(one.day for one in late),
        last_at=max(one.at for one in some),
        changed=tuple(map(sum, zip(*(one.changed for one in some), strict=True))),
        differences=tuple(map(_sum, zip(*(one.differences for one in some), strict=True))),
    )


def _sum(values: tuple[int | None, ...]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def timing_of(
    day: date, at: datetime, time_zone: str, settlement_days: int | None, final_at: datetime | None
) -> Timing:
    """When a change at `at` came in the life of an account's `day`.

    `final_at`: when the run that made the day final was committed. That run's own changes came before it was final.
    """
    if at < day_start(day + _ONE_DAY, time_zone):
        return "running"
    if settlement_days is None:
        return "provisional"
    return "after" if final_at is not None and at > final_at else "before"


def exact_value(field: RestatedField, value: Value) -> Value:
    """A value as it is exported: money and conversions with six decimals, counts and ratios as they are."""
    return money(value) if field in IN_MILLIONTHS and isinstance(value, int) else value
