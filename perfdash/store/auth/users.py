"""Users, their roles and what they were granted: each change records its author and ends that user's sessions.

OPERATOR acts on the command line, admins in the app; nobody else may. A change, its audit line and the end of the
user's sessions are one transaction. What changes nothing leaves no line and ends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from perfdash.domain.access import Principal, UserRole
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.store import schema
from perfdash.store.audit import write_line
from perfdash.store.auth.passwords import ROUNDS, hashed
from perfdash.store.auth.session_rows import end_of_user, is_not_ended
from perfdash.store.auth.user_rows import (
    User,
    for_change,
    grant_row,
    granted,
    known,
    names_near,
    replace_password,
    require_admin,
    row_of,
    usable_email,
    usable_name,
    usable_role,
    user_of,
    void_invitations,
)
from perfdash.store.engine import Store


def list_users(store: Store, principal: Principal) -> tuple[User, ...]:
    """Every user by name, without those who were erased. AccessDenied for everyone but operators and admins."""
    require_admin(principal)
    users = schema.users
    with store.reading() as connection:
        rows = connection.execute(select(users).where(users.c.erased_at.is_(None)).order_by(users.c.username)).all()
        return tuple(user_of(connection, row) for row in rows)


def add_user(
    store: Store,
    principal: Principal,
    username: str,
    password: str | None,
    role: UserRole,
    now: datetime,
    *,
    clients: Iterable[str] = (),
    money: bool = True,
    name: str = "",
    email: str | None = None,
    demo: bool = False,
    rounds: int = ROUNDS,
) -> User:
    """A new, active user; without a password one who must be invited, or who comes by OpenID Connect.

    UsageError when a name or address is taken or unusable, the password too short or a known one, a client unknown.
    """
    require_admin(principal)
    username, email, role = usable_name(username), usable_email(email), usable_role(role)
    avoided = (
        () if demo else (username, name, email or "", *names_near(store, principal))
    )  # the demo prints its passwords
    password_hash = "" if password is None else hashed(password, rounds, names=avoided)
    values = {"username": username, "name": name.strip()[:200], "email": email, "password_hash": password_hash}
    with store.writing() as connection:
        if row_of(connection, username) is not None:
            raise UsageError(f"There is already a user {username!r}; choose another name.")
        _require_free(connection, email)
        rest = {"role": role, "money": money, "active": True, "demo": demo, "created_at": now}
        connection.execute(insert(schema.users).values(**values, **rest))
        user_id = known(connection, username).user_id
        granted = [client for client in dict.fromkeys(clients) if grant_row(connection, user_id, client)]
        write_line(connection, principal.name, "users add", username, role, now)
        for client in granted:
            write_line(connection, principal.name, "grant", username, client, now)
        return user_of(connection, known(connection, username))


def set_password(
    store: Store, principal: Principal, username: str, password: str, now: datetime, *, rounds: int = ROUNDS
) -> None:
    """Replace the password; every session of the user ends, and no invitation or reset of before counts."""
    require_admin(principal)
    password_hash = hashed(password, rounds, names=(username, *names_near(store, principal)))
    with store.writing() as connection:
        row = for_change(connection, principal, username)
        replace_password(connection, row, password_hash, principal.name, now)


def set_own_password(
    store: Store, principal: Principal, password: str, now: datetime, *, but: str, rounds: int = ROUNDS
) -> None:
    """Replace one's own password after the current one was checked; every session ends but the one named `but`.

    AccessDenied when that one ended meanwhile: who was thrown out by a reset does not get the last word on it.
    """
    if principal.user_id is None:
        raise AccessDenied("Only who signs in with an account has a password.")
    password_hash = hashed(password, rounds, names=(principal.name, *names_near(store, principal)))
    with store.writing() as connection:
        row = known(connection, principal.name)
        if (
            row.user_id != principal.user_id
            or not row.active
            or (but and not is_not_ended(connection, but, row.user_id))
        ):
            raise AccessDenied("You are no longer signed in; sign in again.")
        if row.demo:
            raise UsageError("The demo's own users stay as they are; add a user of your own to try this.")
        replace_password(connection, row, password_hash, principal.name, now, but=but)


def set_active(store: Store, principal: Principal, username: str, active: bool, now: datetime) -> None:
    """Let a user in again, or out at once."""
    with store.writing() as connection:
        row = for_change(connection, principal, username, shuts_out=not active)
        if row.erased_at is not None:
            raise UsageError(f"{row.username!r} was erased; add a new user.")
        if row.active != active:
            action = "users activate" if active else "users deactivate"
            _change(connection, principal, row, now, action, "", "deactivated", active=active)
            void_invitations(connection, row.user_id, now)  # or an old link would be good again once he is back


def set_email(store: Store, principal: Principal, username: str, email: str | None, now: datetime) -> None:
    """Set or, with None, remove the address by which OpenID Connect knows the user."""
    wanted = usable_email(email)
    with store.writing() as connection:
        row = for_change(connection, principal, username)
        if row.email != wanted:
            _require_free(connection, wanted)
            _change(connection, principal, row, now, "users email", "" if wanted else "removed", "e-mail", email=wanted)


def _change(
    connection: Connection,
    principal: Principal,
    row: Row[Any],
    now: datetime,
    action: str,
    detail: str,
    why: str,
    **values: object,
) -> None:
    """New values, the end of the user's sessions, and the line about both."""
    if values:
        connection.execute(update(schema.users).where(schema.users.c.user_id == row.user_id).values(**values))
    end_of_user(connection, row.user_id, now, why)
    write_line(connection, principal.name, action, row.username, detail, now)


def _require_free(connection: Connection, email: str | None) -> None:
    users = schema.users.c
    if email is not None and connection.execute(select(users.user_id).where(users.email == email)).first() is not None:
        raise UsageError("Another user has this e-mail address.")


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
    return _change_access(store, principal, username, merged, now, shuts_out=access.role != was.role)


def set_role(store: Store, principal: Principal, username: str, role: UserRole, now: datetime) -> None:
    """Change what the user may do."""
    role = usable_role(role)
    _change_access(store, principal, username, lambda current: replace(current, role=role), now, shuts_out=True)


def set_money(store: Store, principal: Principal, username: str, money: bool, now: datetime) -> None:
    """Let a user see amounts of money, or not."""
    _change_access(store, principal, username, lambda current: replace(current, money=money), now)


def grant(store: Store, principal: Principal, username: str, client: str, now: datetime) -> None:
    """Let a user see one client; granting twice changes nothing."""
    _change_access(
        store, principal, username, lambda current: replace(current, clients=(*current.clients, client)), now
    )


def revoke(store: Store, principal: Principal, username: str, client: str, now: datetime) -> None:
    """Take one client away again."""

    def without(current: Access) -> Access:
        return replace(current, clients=tuple(slug for slug in current.clients if slug != client))

    _change_access(store, principal, username, without, now)


def _change_access(
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
            write_line(connection, principal.name, action, row.username, detail, now)
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
