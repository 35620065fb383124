"""What a user may do, changed in one go: role, clients and money, each difference with its own line in the audit."""

from __future__ import annotations

from dataclasses import dataclass
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
    role = usable_role(access.role)
    with store.writing() as connection:
        row = for_change(connection, principal, username, shuts_out=role != was.role)
        done: list[tuple[str, str]] = []
        values: dict[str, object] = {}
        if role not in (was.role, row.role):
            values["role"] = role
            done.append(("users role", f"{row.role} to {role}"))
        if access.money not in (was.money, row.money):
            values["money"] = access.money
            done.append(("users money", "with money" if access.money else "without money"))
        if values:
            connection.execute(update(schema.users).where(schema.users.c.user_id == row.user_id).values(**values))
        done += _regrant(connection, row.user_id, set(was.clients), set(access.clients))
        for action, detail in done:
            note(connection, principal.name, action, row.username, detail, now)
        if done:
            end_of_user(connection, row.user_id, now, "role" if "role" in values else "grants")
    return tuple(f"{action.removeprefix('users ')} {detail}" for action, detail in done)


def _regrant(connection: Connection, user_id: int, was: set[str], wanted: set[str]) -> list[tuple[str, str]]:
    grants = schema.grants.c
    done = [("grant", client) for client in sorted(wanted - was) if grant_row(connection, user_id, client)]
    for client in sorted((was - wanted) & set(granted(connection, user_id))):
        connection.execute(delete(schema.grants).where(grants.client_id == client, grants.user_id == user_id))
        done.append(("revoke", client))
    return done
