"""Writing the ledger: the one short transaction that makes a run visible whole or not at all.

Only `sync.py` calls this. Each function names one account; who may start a sync is decided before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from perfdash.changes import Counts, WritePlan
from perfdash.errors import Superseded, Trail
from perfdash.payload import Fetched, Quarantined
from perfdash.run_log import kept
from perfdash.store.apply import apply_plan, many, store_creators
from perfdash.store.engine import Store
from perfdash.store.leases import OpenRun, lock, of, require_lease
from perfdash.store.overlaying import refresh, with_corrections
from perfdash.store.retention import forget_refused
from perfdash.store.revising import open_revision
from perfdash.store.schema import leases, quarantine, runs

QUARANTINE_KEPT = 1_000
"""Quarantined rows stored per run; the count in the run is always the whole one."""
NO_TRAIL = Trail()


def commit(store: Store, run: OpenRun, fetched: Fetched, plan: WritePlan, clock: Callable[[], datetime]) -> int | None:
    """Apply `plan` and make the run visible, in one transaction. Returns the revision it took, or None.

    The clock is read last: neither waiting for a turn nor writing may date a revision into a past already answered.
    Raises LeaseLost when another process took the account over, Superseded when a later answer is already committed.
    """
    with store.writing() as connection:
        last = lock(connection, run.account)
        require_lease(connection, run)
        _refuse_superseded(connection, run, fetched)
        revision = last + 1 if plan.changes_something else None
        if revision:
            apply_plan(connection, run.account, plan, revision)
            _lay_corrections(connection, run, plan, revision)
        store_creators(connection, run.account, plan.creators)
        _store_quarantine(connection, run, fetched.batch.quarantined)
        now = clock()
        if revision:
            author = _author(connection, run)
            at = open_revision(
                connection, run.account.client, revision, kind="run", author=author, now=now, run=run.number
            )
            now = max(now, at)
        forget_refused(connection, run.account.client, now)
        _finish(connection, run, now, state="committed", counts=plan.counts, fetched=fetched, revision=revision)
    return revision


def fail(
    store: Store,
    run: OpenRun,
    *,
    state: str,
    message: str,
    now: datetime,
    fetched: Fetched | None = None,
    resume_at: datetime | None = None,
    trail: Trail = NO_TRAIL,
) -> None:
    """End a run that did not become visible: `failed` or `suspicious`, with a sentence that a client may read."""
    counts = Counts()
    with store.writing() as connection:
        if fetched is not None:
            counts = counts_of(fetched)
            _store_quarantine(connection, run, fetched.batch.quarantined)
        _finish(
            connection, run, now,
            state=state, counts=counts, fetched=fetched, message=message, resume_at=resume_at, trail=trail,
        )  # fmt: skip


def _lay_corrections(connection: Connection, run: OpenRun, plan: WritePlan, revision: int) -> None:
    """Corrections survive every refetch; what follows from a corrected CPM follows the restated impressions."""
    client, account = run.account.client, run.account.number
    changed = chain(plan.restated, plan.vanished, plan.reappeared, plan.new)
    refresh(connection, client, account, with_corrections(connection, client, account, run.days, changed), revision)


def counts_of(fetched: Fetched) -> Counts:
    """What can be counted of an answer that was not applied."""
    batch = fetched.batch
    return Counts(fetched=batch.fetched, quarantined=len(batch.quarantined), duplicate=batch.duplicates)


def _refuse_superseded(connection: Connection, run: OpenRun, fetched: Fetched) -> None:
    later = connection.execute(
        select(func.max(runs.c.fetch_ended)).where(
            *of(runs, run.account),
            runs.c.state == "committed",
            runs.c.day_from <= run.days.end,
            runs.c.day_to >= run.days.start,
        )
    ).scalar()
    if later is not None and later > fetched.began:
        raise Superseded(
            f"A newer answer for {run.account.label} was stored while this one was on its way; this one was dropped."
        )


def _author(connection: Connection, run: OpenRun) -> str:
    author: str = connection.execute(
        select(runs.c.author).where(runs.c.client_id == run.account.client, runs.c.run_id == run.number)
    ).scalar_one()
    return author


def _finish(
    connection: Connection,
    run: OpenRun,
    now: datetime,
    *,
    state: str,
    counts: Counts,
    fetched: Fetched | None,
    revision: int | None = None,
    message: str = "",
    resume_at: datetime | None = None,
    trail: Trail = NO_TRAIL,
) -> None:
    done: dict[str, Any] = asdict(counts) | {
        "state": state, "finished_at": now, "revision": revision, "message": message, "resume_at": resume_at,
    }  # fmt: skip
    if fetched is not None:
        done |= {"fetch_began": fetched.began, "fetch_ended": fetched.ended}
        trail = Trail(fetched.requests, fetched.retries, fetched.log)
    done |= {"requests": trail.requests, "retries": trail.retries, "log": kept(trail.log)}
    connection.execute(
        update(runs)
        .where(runs.c.client_id == run.account.client, runs.c.run_id == run.number, runs.c.state == "running")
        .values(**done)
    )
    connection.execute(delete(leases).where(*of(leases, run.account), leases.c.token == run.token))


def _store_quarantine(connection: Connection, run: OpenRun, refused: tuple[Quarantined, ...]) -> None:
    rows = [
        {
            "client_id": run.account.client, "run_id": run.number, "account_id": run.account.number, "ordinal": n,
            "reason": row.reason[:300], "payload": row.payload[:2_000],
            "row_key": _named(row),
        }
        for n, row in enumerate(refused[:QUARANTINE_KEPT])
    ]  # fmt: skip
    many(connection, insert(quarantine), rows)


def _named(row: Quarantined) -> str:
    """The refused row's fact as people read it; '' when its key could not be read."""
    key = row.key
    return "" if key is None else f"{key.day} {key.campaign} {key.platform} {key.creator}".strip()
