"""A row for each client and currency: what it cost, how that changed, whether it is on pace, and how fresh it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from perfdash.domain.accounts import Client
from perfdash.domain.metrics import Sums, change
from perfdash.domain.pacing import Delivery, together
from perfdash.domain.question import Question
from perfdash.domain.restatements import ADDED
from perfdash.presentation.columns import Origins
from perfdash.ui.clients.changes import Sides, sides
from perfdash.ui.filters.sidebar import Selection
from perfdash.ui.restatements.base import base_of, moved_since
from perfdash.ui.runtime import cache

_COST = ADDED.index("cost")


@dataclass(frozen=True, slots=True)
class ClientRow:
    """One client in one currency (`''` for who may not see money, whose row is over all of them).

    `change` is that of the cost (impressions without money), None where there is none to show; `trend` the same measure
    day by day. `pace` is spent / planned of its running campaigns together; `off_pace` how many of these are
    not on pace. `restated`: by how much the cost of days that were complete at the last report changed since.
    """

    client: Client
    currency: str
    sums: Sums
    change: Fraction | None
    trend: tuple[int, ...]
    pace: Fraction | None
    running: int
    off_pace: int
    restated: int | None
    fetched_at: datetime | None
    complete_to: date | None


def clients_in_view(question: Question) -> tuple[Client, ...]:
    """By slug, also those without a row in view."""
    known = cache.clients(question.principal)
    return tuple(one for one in known if not question.clients or one.slug in question.clients)


def client_rows(asked: Selection, clients: Sequence[Client]) -> tuple[ClientRow, ...]:
    """By currency, the client with the most cost (impressions without money) first."""
    question, origins = asked.question, cache.origins(asked.question)
    deliveries, restated = cache.deliveries(question), _restated(question)
    trends, complete = _trends(question), cache.last_complete(question)
    compared = sides(asked, [client.slug for client in clients])
    found = []
    for client in clients:
        for currency, sums in _sums(question, client.slug).items():
            mine = [one for one in deliveries if one.ref.client == client.slug and currency in ("", one.currency)]
            pace, running, off_pace = _pace(mine)
            found.append(
                ClientRow(
                    client,
                    currency,
                    sums,
                    _change(compared, client.slug, currency),
                    trends.get((client.slug, currency), ()),
                    pace,
                    running,
                    off_pace,
                    restated.get((client.slug, currency)),
                    _fetched_at(origins, client.slug),
                    complete.get(client.slug),
                )
            )
    return tuple(sorted(found, key=lambda row: (row.currency, -_size(row), row.client.slug)))


def _size(row: ClientRow) -> int:
    return (row.sums.cost if row.currency else row.sums.impressions) or 0


def _currency(question: Question, own: str) -> str:
    """Without money all currencies of a client are one row: counts add up."""
    return own if question.principal.money else ""


def _sums(question: Question, client: str) -> dict[str, Sums]:
    found: dict[str, Sums] = {}
    for group in cache.groups(question, ("client",)):
        if group.client == client:
            key = _currency(question, group.currency)
            found[key] = found.get(key, Sums()) + group.sums
    return found


def _change(compared: Sides, client: str, currency: str) -> Fraction | None:
    """The change that the client's own Overview shows: of its cost, without money of its impressions."""
    if currency:
        before, now = compared.get((client, currency), (Sums(), Sums()))
        return change(now.cost, before.cost)
    sums = [pair for (slug, _), pair in compared.items() if slug == client]
    return change(sum(now.impressions or 0 for _, now in sums), sum(before.impressions or 0 for before, _ in sums))


def _trends(question: Question) -> dict[tuple[str, str], tuple[int, ...]]:
    """Cost (impressions without money) on each day in view; a day without rows is 0."""
    values: dict[tuple[str, str], dict[date, int]] = {}
    measure = "cost" if question.principal.money else "impressions"
    for group in cache.groups(question, ("client", "day")):
        if group.day:
            days = values.setdefault((group.client, _currency(question, group.currency)), {})
            days[group.day] = days.get(group.day, 0) + (getattr(group.sums, measure) or 0)
    return {
        (client, currency): tuple(days.get(day, 0) for day in question.filters.days_of(client).each())
        for (client, currency), days in values.items()
    }


def _pace(deliveries: Iterable[Delivery]) -> tuple[Fraction | None, int, int]:
    """Spent / planned of the running campaigns together, how many they are, and how many are off pace."""
    deliveries = tuple(deliveries)
    found = together(one.pace for one in deliveries)
    if not found.running:
        silent = sum(one.is_silent for one in deliveries)
        return None, silent, silent
    return found.index, len(found.running), found.off_pace


def _restated(question: Question) -> Mapping[tuple[str, str], int]:
    """(client, currency) -> by how much the cost of days in view that were complete at the moment that the Overview
    reads now against changed since then.
    """
    base = base_of(question) if question.principal.money else None
    found: dict[tuple[str, str], int] = {}
    for one in moved_since(question, base) if base else ():
        if one.differences[_COST]:
            key = (one.client, one.currency)
            found[key] = found.get(key, 0) + (one.differences[_COST] or 0)
    return found


def _fetched_at(origins: Origins, client: str) -> datetime | None:
    """When the account that was fetched longest ago was."""
    times = [origin.fetched_at for (slug, _), origin in origins.items() if slug == client]
    return min((at for at in times if at), default=None) if times and all(times) else None
