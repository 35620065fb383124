"""The scope: the one place that turns "who is asking" into SQL. Every select of client data goes through it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Days
from perfdash.domain.as_of import AsOf
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question


def in_scope(principal: Principal, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition that `column` (a client's slug) is one that `principal` may see; nothing granted is no row."""
    if principal.sees_all:
        return true()
    if not principal.clients or (principal.by_link and principal.lock is None):
        return false()
    return column.in_(sorted(principal.clients))


def narrowed(principal: Principal, column: ColumnElement[Any], clients: Collection[str]) -> ColumnElement[bool]:
    """`in_scope`, and one of `clients` when any are named: a filter narrows the scope and can never widen it."""
    if not clients:
        return in_scope(principal, column)
    return and_(in_scope(principal, column), column.in_(sorted(set(clients))))


def facts_in_scope(principal: Principal, table: Any, clients: Collection[str]) -> ColumnElement[bool]:
    """`narrowed` for a table with a row per fact, and what a client link fixes: days, platforms and currency.

    Every statement over facts, or over what lies on them, takes its scope from here.
    """
    return and_(narrowed(principal, table.c.client_id, clients), *_fixed(principal, table))


def _fixed(principal: Principal, table: Any) -> Iterator[ColumnElement[bool]]:
    lock = principal.lock
    if lock is None:
        return
    yield or_(*(table.c.day.between(span.start, span.end) for span in lock.spans))
    if lock.platforms:
        yield table.c.platform.in_(sorted(lock.platforms))
    if lock.currency is not None and "currency" in table.c:
        yield table.c.currency == lock.currency


def pinned(principal: Principal, as_of: AsOf | None) -> AsOf | None:
    """The moment that `principal` sees when asking about `as_of`: a client link shows one moment, or the present."""
    return as_of if principal.lock is None else principal.lock.as_of


def under_lock(question: Question) -> Question:
    """The question as its principal may ask it: a client link fixes the moment, and the CPM limit where it has one.

    It shows what counts, never raw values. Its days, platforms and currency are part of every statement anyhow.
    """
    lock = question.principal.lock
    if lock is None:
        return question
    limit = {} if lock.max_cpm is None else {"max_cpm": lock.max_cpm, "cpm_grain": lock.cpm_grain}
    return question.at(lock.as_of).filtered(raw=False, **limit)


def in_days(filters: Filters, table: Any) -> Iterator[ColumnElement[bool]]:
    """The conditions that leave of a table with a row per fact the days in view, of each client its own.

    The first goes through the key (client, day, ...).
    """
    yield table.c.day.between(filters.days.start, filters.days.end)
    if not filters.ranges:
        return
    alike: dict[Days, list[str]] = {}
    for client, days in filters.ranges:
        alike.setdefault(days, []).append(client)
    own = (
        and_(table.c.client_id.in_(names), table.c.day.between(days.start, days.end)) for days, names in alike.items()
    )
    yield or_(*own, table.c.client_id.not_in([client for client, _ in filters.ranges]))


def of_campaign(only: CampaignRef | None, table: Any) -> Iterator[ColumnElement[bool]]:
    """The conditions that leave one campaign of a table with a row per fact; none when all are asked about."""
    if only is not None:
        yield table.c.client_id == only.client
        yield table.c.account_id == only.account
        yield table.c.campaign_id == only.campaign
