"""What the pieces of the Overview draw from: one currency's numbers, read once, beside those of then and before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TypeVar

from perfdash.domain import finality
from perfdash.domain.accounts import Days
from perfdash.domain.finality import Finality
from perfdash.domain.groups import Group
from perfdash.domain.metrics import Sums
from perfdash.domain.question import Question
from perfdash.domain.restatements import Moved
from perfdash.presentation.columns import Origins
from perfdash.ui.filters.sidebar import Selection
from perfdash.ui.restatements.base import Base, complete_at, moved_since
from perfdash.ui.runtime import cache

Key = TypeVar("Key")
Cell = tuple[str, date]
"""A client's day."""


@dataclass(frozen=True)
class Snapshot:
    """What the page shows of one currency ('' without money: of all). `question` is about that currency.

    `everything` are the groups by client, day and platform of all currencies, and `groups` those of this one. `moved`
    was restated since `base`, in all currencies. `then` is what was known at `base` of each client's days that were
    complete at that moment, and `before` the period compared with, by the day in view that each of its days is beside.
    """

    question: Question
    currency: str
    everything: tuple[Group, ...]
    moving: Mapping[date, Finality]
    base: Base | None
    moved: tuple[Moved, ...]
    then: Mapping[Cell, Sums]
    before: Mapping[date, Sums]
    before_days: Days | None

    @property
    def days(self) -> Days:
        return self.question.filters.days

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        return tuple(group for group in self.everything if self.currency in ("", group.currency))

    @cached_property
    def by_day(self) -> dict[date, Sums]:
        return added(self.groups, lambda group: group.day)

    @cached_property
    def partly(self) -> dict[date, tuple[str, ...]]:
        """The days that are in view of some clients only, and of which: their sums would read as a fall."""
        seen = sorted({group.client for group in self.groups})
        found: dict[date, tuple[str, ...]] = {}
        for day in self.days.each() if self.question.filters.ranges else ():
            some = tuple(client for client in seen if day in self.question.filters.days_of(client))
            if len(some) < len(seen):
                found[day] = some
        return found

    @cached_property
    def by_whole_day(self) -> dict[date, Sums]:
        """`by_day` without days that are in view of some clients only."""
        partly = self.partly
        return {day: sums for day, sums in self.by_day.items() if day not in partly}

    @cached_property
    def comparable(self) -> Sums | None:
        """Now, over just the days of `then`; None where it has none."""
        found = [group.sums for group in self.groups if group.day and (group.client, group.day) in self.then]
        return total(found) if self.then and found else None

    @cached_property
    def compared_days(self) -> Days | None:
        """From the first to the last day of `then`."""
        days = [day for _, day in self.then]
        return Days(min(days), max(days)) if days else None

    @cached_property
    def reported_by_day(self) -> dict[date, Sums]:
        """`then` of the days that it knows of all clients in view: part of a day would read as less than there was."""
        partly = {group.day for group in self.groups if group.day and (group.client, group.day) not in self.then}
        found: dict[date, Sums] = {}
        for (_, day), sums in sorted(self.then.items()):
            if day not in partly:
                found[day] = found.get(day, Sums()) + sums
        return found


def snapshot(
    asked: Selection, currency: str, origins: Origins, base: Base | None, earlier: Question | None
) -> Snapshot:
    """Reads all currencies at once, so that showing another one asks nothing. `earlier` asks for what it is compared
    with; None: with nothing.
    """
    before, before_days = _before(asked, currency, earlier)
    return Snapshot(
        question=asked.question.filtered(currency=currency) if currency else asked.question,
        currency=currency,
        everything=cache.groups(asked.question, ("client", "day", "platform")),
        moving=finality.moving(origin.finality for origin in origins.values()),
        base=base,
        moved=moved_since(asked.question, base) if base else (),
        then=_then(asked.question, base, currency),
        before=before,
        before_days=before_days,
    )


def _then(question: Question, base: Base | None, currency: str) -> Mapping[Cell, Sums]:
    """A day of which a client had no row in this currency is 0 then, and not unknown."""
    asked = complete_at(question, base) if base else None
    if asked is None:
        return {}
    groups = [g for g in cache.groups(asked, ("client", "day")) if currency in ("", g.currency)]
    seen = {group.client for group in groups}
    found = {(client, day): Sums() for client in seen for day in asked.filters.days_of(client).each()}
    return found | added(groups, lambda group: (group.client, group.day) if group.day else None)


def _before(asked: Selection, currency: str, earlier: Question | None) -> tuple[Mapping[date, Sums], Days | None]:
    period = asked.period
    if earlier is None or period.previous is None or period.current is None:
        return {}, None
    shift = period.current.start - period.previous.start
    groups = cache.groups(earlier, ("day",))
    sums = added((g for g in groups if currency in ("", g.currency)), lambda group: group.day)
    return {
        day + shift: one for day, one in sums.items() if day + shift in asked.question.filters.days
    }, period.previous


def total(sums: Iterable[Sums]) -> Sums:
    """All of them together."""
    found = Sums()
    for one in sums:
        found += one
    return found


def added(groups: Iterable[Group], key: Callable[[Group], Key | None]) -> dict[Key, Sums]:
    """The sums by `key`; groups for which it is None are left out."""
    found: dict[Key, Sums] = {}
    for group in groups:
        name = key(group)
        if name is not None:
            found[name] = found.get(name, Sums()) + group.sums
    return found
