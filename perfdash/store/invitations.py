"""One-time links with which a person chooses a password: to come in for the first time, or after forgetting it.

The store keeps the token's hash. Looking at a link uses nothing up: mail programs open links by themselves. Choosing a
password does, and a newer link, a new password or a deactivation makes older links worthless.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, insert, select, update

from perfdash.access import Principal
from perfdash.errors import AccessDenied, UsageError
from perfdash.secret import digest
from perfdash.store import schema
from perfdash.store.audit import note
from perfdash.store.engine import Store
from perfdash.store.passwords import ROUNDS, hashed
from perfdash.store.user_rows import for_change, granted, replace_password, require_admin, void_invitations

Purpose = Literal["invite", "reset"]
LIFETIME: dict[Purpose, timedelta] = {"invite": timedelta(days=7), "reset": timedelta(hours=24)}
"""A reset is handed over by a person, who may not reach the other one within the hour."""
PARAMETER = "invitation"
WORTHLESS = "This link was used, is too old, or was replaced by a newer one. Ask whoever sent it for a new one."


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a link is worth: whose password it sets, and until when."""

    username: str
    purpose: str
    expires_at: datetime


def make(store: Store, principal: Principal, username: str, purpose: Purpose, now: datetime) -> str:
    """A new link's token, shown this once; older links of the user are void. AccessDenied for all but admins."""
    require_admin(principal)
    token = secrets.token_urlsafe(32)
    with store.writing() as connection:
        row = for_change(connection, principal, username)
        if not row.active:
            raise UsageError(f"{row.username!r} is deactivated; activate the account first.")
        void_invitations(connection, row.user_id, now)
        values = {"user_id": row.user_id, "purpose": purpose, "created_at": now, "expires_at": now + LIFETIME[purpose]}
        connection.execute(insert(schema.invitations).values(token_hash=digest(token), **values))
        note(connection, principal.name, f"users {purpose}", row.username, "", now)
    return token


def path(token: str) -> str:
    """The link without the installation's address, which the store does not know."""
    return f"/?{PARAMETER}={token}"


def look(store: Store, token: str, now: datetime, *, demo: bool = False) -> Invitation | None:
    """What a token is worth now; None when it is unknown, used, late, or its user may not sign in."""
    with store.reading() as connection:
        row = _usable(connection, token, now, demo)
    return None if row is None else Invitation(row.username, row.purpose, row.expires_at)


def accept(store: Store, token: str, password: str, now: datetime, *, demo: bool = False, rounds: int = ROUNDS) -> str:
    """Set the password that was chosen, once; the user's name. Every session of the user ends.

    AccessDenied when the token is worth nothing (any more), UsageError for a password that cannot be used: then the
    token stays good.
    """
    with store.reading() as connection:
        row = _usable(connection, token, now, demo)
        if row is None:
            raise AccessDenied(WORTHLESS)
        names = (row.username, row.name, row.email or "", *granted(connection, row.user_id))
    password_hash = hashed(password, rounds, names=names)
    with store.writing() as connection:
        # The user first, as every other change of users does: then two of them wait and never deadlock.
        users, t = schema.users.c, schema.invitations.c
        current = select(schema.users).where(users.user_id == row.user_id, users.active.is_(True)).with_for_update()
        user = connection.execute(current).first()
        this = (t.token_hash == digest(token)) & t.used_at.is_(None) & (t.expires_at > now)
        # Of two who use one link at once exactly one changes the row.
        claimed = connection.execute(update(schema.invitations).where(this).values(used_at=now)).rowcount == 1
        if user is None or not claimed:
            raise AccessDenied(WORTHLESS)
        replace_password(connection, user, password_hash, user.username, now)
    return str(user.username)


def _usable(connection: Connection, token: str, now: datetime, demo: bool) -> Row[Any] | None:
    t, users = schema.invitations.c, schema.users.c
    statement = (
        select(schema.invitations, users.username, users.name, users.email)
        .join_from(schema.invitations, schema.users, users.user_id == t.user_id)
        .where(t.token_hash == digest(token), t.used_at.is_(None), t.expires_at > now, users.active.is_(True))
    )
    return connection.execute(statement if demo else statement.where(users.demo.is_(False))).first()
