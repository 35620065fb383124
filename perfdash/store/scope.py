"""The scope: the one place that turns "who is asking" into SQL. Every select of client data goes through it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, and_, false, true

from perfdash.access import Principal


def in_scope(principal: Principal, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition that `column` (a client's slug) is one that `principal` may see; nothing granted is no row."""
    if principal.sees_all:
        return true()
    if not principal.clients:
        return false()
    return column.in_(sorted(principal.clients))


def narrowed(principal: Principal, column: ColumnElement[Any], clients: Collection[str]) -> ColumnElement[bool]:
    """`in_scope`, and one of `clients` when any are named: a filter narrows the scope and can never widen it."""
    if not clients:
        return in_scope(principal, column)
    return and_(in_scope(principal, column), column.in_(sorted(set(clients))))
