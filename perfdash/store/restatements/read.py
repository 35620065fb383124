"""What was restated between two moments: every change of a fact, or what the changes add up to. Reported values only.

The later moment is the question's own. Its days, clients, platforms, currency and campaign narrow what is counted. A
CPM limit does not: a fact can move across it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Connection,
    Date,
    FromClause,
    Select,
    String,
    and_,
    column,
    func,
    or_,
    select,
    values,
)

from perfdash.domain.accounts import Account, Days, today_in
from perfdash.domain.as_of import AsOf, day_start
from perfdash.domain.measures import REPORTED_RATIOS
from perfdash.domain.question import Question
from perfdash.domain.restatements import RESTATED_FIELDS, Event, Moved, RestatedField, Timing, Value, timing_of
from perfdash.store.engine import Store
from perfdash.store.query.catalog import accounts_in_view
from perfdash.store.query.coverage import FinalAt, final_at
from perfdash.store.query.versions import cutoffs
from perfdash.store.restatements.changes import Between, added_up, changed, changes, moved_reader, spans
from perfdash.store.schema import FACT_KEY, accounts, clients, revisions
from perfdash.store.scope import narrowed
from perfdash.store.types import Instant

_ONE_DAY = timedelta(days=1)


def events(
    store: Store,
    question: Question,
    since: AsOf,
    *,
    while_open: bool = False,
    of: RestatedField | None = None,
    limit: int | None = None,
) -> tuple[Event, ...]:
    """Every change after `since` and up to the question's moment, newest first; with `of` those of that field.

    Changes made while their day was still running are none, unless `while_open`. `limit` keeps the newest ones.
    """
    question.principal.require_account()
    with store.reading() as connection:
        asked = _between(connection, question, since)
        if asked is None or (of is not None and of not in asked.fields):
            return ()
        table, chosen = _counted(connection, asked, while_open=while_open)
        if of is not None:
            chosen = chosen.where(changed(table, of))
        newest = (revisions.c.at.desc(), *(table.c[name] for name in FACT_KEY))
        rows = connection.execute(chosen.order_by(*newest).limit(limit)).all()
        told = _Timings.of(connection, asked, rows)
    found = [_event(row, asked.fields, told) for row in rows]
    found.sort(key=lambda one: (one.client, one.day, one[1:5]))
    found.sort(key=lambda one: one.at, reverse=True)
    return tuple(found)


def movement(
    store: Store,
    question: Question,
    since: AsOf,
    *,
    while_open: bool = False,
) -> tuple[Moved, ...]:
    """The same changes, added up in SQL by campaign, day, revision and currency; oldest first.

    A change of currency leaves the one and enters the other.
    """
    question.principal.require_account()
    with store.reading() as connection:
        asked = _between(connection, question, since)
        if asked is None:
            return ()
        _, chosen = _counted(connection, asked, while_open=while_open)
        rows = connection.execute(added_up(asked, chosen.cte("counted"))).all()
        told = _Timings.of(connection, asked, rows)
    read = moved_reader(asked)
    found = [read(row, told.timing(row)) for row in rows]
    return tuple(sorted(found, key=lambda one: one[:6]))


def _between(connection: Connection, question: Question, since: AsOf) -> Between | None:
    """The question, bound to revisions; None when no client in view has one between the two moments."""
    principal, named, until = question.principal, question.clients, question.as_of
    begin, end = cutoffs(connection, principal, named, since), None
    if until is not None:
        end = cutoffs(connection, principal, named, until)
    before = _by_client(connection, begin.table if begin and begin.clients else None)
    if end is not None:
        last = _by_client(connection, end.table if end.clients else None)
    else:
        in_view = narrowed(principal, clients.c.client_id, named)
        last = dict(connection.execute(select(clients.c.client_id, clients.c.revision).where(in_view)).all())
    spans = [(name, before.get(name, 0), revision) for name, revision in sorted(last.items())]
    spans = [span for span in spans if span[1] < span[2]]
    return Between(question, tuple(spans)) if spans else None


def _by_client(connection: Connection, table: FromClause | None) -> dict[str, int]:
    return {} if table is None else dict(connection.execute(select(table.c.client_id, table.c.revision)).all())


def _counted(connection: Connection, asked: Between, *, while_open: bool) -> tuple[FromClause, Select[Any]]:
    """The changes that count, each with its revision's moment, and with its run."""
    table = changes(asked)
    account = and_(*(accounts.c[name] == table.c[name] for name in ("client_id", "account_id")))
    at = and_(revisions.c.client_id == table.c.client_id, revisions.c.revision == table.c.revision)
    joined = table.join(revisions, at).join(accounts, account)
    chosen = select(table, revisions.c.at, revisions.c.run_id)
    if asked.question.filters.currency is not None and asked.question.principal.money:
        sides = (table.c.then_currency, table.c.now_currency)
        chosen = chosen.where(or_(*(side == asked.question.filters.currency for side in sides)))
    if while_open:
        return table, chosen.select_from(joined)
    ends = _ends(connection, asked)
    if ends is None:
        return table, chosen.select_from(joined)
    here = and_(ends.c.zone == accounts.c.time_zone, ends.c.day == table.c.day)
    over = or_(ends.c.ends_at.is_(None), revisions.c.at >= ends.c.ends_at)
    return table, chosen.select_from(joined.outerjoin(ends, here)).where(over)


def _ends(connection: Connection, asked: Between) -> FromClause | None:
    """When each day in view ends in each zone, of those days that were still running at some revision in question."""
    of, span = revisions.c, spans(asked).c
    first = connection.scalar(
        select(func.min(of.at)).where(
            narrowed(asked.question.principal, of.client_id, asked.clients),
            of.client_id == span.client_id,
            of.revision == span.since + 1,
        )
    )
    rows = []
    zones = {account.time_zone for account in _accounts(connection, asked)}
    for zone in sorted(zones):
        running = today_in(zone, first) if first else asked.question.filters.days.start
        begin = max(running, asked.question.filters.days.start)
        if begin <= asked.question.filters.days.end:
            days = Days(begin, asked.question.filters.days.end)
            rows += [(zone, day, day_start(day + _ONE_DAY, zone)) for day in days.each()]
    if not rows:
        return None
    table = values(column("zone", String), column("day", Date), column("ends_at", Instant()), name="ended")
    return table.data(rows).cte("ends")


def _accounts(connection: Connection, asked: Between) -> tuple[Account, ...]:
    return accounts_in_view(connection, asked.question.principal, asked.clients, inactive=True)


@dataclass(frozen=True, slots=True)
class _Timings:
    """What it takes to say when a change came in the life of its day."""

    accounts: dict[tuple[str, int], Account]
    final_at: FinalAt

    @classmethod
    def of(cls, connection: Connection, asked: Between, rows: Sequence[Any]) -> _Timings:
        if not rows:
            return cls({}, {})
        known = _accounts(connection, asked)
        days = Days(min(row.day for row in rows), max(row.day for row in rows))
        return cls(
            {(a.client, a.number): a for a in known}, final_at(connection, asked.question.principal, known, days)
        )

    def timing(self, row: Any) -> Timing:
        account = self.accounts[row.client_id, row.account_id]
        final = self.final_at.get((row.client_id, row.account_id, row.day))
        return timing_of(row.day, row.at, account.time_zone, account.settlement_days, final)


_NOTHING: tuple[Value, ...] = (None,) * len(RESTATED_FIELDS)


_RATIOS = tuple(map(RESTATED_FIELDS.index, REPORTED_RATIOS))
_SIDES = len(FACT_KEY) + 2
"""Where then_x and now_x begin in a row of `changes`, in turns: behind the key, the revision and the kind."""


def _event(row: Any, fields: Sequence[RestatedField], told: _Timings) -> Event:
    last = _SIDES + 2 * len(fields)
    return Event(
        client=row.client_id,
        account=row.account_id,
        campaign=row.campaign_id,
        creator=row.creator_id,
        platform=row.platform,
        day=row.day,
        kind=row.kind,
        revision=row.revision,
        run=row.run_id,
        at=row.at,
        timing=told.timing(row),
        then=_NOTHING if row.kind == "reappeared" else _values(row[_SIDES:last:2], fields),
        now=_NOTHING if row.kind == "vanished" else _values(row[_SIDES + 1 : last : 2], fields),
    )


def _values(told: Sequence[Any], fields: Sequence[RestatedField]) -> tuple[Value, ...]:
    values: list[Any] = (
        list(told)
        if len(fields) == len(RESTATED_FIELDS)
        else list(map(dict(zip(fields, told, strict=True)).get, RESTATED_FIELDS))
    )
    for n in _RATIOS:
        if values[n] is not None:
            values[n] = Decimal(values[n])
    return tuple(values)
