"""The audit: who did what, when and why. Lines are written here alone; only operators and admins read them.

Nothing changes a line. Removing is left to retention (`delete_expired`), to erasing a person and to purging a client.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, delete, insert, or_, select, true

from perfdash.domain.access import Principal
from perfdash.domain.corrections import MONEY_FIELDS
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.store import schema
from perfdash.store.engine import Store
from perfdash.store.schema import audit
from perfdash.store.scope import narrowed

MOST = 1_000
MOST_EXPORTED = 100_000
EVERY_CLIENT = "every client in scope"
"""The subject of a look at all that its actor may see; no slug holds a blank."""
SWEPT_AT_ONCE = 500
OF_CORRECTIONS = ("correct", "revert")
OF_MONEY = "amounts of money, which are not part of your access"
"""What is said instead of a detail that speaks of them."""
OF_CLIENTS = (
    *OF_CORRECTIONS,
    "export",
    "view",
    "sync",
    "import",
    "import back",
    "creators erase",
    "link make",
    "link open",
    "link revoke",
)
"""Deeds whose subject is a client: these lines go with it when it is purged."""
OF_GRANTS = ("grant", "revoke")
"""Deeds whose subject is a user's name, and whose detail is the client's slug and nothing else."""
OF_USERS = (
    "sign in",
    "sign in failed",
    "sign in throttled",
    "sign out",
    "users add",
    "users invite",
    "users reset",
    "users password",
    "users role",
    "users money",
    "users email",
    "users activate",
    "users deactivate",
    "users erase",
    *OF_GRANTS,
)
"""All deeds whose subject is a user's name."""
OF_STORE = ("audit export", "clients purge", "db copy")
"""Deeds that stay, whatever becomes of their subject."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line: `actor` did `action` to `subject` (a client's slug, where it is about one)."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines: from `since` on and before `until`; by name; with `text` somewhere in the detail. Empty is all."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str = ""
    actions: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""


def write_line(connection: Connection, actor: str, action: str, subject: str, detail: str, at: datetime) -> None:
    """Write one line inside the caller's transaction: what is done and its line become visible together or not at all.

    `subject` is a client's slug, or a user's name, whatever it is about. No secret and no other person's name belongs
    into `detail`.
    """
    line = {"at": at, "actor": actor[:100], "action": action[:40], "subject": subject[:200], "detail": detail}
    connection.execute(insert(audit).values(**line))


def record(
    store: Store,
    principal: Principal,
    action: str,
    clients: Iterable[str],
    detail: str,
    now: datetime,
    *,
    kept: timedelta,
) -> None:
    """Write down a deed that changes nothing, such as a look: one line per client, or one for every client in scope.

    Lines older than `kept` are swept on this occasion. AccessDenied for a client that `principal` may not see.
    """
    subjects = sorted(set(clients))
    principal.require(*subjects)
    with store.writing() as connection:
        names = schema.clients.c.client_id
        known = set(connection.execute(select(names).where(narrowed(principal, names, subjects))).scalars())
        for subject in subjects:
            if subject not in known:
                raise AccessDenied(f"There is no client {subject!r} here.")
        delete_expired(connection, now, kept)
        for subject in subjects or [EVERY_CLIENT]:
            write_line(connection, principal.name, action, subject, detail, now)


def delete_expired(connection: Connection, now: datetime, kept: timedelta) -> None:
    """Retention: delete lines older than `kept`, the oldest first and at most SWEPT_AT_ONCE, so that nobody waits."""
    a = audit.c
    old = select(a.audit_id).where(a.at < now - kept).order_by(a.at).limit(SWEPT_AT_ONCE)
    numbers = list(connection.execute(old).scalars())
    if numbers:
        connection.execute(delete(audit).where(a.audit_id.in_(numbers)))


def entries(
    store: Store, principal: Principal, subject: str = "", *, asked: AuditFilter = AuditFilter(), limit: int = MOST
) -> tuple[AuditEntry, ...]:
    """The newest lines first, of one `subject` or as `asked`. AccessDenied for everyone but operators and admins."""
    principal.require_may("audit")
    with store.reading() as connection:
        found = connection.execute(_newest(principal, replace(asked, subject=subject) if subject else asked, limit))
        return tuple(AuditEntry(*row) for row in found)


def exported(
    store: Store, principal: Principal, asked: AuditFilter, now: datetime, *, most: int = MOST_EXPORTED
) -> tuple[AuditEntry, ...]:
    """All lines as `asked`, newest first; taking them out leaves a line of its own.

    UsageError when there are more than `most`: a part would look like the whole. AccessDenied as for `entries`.
    """
    principal.require_may("audit")
    with store.reading() as connection:  # no writer waits for a long list
        rows = connection.execute(_newest(principal, asked, most + 1)).all()
    if len(rows) > most:
        raise UsageError(f"These are more than {most:,} lines; narrow them by date and export them in parts.")
    with store.writing() as connection:
        write_line(connection, principal.name, "audit export", "audit", f"{len(rows)} lines", now)
    return tuple(AuditEntry(*row) for row in rows)


def _newest(principal: Principal, asked: AuditFilter, limit: int) -> Select[Any]:
    a, detail = audit.c, _detail(principal)
    columns = select(a.audit_id, a.at, a.actor, a.action, a.subject, detail)
    return columns.where(_matching(asked, detail)).order_by(a.audit_id.desc()).limit(limit)


def _detail(principal: Principal) -> ColumnElement[str]:
    """Without money, nothing that a correction's line says where it may speak of an amount: its reason quotes it, too.

    Words are looked for in what is shown, so that looking for an amount finds nothing.
    """
    a = audit.c
    if principal.money:
        return a.detail
    amounts = or_(*(a.detail.icontains(field) for field in sorted(MONEY_FIELDS)))
    return case((and_(a.action.in_(OF_CORRECTIONS), amounts), OF_MONEY), else_=a.detail)


def _matching(asked: AuditFilter, detail: ColumnElement[str]) -> ColumnElement[bool]:
    a = audit.c
    actor, subject, text = (_askable(value) for value in (asked.actor, asked.subject, asked.text))
    return and_(
        a.at >= asked.since if asked.since else true(),
        a.at < asked.until if asked.until else true(),
        a.actor == actor if actor else true(),
        a.action.in_(asked.actions) if asked.actions else true(),
        a.subject == subject if subject else true(),
        detail.icontains(text, autoescape=True) if text else true(),
    )


def _askable(value: str) -> str:
    """Without what PostgreSQL refuses in any text, and not longer than SQLite takes as a pattern."""
    return value.replace("\0", "")[:500]
