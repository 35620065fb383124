"""How long refused rows are kept: a source's own words, which may be wrong or personal, do not stay for good."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select

from perfdash.store.schema import quarantine, runs

KEPT_FOR = timedelta(days=90)
"""Stated in docs/security.md. The run and its counts stay."""
AT_ONCE = 20
"""Runs whose refused rows one commit forgets: no commit pays for years of another's."""


def forget_refused(connection: Connection, client: str, now: datetime) -> None:
    """Delete the refused rows of the client's runs that ended more than KEPT_FOR ago, oldest first."""
    q, r = quarantine.c, runs.c
    for _ in range(AT_ONCE):
        oldest = connection.scalar(select(func.min(q.run_id)).where(q.client_id == client))
        ended = select(r.finished_at).where(r.client_id == client, r.run_id == oldest)
        at = None if oldest is None else connection.scalar(ended)
        if at is None or at > now - KEPT_FOR:
            return
        connection.execute(delete(quarantine).where(q.client_id == client, q.run_id == oldest))
