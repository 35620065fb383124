"""When users were last here, and who still has a link with which to choose a password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select

from perfdash.access import Principal
from perfdash.store import schema
from perfdash.store.engine import Store
from perfdash.store.user_rows import User, require_admin

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
