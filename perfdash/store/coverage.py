"""Which days of which accounts a committed run has covered, when last, and which days none has."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, func, select

from perfdash.access import Principal
from perfdash.accounts import Account, Days, contiguous
from perfdash.asof import AsOf
from perfdash.schedule import history_of
from perfdash.store.catalog import accounts_in_view, platforms_of
from perfdash.store.engine import Store
from perfdash.store.schema import accounts, clients, runs
from perfdash.store.scope import narrowed, pinned
from perfdash.store.versions import moment_of_client


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


def coverage(
    store: Store,
    principal: Principal,
    clients: Collection[str],
    days: Days,
    as_of: AsOf | None = None,
    *,
    inactive: bool = False,
) -> tuple[CoveredDay, ...]:
    """The covered days of the active accounts in scope, or with `inactive` of all, at `as_of`, by account and day."""
    with store.reading() as connection:
        found = _covered(connection, principal, clients, days, as_of, inactive=inactive)
    return tuple(
        CoveredDay(account, day, fetched_at) for account, known in found for day, fetched_at in sorted(known.items())
    )


def gaps(
    store: Store, principal: Principal, clients: Collection[str], days: Days, as_of: AsOf | None = None
) -> tuple[Gap, ...]:
    """The days of `days` that no committed run covers, per active account in scope: () when the range is complete."""
    with store.reading() as connection:
        found = _covered(connection, principal, clients, days, as_of)
    return tuple(
        Gap(account, part) for account, known in found for part in contiguous(_asked(principal, days).difference(known))
    )


def uncovered(
    store: Store, principal: Principal, clients: Collection[str], days: Days, now: datetime
) -> tuple[Gap, ...]:
    """What a page should fetch: the gaps within each account's last `history_days` up to its today.

    AccessDenied for visitors who came through a client link: it fetches nothing.
    """
    principal.require_account()
    return tuple(clipped for gap in gaps(store, principal, clients, days) for clipped in _within_history(gap, now))


def _within_history(gap: Gap, now: datetime) -> Iterator[Gap]:
    history = history_of(gap.account, now)
    if gap.days.overlaps(history):
        days = Days(max(gap.days.start, history.start), min(gap.days.end, history.end))
        yield Gap(gap.account, days)


def _covered(
    connection: Connection,
    principal: Principal,
    names: Collection[str],
    days: Days,
    as_of: AsOf | None,
    *,
    inactive: bool = False,
) -> list[tuple[Account, dict[date, datetime]]]:
    """Per account: day -> end of the last committed fetch that covered it with all platforms asked for."""
    in_view = accounts_in_view(connection, principal, names, inactive=inactive)
    known: dict[tuple[str, int], dict[date, datetime]] = {(a.client, a.number): {} for a in in_view}
    of, asked_days = {(a.client, a.number): a for a in in_view}, _asked(principal, days)
    for client, number, start, end, platforms, fetched_at in _ranges(connection, principal, names, days, as_of):
        key = (client, number)
        if key not in of or not of[key].covered_by(platforms_of(platforms)):
            continue
        for day in asked_days.intersection(Days(max(start, days.start), min(end, days.end)).each()):
            known[key][day] = max(fetched_at, known[key].get(day, fetched_at))
    return [(account, known[account.client, account.number]) for account in in_view]


def _asked(principal: Principal, days: Days) -> set[date]:
    """The days that are asked about; of a client link only its own."""
    return {day for day in days.each() if principal.lock is None or principal.lock.holds(day)}


def _ranges(
    connection: Connection, principal: Principal, names: Collection[str], days: Days, as_of: AsOf | None
) -> Sequence[Any]:
    """The distinct ranges that committed runs asked for: few, where the runs of a schedule are many."""
    r, a = runs.c, accounts.c
    covers = [
        r.client_id == a.client_id,
        r.account_id == a.account_id,
        r.state == "committed",
        r.day_to >= days.start,
        r.day_from <= days.end,
    ]
    as_of = pinned(principal, as_of)
    if as_of is not None:
        covers.append(r.finished_at < moment_of_client(connection, principal, names, as_of))
    key = (a.client_id, a.account_id, r.day_from, r.day_to, r.platforms)
    statement = (
        select(*key, func.max(r.fetch_ended))
        # An outer join, so that the accounts come first and lead into the index (client, account, state, day_to).
        .select_from(
            accounts.join(clients, clients.c.client_id == a.client_id).outerjoin(runs, and_(*covers))
        )
        .where(narrowed(principal, a.client_id, names))
        .group_by(*key)
    )  # fmt: skip
    return [row for row in connection.execute(statement) if row[5] is not None]
