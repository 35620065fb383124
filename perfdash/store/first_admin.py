"""The first admin of a new installation: who can read the server's log may make that account, once, in the app."""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, text

from perfdash.access import OPERATOR
from perfdash.asof import TICK
from perfdash.errors import AccessDenied
from perfdash.secret import digest
from perfdash.store import meta, schema
from perfdash.store.audit import note
from perfdash.store.engine import Store
from perfdash.store.passwords import ROUNDS, hashed
from perfdash.store.types import EPOCH
from perfdash.store.user_rows import names_near, usable_name

LIFETIME = timedelta(hours=24)
WORTHLESS = "That code is not the one in the server's log, or is too old. A restart of the server prints a new one."
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
    until = (now + LIFETIME - EPOCH) // TICK
    meta.put(store, _KEY, f"{until} {digest(letters)}")
    return (
        f"Nobody can sign in yet. The sign-in page takes this one-time code for the first admin: {code} "
        f"(good for {LIFETIME // timedelta(hours=1)} hours, or until `python -m perfdash users add` made one)."
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
        note(connection, username, "users add", username, "admin, by the code in the server's log", now)
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
        raise AccessDenied(WORTHLESS)
