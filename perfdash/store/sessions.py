"""Sign-in sessions: a row each, so that signing out, a new password or a deactivation ends them everywhere at once.

The browser's cookie holds a random token and the row only its SHA-256. A page cannot set an HttpOnly cookie, so it is
handed a one-time ticket, which the /session route redeems for the cookie: no script ever sees the token.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update

from perfdash.store import schema
from perfdash.store.engine import Store

LIFETIME = timedelta(hours=12)
TICKET_LIFETIME = timedelta(seconds=60)
SEEN_EVERY = timedelta(minutes=5)
KEPT_FOR = timedelta(days=30)
"""How long ended sessions stay on record before the next sign-in sweeps them."""


@dataclass(frozen=True, slots=True)
class Session:
    """One live sign-in. `session_id` is a server-side name, worthless in a cookie."""

    session_id: str
    user_id: int
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a ticket was worth: the secret for the cookie, and until when it is good."""

    token: str
    expires_at: datetime


def begin(store: Store, user_id: int, now: datetime) -> Session:
    """Open a session for a user whose password was just checked; it has no cookie until a ticket is redeemed."""
    session = Session(secrets.token_hex(16), user_id, now, now + LIFETIME)
    with store.writing() as connection:
        _sweep(connection, now)
        values = {"session_id": session.session_id, "user_id": user_id, "created_at": now, "last_seen": now}
        connection.execute(insert(schema.sessions).values(**values, expires_at=session.expires_at))
    return session


def by_id(store: Store, session_id: str, now: datetime) -> Session | None:
    """The session of that name if it is neither revoked nor expired."""
    return _alive(store, schema.sessions.c.session_id == session_id, now)


def by_token(store: Store, token: str, now: datetime) -> Session | None:
    """The session whose cookie carries `token` if it is neither revoked nor expired."""
    return _alive(store, schema.sessions.c.token_hash == _digest(token), now)


def end(store: Store, session_id: str, now: datetime) -> None:
    """Sign out: every page and every copy of the cookie is dead from here on."""
    sessions = schema.sessions.c
    this = (sessions.session_id == session_id) & sessions.revoked_at.is_(None)
    with store.writing() as connection:
        connection.execute(update(schema.sessions).where(this).values(revoked_at=now))


def ticket(store: Store, session_id: str, now: datetime) -> str:
    """A one-time ticket, good for a minute, that the session's own page exchanges for its cookie."""
    value = secrets.token_urlsafe(32)
    row = {"ticket_hash": _digest(value), "session_id": session_id, "expires_at": now + TICKET_LIFETIME}
    with store.writing() as connection:
        connection.execute(insert(schema.tickets).values(**row))
    return value


def redeem(store: Store, value: str, now: datetime) -> Redeemed | None:
    """The cookie's token for a ticket; None when it is unknown, used, late, or its session has ended."""
    tickets, sessions = schema.tickets.c, schema.sessions.c
    usable = (tickets.ticket_hash == _digest(value)) & tickets.used_at.is_(None) & (tickets.expires_at > now)
    with store.writing() as connection:
        # Claiming comes first and decides: of two requests with one ticket exactly one changes the row.
        if connection.execute(update(schema.tickets).where(usable).values(used_at=now)).rowcount != 1:
            return None
        of_ticket = select(tickets.session_id).where(tickets.ticket_hash == _digest(value)).scalar_subquery()
        row = connection.execute(select(schema.sessions).where((sessions.session_id == of_ticket) & _live(now))).first()
        if row is None:
            return None
        token = secrets.token_urlsafe(32)
        this = sessions.session_id == row.session_id
        connection.execute(update(schema.sessions).where(this).values(token_hash=_digest(token)))
        return Redeemed(token, row.expires_at)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _live(now: datetime) -> ColumnElement[bool]:
    sessions = schema.sessions.c
    return sessions.revoked_at.is_(None) & (sessions.expires_at > now)


def _alive(store: Store, which: ColumnElement[bool], now: datetime) -> Session | None:
    with store.reading() as connection:
        row = connection.execute(select(schema.sessions).where(which & _live(now))).first()
    if row is None:
        return None
    if now - row.last_seen >= SEEN_EVERY:  # not on every rerun: reads must stay reads
        sessions = schema.sessions.c
        with store.writing() as connection:
            this = sessions.session_id == row.session_id
            connection.execute(update(schema.sessions).where(this).values(last_seen=now))
    return Session(row.session_id, row.user_id, row.created_at, row.expires_at)


def _sweep(connection: Any, now: datetime) -> None:
    """Retention: spent tickets go at once, ended sessions after a month."""
    tickets, sessions = schema.tickets.c, schema.sessions.c
    old = select(sessions.session_id).where(sessions.expires_at <= now - KEPT_FOR)
    connection.execute(delete(schema.tickets).where((tickets.expires_at <= now) | tickets.session_id.in_(old)))
    connection.execute(delete(schema.sessions).where(sessions.expires_at <= now - KEPT_FOR))
