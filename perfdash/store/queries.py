"""What pages, exports and the command line ask of the ledger. Every function takes the question, or the
principal alone.

Sums are made in SQL and always grouped by currency. A principal without money gets SQL without any column of money.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import and_, func, select

from perfdash.access import Principal
from perfdash.domain.groups import Dimension, Group
from perfdash.domain.question import Question, of_every_day
from perfdash.payload import MICRO
from perfdash.store.campaigns import campaign_rows
from perfdash.store.engine import Store
from perfdash.store.extent import any_corrected, begins, first_day, last_day, platforms
from perfdash.store.groups import grouped
from perfdash.store.schema import ERASED_NAME, accounts, clients, creators, runs
from perfdash.store.scope import in_scope, narrowed, pinned
from perfdash.store.sums import parts
from perfdash.store.versions import cutoffs, with_facts
from perfdash.store.view import cpm_undefined, currencies_in, view

__all__ = [
    "Undefined",
    "any_corrected",
    "begins",
    "breakdown",
    "campaign_rows",
    "creator_names",
    "currencies",
    "first_day",
    "last_day",
    "platforms",
    "revisions_at",
    "runs_stamp",
    "stamp",
    "undefined_cpm",
]

Stamp = tuple[tuple[str, int], ...]
"""(client, last revision), by client: what caches and live updates of data key on."""
RunsStamp = tuple[tuple[str, int, int], ...]
"""(client, last run, runs in progress), by client: changes whenever a run begins or ends."""


class Undefined(NamedTuple):
    """What a CPM limit leaves out because it has no CPM: currency, cost in micros, number of groups of the grain."""

    currency: str
    cost: int
    rows: int


def stamp(store: Store, principal: Principal) -> Stamp:
    """Every client in scope and its last revision (0 before the first); for a pinned client link that of its moment."""
    return revisions_at(store, of_every_day(principal))


def _last(store: Store, principal: Principal) -> Stamp:
    statement = select(clients.c.client_id, clients.c.revision).where(in_scope(principal, clients.c.client_id))
    with store.reading() as connection:
        return tuple(sorted((client, revision) for client, revision in connection.execute(statement)))


def revisions_at(store: Store, question: Question) -> Stamp:
    """The clients in scope and in view, each with the revision that the question's moment shows: 0 before the first.

    None for its moment is the last one. Its other filters do not matter.
    """
    principal, named = question.principal, question.clients
    as_of = pinned(principal, question.as_of)
    of_now = tuple(pair for pair in _last(store, principal) if not named or pair[0] in named)
    if as_of is None:
        return of_now
    with store.reading() as connection:
        cut = cutoffs(connection, principal, named, as_of)
        rows = connection.execute(select(cut.table)).all() if cut and cut.clients else []
    known = {row.client_id: row.revision for row in rows}
    return tuple((client, known.get(client, 0)) for client, _ in of_now)


def runs_stamp(store: Store, principal: Principal) -> RunsStamp:
    """Every client in scope, its last run and how many are in progress; none of both for a pinned client link."""
    if pinned(principal, None) is not None:
        return tuple((client, 0, 0) for client, _ in stamp(store, principal))
    running = and_(
        runs.c.client_id == accounts.c.client_id, runs.c.account_id == accounts.c.account_id, runs.c.state == "running"
    )
    statement = (
        select(clients.c.client_id, clients.c.last_run, func.count(runs.c.run_id))
        # Through the accounts, because the index of runs is (client, account, state, ...).
        .select_from(clients.outerjoin(accounts, accounts.c.client_id == clients.c.client_id).outerjoin(runs, running))
        .where(in_scope(principal, clients.c.client_id))
        .group_by(clients.c.client_id, clients.c.last_run)
    )
    with store.reading() as connection:
        return tuple(sorted((row[0], row[1], row[2]) for row in connection.execute(statement)))


def breakdown(store: Store, question: Question, by: tuple[Dimension, ...] = ()) -> tuple[Group, ...]:
    """The sums of what is in view per group of `by` and currency, ordered by them.

    No group stands for no fact. Raises UsageError for a CPM limit that cannot be answered: without money, out of range,
    or with several currencies in view.
    """
    with store.reading() as connection:
        return grouped(connection, view(connection, question), by)


def undefined_cpm(store: Store, question: Question) -> tuple[Undefined, ...]:
    """What the CPM limit left out because it has no impressions, by currency; () without a limit."""
    if question.filters.max_cpm is None:
        return ()
    with store.reading() as connection:
        groups, judged = view(connection, question).judged()
        each = (
            groups.add_columns(
                func.max(judged.c.currency).label("currency"),
                *(part.label(name) for name, part in zip(("millions", "rest"), parts(judged.c.cost), strict=True)),
            )
            .having(cpm_undefined(judged))
            .subquery("undefined")
        )
        statement = select(each.c.currency, *parts(each.c.millions), *parts(each.c.rest), func.count()).group_by(
            each.c.currency
        )
        found = [
            Undefined(currency, (high * MICRO + low) * MICRO + rest_high * MICRO + rest_low, rows)
            for currency, high, low, rest_high, rest_low, rows in connection.execute(statement)
        ]
    return tuple(sorted(found))


def creator_names(store: Store, principal: Principal, clients: Collection[str] = ()) -> dict[tuple[str, int, str], str]:
    """(client, account number, creator id) -> display name, of the creators that have one."""
    t = creators.c
    statement = select(t.client_id, t.account_id, t.creator_id, t.name).where(
        narrowed(principal, t.client_id, clients), t.name != ERASED_NAME
    )
    with store.reading() as connection:
        if principal.lock is not None:
            cut = cutoffs(connection, principal, clients, None)
            statement = statement.where(with_facts(principal, clients, cut, t.client_id, t.account_id, t.creator_id))
        return {(row[0], row[1], row[2]): row[3] for row in connection.execute(statement)}


def currencies(store: Store, question: Question) -> tuple[str, ...]:
    """The currencies in view, sorted, whatever the CPM limit."""
    # No correction changes a currency.
    unlimited = question.filtered(max_cpm=None, raw=True)
    with store.reading() as connection:
        return currencies_in(connection, view(connection, unlimited))
