"""What was known of each day at the same age: every day of a client is seen at a revision of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Date, Integer, String, column, func, select, values

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account, Days
from perfdash.domain.campaigns import CampaignRow
from perfdash.domain.comparison import Age
from perfdash.domain.groups import Group
from perfdash.domain.question import Question
from perfdash.store.engine import Store
from perfdash.store.query.campaigns import described
from perfdash.store.query.catalog import accounts_in_view
from perfdash.store.query.facts import grouped, view
from perfdash.store.query.versions import Cutoffs
from perfdash.store.schema import VISIBLE, clients, revisions, runs
from perfdash.store.scope import narrowed
from perfdash.store.types import Instant, platforms_of

AT_ONCE = 8_000
"""Days of clients in one statement: three parameters each stay below every database's limit."""
SeenDay = tuple[str, date, int]
"""(client, day, the revision that the day is seen at)"""


@dataclass(frozen=True, slots=True)
class Aged:
    """What is in view with each day at the same age: a group per campaign and currency, and the campaigns themselves.

    The campaigns' names and budgets are those known at `Age.seen`; their whole-flight cost is not asked for.
    """

    groups: tuple[Group, ...]
    campaigns: tuple[CampaignRow, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Days of an account that no committed run had covered when they were of that age.

    `begins` is when the first run of the account was committed (aware UTC), where that is the reason: it is later than
    the moments of all these days.
    """

    account: Account
    days: tuple[date, ...]
    begins: datetime | None


def aged(store: Store, question: Question, age: Age) -> Aged:
    """The facts in view, each day as it was known at `age` in the client's time zone, with corrections of that time.

    The moment is that of `age`, not the question's. A day that was not known yet has no rows: `unknown` names those.
    """
    principal = question.principal
    principal.require_account()
    groups: list[Group] = []
    with store.reading() as connection:
        plain = view(connection, question.at(age.seen))
        for seen in _in_parts(_seen(connection, question, age)):
            some = plain.question.filtered(clients=tuple(sorted({client for client, _, _ in seen})))
            bound = replace(plain, question=some, cut=_by_day(seen))
            groups += grouped(connection, bound, ("client", "account", "campaign"))
        return Aged(tuple(groups), described(connection, plain, groups))


def unknown(store: Store, question: Question, age: Age) -> tuple[Unknown, ...]:
    """The days in view that were first fetched after they were of that age, or never; by active account in scope."""
    principal, names, days = question.principal, question.clients, question.filters.days
    principal.require_account()
    with store.reading() as connection:
        accounts = accounts_in_view(connection, principal, names)
        zones = _zones(connection, principal, names)
        first = _first_known(connection, principal, accounts, days)
        begun = _begun(connection, principal, names)
    found = []
    for account in accounts:
        known, zone = first[account.client, account.number], zones[account.client]
        until = {day: age.until(day, zone) for day in question.filters.days_of(account.client).each()}
        lacking = tuple(day for day, end in until.items() if day not in known or known[day] >= end)
        if lacking:
            begins = begun.get((account.client, account.number))
            found.append(Unknown(account, lacking, begins if begins and begins >= until[lacking[-1]] else None))
    return tuple(found)


def _by_day(seen: Sequence[SeenDay]) -> Cutoffs:
    names = (column("client_id", String), column("day", Date), column("revision", Integer))
    table = values(*names, name="cut").data(list(seen)).cte("cutoffs")
    return Cutoffs(tuple(sorted({client for client, _, _ in seen})), table, by_day=True)


def _seen(connection: Connection, question: Question, age: Age) -> Iterator[SeenDay]:
    """By client and day; a day of a client that had no revision by then is absent."""
    principal, names, days = question.principal, question.clients, question.filters.days
    zones = _zones(connection, principal, names)
    found: list[SeenDay] = []
    for zone in sorted(set(zones.values())):
        ends = [(day, age.until(day, zone)) for day in days.each()]
        moments = values(column("day", Date), column("until", Instant()), name="moments").data(ends).cte("ends")
        last = (
            select(revisions.c.revision)
            .where(revisions.c.client_id == clients.c.client_id, revisions.c.at < moments.c.until)
            .order_by(revisions.c.at.desc())
            .limit(1)
            .correlate(clients, moments)
            .scalar_subquery()
        )
        statement = (
            select(clients.c.client_id, moments.c.day, last)
            .select_from(clients.join(moments, clients.c.time_zone == zone))
            .where(narrowed(principal, clients.c.client_id, names))
        )
        found += [
            (row[0], row[1], row[2])
            for row in connection.execute(statement)
            if row[2] is not None and row[1] in question.filters.days_of(row[0])
        ]
    yield from sorted(found)


def _in_parts(seen: Iterator[SeenDay]) -> Iterator[list[SeenDay]]:
    """Whole clients, as many as fit into one statement; so what is grouped by client stays in one part."""
    part: list[SeenDay] = []
    of_client: dict[str, list[SeenDay]] = {}
    for one in seen:
        of_client.setdefault(one[0], []).append(one)
    for days in of_client.values():
        if part and len(part) + len(days) > AT_ONCE:
            yield part
            part = []
        part = part + days
    if part:
        yield part


def _zones(connection: Connection, principal: Principal, names: Collection[str]) -> dict[str, str]:
    statement = select(clients.c.client_id, clients.c.time_zone)
    found = connection.execute(statement.where(narrowed(principal, clients.c.client_id, names)))
    return {row[0]: row[1] for row in found}


def _first_known(
    connection: Connection, principal: Principal, accounts: Sequence[Account], days: Days
) -> dict[tuple[str, int], dict[date, datetime]]:
    """Per account: day -> when the first run that covers it, with all platforms asked for, was committed."""
    of = {(account.client, account.number): account for account in accounts}
    found: dict[tuple[str, int], dict[date, datetime]] = {key: {} for key in of}
    for row in _ranges(connection, principal, sorted({account.client for account in accounts}), days):
        key = (row.client_id, row.account_id)
        if key in of and of[key].covered_by(platforms_of(row.platforms)):
            for day in Days(max(row.day_from, days.start), min(row.day_to, days.end)).each():
                found[key][day] = min(row.first, found[key].get(day, row.first))
    return found


def _ranges(connection: Connection, principal: Principal, names: Collection[str], days: Days) -> Sequence[Any]:
    r = runs.c
    key = (r.client_id, r.account_id, r.day_from, r.day_to, r.platforms)
    statement = select(*key, func.min(r.finished_at).label("first")).where(
        narrowed(principal, r.client_id, names), r.state.in_(VISIBLE), r.day_to >= days.start, r.day_from <= days.end
    )
    return connection.execute(statement.group_by(*key)).all() if names else ()


def _begun(connection: Connection, principal: Principal, names: Collection[str]) -> dict[tuple[str, int], datetime]:
    """Per account: when its first run was committed."""
    r = runs.c
    statement = select(r.client_id, r.account_id, func.min(r.finished_at)).where(
        narrowed(principal, r.client_id, names), r.state.in_(VISIBLE)
    )
    return {(row[0], row[1]): row[2] for row in connection.execute(statement.group_by(r.client_id, r.account_id))}
