"""How far the stored data reaches: its platforms and days, its ledger's beginning, and whether it has corrections."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import and_, func, select

from perfdash.access import Principal
from perfdash.domain.question import Question
from perfdash.store.engine import Store
from perfdash.store.schema import clients, facts, revisions
from perfdash.store.scope import facts_in_scope, narrowed, pinned
from perfdash.store.versions import cutoffs, fact_versions, has_overlays, moment_of_client


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
