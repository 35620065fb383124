"""The scope: the one place that turns "who is asking" into SQL. Every select of client data goes through it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true

from perfdash.access import Principal
from perfdash.asof import AsOf
from perfdash.filters import Filters


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


def question(principal: Principal, filters: Filters) -> Filters:
    """`filters` as `principal` may ask: a client link fixes the CPM limit too, and shows what counts, never raw."""
    lock = principal.lock
    if lock is None:
        return filters
    if lock.max_cpm is None:
        return replace(filters, raw=False)
    return replace(filters, max_cpm=lock.max_cpm, cpm_grain=lock.cpm_grain, raw=False)
