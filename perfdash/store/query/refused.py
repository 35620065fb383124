"""The rows that are missing from the numbers in view, because the newest run of their days refused them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, select, tuple_

from perfdash.domain.accounts import Account
from perfdash.domain.question import Question
from perfdash.domain.refusals import Missing, MissingRows, Refusal, by_reason, without_amounts
from perfdash.store.engine import Store
from perfdash.store.query.catalog import accounts_in_view
from perfdash.store.query.versions import moment_of_client
from perfdash.store.schema import VISIBLE, clients, refusals, runs
from perfdash.store.scope import narrowed, pinned, under_lock
from perfdash.store.types import platforms_of

RunKey = tuple[str, int]
"""Client and run."""


@dataclass(frozen=True, slots=True)
class _Newest:
    """The days in view of which one run is the newest, and the account that it asked."""

    account: Account
    days: frozenset[date]


def missing(store: Store, question: Question) -> Missing:
    """Per run that is the newest of days in view and refused rows about them: how many, what they cost, and why.

    Its clients, days, platforms, currency, campaign's account and moment count. () when nothing is missing.
    """
    question = under_lock(question)
    with store.reading() as connection:
        newest = _newest(connection, question)
        found = _refused(connection, question, list(newest)) if newest else {}
    told = (_told(question, run, newest[run], found[run]) for run in sorted(found))
    return tuple(one for one in told if one is not None)


def _newest(connection: Connection, question: Question) -> dict[RunKey, _Newest]:
    """By run: what it is the newest of. Runs of one account are committed in the order of their numbers."""
    accounts = {
        (a.client, a.number): a
        for a in accounts_in_view(connection, question.principal, question.clients, inactive=True)
        if _in_view(a, question)
    }
    left = {key: question.days_of(key[0]) for key in accounts}
    found: dict[RunKey, _Newest] = {}
    for client, number, first, last, platforms, run in _ranges(connection, question):
        key = (client, number)
        if key not in accounts or not accounts[key].covered_by(platforms_of(platforms)):
            continue
        mine = frozenset(day for day in left[key] if first <= day <= last)
        left[key] -= mine
        if mine:
            found[client, run] = _Newest(accounts[key], mine)
    return found


def _in_view(account: Account, question: Question) -> bool:
    lock, only = question.principal.lock, question.only
    currencies = {question.filters.currency, lock.currency if lock else None} - {None}
    of_campaign = only is None or (only.client, only.account) == (account.client, account.number)
    return of_campaign and currencies <= {account.currency}


def _ranges(connection: Connection, question: Question) -> Sequence[Any]:
    """The newest run of each distinct range that counts, newest first: few, where the runs of a schedule are many."""
    r, principal, names, days = runs.c, question.principal, question.clients, question.filters.days
    key = (r.client_id, r.account_id, r.day_from, r.day_to, r.platforms)
    run = func.max(r.run_id)
    statement = (
        select(*key, run)
        .select_from(clients.join(runs, runs.c.client_id == clients.c.client_id))
        .where(
            narrowed(principal, r.client_id, names),
            r.state.in_(VISIBLE),
            r.day_to >= days.start,
            r.day_from <= days.end,
        )
    )
    as_of = pinned(principal, question.as_of)
    if as_of is not None:
        statement = statement.where(r.finished_at < moment_of_client(connection, principal, names, as_of))
    return connection.execute(statement.group_by(*key).order_by(run.desc())).all()


def _refused(connection: Connection, question: Question, chosen: Sequence[RunKey]) -> Mapping[RunKey, list[Refusal]]:
    """What these runs refused. Without money no column of money is read."""
    r, principal = refusals.c, question.principal
    money = (r.cost, r.without_cost) if principal.money else ()
    found: dict[RunKey, list[Refusal]] = {}
    for start in range(0, len(chosen), 500):
        statement = select(r.client_id, r.run_id, r.day, r.platform, r.reason, r.rows, *money).where(
            narrowed(principal, r.client_id, question.clients),
            tuple_(r.client_id, r.run_id).in_(chosen[start : start + 500]),
        )
        for client, run, day, platform, reason, rows, *amounts in connection.execute(statement):
            cost, without = amounts or (0, 0)
            told = reason if principal.money else without_amounts(reason)
            found.setdefault((client, run), []).append(Refusal(day, platform, told, rows, cost, without))
    return found


def _told(question: Question, run: RunKey, newest: _Newest, refused: list[Refusal]) -> MissingRows | None:
    platforms = _platforms(question)
    about = [
        one
        for one in refused
        if (one.day is None or one.day in newest.days) and (not platforms or one.platform in ("", *platforms))
    ]
    if not about:
        return None
    by_day: dict[date | None, int] = {}
    for one in about:
        by_day[one.day] = by_day.get(one.day, 0) + one.rows
    # Behind a client link, an amount of which the day or platform is not known could be of what it does not show.
    paid = [one for one in about if question.principal.lock is None or (one.day is not None and one.platform)]
    return MissingRows(
        run[0],
        newest.account.number,
        run[1],
        newest.account.currency,
        tuple(sorted(by_day.items(), key=lambda item: (item[0] is not None, item[0] or date.min))),
        tuple(sorted(newest.days if None in by_day else (day for day in by_day if day))),
        sum(one.cost for one in paid) if question.principal.money else None,
        sum(one.without_cost for one in about),
        by_reason(about),
    )


def _platforms(question: Question) -> frozenset[str]:
    """The platforms in view; empty for all."""
    lock, asked = question.principal.lock, frozenset(question.filters.platforms)
    fixed = frozenset(lock.platforms) if lock else frozenset()
    return (asked & fixed or fixed) if fixed else asked
