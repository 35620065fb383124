"""The rows that runs refused: some of them as they came, for a while, and what they add up to, for good."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from perfdash.domain.facts import Quarantined
from perfdash.domain.refusals import summed
from perfdash.store.ledger.leases import OpenRun
from perfdash.store.schema import quarantine, refusals, runs

ROWS_KEPT = 1_000
"""Refused rows stored per run; the count in the run and the sums in `refusals` are always the whole ones."""
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


def store_refused(connection: Connection, run: OpenRun, refused: tuple[Quarantined, ...]) -> None:
    """Keep the first rows as they came, and the sums of all."""
    if not refused:
        return
    whose = {"client_id": run.account.client, "run_id": run.number, "account_id": run.account.number}
    rows = [
        {"ordinal": n, "reason": row.reason[:300], "payload": row.payload[:2_000], "row_key": _named(row)}
        for n, row in enumerate(refused[:ROWS_KEPT])
    ]
    connection.execute(insert(quarantine), [whose | row for row in rows])
    sums = [{"ordinal": n} | asdict(one) for n, one in enumerate(summed(refused))]
    connection.execute(insert(refusals), [whose | one for one in sums])


def _named(row: Quarantined) -> str:
    """The refused row's fact as people read it; '' when its key could not be read."""
    key = row.key
    return "" if key is None else f"{key.day} {key.campaign} {key.platform} {key.creator}".strip()
