"""Then and now of the days in view: those that were complete at the earlier moment, and, apart, those still filling."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from perfdash.domain.accounts import Days
from perfdash.domain.groups import Dimension, Group
from perfdash.domain.metrics import Sums
from perfdash.domain.question import Question
from perfdash.domain.restatements import Event, Moved, RestatedField
from perfdash.domain.then_and_now import SharedDays, ThenNow, hull, split, then_and_now
from perfdash.store.query import coverage
from perfdash.ui.restatements import reads
from perfdash.ui.restatements.since import Since
from perfdash.ui.runtime import cache, context

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class ComparedDays:
    """Some days of some clients at both moments. `asked`: one question for each group of clients with equal days."""

    asked: tuple[Question, ...]
    since: Since

    @property
    def days(self) -> Days | None:
        """From the first day of any client to the last of any; None when there is no day."""
        return hull(SharedDays(question.filters.days, question.clients) for question in self.asked)

    @property
    def moved(self) -> tuple[Moved, ...]:
        """Its restatements, also those made while a day was running."""
        return tuple(one for question in self.asked for one in reads.moved(question, self.since.at, True))

    def in_currency(self, currency: str) -> ComparedDays:
        """The same in one currency; '' for all, which without money is the only one."""
        return replace(self, asked=tuple(one.filtered(currency=currency or None) for one in self.asked))

    def totals(self) -> tuple[ThenNow, ...]:
        """Per currency, by currency. Without money all currencies are one."""
        found = self._by((), lambda _group: None, lambda _moved: None)
        return tuple(found[key] for key in sorted(found, key=lambda key: key[1]))

    def by_day(self) -> dict[tuple[date, str], ThenNow]:
        """Per day and currency."""
        return self._by(("day",), lambda group: group.day or date.min, lambda moved: moved.day)

    def by_campaign(self) -> dict[tuple[tuple[str, int, str], str], ThenNow]:
        """Per campaign, as (client, account, id), and currency."""
        by: tuple[Dimension, ...] = ("client", "account", "campaign")
        return self._by(by, _campaign_of, _campaign_of)

    def newest(self, field: RestatedField, limit: int) -> list[Event]:
        """The newest changes of `field`, newest first, at most `limit`."""
        each = (reads.newest(question, self.since.at, field, limit) for question in self.asked)
        found = sorted((event for events in each for event in events), key=lambda one: one.at, reverse=True)
        return found[:limit]

    def _by(
        self, by: tuple[Dimension, ...], of_group: Callable[[Group], Key], of_moved: Callable[[Moved], Key]
    ) -> dict[tuple[Key, str], ThenNow]:
        then = self._sums((question.at(self.since.at) for question in self.asked), by, of_group)
        return then_and_now(then, self._sums(self.asked, by, of_group), self.moved, of_moved)

    def _sums(
        self, asked: Iterable[Question], by: tuple[Dimension, ...], of_group: Callable[[Group], Key]
    ) -> Mapping[tuple[Key, str], Sums]:
        found: dict[tuple[Key, str], Sums] = {}
        for question in asked:
            for group in cache.groups(question, by):
                key = (of_group(group), group.currency if question.principal.money else "")
                found[key] = found.get(key, Sums()) + group.sums
        return found


def _campaign_of(one: Group | Moved) -> tuple[str, int, str]:
    return one.client, one.account, one.campaign


def compared(question: Question, since: Since) -> tuple[ComparedDays, ComparedDays]:
    """The days in view that were complete at the earlier moment, and those that were not; without limit, as reported.

    Only of the clients that the moment speaks of.
    """
    question = question.filtered(max_cpm=None, raw=True)
    named = question.clients or tuple(c.slug for c in cache.clients(question.principal))
    names = [client for client in named if not since.clients or client in since.clients]
    in_view = {client: question.filters.days_of(client) for client in names}
    complete = coverage.last_complete(context.store(), question.at(since.known), context.now())
    whole, filling = split(in_view, complete)
    return ComparedDays(_asked(question, whole), since), ComparedDays(_asked(question, filling), since)


def _asked(question: Question, spans: Iterable[SharedDays]) -> tuple[Question, ...]:
    return tuple(question.over(span.days).filtered(clients=span.clients) for span in spans)
