"""What session rows are made of and how they end: the parts that other changes of the store do in their transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, delete, select, update

from perfdash.store import schema

KEPT_FOR = timedelta(days=30)
"""How long ended sessions stay on record before the next sign-in sweeps them."""
Kind = Literal["password", "oidc", "link"]


@dataclass(frozen=True, slots=True)
class Session:
    """One live sign-in: of a user, or by a client link. `session_id` is a server-side name, worthless in a cookie."""

    session_id: str
    user_id: int | None
    kind: str
    link_id: str | None
    created_at: datetime
    last_seen: datetime
    expires_at: datetime


def session_of(row: Any) -> Session:
    """A row that carries all columns of `sessions` as a value."""
    return Session(row.session_id, row.user_id, row.kind, row.link_id, row.created_at, row.last_seen, row.expires_at)


def end_of_user(connection: Connection, user_id: int, now: datetime, why: str, *, but: str | None = None) -> int:
    """`end_all` inside a change that ends them and writes its own audit line."""
    sessions = schema.sessions.c
    which = sessions.user_id == user_id
    return end_where(connection, which if but is None else which & (sessions.session_id != but), now, why)


def end_of_link(connection: Connection, link_id: str, now: datetime, why: str = "link revoked") -> int:
    """End every session that came by a client link, inside the change that revokes the link; how many."""
    return end_where(connection, schema.sessions.c.link_id == link_id, now, why)


def is_not_ended(connection: Connection, session_id: str, user_id: int) -> bool:
    """True while nothing has ended this session of a user; its times are the business of `live`."""
    sessions = schema.sessions.c
    this = (sessions.session_id == session_id) & (sessions.user_id == user_id) & sessions.revoked_at.is_(None)
    return connection.execute(select(sessions.session_id).where(this)).first() is not None


def is_live(now: datetime, idle: timedelta) -> ColumnElement[bool]:
    """The condition that a session is neither revoked nor expired nor idle for too long."""
    sessions = schema.sessions.c
    return sessions.revoked_at.is_(None) & (sessions.expires_at > now) & (sessions.last_seen > now - idle)


def name_of(connection: Connection, user_id: int) -> str:
    """The user name behind a session."""
    users = schema.users.c
    name: str = connection.execute(select(users.username).where(users.user_id == user_id)).scalar_one()
    return name


def delete_expired(connection: Connection, now: datetime) -> None:
    """Retention: spent tickets go at once, ended sessions after a month."""
    tickets, sessions = schema.tickets.c, schema.sessions.c
    old = select(sessions.session_id).where(sessions.expires_at <= now - KEPT_FOR)
    connection.execute(delete(schema.tickets).where((tickets.expires_at <= now) | tickets.session_id.in_(old)))
    connection.execute(delete(schema.sessions).where(sessions.expires_at <= now - KEPT_FOR))


def end_where(connection: Connection, which: ColumnElement[bool], now: datetime, why: str) -> int:
    """End the open ones of these sessions; how many. Whoever calls it writes the audit line."""
    still_open = which & schema.sessions.c.revoked_at.is_(None)
    ended = {"revoked_at": now, "ended_as": why[:20]}
    return connection.execute(update(schema.sessions).where(still_open).values(**ended)).rowcount
