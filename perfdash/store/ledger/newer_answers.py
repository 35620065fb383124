"""Newer answers than one that is about to be stored: a file may be older than what an API has said since."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account, Days
from perfdash.domain.facts import Batch, Sheet
from perfdash.store.engine import Store
from perfdash.store.ledger.leases import of_account
from perfdash.store.schema import VISIBLE, runs
from perfdash.store.types import platforms_of


def newer_answer(
    store: Store, principal: Principal, account: Account, days: Days, platforms: Collection[str], at: datetime
) -> Days | None:
    """The days of an answer fetched after `at` that speaks of some of these days and platforms; None without one."""
    principal.require_account()
    principal.require(account.client)
    with store.reading() as connection:
        return newer_in(connection, account, days, platforms, at)


def newer_in(
    connection: Connection, account: Account, days: Days, platforms: Collection[str], at: datetime
) -> Days | None:
    """The same in a transaction. A run that asked for some platforms says nothing of others; none named means all."""
    c = runs.c
    statement = (
        select(c.day_from, c.day_to, c.platforms)
        .where(
            *of_account(runs, account),
            c.state.in_(VISIBLE),
            c.fetch_ended > at,
            c.day_from <= days.end,
            c.day_to >= days.start,
        )
        .order_by(c.fetch_ended.desc())
    )
    ours = {name.casefold() for name in platforms}
    for start, end, asked in connection.execute(statement):
        theirs = {name.casefold() for name in platforms_of(asked)}
        if not theirs or not ours or theirs & ours:
            return Days(start, end)
    return None


def platforms_in(batch: Batch) -> set[str]:
    """What a batch speaks of, in its refused rows too."""
    refused = {row.key.platform for row in batch.quarantined if row.key is not None}
    return {platform for _, _, platform, _ in Sheet.of(batch.facts).rows} | refused
