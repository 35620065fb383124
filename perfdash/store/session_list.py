"""Which sessions are alive: all of them for admins, and everybody's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select

from perfdash.access import Principal
from perfdash.security import Security
from perfdash.store import schema
from perfdash.store.engine import Store
from perfdash.store.session_rows import Session, live, session_of

USUAL_IDLE = Security().idle
"""For an installation that sets none."""


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A live session and whose it is; `username` is '' for one that came by a client link."""

    session: Session
    username: str


def listed(
    store: Store, principal: Principal, now: datetime, *, idle: timedelta = USUAL_IDLE
) -> tuple[LiveSession, ...]:
    """Every live session, the last seen first. AccessDenied for everyone but operators and admins."""
    principal.require_may("sessions")
    return _read(store, live(now, idle))


def of_user(store: Store, user_id: int, now: datetime, *, idle: timedelta = USUAL_IDLE) -> tuple[Session, ...]:
    """A user's own live sessions, the last seen first."""
    mine = (schema.sessions.c.user_id == user_id) & live(now, idle)
    return tuple(found.session for found in _read(store, mine))


def _read(store: Store, which: ColumnElement[bool]) -> tuple[LiveSession, ...]:
    sessions, users = schema.sessions, schema.users
    statement = (
        select(sessions, users.c.username)
        .outerjoin_from(sessions, users, users.c.user_id == sessions.c.user_id)
        .where(which)
        .order_by(sessions.c.last_seen.desc(), sessions.c.session_id)
    )
    with store.reading() as connection:
        return tuple(LiveSession(session_of(row), row.username or "") for row in connection.execute(statement))
