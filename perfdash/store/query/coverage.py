"""Which days of which accounts a committed run has covered, when last, and which days none has."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, select

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account, Days, contiguous, today_in
from perfdash.domain.as_of import day_before, first_moment_after, last_day
from perfdash.domain.finality import settles_at
from perfdash.domain.question import Question
from perfdash.domain.schedule import history_of
from perfdash.store.engine import Store
from perfdash.store.query.catalog import account_of, accounts_in_view
from perfdash.store.query.versions import moment_of_client
from perfdash.store.schema import VISIBLE, accounts, clients, runs
from perfdash.store.scope import narrowed, pinned
from perfdash.store.types import platforms_of


@dataclass(frozen=True, slots=True)
class Gap:
    """Days of an account that no committed run covers."""

    account: Account
    days: Days


@dataclass(frozen=True, slots=True)
class CoveredDay:
    """A day of an account that committed runs cover, and when the last of their fetches ended (aware UTC)."""

    account: Account
    day: date
    fetched_at: datetime


def coverage(store: Store, question: Question, *, inactive: bool = False) -> tuple[CoveredDay, ...]:
    """The covered days in view of the active accounts in scope, or with `inactive` of all, by account and day.

    Of the question its clients, days and moment count.
    """
    with store.reading() as connection:
        found = _covered(connection, question, inactive=inactive)
    return tuple(
        CoveredDay(account, day, fetched_at) for account, known in found for day, fetched_at in sorted(known.items())
    )


def gaps(store: Store, question: Question) -> tuple[Gap, ...]:
    """The days in view that no committed run covers, per active account in scope: () when the range is complete."""
    with store.reading() as connection:
        found = _covered(connection, question)
    return tuple(
        Gap(account, part)
        for account, known in found
        for part in contiguous(question.days_of(account.client).difference(known))
    )


def uncovered(store: Store, question: Question, now: datetime) -> tuple[Gap, ...]:
    """What a page should fetch: the gaps within each account's last `history_days` up to its today. A source without an
    API is not asked.

    AccessDenied for visitors who came through a client link: it fetches nothing.
    """
    question.principal.require_account()
    asked = (gap for gap in gaps(store, question) if not gap.account.files_only)
    return tuple(clipped for gap in asked for clipped in _within_history(gap, now))


def _within_history(gap: Gap, now: datetime) -> Iterator[Gap]:
    history = history_of(gap.account, now)
    if gap.days.overlaps(history):
        days = Days(max(gap.days.start, history.start), min(gap.days.end, history.end))
        yield Gap(gap.account, days)


def _covered(
    connection: Connection, question: Question, *, inactive: bool = False
) -> list[tuple[Account, dict[date, datetime]]]:
    """Per account: day -> end of the last committed fetch that covered it with all platforms asked for."""
    in_view = accounts_in_view(connection, question.principal, question.clients, inactive=inactive)
    known: dict[tuple[str, int], dict[date, datetime]] = {(a.client, a.number): {} for a in in_view}
    by_key = {(a.client, a.number): a for a in in_view}
    asked = {client: (question.filters.days_of(client), question.days_of(client)) for client, _ in known}
    for client, number, start, end, platforms, fetched_at in _ranges(connection, question):
        key = (client, number)
        if key not in by_key or not by_key[key].covered_by(platforms_of(platforms)):
            continue
        days, wanted = asked[client]
        if not days.overlaps(Days(start, end)):
            continue
        for day in wanted.intersection(Days(max(start, days.start), min(end, days.end)).each()):
            known[key][day] = max(fetched_at, known[key].get(day, fetched_at))
    return [(account, known[account.client, account.number]) for account in in_view]


def _ranges(connection: Connection, question: Question) -> Sequence[Any]:
    """The distinct ranges that committed runs asked for: few, where the runs of a schedule are many."""
    r, a = runs.c, accounts.c
    principal, names, days = question.principal, question.clients, question.filters.days
    covers = [
        r.client_id == a.client_id,
        r.account_id == a.account_id,
        r.state.in_(VISIBLE),
        r.day_to >= days.start,
        r.day_from <= days.end,
    ]
    as_of = pinned(principal, question.as_of)
    if as_of is not None:
        covers.append(r.finished_at < moment_of_client(connection, principal, names, as_of))
    key = (a.client_id, a.account_id, r.day_from, r.day_to, r.platforms)
    statement = (
        select(*key, func.max(r.fetch_ended))
        # An outer join, so that the accounts come first and lead into the index (client, account, state, day_to).
        .select_from(accounts.join(clients, clients.c.client_id == a.client_id).outerjoin(runs, and_(*covers)))
        .where(narrowed(principal, a.client_id, names))
        .group_by(*key)
    )
    return [row for row in connection.execute(statement) if row[5] is not None]


RECENT = 10
"""How many days back the last complete day is looked for first: further only for accounts without one in these days."""
LAGGING = 3
"""An account this many days behind its client's most advanced one holds nobody back: more, and it counts as missing."""


def last_complete(store: Store, question: Question, now: datetime) -> dict[str, date]:
    """Per client in view its last complete day, as known at the question's moment; at most yesterday in its time zone.

    The earliest of its active accounts', without those that lag more than LAGGING days behind the first of them: their
    days are told as not fetched. A client without any complete day is absent. Neither who asks nor its other filters
    matter.
    """
    principal, as_of = question.principal, pinned(question.principal, question.as_of)
    with store.reading() as connection:
        found = connection.execute(
            select(accounts, clients.c.time_zone.label("of_client"))
            .join(clients, clients.c.client_id == accounts.c.client_id)
            .where(narrowed(principal, accounts.c.client_id, question.clients), accounts.c.active)
        ).all()
        active = {(row.client_id, row.account_id): account_of(row) for row in found}
        since = now.date() if as_of is None else min(now, first_moment_after(as_of, "UTC")).date()
        last = _last_complete(connection, question, active, day_before(since, RECENT))
        if late := {account.client for key, account in active.items() if key not in last}:
            last |= _last_complete(connection, question.filtered(clients=tuple(late)), active, date.min)
    yesterday = {row.client_id: day_before(last_day(as_of, row.of_client, now)) for row in found}
    days: dict[str, list[date]] = {}
    lock = question.principal.lock  # of a client link no day is told that it does not show
    for (client, _), day in last.items():
        days.setdefault(client, []).append(min(day, yesterday[client], *([lock.days.end] if lock else [])))
    return {
        client: min(day for day in each if (max(each) - day).days <= LAGGING) for client, each in sorted(days.items())
    }


def _last_complete(
    connection: Connection, question: Question, active: Mapping[tuple[str, int], Account], since: date
) -> dict[tuple[str, int], date]:
    """Of these accounts the last day from `since` on whose end a committed fetch of it came after."""
    r, principal, names = runs.c, question.principal, question.clients
    key = (r.client_id, r.account_id, r.day_from, r.day_to, r.platforms)
    statement = (
        select(*key, func.max(r.fetch_ended))
        # The accounts first, so that they lead into the index (client, account, state, day_to).
        .select_from(
            accounts.join(clients, clients.c.client_id == accounts.c.client_id).join(
                runs, and_(r.client_id == accounts.c.client_id, r.account_id == accounts.c.account_id)
            )
        )
        .where(narrowed(principal, accounts.c.client_id, names), r.state.in_(VISIBLE), r.day_to >= since)
    )
    as_of = pinned(principal, question.as_of)
    if as_of is not None:
        statement = statement.where(r.finished_at < moment_of_client(connection, principal, names, as_of))
    found: dict[tuple[str, int], date] = {}
    for client, number, first, last, platforms, fetched in connection.execute(statement.group_by(*key)):
        account = active.get((client, number))
        if account is None or not account.covered_by(platforms_of(platforms)):
            continue
        # The day on which it was fetched was not over.
        day = min(last, today_in(account.time_zone, fetched) - timedelta(days=1))
        if day >= max(first, since):
            found[client, number] = max(day, found.get((client, number), day))
    return found


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
            r.state.in_(VISIBLE),
            r.day_to >= days.start,
            r.day_from <= days.end,
            r.fetch_ended >= since,
        )
        .order_by(r.finished_at, r.client_id, r.run_id)
    ).all()
