"""What was tried before for an account: the basis of the cooldown, of waiting for another, and of the schedule."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import func, select

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account, Days
from perfdash.domain.reconcile import Counts
from perfdash.domain.schedule import LONGEST_SILENCE, Covered
from perfdash.store.engine import Store
from perfdash.store.ledger.leases import ENDED
from perfdash.store.schema import VISIBLE, runs
from perfdash.store.scope import in_scope
from perfdash.store.types import platforms_of


@dataclass(frozen=True, slots=True)
class LastAttempt:
    """How the newest finished run, of an account or over some days, ended. Instants are aware UTC."""

    run: int
    state: str
    message: str
    counts: Counts
    fetch_ended: datetime | None
    finished_at: datetime
    revision: int | None
    resume_at: datetime | None


def last_attempt(store: Store, principal: Principal, account: Account, days: Days | None = None) -> LastAttempt | None:
    """The newest run of `account` (over at least `days`) that came to an end, good or bad; None when there is none."""
    principal.require_account()
    c = runs.c
    about = () if days is None else (c.day_from <= days.start, c.day_to >= days.end)
    counted = [c[f.name] for f in fields(Counts)]
    statement = (
        select(c.run_id, c.state, c.message, c.fetch_ended, c.finished_at, c.revision, c.resume_at, *counted)
        .where(
            in_scope(principal, c.client_id),
            c.client_id == account.client,
            c.account_id == account.number,
            c.state.in_(ENDED),
            *about,
        )
        .order_by(c.finished_at.desc(), c.run_id.desc())
        .limit(1)
    )
    with store.reading() as connection:
        row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    run, state, message, fetch_ended, finished_at, revision, resume_at, *numbers = row
    if resume_at is not None:  # older releases kept whatever a header said
        resume_at = min(resume_at, finished_at + LONGEST_SILENCE)
    return LastAttempt(run, state, message, Counts(*numbers), fetch_ended, finished_at, revision, resume_at)


def committed(store: Store, principal: Principal, account: Account) -> tuple[Covered, ...]:
    """What committed runs of `account` with all its platforms asked for, each range with its last fetch; oldest first.

    A schedule repeats a few ranges a day, so this stays short where the runs are many.
    """
    principal.require_account()
    c = runs.c
    fetched = func.max(c.fetch_ended)
    statement = (
        select(c.day_from, c.day_to, c.platforms, fetched)
        .where(
            in_scope(principal, c.client_id),
            c.client_id == account.client,
            c.account_id == account.number,
            c.state.in_(VISIBLE),
        )
        .group_by(c.day_from, c.day_to, c.platforms)
        .order_by(fetched)
    )
    newest: dict[Days, datetime] = {}
    with store.reading() as connection:
        for start, end, platforms, at in connection.execute(statement):
            if account.covered_by(platforms_of(platforms)):
                newest[Days(start, end)] = at
    return tuple(Covered(days, at) for days, at in sorted(newest.items(), key=lambda item: item[1]))
