"""One lease per account: who is fetching it now, and what becomes of a run whose process died."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from perfdash.domain.accounts import Account, Days
from perfdash.domain.errors import LeaseLost
from perfdash.store.engine import Store
from perfdash.store.ledger.revisions import locked_if_there
from perfdash.store.schema import VISIBLE, clients, leases, runs

LEASE = timedelta(seconds=60)
ENDED = (*VISIBLE, "failed", "suspicious")


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run in progress: what it is for, and the token that proves it still holds the account."""

    account: Account
    number: int
    token: str
    days: Days


@dataclass(frozen=True, slots=True)
class Held:
    """Someone else is working on the account: their run, the token of their lease, and when it ends by itself."""

    run: int
    token: str
    expires_at: datetime


def begin(
    store: Store,
    account: Account,
    days: Days,
    *,
    holder: str,
    trigger: str,
    author: str,
    now: datetime,
    since: int | None = None,
) -> OpenRun | Held | None:
    """Take the account's lease and open a run, or say who holds it. `holder` names host and process.

    `since`: the caller's earlier `last_ended`. Returns None when another run has ended since, so that the caller looks
    at its result first. Waiting for the store's turn to write can take longer than a run.
    A run left `running` by a lease that is no longer live becomes `aborted`.
    """
    with store.writing() as connection:
        lock(connection, account)
        held = live_lease(connection, account, now)
        if held:
            return held
        if since is not None and _last_ended(connection, account) != since:
            return None
        abort_leftovers(connection, account, now)
        number = _next_run(connection, account)
        token = f"{holder}/{secrets.token_hex(8)}"
        connection.execute(insert(runs).values(**_opening(account, number, days, trigger, author, now)))
        connection.execute(
            insert(leases).values(
                client_id=account.client, account_id=account.number, token=token, run_id=number, expires_at=now + LEASE
            )
        )
    return OpenRun(account, number, token, days)


def last_ended(store: Store, account: Account) -> int:
    """The number of the account's newest run that came to an end, good or bad; 0 when there is none."""
    with store.reading() as connection:
        return _last_ended(connection, account)


def _last_ended(connection: Connection, account: Account) -> int:
    ended = select(runs.c.run_id).where(*of_account(runs, account), runs.c.state.in_(ENDED))
    return connection.scalars(ended.order_by(runs.c.run_id.desc()).limit(1)).one_or_none() or 0


def renew(store: Store, run: OpenRun, now: datetime) -> None:
    """Keep the lease alive while a long fetch goes on; does nothing when it was lost (commit will notice)."""
    with store.writing() as connection:
        connection.execute(
            update(leases)
            .where(*of_account(leases, run.account), leases.c.token == run.token)
            .values(expires_at=now + LEASE)
        )


def release_dead(store: Store, account: Account, held: Held, now: datetime) -> None:
    """Give up a lease whose process is known to be gone, without waiting for it to expire."""
    with store.writing() as connection:
        lock(connection, account)
        connection.execute(delete(leases).where(*of_account(leases, account), leases.c.token == held.token))
        abort_leftovers(connection, account, now)


def of_account(table: Any, account: Account) -> tuple[Any, Any]:
    """The two conditions that name one account's rows, client first."""
    return table.c.client_id == account.client, table.c.account_id == account.number


def lock(connection: Connection, account: Account) -> int:
    """The client's last revision, its row locked; LeaseLost when the client was deleted meanwhile."""
    last = locked_if_there(connection, account.client)
    if last is None:
        raise LeaseLost(f"The client {account.client!r} was deleted from this database; nothing of it was stored.")
    return last


def live_lease(connection: Connection, account: Account, now: datetime) -> Held | None:
    """Who holds the account's lease now, inside a transaction that is already open."""
    row = connection.execute(
        select(leases.c.run_id, leases.c.token, leases.c.expires_at).where(*of_account(leases, account))
    ).one_or_none()
    if row is None or row.expires_at <= now:
        return None
    return Held(row.run_id, row.token, row.expires_at)


def abort_leftovers(connection: Connection, account: Account, now: datetime) -> None:
    """End the runs of leases that ran out: from here on they can commit nothing."""
    connection.execute(delete(leases).where(*of_account(leases, account), leases.c.expires_at <= now))
    connection.execute(
        update(runs)
        .where(
            *of_account(runs, account),
            runs.c.state == "running",
            ~select(leases.c.token)
            .where(leases.c.client_id == runs.c.client_id, leases.c.run_id == runs.c.run_id)
            .exists(),
        )
        .values(
            state="aborted",
            finished_at=now,
            message="The process that fetched this stopped before it was done; nothing of it was stored.",
        )
    )


def _next_run(connection: Connection, account: Account) -> int:
    number: int = connection.scalars(
        update(clients)
        .where(clients.c.client_id == account.client)
        .values(last_run=clients.c.last_run + 1)
        .returning(clients.c.last_run)
    ).one()
    return number


def _opening(account: Account, number: int, days: Days, trigger: str, author: str, now: datetime) -> dict[str, object]:
    return {
        "client_id": account.client,
        "run_id": number,
        "account_id": account.number,
        "state": "running",
        "trigger": trigger,
        "author": author[:100],
        "day_from": days.start,
        "day_to": days.end,
        "platforms": ",".join(account.platforms),
        "started_at": now,
    }


def require_lease(connection: Connection, run: OpenRun) -> None:
    """Raise LeaseLost unless `run` still holds its account. One that ran out is still held until somebody takes it."""
    if connection.scalar(select(leases.c.token).where(*of_account(leases, run.account))) != run.token:
        raise LeaseLost(
            f"Another process took over {run.account.label} while it was being fetched; nothing of this run was stored."
        )


def holder_of(store: Store, account: Account, now: datetime) -> Held | None:
    """Who holds the account's lease now, if anyone."""
    with store.reading() as connection:
        return live_lease(connection, account, now)
