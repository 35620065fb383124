"""Sign-in sessions: a row each, so that whatever ends one ends it everywhere at once.

The browser's cookie holds a random token and the row only its SHA-256. A session dies when it is revoked, at
`expires_at`, and after `idle` without user activity. Automatic refreshes of a page do not count, so they pass
`touch=False`. A page cannot set an HttpOnly cookie, so it is handed a one-time ticket, which the
/session route redeems: no script ever sees the token.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import ColumnElement, Connection, insert, select, update

from perfdash.domain.access import Principal
from perfdash.domain.errors import AccessDenied
from perfdash.domain.secret import digest
from perfdash.domain.security import Security
from perfdash.store import schema
from perfdash.store.audit import write_line
from perfdash.store.auth.session_rows import (
    Kind,
    Session,
    delete_expired,
    end_of_user,
    end_where,
    is_live,
    name_of,
    session_of,
)
from perfdash.store.engine import Store

USUAL_IDLE = Security().idle
"""For an installation that sets none."""


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A live session and whose it is; `username` is '' for one that came by a client link."""

    session: Session
    username: str


def live_sessions(
    store: Store, principal: Principal, now: datetime, *, idle: timedelta = USUAL_IDLE
) -> tuple[LiveSession, ...]:
    """Every live session, the last seen first. AccessDenied for everyone but operators and admins."""
    principal.require_may("sessions")
    return _read(store, is_live(now, idle))


def of_user(store: Store, user_id: int, now: datetime, *, idle: timedelta = USUAL_IDLE) -> tuple[Session, ...]:
    """A user's own live sessions, the last seen first."""
    mine = (schema.sessions.c.user_id == user_id) & is_live(now, idle)
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


TICKET_LIFETIME = timedelta(seconds=60)
SEEN_EVERY = timedelta(minutes=5)
"""How exactly `last_seen` is kept at most; with a short idle time a tenth of that: most reruns must stay reads."""
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a ticket was worth: the secret for the cookie, until when it is good, and whose it is."""

    token: str
    expires_at: datetime
    user_id: int | None = None


def begin(
    store: Store,
    user_id: int,
    now: datetime,
    *,
    kind: Kind = "password",
    security: Security | None = None,
    checked: str | None = None,
) -> Session:
    """Open a session for a user who was just recognised; it has no cookie until a ticket is redeemed.

    `checked` is the hash that the password was held against. AccessDenied when the user was deactivated, or the
    password changed, between that check and now: what ends all sessions must not miss the one that is being opened.
    """
    expires_at = now + (security or Security()).lifetime
    session = Session(secrets.token_hex(16), user_id, kind, None, now, now, expires_at)
    with store.writing() as connection:
        name = _require_recognised(connection, user_id, checked)
        delete_expired(connection, now)
        _insert(connection, session, None)
        write_line(connection, name, "sign in", name, "" if kind == "password" else kind, now)
    return session


def begin_link(
    store: Store, link_id: str, now: datetime, expires_at: datetime, security: Security
) -> tuple[Session, str]:
    """Open a visitor's session for a client link, and the token for its cookie; it ends with the link at the latest.

    Whoever calls this has checked the link and writes its view.
    """
    until = min(expires_at, now + security.lifetime)
    session, token = Session(secrets.token_hex(16), None, "link", link_id, now, now, until), secrets.token_urlsafe(32)
    with store.writing() as connection:
        delete_expired(connection, now)
        _insert(connection, session, digest(token))
    return session, token


def by_id(store: Store, session_id: str, now: datetime, *, idle: timedelta, touch: bool = True) -> Session | None:
    """The session of that name if it is alive; `touch` says that somebody is doing something just now."""
    return _found(store, schema.sessions.c.session_id == session_id, now, idle, touch)


def by_token(store: Store, token: str, now: datetime, *, idle: timedelta, touch: bool = True) -> Session | None:
    """The session whose cookie carries `token` if it is alive; `touch` says that somebody is doing something."""
    return _found(store, schema.sessions.c.token_hash == digest(token), now, idle, touch)


def alive(store: Store, session_ids: Collection[str], now: datetime, idle: timedelta) -> frozenset[str]:
    """Those of `session_ids` whose session is alive. Only reads: for watching many open pages at once."""
    sessions, found, names = schema.sessions.c, set[str](), iter(sorted(set(session_ids)))
    with store.reading() as connection:
        while some := list(islice(names, AT_ONCE)):
            these = select(sessions.session_id).where(sessions.session_id.in_(some), is_live(now, idle))
            found.update(connection.execute(these).scalars())
    return frozenset(found)


def end(
    store: Store, session_id: str, now: datetime, why: str = "signed out", *, principal: Principal | None = None
) -> None:
    """End one session: every page and every copy of its cookie is dead from here on. The audit says who ended whose.

    Without `principal` its own user did. AccessDenied for a principal who is neither that user nor sees all.
    """
    sessions = schema.sessions.c
    with store.writing() as connection:
        row = connection.execute(select(schema.sessions).where(sessions.session_id == session_id)).first()
        if row is None:
            _require_may_end(principal, None)
            return
        _require_may_end(principal, row.user_id)
        if end_where(connection, sessions.session_id == session_id, now, why) and (principal or row.user_id):
            _note_end(connection, principal, row.user_id, why, now)


def end_all(
    store: Store, user_id: int, now: datetime, why: str, *, but: str | None = None, principal: Principal | None = None
) -> int:
    """End every session of a user, except the one named `but`; how many. `principal` as in `end`."""
    _require_may_end(principal, user_id)
    with store.writing() as connection:
        ended = end_of_user(connection, user_id, now, why, but=but)
        if ended:
            _note_end(connection, principal, user_id, why, now)
    return ended


def ticket(store: Store, session_id: str, now: datetime) -> str:
    """A one-time ticket, good for a minute, that the session's own page exchanges for its cookie."""
    value = secrets.token_urlsafe(32)
    row = {"ticket_hash": digest(value), "session_id": session_id, "expires_at": now + TICKET_LIFETIME}
    with store.writing() as connection:
        connection.execute(insert(schema.tickets).values(**row))
    return value


def redeem(store: Store, value: str, now: datetime) -> Redeemed | None:
    """The cookie's token for a ticket; None when it is unknown, used, late, or its session has ended."""
    tickets, sessions = schema.tickets.c, schema.sessions.c
    usable = (tickets.ticket_hash == digest(value)) & tickets.used_at.is_(None) & (tickets.expires_at > now)
    with store.writing() as connection:
        # Claiming comes first and decides: of two requests with one ticket exactly one changes the row.
        if connection.execute(update(schema.tickets).where(usable).values(used_at=now)).rowcount != 1:
            return None
        of_ticket = select(tickets.session_id).where(tickets.ticket_hash == digest(value)).scalar_subquery()
        this = (sessions.session_id == of_ticket) & sessions.revoked_at.is_(None) & (sessions.expires_at > now)
        row = connection.execute(select(schema.sessions).where(this)).first()
        if row is None:
            return None
        token = secrets.token_urlsafe(32)
        this = sessions.session_id == row.session_id
        connection.execute(update(schema.sessions).where(this).values(token_hash=digest(token)))
        return Redeemed(token, row.expires_at, row.user_id)


def _found(store: Store, which: ColumnElement[bool], now: datetime, idle: timedelta, touch: bool) -> Session | None:
    with store.reading() as connection:
        row = connection.execute(select(schema.sessions).where(which & is_live(now, idle))).first()
    if row is None:
        return None
    session = session_of(row)
    if not touch or now - session.last_seen < min(SEEN_EVERY, idle / 10):
        return session
    with store.writing() as connection:
        # What ended meanwhile stays ended, and of two pages the later word counts.
        this = (schema.sessions.c.session_id == session.session_id) & is_live(now, idle)
        connection.execute(update(schema.sessions).where(this).values(last_seen=now))
    return replace(session, last_seen=now)


def _require_recognised(connection: Connection, user_id: int, checked: str | None) -> str:
    """The user's name, under a lock that waits for whoever is changing the user."""
    users = schema.users.c
    statement = select(users.username, users.password_hash).where(users.user_id == user_id, users.active.is_(True))
    row = connection.execute(statement.with_for_update()).first()
    if row is None or (checked is not None and checked != row.password_hash):
        raise AccessDenied("This account was changed just now; sign in again.")
    name: str = row.username
    return name


def _insert(connection: Connection, session: Session, token_hash: str | None) -> None:
    values = {name: getattr(session, name) for name in Session.__slots__}
    connection.execute(insert(schema.sessions).values(**values, token_hash=token_hash))


def _require_may_end(principal: Principal | None, user_id: int | None) -> None:
    if principal is not None and (user_id is None or principal.user_id != user_id):
        principal.require_may("sessions")


def _note_end(connection: Connection, principal: Principal | None, user_id: int | None, why: str, at: datetime) -> None:
    name = "client link" if user_id is None else name_of(connection, user_id)
    write_line(connection, name if principal is None else principal.name, "sign out", name, why, at)
