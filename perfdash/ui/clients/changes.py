"""What each client is compared with: the very two sums that its own Overview compares, for all clients at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime

from perfdash.domain import finality
from perfdash.domain.as_of import AsOf, AtRevisions
from perfdash.domain.comparison import Age
from perfdash.domain.groups import Group
from perfdash.domain.metrics import Sums
from perfdash.domain.question import Question
from perfdash.ui.filters import compare
from perfdash.ui.filters.sidebar import Selection
from perfdash.ui.runtime import cache, context

Sides = Mapping[tuple[str, str], tuple[Sums, Sums]]
"""(client, currency) -> the sums before and now; a client without a change is absent."""


def sides(asked: Selection, clients: Collection[str]) -> Sides:
    """Per client: none where days were never fetched; at the same age where young days are in view and the ledger knows
    the earlier ones so; else as they are. As `headline` decides it for one client.
    """
    question, period = _in_one_currency(asked.question), asked.period
    if period.current is None or period.previous is None:
        return {}
    pair = question.over(period.previous, period.previous_ranges), question.over(period.current, period.current_ranges)
    lacking = {gap.account.client for side in pair for gap in cache.never_fetched(side)}
    left = set(clients) - lacking
    found: dict[tuple[str, str], tuple[Sums, Sums]] = {}
    if period.kind == "same_age":
        return _at_same_age(pair, left)
    if period.kind == "fair":
        found |= _fair(pair, left & _young(pair[1]))
        left -= {client for client, _ in found}
    if left:
        found |= _paired(*(cache.groups(_among(side, left), ("client",)) for side in pair))
    return found


def _fair(pair: tuple[Question, Question], clients: Collection[str]) -> Sides:
    """Of those whose earlier days were known when they were as old as the days in view are now."""
    found: dict[tuple[str, str], tuple[Sums, Sums]] = {}
    for client in sorted(clients):
        previous, current = (_among(side, {client}) for side in pair)
        then = compare.as_old(current, previous)
        if not compare.why_not(then, current.principal) and then is not None:
            found |= _paired(cache.groups(then.question, ("client",)), cache.groups(current, ("client",)))
    return found


def _at_same_age(pair: tuple[Question, Question], clients: Collection[str]) -> Sides:
    """What was known of both sides at the same age; a client of which some day was not known then is absent."""
    found: dict[tuple[str, str], tuple[Sums, Sums]] = {}
    for end, alike in _by_end(pair[1], clients).items():
        age = Age(end, _moment(pair[1].as_of))
        late = {one.account.client for side in pair for one in compare.unknown(_among(side, alike), age)}
        if known := alike - late:
            found |= _paired(*(compare.aged(_among(side, known), age).groups for side in pair))
    return found


def _by_end(current: Question, clients: Iterable[str]) -> Mapping[date, set[str]]:
    """Clients whose days end alike are seen at one age."""
    found: dict[date, set[str]] = {}
    for client in clients:
        found.setdefault(current.filters.days_of(client).end, set()).add(client)
    return found


def _paired(before: Iterable[Group], now: Iterable[Group]) -> Sides:
    each = _added(before), _added(now)
    return {key: (each[0].get(key, Sums()), each[1].get(key, Sums())) for key in {*each[0], *each[1]}}


def _added(groups: Iterable[Group]) -> dict[tuple[str, str], Sums]:
    found: dict[tuple[str, str], Sums] = {}
    for group in groups:
        key = group.client, group.currency
        found[key] = found.get(key, Sums()) + group.sums
    return found


def _young(question: Question) -> set[str]:
    """The clients of which a day in view can still change."""
    known = cache.origins(question).items()
    return {client for (client, _), origin in known if any(finality.moving([origin.finality]))}


def _among(question: Question, clients: Collection[str]) -> Question:
    return replace(question, filters=question.filters.among(tuple(sorted(clients))))


def _in_one_currency(question: Question) -> Question:
    """A CPM limit speaks of the one currency in view; the period before may have had more."""
    found = {group.currency for group in cache.groups(question)} if question.filters.max_cpm is not None else set()
    return question.filtered(currency=found.pop()) if len(found) == 1 else question


def _moment(as_of: AsOf | None) -> datetime | date:
    if isinstance(as_of, AtRevisions):
        return as_of.at
    return context.now() if as_of is None else as_of
