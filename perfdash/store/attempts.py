"""What was tried before for an account: the basis of the cooldown, of waiting for another, and of the schedule."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import select

from perfdash.access import Principal
from perfdash.accounts import Account, Days
from perfdash.changes import Counts
from perfdash.schedule import Covered
from perfdash.store.engine import Store
from perfdash.store.schema import runs
from perfdash.store.scope import in_scope


@dataclass(frozen=True, slots=True)
class LastAttempt:
    """How the newest finished run that covers some days ended. Instants are aware UTC."""

    run: int
    state: str
    message: str
    counts: Counts
    fetch_ended: datetime | None
    finished_at: datetime
    revision: int | None
    resume_at: datetime | None


def last_attempt(store: Store, principal: Principal, account: Account, days: Days) -> LastAttempt | None:
    """The newest committed, failed or suspicious run of `account` over at least `days`; None when there was none."""
    c = runs.c
    counted = [c[f.name] for f in fields(Counts)]
    statement = (
        select(c.run_id, c.state, c.message, c.fetch_ended, c.finished_at, c.revision, c.resume_at, *counted)
        .where(
            in_scope(principal, c.client_id),
            c.client_id == account.client,
            c.account_id == account.number,
            c.state.in_(("committed", "failed", "suspicious")),
            c.day_from <= days.start,
            c.day_to >= days.end,
        )
        .order_by(c.finished_at.desc(), c.run_id.desc())
        .limit(1)
    )
    with store.reading() as connection:
        row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    run, state, message, fetch_ended, finished_at, revision, resume_at, *numbers = row
    return LastAttempt(run, state, message, Counts(*numbers), fetch_ended, finished_at, revision, resume_at)


def committed(store: Store, principal: Principal, account: Account) -> tuple[Covered, ...]:
    """Every committed run of `account` that asked for all its platforms, oldest first."""
    c = runs.c
    statement = (
        select(c.day_from, c.day_to, c.fetch_ended)
        .where(
            in_scope(principal, c.client_id),
            c.client_id == account.client,
            c.account_id == account.number,
            c.state == "committed",
            c.platforms.in_(("", ",".join(account.platforms))),
        )
        .order_by(c.run_id)
    )
    with store.reading() as connection:
        return tuple(Covered(Days(a, b), at) for a, b, at in connection.execute(statement))
