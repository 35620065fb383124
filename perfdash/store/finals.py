"""When each day of an account became final: the first committed fetch after its settlement window that covered it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from perfdash.access import Principal
from perfdash.accounts import Account, Days
from perfdash.finality import settles_at
from perfdash.store.catalog import platforms_of
from perfdash.store.schema import runs
from perfdash.store.scope import narrowed

FinalAt = dict[tuple[str, int, date], datetime]
"""(client, account number, day) -> when the run that made the day final was committed."""


def final_at(connection: Connection, principal: Principal, accounts: Sequence[Account], days: Days) -> FinalAt:
    """Of the days of `accounts` that ever became final; an account without a known window has none."""
    principal.require_account()
    known = {(a.client, a.number): a for a in accounts if a.settlement_days is not None}
    if not known:
        return {}
    earliest = min(settles_at(days.start, a.time_zone, a.settlement_days or 0) for a in known.values())
    found: FinalAt = {}
    for row in _committed(connection, principal, {client for client, _ in known}, days, earliest):
        account = known.get((row.client_id, row.account_id))
        if account is not None and account.covered_by(platforms_of(row.platforms)):
            _confirm(found, account, Days(max(row.day_from, days.start), min(row.day_to, days.end)), row)
    return found


def _confirm(found: FinalAt, account: Account, covered: Days, run: Any) -> None:
    """The runs come in the order in which they were committed, so the first that is late enough makes a day final."""
    for day in covered.each():
        # An earlier day settles earlier: after the first that has not, none has.
        if run.fetch_ended < settles_at(day, account.time_zone, account.settlement_days or 0):
            return
        found.setdefault((account.client, account.number, day), run.finished_at)


def _committed(
    connection: Connection, principal: Principal, clients: Collection[str], days: Days, since: datetime
) -> Sequence[Any]:
    r = runs.c
    return connection.execute(
        select(r.client_id, r.account_id, r.day_from, r.day_to, r.platforms, r.fetch_ended, r.finished_at)
        .where(
            narrowed(principal, r.client_id, clients),
            r.state == "committed",
            r.day_to >= days.start,
            r.day_from <= days.end,
            r.fetch_ended >= since,
        )
        .order_by(r.finished_at, r.client_id, r.run_id)
    ).all()
