"""Saved views of users: each sees and changes only those of their own."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, insert, select

from perfdash.domain.access import Principal
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.domain.saved_views import MOST, SavedView
from perfdash.store import schema
from perfdash.store.engine import Store


def views(store: Store, principal: Principal) -> tuple[SavedView, ...]:
    """Those of the user who asks, by name; none for who has no account."""
    if principal.user_id is None:
        return ()
    v = schema.saved_views.c
    mine = select(v.name, v.page, v.query, v.saved_at).where(v.user_id == principal.user_id)
    with store.reading() as connection:
        found = [SavedView(*row) for row in connection.execute(mine)]
    return tuple(sorted(found, key=lambda view: (view.name.casefold(), view.name)))


def save(store: Store, principal: Principal, view: SavedView) -> None:
    """Keep a view in place of one of that name; AccessDenied without an account, UsageError when there are too many."""
    user_id = _owner(principal)
    values = {"name": view.name, "page": view.page, "query": view.query, "saved_at": view.saved_at}
    with store.writing() as connection:
        users = schema.users.c
        connection.execute(select(users.user_id).where(users.user_id == user_id).with_for_update())
        _forget(connection, user_id, view.name)
        v = schema.saved_views.c
        if (connection.scalar(select(func.count()).where(v.user_id == user_id)) or 0) >= MOST:
            raise UsageError(f"You have {MOST} saved views; remove one first.")
        connection.execute(insert(schema.saved_views).values(user_id=user_id, **values))


def forget(store: Store, principal: Principal, name: str) -> None:
    """Remove the view of that name, if the user has one."""
    with store.writing() as connection:
        _forget(connection, _owner(principal), name)


def _forget(connection: Connection, user_id: int, name: str) -> None:
    v = schema.saved_views.c
    connection.execute(delete(schema.saved_views).where(v.user_id == user_id, v.name == name))


def _owner(principal: Principal) -> int:
    principal.require_account()
    if principal.user_id is None:
        raise AccessDenied("Views are saved by users.")
    return principal.user_id
