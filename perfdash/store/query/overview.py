"""What pages, exports and the command line ask of the ledger. Every function takes the question, or the
principal alone.

Sums are made in SQL and always grouped by currency. A principal without money gets SQL without any column of money.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, case, exists, func, not_, or_, select

from perfdash.domain.access import Principal
from perfdash.domain.as_of import AtRevisions
from perfdash.domain.corrections import MONEY_FIELDS
from perfdash.domain.facts import MICRO
from perfdash.domain.groups import Dimension, Group
from perfdash.domain.question import Question, of_every_day
from perfdash.store.engine import Store
from perfdash.store.query.facts import cpm_at_most, cpm_undefined, currencies_in, grouped, split_sums, view
from perfdash.store.query.versions import cutoffs, fact_versions, has_overlays, moment_of_client, with_facts
from perfdash.store.schema import ERASED_NAME, accounts, clients, corrections, creators, facts, revisions, runs
from perfdash.store.scope import facts_in_scope, in_scope, narrowed, pinned


def platforms(store: Store, question: Question) -> tuple[str, ...]:
    """Every platform that a fact of the clients in view names, sorted; but for the moment, the rest does not matter.

    Reads an index of all of them: keep it.
    """
    principal, named = question.principal, question.clients
    with store.reading() as connection:
        if pinned(principal, question.as_of) is None:
            statement = select(facts.c.platform).where(facts_in_scope(principal, facts, named)).distinct()
        else:
            cut = cutoffs(connection, principal, named, question.as_of)
            known = fact_versions(principal, named, cut, ("platform",), lambda _table: ())
            statement = select(known.c.platform).distinct()
        return tuple(sorted(connection.scalars(statement)))


def first_day(store: Store, question: Question) -> date | None:
    """The first day of any fact of the clients in view; but for the moment, the rest does not matter."""
    return min(_edges(store, question, first=True), default=None)


def last_day(store: Store, question: Question) -> date | None:
    """The last day of any fact of the clients in view; but for the moment, the rest does not matter."""
    return max(_edges(store, question, first=False), default=None)


def _edges(store: Store, question: Question, *, first: bool) -> list[date]:
    edge = func.min if first else func.max
    principal, named = question.principal, question.clients
    with store.reading() as connection:
        if pinned(principal, question.as_of) is None:
            # One seek in the key per client, where MIN over all facts would read them.
            same = and_(facts.c.client_id == clients.c.client_id, facts_in_scope(principal, facts, ()))
            of_client = select(edge(facts.c.day)).where(same).correlate(clients).scalar_subquery()
            statement = select(of_client).where(narrowed(principal, clients.c.client_id, named))
        else:
            cut = cutoffs(connection, principal, named, question.as_of)
            known = fact_versions(principal, named, cut, ("day",), lambda _table: ())
            statement = select(edge(known.c.day))
        return [day for day in connection.scalars(statement) if day is not None]


def begins(store: Store, principal: Principal, names: Collection[str] = ()) -> tuple[tuple[str, datetime], ...]:
    """(client, moment of its first revision), by client: before it nothing was known. A client without is absent."""
    r = revisions.c
    of_clients = select(r.client_id, func.min(r.at)).where(narrowed(principal, r.client_id, names))
    with store.reading() as connection:
        if (moment := pinned(principal, None)) is not None:
            end = moment_of_client(connection, principal, names, moment)
            of_clients = of_clients.join(clients, clients.c.client_id == r.client_id).where(r.at < end)
        return tuple(sorted((client, at) for client, at in connection.execute(of_clients.group_by(r.client_id))))


def any_corrected(store: Store, principal: Principal, names: Collection[str] = ()) -> bool:
    """Whether any fact in scope was ever corrected."""
    with store.reading() as connection:
        return has_overlays(connection, principal, names)


Stamp = tuple[tuple[str, int], ...]
"""(client, last revision), by client: what caches and live updates of data key on."""
RunsStamp = tuple[tuple[str, int, int], ...]
"""(client, last run, runs in progress), by client: changes whenever a run begins or ends."""


class Undefined(NamedTuple):
    """What a CPM limit leaves out because it has no CPM: currency, cost in micros, number of groups of the grain."""

    currency: str
    cost: int
    rows: int


class LeftOut(NamedTuple):
    """What a CPM limit leaves out: currency, cost in micros, number of groups of the grain.

    `undefined`: not because it is over the limit, but because it has no CPM.
    """

    currency: str
    cost: int
    rows: int
    undefined: bool


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


def last_revised(store: Store, question: Question) -> tuple[tuple[str, int, datetime], ...]:
    """(client, revision, its moment) of what the question's moment shows, by client; a client without one is absent."""
    principal, named, r = question.principal, question.clients, revisions.c
    principal.require_account()
    with store.reading() as connection:
        cut = cutoffs(connection, principal, named, question.as_of)
        if cut is not None and not cut.clients:
            return ()
        last = clients if cut is None else cut.table
        joined = revisions.join(last, and_(last.c.client_id == r.client_id, last.c.revision == r.revision))
        statement = select(r.client_id, r.revision, r.at).select_from(joined)
        rows = connection.execute(statement.where(narrowed(principal, r.client_id, named)))
        return tuple(sorted((row[0], row[1], row[2]) for row in rows))


def recorded_since(store: Store, question: Question) -> dict[str, int]:
    """How many revisions of each kind came after the question's moment, over the clients in view.

    Without money, corrections of amounts are not counted: that there is one is not told anywhere else either.
    """
    principal, named, r = question.principal, question.clients, revisions.c
    principal.require_account()
    statement = select(r.kind, func.count()).where(narrowed(principal, r.client_id, named)).group_by(r.kind)
    statement = statement.where(*_told(principal))
    with store.reading() as connection:
        cut = cutoffs(connection, principal, named, question.as_of)
        if cut is None:
            return {}
        if cut.clients:
            statement = statement.select_from(revisions.outerjoin(cut.table, and_(*cut.of(revisions))))
            statement = statement.where(r.revision > func.coalesce(cut.table.c.revision, 0))
        return {row[0]: row[1] for row in connection.execute(statement)}


def _told(principal: Principal) -> Iterator[ColumnElement[bool]]:
    """Without money, the condition that a revision is no correction, or its end, of nothing but amounts."""
    if principal.money:
        return
    c, r = corrections.c, revisions.c
    changed = and_(c.client_id == r.client_id, or_(c.from_rev == r.revision, c.to_rev == r.revision))
    paid = c.field.in_(sorted(MONEY_FIELDS))
    yield not_(
        and_(r.kind.in_(("correction", "revert")), exists().where(changed, paid), ~exists().where(changed, ~paid))
    )


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


def rows_since(store: Store, question: Question, before: Stamp) -> int | None:
    """How many of the facts in view are new or changed since the revisions `before`, now that the question is asked.

    None for who may not know: a count without amounts of money would tell of changes of amounts.
    """
    if not question.principal.money or question.principal.lock is not None:
        return None
    reported = question.at(None).filtered(max_cpm=None, raw=True)
    with store.reading() as connection:
        cut = cutoffs(connection, question.principal, question.clients, AtRevisions(before))
        if cut is None or not cut.clients:
            return 0
        facts_now = view(connection, reported).facts(("client_id", "from_rev")).c
        newer = and_(facts_now.client_id == cut.table.c.client_id, facts_now.from_rev > cut.table.c.revision)
        return connection.scalar(select(func.count()).where(newer)) or 0


def breakdown(store: Store, question: Question, by: tuple[Dimension, ...] = ()) -> tuple[Group, ...]:
    """The sums of what is in view per group of `by` and currency, ordered by them.

    No group stands for no fact. Raises UsageError for a CPM limit that cannot be answered: without money, out of range,
    or with several currencies in view.
    """
    with store.reading() as connection:
        return grouped(connection, view(connection, question), by)


def undefined_cpm(store: Store, question: Question) -> tuple[Undefined, ...]:
    """What the CPM limit left out because it has no impressions, by currency; () without a limit."""
    return tuple(Undefined(one.currency, one.cost, one.rows) for one in left_out(store, question) if one.undefined)


def left_out(store: Store, question: Question) -> tuple[LeftOut, ...]:
    """What the CPM limit left out, by currency: first what is over it, then what has no CPM; () without a limit."""
    if question.filters.max_cpm is None:
        return ()
    with store.reading() as connection:
        groups, judged = view(connection, question).judged()
        each = (
            groups.add_columns(
                func.max(judged.c.currency).label("currency"),
                case((cpm_undefined(judged), 1), else_=0).label("undefined"),
                *(part.label(name) for name, part in zip(("millions", "rest"), split_sums(judged.c.cost), strict=True)),
            )
            .having(not_(cpm_at_most(judged, question.filters.max_cpm)))
            .subquery("left_out")
        )
        keys = (each.c.currency, each.c.undefined)
        statement = select(*keys, *split_sums(each.c.millions), *split_sums(each.c.rest), func.count()).group_by(*keys)
        found = [
            LeftOut(currency, (high * MICRO + low) * MICRO + rest_high * MICRO + rest_low, rows, bool(undefined))
            for currency, undefined, high, low, rest_high, rest_low, rows in connection.execute(statement)
        ]
    return tuple(sorted(found, key=lambda one: (one.currency, one.undefined)))


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
