"""From what a visitor brings to who it is: a name to a hash to check, an e-mail to a user, a user to a principal."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, select

from perfdash.domain.access import Principal
from perfdash.store import schema
from perfdash.store.auth.passwords import NOBODYS_HASH
from perfdash.store.auth.user_rows import User, canonical, granted, is_name, require_admin, user_of
from perfdash.store.engine import Store


@dataclass(frozen=True, slots=True)
class Login:
    """What a password is checked against. `user_id` is None when no such user may sign in; the work stays the same."""

    user_id: int | None
    password_hash: str


NOBODY = Login(None, NOBODYS_HASH)


def any_user(store: Store, *, demo: bool) -> bool:
    """True when at least one account could sign in here."""
    with store.reading() as connection:
        return connection.execute(_signs_in(select(schema.users.c.user_id), demo).limit(1)).first() is not None


def login_of(store: Store, username: str, *, demo: bool) -> Login:
    """The hash to check for a name as it was typed; one that nobody can match when the user may not sign in.

    Users made for the demo cannot sign in outside it, even where somebody copied its database. A user without a
    password has to be invited, or comes by OpenID Connect.
    """
    if not is_name(canonical(username)):
        return NOBODY
    users = schema.users.c
    statement = select(users.user_id, users.password_hash).where(users.username == canonical(username))
    with store.reading() as connection:
        row = connection.execute(_signs_in(statement, demo)).first()
    return Login(row.user_id, row.password_hash) if row is not None and row.password_hash else NOBODY


def login_of_user(store: Store, user_id: int, *, demo: bool) -> Login:
    """The same for who is signed in already and says the password again."""
    users = schema.users.c
    statement = select(users.user_id, users.password_hash).where(users.user_id == user_id)
    with store.reading() as connection:
        row = connection.execute(_signs_in(statement, demo)).first()
    return Login(row.user_id, row.password_hash) if row is not None and row.password_hash else NOBODY


def account_of(store: Store, user_id: int) -> User | None:
    """One's own account, with what only oneself and admins may know of it."""
    with store.reading() as connection:
        row = connection.execute(select(schema.users).where(schema.users.c.user_id == user_id)).first()
        return None if row is None else user_of(connection, row)


def principal_of(store: Store, user_id: int, *, demo: bool = False) -> Principal | None:
    """Who a user is now, made anew from the store; None when missing, inactive, or a demo user outside the demo."""
    statement = select(schema.users).where(schema.users.c.user_id == user_id)
    with store.reading() as connection:
        row = connection.execute(_signs_in(statement, demo)).first()
        if row is None:
            return None
        slugs = frozenset(granted(connection, user_id))
    return Principal(name=row.username, role=row.role, clients=slugs, money=row.money, user_id=user_id)


def rights(store: Store) -> Hashable:
    """Another value whenever some user's principal may be another one."""
    users, grants = schema.users.c, schema.grants.c
    who = select(users.user_id, users.username, users.role, users.money, users.active, users.demo)
    with store.reading() as connection:
        granted_to = connection.execute(select(grants.user_id, grants.client_id)).all()
        return frozenset(tuple(row) for row in (*connection.execute(who), *granted_to))


def username_if_known(connection: Connection, username: str) -> str | None:
    """The canonical name, when there is such a user, active or not; for the audit, which names nobody else."""
    name = canonical(username)
    users = schema.users.c
    if not is_name(name):
        return None
    return connection.execute(select(users.username).where(users.username == name)).scalar_one_or_none()


def _signs_in(statement: Any, demo: bool) -> Any:
    users = schema.users.c
    statement = statement.where(users.active.is_(True))
    return statement if demo else statement.where(users.demo.is_(False))


State = Literal["active", "invited", "no password", "deactivated"]


@dataclass(frozen=True, slots=True)
class Presence:
    """`last_seen` by user number, as far back as sessions stay on record; `invited` have a link that is still good."""

    last_seen: dict[int, datetime]
    invited: frozenset[int]

    def state(self, user: User) -> State:
        """How a user stands. `no password`, and no link to choose one either: by OpenID Connect, or not at all."""
        if not user.active:
            return "deactivated"
        if user.has_password:
            return "active"
        return "invited" if user.user_id in self.invited else "no password"


def presence(store: Store, principal: Principal, now: datetime) -> Presence:
    """Of all users. AccessDenied for everyone but operators and admins."""
    require_admin(principal)
    sessions, invitations = schema.sessions.c, schema.invitations.c
    last = select(sessions.user_id, func.max(sessions.last_seen)).group_by(sessions.user_id)
    waiting = select(invitations.user_id).where(invitations.used_at.is_(None), invitations.expires_at > now)
    with store.reading() as connection:
        seen = {row[0]: row[1] for row in connection.execute(last.where(sessions.user_id.is_not(None)))}
        return Presence(seen, frozenset(connection.execute(waiting).scalars()))
