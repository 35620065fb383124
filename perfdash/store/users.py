"""Users, their roles and what they were granted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast, get_args

from sqlalchemy import Connection, Row, delete, insert, select, update

from perfdash.access import Principal
from perfdash.errors import UsageError
from perfdash.store import schema
from perfdash.store.engine import Store
from perfdash.store.passwords import NOBODYS_HASH, ROUNDS, hashed

UserRole = Literal["admin", "analyst", "client"]
ROLES: tuple[UserRole, ...] = get_args(UserRole)
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")


@dataclass(frozen=True, slots=True)
class User:
    """One account as an operator sees it; `clients` are the granted slugs, sorted. The password's hash is not in it."""

    user_id: int
    username: str
    name: str
    role: UserRole
    clients: tuple[str, ...]
    money: bool
    active: bool
    demo: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Login:
    """What a password is checked against. `user_id` is None when no such user may sign in; the work stays the same."""

    user_id: int | None
    password_hash: str


def canonical(username: str) -> str:
    """The one spelling of a user name: NFKC, lower case, without surrounding blanks."""
    return unicodedata.normalize("NFKC", username).strip().lower()


def add_user(
    store: Store,
    username: str,
    password: str,
    role: UserRole,
    now: datetime,
    *,
    clients: Iterable[str] = (),
    money: bool = True,
    name: str = "",
    demo: bool = False,
    rounds: int = ROUNDS,
) -> User:
    """A new, active user; UsageError when the name is taken or unusable, the password too short, a client unknown."""
    username = _usable_name(username)
    if role not in ROLES:
        raise UsageError(f"There is no role {role!r}; expected one of {', '.join(ROLES)}.")
    password_hash = hashed(password, rounds)
    with store.writing() as connection:
        if _row(connection, username) is not None:
            raise UsageError(f"There is already a user {username!r}; choose another name.")
        values = {
            "username": username,
            "name": name.strip(),
            "password_hash": password_hash,
            "role": role,
            "money": money,
        }
        connection.execute(insert(schema.users).values(**values, active=True, demo=demo, created_at=now))
        user_id = _known(connection, username).user_id
        for client in dict.fromkeys(clients):
            _grant(connection, user_id, client)
        return _user(connection, _known(connection, username))


def set_password(store: Store, username: str, password: str, now: datetime, *, rounds: int = ROUNDS) -> None:
    """Replace the password; every session of the user ends."""
    password_hash = hashed(password, rounds)
    with store.writing() as connection:
        user_id = _known(connection, username).user_id
        _change(connection, user_id, password_hash=password_hash)
        _end_sessions(connection, user_id, now)


def set_active(store: Store, username: str, active: bool, now: datetime) -> None:
    """Let a user in again, or out at once: deactivating ends every session."""
    with store.writing() as connection:
        user_id = _known(connection, username).user_id
        _change(connection, user_id, active=active)
        if not active:
            _end_sessions(connection, user_id, now)


def set_role(store: Store, username: str, role: UserRole) -> None:
    """Change the role; it counts from the next rerun of each open page."""
    if role not in ROLES:
        raise UsageError(f"There is no role {role!r}; expected one of {', '.join(ROLES)}.")
    with store.writing() as connection:
        _change(connection, _known(connection, username).user_id, role=role)


def set_money(store: Store, username: str, money: bool) -> None:
    """Let a user see amounts of money, or not; it counts from the next rerun of each open page."""
    with store.writing() as connection:
        _change(connection, _known(connection, username).user_id, money=money)


def grant(store: Store, username: str, client: str) -> None:
    """Let a user see one client; granting twice changes nothing."""
    with store.writing() as connection:
        _grant(connection, _known(connection, username).user_id, client)


def revoke(store: Store, username: str, client: str) -> None:
    """Take one client away again; it is gone at the next rerun of each open page."""
    with store.writing() as connection:
        user_id = _known(connection, username).user_id
        grants = schema.grants.c
        connection.execute(delete(schema.grants).where(grants.client_id == client, grants.user_id == user_id))


def list_users(store: Store) -> tuple[User, ...]:
    """Every user by name, for operators and admins only: callers check that."""
    with store.reading() as connection:
        rows = connection.execute(select(schema.users).order_by(schema.users.c.username)).all()
        return tuple(_user(connection, row) for row in rows)


def any_user(store: Store, *, demo: bool) -> bool:
    """True when at least one account could sign in here."""
    with store.reading() as connection:
        return connection.execute(_signs_in(select(schema.users.c.user_id), demo).limit(1)).first() is not None


def login_of(store: Store, username: str, *, demo: bool) -> Login:
    """The hash to check for a name as it was typed; one that nobody can match when the user may not sign in.

    Users made for the demo cannot sign in outside it, even where somebody copied its database.
    """
    if not _NAME.fullmatch(canonical(username)):  # nobody is called that, and a database may refuse to be asked
        return Login(None, NOBODYS_HASH)
    users = schema.users.c
    statement = select(users.user_id, users.password_hash).where(users.username == canonical(username))
    with store.reading() as connection:
        row = connection.execute(_signs_in(statement, demo)).first()
    return Login(None, NOBODYS_HASH) if row is None else Login(row.user_id, row.password_hash)


def principal_of(store: Store, user_id: int, *, demo: bool = False) -> Principal | None:
    """Who a user is now, made anew from the store; None when missing, inactive, or a demo user outside the demo."""
    statement = select(schema.users).where(schema.users.c.user_id == user_id)
    with store.reading() as connection:
        row = connection.execute(_signs_in(statement, demo)).first()
        if row is None:
            return None
        granted = frozenset(_granted(connection, user_id))
    return Principal(name=row.username, role=row.role, clients=granted, money=row.money, user_id=user_id)


def _signs_in(statement: Any, demo: bool) -> Any:
    users = schema.users.c
    statement = statement.where(users.active.is_(True))
    return statement if demo else statement.where(users.demo.is_(False))


def _usable_name(username: str) -> str:
    username = canonical(username)
    if not _NAME.fullmatch(username):
        raise UsageError(
            f"The user name {username!r} cannot be used; expected 1 to 100 of a-z, 0-9, '.', '_', '@', '+' and '-', "
            "starting with a letter or digit."
        )
    return username


def _row(connection: Connection, username: str) -> Row[Any] | None:
    return connection.execute(select(schema.users).where(schema.users.c.username == canonical(username))).first()


def _known(connection: Connection, username: str) -> Row[Any]:
    row = _row(connection, username)
    if row is None:
        raise UsageError(f"There is no user {username!r}; `python -m perfdash users list` shows them.")
    return row


def _user(connection: Connection, row: Row[Any]) -> User:
    return User(
        row.user_id, row.username, row.name, cast(UserRole, row.role), _granted(connection, row.user_id),
        row.money, row.active, row.demo, row.created_at,
    )  # fmt: skip


def _granted(connection: Connection, user_id: int) -> tuple[str, ...]:
    grants = schema.grants.c
    statement = select(grants.client_id).where(grants.user_id == user_id).order_by(grants.client_id)
    return tuple(connection.execute(statement).scalars())


def _grant(connection: Connection, user_id: int, client: str) -> None:
    clients, grants = schema.clients.c, schema.grants.c
    if connection.execute(select(clients.client_id).where(clients.client_id == client)).first() is None:
        raise UsageError(f"There is no client {client!r}; `python -m perfdash clients list` shows them.")
    there = select(grants.user_id).where(grants.client_id == client, grants.user_id == user_id)
    if connection.execute(there).first() is None:
        connection.execute(insert(schema.grants).values(client_id=client, user_id=user_id))


def _change(connection: Connection, user_id: int, **values: object) -> None:
    connection.execute(update(schema.users).where(schema.users.c.user_id == user_id).values(**values))


def _end_sessions(connection: Connection, user_id: int, now: datetime) -> None:
    sessions = schema.sessions.c
    open_ones = (sessions.user_id == user_id) & sessions.revoked_at.is_(None)
    connection.execute(update(schema.sessions).where(open_ones).values(revoked_at=now))
