"""One-time links with which a person chooses a password: to come in for the first time, or after forgetting it.

The store keeps the token's hash. Looking at a link uses nothing up: mail programs open links by themselves. Choosing a
password does, and a newer link, a new password or a deactivation makes older links worthless.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, func, insert, select, text, update

from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.as_of import TICK
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.domain.secret import digest
from perfdash.store import key_values, schema
from perfdash.store.audit import write_line
from perfdash.store.auth.passwords import ROUNDS, hashed
from perfdash.store.auth.user_rows import (
    for_change,
    granted,
    names_near,
    replace_password,
    require_admin,
    usable_name,
    void_invitations,
)
from perfdash.store.engine import Store
from perfdash.store.types import EPOCH

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
        write_line(connection, principal.name, f"users {purpose}", row.username, "", now)
    return token


def link_path(token: str) -> str:
    """The link without the installation's address, which the store does not know."""
    return f"/?{PARAMETER}={token}"


def find(store: Store, token: str, now: datetime, *, demo: bool = False) -> Invitation | None:
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


FIRST_CODE_LIFETIME = timedelta(hours=24)
FIRST_CODE_WORTHLESS = (
    "That code is not the one in the server's log, or is too old. A restart of the server prints a new one."
)
_KEY = "first_admin"
_LOCK = 723_114_003


def announce(store: Store, now: datetime) -> str | None:
    """The line for the server's log, with a new code, while there is no user at all; else None.

    The store keeps the code's hash. A newer code makes an older one worthless.
    """
    with store.reading() as connection:
        if _any(connection):
            return None
    letters = base64.b32encode(secrets.token_bytes(15)).decode("ascii")  # 120 bits
    code = "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))
    until = (now + FIRST_CODE_LIFETIME - EPOCH) // TICK
    key_values.put(store, _KEY, f"{until} {digest(letters)}")
    return (
        f"Nobody can sign in yet. The sign-in page takes this one-time code for the first admin: {code} "
        f"(good for {FIRST_CODE_LIFETIME // timedelta(hours=1)} hours, "
        f"or until `python -m perfdash users add` made one)."
    )


def is_awaited(store: Store, now: datetime) -> bool:
    """True while a code could make the first admin: the sign-in page then asks for it."""
    with store.reading() as connection:
        return not _any(connection) and _kept(connection, now) is not None


def redeem(store: Store, code: str, username: str, password: str, now: datetime, *, rounds: int = ROUNDS) -> str:
    """Make the first admin; the user name. AccessDenied for a wrong, old or used code, UsageError for the rest.

    A user name or password that cannot be used leaves the code as it was.
    """
    with store.reading() as connection:
        _require_code(connection, code, now)
    username = usable_name(username)
    password_hash = hashed(password, rounds, names=(username, *names_near(store, OPERATOR)))
    with store.writing() as connection:
        if store.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})
        _require_code(connection, code, now)
        connection.execute(delete(schema.meta).where(schema.meta.c.key == _KEY))
        values = {"username": username, "name": "", "password_hash": password_hash, "role": "admin", "money": True}
        connection.execute(insert(schema.users).values(**values, active=True, demo=False, created_at=now))
        write_line(connection, username, "users add", username, "admin, by the code in the server's log", now)
    return username


def _any(connection: Connection) -> bool:
    return bool(connection.scalar(select(func.count()).select_from(schema.users)))


def _kept(connection: Connection, now: datetime) -> str | None:
    """The hash of the code that counts now."""
    value = connection.scalar(select(schema.meta.c.value).where(schema.meta.c.key == _KEY))
    until, _, hashed_code = (value or "0 ").partition(" ")
    return hashed_code if EPOCH + timedelta(microseconds=int(until)) > now else None


def _require_code(connection: Connection, code: str, now: datetime) -> None:
    if _any(connection):
        raise AccessDenied("There is an account here already; sign in with it.")
    letters = "".join(character for character in code.upper() if character.isalnum())
    kept = _kept(connection, now)
    if kept is None or not hmac.compare_digest(kept, digest(letters)):
        raise AccessDenied(FIRST_CODE_WORTHLESS)
