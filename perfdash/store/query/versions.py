"""Which versions of facts and attributes count: the current ones, or those that were current at a past moment.

As-of moves data, never permissions: the scope is that of today's principal. Both forms go through `scope`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    Subquery,
    Table,
    and_,
    case,
    column,
    false,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    union_all,
    values,
)

from perfdash.domain.access import Principal
from perfdash.domain.as_of import END_OF_TIME, AsOf, AtRevisions, first_moment_after
from perfdash.domain.measures import CORRECTABLE, MONEY
from perfdash.store.schema import FACT_KEY, campaigns, clients, fact_history, facts, overlays, revisions
from perfdash.store.scope import facts_in_scope, narrowed, pinned
from perfdash.store.types import Instant

Narrow = Callable[[Table], Iterable[ColumnElement[bool]]]
"""Further conditions, given the table they will stand on: `facts` or `fact_history`."""


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """Per client, the last revision at a past moment. A client that had none yet is absent and gives no rows."""

    clients: tuple[str, ...]
    table: CTE
    """The same as rows (client_id, revision) to join with: one statement serves 1 and 500 clients."""
    by_day: bool = False
    """True when the rows are (client_id, day, revision): each day of a client is seen at a revision of its own."""

    def of(self, table: Table) -> tuple[ColumnElement[bool], ...]:
        """The conditions that join a table of facts with the revision that it is seen at."""
        of_client = table.c.client_id == self.table.c.client_id
        return (of_client, table.c.day == self.table.c.day) if self.by_day else (of_client,)


def _cutoffs(found: Sequence[tuple[str, int]]) -> Cutoffs:
    # Made once per question: a statement that reads the facts twice must name the same table.
    rows = values(column("client_id", String), column("revision", Integer), name="cut").data(found)
    return Cutoffs(tuple(client for client, _ in found), rows.cte("cutoffs"))


def cutoffs(connection: Connection, principal: Principal, names: Collection[str], as_of: AsOf | None) -> Cutoffs | None:
    """The cutoffs of the clients in scope at `as_of`; None when the question is about now.

    A client link's own moment stands in place of `as_of`, whatever that is.
    """
    as_of = pinned(principal, as_of)
    if as_of is None:
        return None
    in_view = narrowed(principal, clients.c.client_id, names)
    if isinstance(as_of, AtRevisions):
        seen = frozenset(connection.scalars(select(clients.c.client_id).where(in_view)))
        return _cutoffs(sorted((client, revision) for client, revision in as_of.revisions if client in seen))
    moment = moment_of_client(connection, principal, names, as_of)
    last = (
        select(revisions.c.revision)
        .where(revisions.c.client_id == clients.c.client_id, revisions.c.at < moment)
        .order_by(revisions.c.at.desc())
        .limit(1)
        .correlate(clients)
        .scalar_subquery()
    )
    found = connection.execute(select(clients.c.client_id, last).where(in_view).order_by(clients.c.client_id))
    return _cutoffs([(client, revision) for client, revision in found if revision is not None])


def moment_of_client(
    connection: Connection, principal: Principal, names: Collection[str], as_of: AsOf
) -> ColumnElement[datetime]:
    """For a row of `clients`: the first moment that `as_of` no longer includes, in the client's own time zone."""
    as_of = pinned(principal, as_of) or END_OF_TIME
    in_view = narrowed(principal, clients.c.client_id, names)
    zones = connection.scalars(select(clients.c.time_zone).where(in_view).distinct()).all()
    # One moment per time zone, not per client: there are few.
    each = [(clients.c.time_zone == zone, _instant(first_moment_after(as_of, zone))) for zone in sorted(zones)]
    otherwise = _instant(first_moment_after(as_of, "UTC"))
    return case(*each, else_=otherwise) if each else otherwise


def _instant(moment: datetime) -> ColumnElement[Any]:
    return literal(moment, Instant())


def has_overlays(connection: Connection, principal: Principal, names: Collection[str]) -> bool:
    """Whether any fact in scope was ever corrected, without money any count; where none was, nothing pays for it."""
    set_ = or_(*(overlays.c[name].is_not(None) for name in CORRECTABLE if principal.money or name not in MONEY))
    any_of = select(overlays.c.client_id).where(facts_in_scope(principal, overlays, names), set_).limit(1)
    if (cut := cutoffs(connection, principal, names, None)) is not None:  # a link's: later corrections are not in it
        if not cut.clients:
            return False
        any_of = any_of.where(*cut.of(overlays), overlays.c.from_rev <= cut.table.c.revision)
    return connection.execute(any_of).first() is not None


def fact_versions(
    principal: Principal,
    names: Collection[str],
    cut: Cutoffs | None,
    columns: Sequence[str],
    narrow: Narrow,
    *,
    effective: bool = False,
) -> Subquery:
    """The facts in scope that were current: now without `cut`, else at each client's revision.

    Only `columns` are read, and `narrow` stands inside each part, so that the key (client, day, ...) serves both. With
    `effective`, corrected values stand in place of the reported ones, and a column `corrected` is NULL where none does;
    so is each `corrected_x` of the columns x that people can set.
    """
    versions = partial(_overlaid if effective else _versions, principal=principal, names=names)
    if cut is None:
        return versions(facts, columns=columns, narrow=narrow, cut=None).subquery("versions")
    if not cut.clients:
        return versions(facts, columns=columns, narrow=narrow, cut=None).where(false()).subquery("versions")
    at = cut.table
    known = (*cut.of(facts), facts.c.from_rev <= at.c.revision)
    closed = (
        *cut.of(fact_history),
        fact_history.c.from_rev <= at.c.revision,
        fact_history.c.to_rev > at.c.revision,
    )
    current = versions(facts, columns=columns, narrow=narrow, cut=cut).where(*known)
    history = versions(fact_history, columns=columns, narrow=narrow, cut=cut).where(*closed)
    return union_all(current, history).subquery("versions")


def _versions(
    table: Table,
    *,
    principal: Principal,
    names: Collection[str],
    columns: Sequence[str],
    narrow: Narrow,
    cut: Cutoffs | None,  # noqa: ARG001 - the same arguments as _overlaid
) -> Select[Any]:
    return _scoped(select(*(table.c[name] for name in columns)), table, principal, names, narrow)


def _overlaid(
    table: Table,
    *,
    principal: Principal,
    names: Collection[str],
    columns: Sequence[str],
    narrow: Narrow,
    cut: Cutoffs | None,
) -> Select[Any]:
    """The same with what counts because of corrections laid over what is reported."""
    o = overlays.c
    same = and_(*(o[name] == table.c[name] for name in FACT_KEY))
    if cut is None:
        joined = and_(same, o.to_rev.is_(None))
    else:
        at = cut.table.c.revision
        joined = and_(same, o.from_rev <= at, or_(o.to_rev.is_(None), o.to_rev > at))
    laid = [
        func.coalesce(o[name], table.c[name]).label(name) if name in CORRECTABLE else table.c[name] for name in columns
    ]
    marks = {name: o[name] for name in CORRECTABLE if name in columns}
    mark = func.coalesce(*marks.values(), null()) if marks else null()
    each = (of.label(f"corrected_{name}") for name, of in marks.items())
    chosen = select(*laid, mark.label("corrected"), *each)
    chosen = chosen.select_from(table.join(cut.table, and_(*cut.of(table))) if cut else table)
    return _scoped(chosen.outerjoin(overlays, joined), table, principal, names, narrow)


def _scoped(
    chosen: Select[Any], table: Table, principal: Principal, names: Collection[str], narrow: Narrow
) -> Select[Any]:
    if principal.sees_all and not names:
        # Without a client the key (client, day, ...) could not be entered; this walks it client by client.
        chosen = chosen.where(table.c.client_id.in_(select(clients.c.client_id)))
    return chosen.where(facts_in_scope(principal, table, names), *narrow(table))


def attribute_versions(
    principal: Principal, names: Collection[str], cut: Cutoffs | None, columns: Sequence[str]
) -> Select[Any]:
    """The campaigns in scope with `columns` as they were current: now without `cut`, else at each client's revision."""
    keys = ("client_id", "account_id", "campaign_id")
    chosen = select(*(campaigns.c[name] for name in (*keys, *columns))).where(
        narrowed(principal, campaigns.c.client_id, names)
    )
    if principal.lock is not None:
        chosen = chosen.where(with_facts(principal, names, cut, *(campaigns.c[name] for name in keys)))
    if cut is None:
        return chosen.where(campaigns.c.to_rev.is_(None))
    if not cut.clients:
        return chosen.where(false())
    at = cut.table.c
    open_or_later = campaigns.c.to_rev.is_(None) | (campaigns.c.to_rev > at.revision)
    return chosen.where(campaigns.c.client_id == at.client_id, campaigns.c.from_rev <= at.revision, open_or_later)


def with_facts(
    principal: Principal, names: Collection[str], cut: Cutoffs | None, *of: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Of a row that `of` (columns named as in `facts`) identifies: it has a fact in scope. A link names no others."""
    known = fact_versions(principal, names, cut, tuple(column.key or "" for column in of), lambda _table: ())
    return tuple_(*of).in_(select(known))
