"""What the settling curve is computed from: how much of each settled day was known when, from the ledger's versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, literal, null, select, union_all

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account, Days, today_in
from perfdash.domain.as_of import day_start
from perfdash.domain.facts import MICRO
from perfdash.domain.question import Question
from perfdash.domain.settlement import Curve, Key, Part, Settled, curves, days_after_end
from perfdash.store.engine import Store
from perfdash.store.query.catalog import accounts_in_view
from perfdash.store.query.coverage import final_at
from perfdash.store.query.facts import split_sums
from perfdash.store.schema import VISIBLE, fact_history, facts, revisions, runs
from perfdash.store.scope import narrowed, of_campaign
from perfdash.store.types import platforms_of

LOOK_BACK = 60
"""Days before the settlement window that are looked at: enough to tell, recent enough to hold."""
MOST_CLIENTS = 20
_ONE_DAY = timedelta(days=1)


def settlement_curves(store: Store, question: Question, now: datetime) -> tuple[Curve, ...] | None:
    """How the days of each platform settled, over the last LOOK_BACK days that had time to. In cost; without money in
    impressions. None: more than MOST_CLIENTS clients are in view. The question's clients, platforms and campaign count,
    its days, moment and other filters do not.
    """
    principal = question.principal
    principal.require_account()
    with store.reading() as connection:
        in_view = accounts_in_view(connection, principal, question.clients, inactive=True)
        known = [account for account in in_view if account.settlement_days is not None]
        if not known:
            return ()
        if len({account.client for account in known}) > MOST_CLIENTS:
            return None
        today = min(today_in(account.time_zone, now) for account in known)
        last = today - _ONE_DAY * (1 + min(account.settlement_days or 0 for account in known))
        days = Days(last - _ONE_DAY * (LOOK_BACK - 1), last)
        settled = _settled(connection, principal, known, days)
        if not settled:
            return ()
        found = connection.execute(_parts(question, days)).all()
    return curves(map(_part, found), settled)


def _settled(connection: Connection, principal: Principal, known: Sequence[Account], days: Days) -> dict[Key, Settled]:
    """The final days, each with the k after which it was fetched."""
    final = final_at(connection, principal, known, days)
    fetched: dict[Key, set[int]] = {key: set() for key in final}
    accounts = {(account.client, account.number): account for account in known}
    for run in _runs(connection, principal, known, days):
        account = accounts.get((run.client_id, run.account_id))
        if account is None or not account.covered_by(platforms_of(run.platforms)):
            continue
        for day in Days(max(run.day_from, days.start), min(run.day_to, days.end)).each():
            key = (account.client, account.number, day)
            if key in fetched:
                fetched[key].add(days_after_end(day_start(day + _ONE_DAY, account.time_zone), run.finished_at))
    return {
        (client, number, day): Settled(
            day_start(day + _ONE_DAY, accounts[client, number].time_zone),
            accounts[client, number].settlement_days or 0,
            frozenset(fetched[client, number, day]),
        )
        for client, number, day in final
    }


def _runs(connection: Connection, principal: Principal, known: Sequence[Account], days: Days) -> Sequence[Any]:
    r = runs.c
    statement = select(r.client_id, r.account_id, r.day_from, r.day_to, r.platforms, r.finished_at).where(
        narrowed(principal, r.client_id, {account.client for account in known}),
        r.state.in_(VISIBLE),
        r.day_to >= days.start,
        r.day_from <= days.end,
    )
    return connection.execute(statement).all()


def _parts(question: Question, days: Days) -> Any:
    """The versions added up by platform, day and the revisions between which they were known, with their moments."""
    told = union_all(
        _versions(question, days, facts, null()),
        _versions(question, days, fact_history, fact_history.c.to_rev),
    ).subquery("told")
    t, begun, ended = told.c, revisions.alias("begun"), revisions.alias("ended")
    return (
        select(
            t.client_id,
            t.account_id,
            t.platform,
            t.currency,
            t.day,
            begun.c.at.label("since"),
            ended.c.at.label("until"),
            t.high,
            t.low,
        )
        .join(begun, and_(begun.c.client_id == t.client_id, begun.c.revision == t.from_rev))
        .outerjoin(ended, and_(ended.c.client_id == t.client_id, ended.c.revision == t.to_rev))
    )


def _versions(question: Question, days: Days, table: Any, to_rev: Any) -> Select[Any]:
    c, principal, platforms = table.c, question.principal, question.filters.platforms
    measure = c.cost if principal.money else c.impressions
    keys = [c.client_id, c.account_id, c.platform, c.day, c.from_rev]
    money = [c.currency] if principal.money else []
    high, low = split_sums(measure)
    statement = select(
        *keys,
        (c.currency if money else literal("")).label("currency"),
        to_rev.label("to_rev"),
        high.label("high"),
        low.label("low"),
    ).where(narrowed(principal, c.client_id, question.clients), c.day.between(days.start, days.end))
    statement = statement.where(*of_campaign(question.only, table))
    if platforms:
        statement = statement.where(c.platform.in_(sorted(platforms)))
    return statement.group_by(*keys, *money, *([] if table is facts else [to_rev]))


def _part(row: Any) -> Part:
    return Part(
        row.client_id,
        row.account_id,
        row.platform,
        row.currency,
        row.day,
        row.since,
        row.until,
        row.high * MICRO + row.low,
    )
