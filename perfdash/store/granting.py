"""What a user may do, changed: role, clients and money, each difference with its own line in the audit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, delete, update

from perfdash.access import Principal, UserRole
from perfdash.store import schema
from perfdash.store.audit import note
from perfdash.store.engine import Store
from perfdash.store.session_rows import end_of_user
from perfdash.store.user_rows import for_change, grant_row, granted, usable_role


@dataclass(frozen=True, slots=True)
class Access:
    """A user's role, the slugs of the granted clients, and whether amounts of money are shown."""

    role: UserRole
    clients: tuple[str, ...] = ()
    money: bool = True


def set_access(
    store: Store, principal: Principal, username: str, was: Access, access: Access, now: datetime
) -> tuple[str, ...]:
    """Change what differs between `was`, which the acting admin saw, and `access`; what was done, in short phrases.

    What another admin changed meanwhile stays as long as this one did not touch it. The user's sessions end when
    anything changed. AccessDenied and UsageError as in `users`, and then nothing changed.
    """

    def merged(current: Access) -> Access:
        added, taken = set(access.clients) - set(was.clients), set(was.clients) - set(access.clients)
        return Access(
            current.role if access.role == was.role else access.role,
            tuple(sorted(set(current.clients) - taken | added)),
            current.money if access.money == was.money else access.money,
        )

    usable_role(access.role)
    return _change(store, principal, username, merged, now, shuts_out=access.role != was.role)


def set_role(store: Store, principal: Principal, username: str, role: UserRole, now: datetime) -> None:
    """Change what the user may do."""
    role = usable_role(role)
    _change(store, principal, username, lambda current: replace(current, role=role), now, shuts_out=True)


def set_money(store: Store, principal: Principal, username: str, money: bool, now: datetime) -> None:
    """Let a user see amounts of money, or not."""
    _change(store, principal, username, lambda current: replace(current, money=money), now)


def grant(store: Store, principal: Principal, username: str, client: str, now: datetime) -> None:
    """Let a user see one client; granting twice changes nothing."""
    _change(store, principal, username, lambda current: replace(current, clients=(*current.clients, client)), now)


def revoke(store: Store, principal: Principal, username: str, client: str, now: datetime) -> None:
    """Take one client away again."""

    def without(current: Access) -> Access:
        return replace(current, clients=tuple(slug for slug in current.clients if slug != client))

    _change(store, principal, username, without, now)


def _change(
    store: Store,
    principal: Principal,
    username: str,
    change: Callable[[Access], Access],
    now: datetime,
    *,
    shuts_out: bool = False,
) -> tuple[str, ...]:
    """Make of a user's access what `change` makes of it, under the lock of `for_change`."""
    with store.writing() as connection:
        row = for_change(connection, principal, username, shuts_out=shuts_out)
        current = Access(row.role, granted(connection, row.user_id), row.money)
        access = change(current)
        done: list[tuple[str, str]] = []
        if access.role != current.role:
            done.append(("users role", f"{current.role} to {access.role}"))
        if access.money != current.money:
            done.append(("users money", "with money" if access.money else "without money"))
        if done:
            values = {"role": access.role, "money": access.money}
            connection.execute(update(schema.users).where(schema.users.c.user_id == row.user_id).values(**values))
        done += _regrant(connection, row.user_id, set(current.clients), set(access.clients))
        for action, detail in done:
            note(connection, principal.name, action, row.username, detail, now)
        if done:
            end_of_user(connection, row.user_id, now, _why(done))
    return tuple(f"{action.removeprefix('users ')} {detail}" for action, detail in done)


def _why(done: list[tuple[str, str]]) -> str:
    """What the sessions are said to have ended by: the weightiest of what was done."""
    actions = {action for action, _ in done}
    return "role" if "users role" in actions else "money" if actions == {"users money"} else "grants"


def _regrant(connection: Connection, user_id: int, was: set[str], wanted: set[str]) -> list[tuple[str, str]]:
    grants = schema.grants.c
    done = [("grant", client) for client in sorted(wanted - was) if grant_row(connection, user_id, client)]
    for client in sorted(was - wanted):
        connection.execute(delete(schema.grants).where(grants.client_id == client, grants.user_id == user_id))
        done.append(("revoke", client))
    return done
