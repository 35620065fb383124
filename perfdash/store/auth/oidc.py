"""Sign-ins through a provider: whom an identity belongs to here, and that it opens one session and never another."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select
from sqlalchemy.exc import IntegrityError

from perfdash.domain.oidc import Identity, RefusedIdentity, Why
from perfdash.domain.security import Security
from perfdash.store import schema
from perfdash.store.audit import write_line
from perfdash.store.auth.session_rows import Session, delete_expired
from perfdash.store.engine import Store
from perfdash.store.schema import spent_identities, users

KEPT = timedelta(days=1)
"""How long spent identities stay on record; longer than any of them could be used (oidc_claims.FRESH)."""


def begin(store: Store, identity: Identity, now: datetime, security: Security) -> Session | RefusedIdentity:
    """Open the session of the active user with the identity's address, and spend the identity in the same transaction.

    `over` when it was spent before, here or in another browser. The demo's users have no providers.
    """
    with store.writing() as connection:
        user = _user(connection, identity.email)
        why = _why_not(user)
        first = _spend(connection, identity.mark, now)
        if user is not None and why is None and first:
            return _opened(connection, user, identity.provider, now, security)
        refused = RefusedIdentity(why or "over", identity.provider, identity.email, identity.mark)
        if first:
            _note_refused(connection, refused, user.username if user is not None else "", now)
        return refused


def note_refused(store: Store, refused: RefusedIdentity, now: datetime) -> None:
    """Leave one audit line for an identity that was refused before anybody was looked up, however often it comes."""
    with store.writing() as connection:
        if refused.mark == "" or _spend(connection, refused.mark, now):
            _note_refused(connection, refused, "", now)


def _opened(connection: Connection, user: Row[Any], provider: str, now: datetime, security: Security) -> Session:
    session = Session(secrets.token_hex(16), user.user_id, "oidc", None, now, now, now + security.lifetime)
    delete_expired(connection, now)
    values = {name: getattr(session, name) for name in Session.__slots__}
    connection.execute(insert(schema.sessions).values(**values))
    write_line(connection, user.username, "sign in", user.username, f"oidc: {provider}", now)
    return session


def _note_refused(connection: Connection, refused: RefusedIdentity, username: str, now: datetime) -> None:
    """Without the address: who is no user here is nobody the audit may name."""
    write_line(connection, username, "sign in failed", username, f"oidc: {refused.provider}, {refused.why}", now)


def _why_not(user: Row[Any] | None) -> Why | None:
    if user is None:
        return "unknown"
    return None if user.active else "deactivated"


def _user(connection: Connection, email: str) -> Row[Any] | None:
    """Locked: who is deactivated at this moment is either refused here, or loses the session that is opened here."""
    this = (users.c.email == email) & users.c.demo.is_(False) & users.c.erased_at.is_(None)
    statement = select(users).where(this)
    return connection.execute(statement.with_for_update()).first()


def _spend(connection: Connection, mark: str, now: datetime) -> bool:
    """True for the first who does it; a second one waits here for what becomes of the first."""
    connection.execute(delete(spent_identities).where(spent_identities.c.spent_at < now - KEPT))
    try:
        with connection.begin_nested():
            connection.execute(insert(spent_identities).values(identity_hash=mark, spent_at=now))
    except IntegrityError:
        return False
    return True
