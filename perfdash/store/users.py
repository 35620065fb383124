"""Users, their roles and what they were granted: each change records its author and ends that user's sessions.

OPERATOR acts on the command line, admins in the app; nobody else may. A change, its audit line and the end of the
user's sessions are one transaction. What changes nothing leaves no line and ends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from perfdash.access import Principal, UserRole
from perfdash.errors import AccessDenied, UsageError
from perfdash.store import schema
from perfdash.store.audit import note
from perfdash.store.engine import Store
from perfdash.store.passwords import ROUNDS, hashed
from perfdash.store.recognising import (
    Login,
    account_of,
    any_user,
    login_of,
    login_of_user,
    principal_of,
    username_if_known,
)
from perfdash.store.session_rows import end_of_user, is_open
from perfdash.store.user_rows import (
    User,
    canonical,
    for_change,
    grant_row,
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

__all__ = [
    "Login",
    "User",
    "account_of",
    "add_user",
    "any_user",
    "canonical",
    "list_users",
    "login_of",
    "login_of_user",
    "principal_of",
    "set_active",
    "set_email",
    "set_own_password",
    "set_password",
    "username_if_known",
]


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
        note(connection, principal.name, "users add", username, role, now)
        for client in granted:
            note(connection, principal.name, "grant", username, client, now)
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
        if row.user_id != principal.user_id or not row.active or (but and not is_open(connection, but, row.user_id)):
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
    connection: Connection, principal: Principal, row: Row[Any], now: datetime, action: str, detail: str, why: str,
    **values: object,
) -> None:  # fmt: skip
    """New values, the end of the user's sessions, and the line about both."""
    if values:
        connection.execute(update(schema.users).where(schema.users.c.user_id == row.user_id).values(**values))
    end_of_user(connection, row.user_id, now, why)
    note(connection, principal.name, action, row.username, detail, now)


def _require_free(connection: Connection, email: str | None) -> None:
    users = schema.users.c
    if email is not None and connection.execute(select(users.user_id).where(users.email == email)).first() is not None:
        raise UsageError("Another user has this e-mail address.")
