"""The audit: who did what, when and why. Lines are written here alone; only operators and admins read them.

Nothing changes a line. Removing is left to retention, to erasing a person and to purging a client.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from perfdash.access import Principal
from perfdash.errors import AccessDenied
from perfdash.store.engine import Store
from perfdash.store.schema import audit

MOST = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: `actor` did `action` to `subject` (a client's slug, where it is about one)."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str


def note(connection: Connection, actor: str, action: str, subject: str, detail: str, at: datetime) -> None:
    """Write one line inside the caller's transaction: what is done and its line become visible together or not at all.

    `subject` is a client's slug, or a user's name, whatever it is about. No secret and no other person's name belongs
    into `detail`.
    """
    line = {"at": at, "actor": actor[:100], "action": action[:40], "subject": subject[:200], "detail": detail}
    connection.execute(insert(audit).values(**line))


def entries(store: Store, principal: Principal, subject: str = "", *, limit: int = MOST) -> tuple[Entry, ...]:
    """The newest lines first, of one `subject` or of all. AccessDenied for everyone but operators and admins."""
    if not principal.sees_all:
        raise AccessDenied("Only an admin may read the audit.")
    a = audit.c
    statement = (
        select(a.audit_id, a.at, a.actor, a.action, a.subject, a.detail).order_by(a.audit_id.desc()).limit(limit)
    )
    if subject:
        statement = statement.where(a.subject == subject)
    with store.reading() as connection:
        return tuple(Entry(*row) for row in connection.execute(statement))
