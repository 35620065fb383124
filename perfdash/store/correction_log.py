"""Corrections as they are told: who set what, why, what counted before, and what the source has said since."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, literal, select

from perfdash import corrections as rules
from perfdash.access import Principal
from perfdash.accounts import Days
from perfdash.asof import AsOf
from perfdash.correction_story import Correction
from perfdash.corrections import Raw
from perfdash.domain.measures import CORRECTABLE
from perfdash.store import schema
from perfdash.store.engine import Store
from perfdash.store.overlaying import key_of
from perfdash.store.scope import narrowed
from perfdash.store.versions import Cutoffs, cutoffs, fact_versions

__all__ = ["Correction", "told"]

_c = schema.corrections.c
_OF_FACT = (*CORRECTABLE, "currency")


def told(
    store: Store,
    principal: Principal,
    clients: Collection[str] = (),
    days: Days | None = None,
    *,
    only_active: bool = False,
    numbers: Collection[int] = (),
    as_of: AsOf | None = None,
) -> tuple[Correction, ...]:
    """The corrections in scope, newest first, as they stood at `as_of`; without money none of cost or CPM."""
    principal.require_account()
    with store.reading() as connection:
        cut = cutoffs(connection, principal, clients, as_of)
        if cut is not None and not cut.clients:
            return ()
        statement = _statement(principal, clients, cut, days)
        if only_active:
            statement = statement.where(_still(cut))
        if numbers:
            statement = statement.where(_c.correction_id.in_(sorted(set(numbers))))
        rows = connection.execute(statement).all()
    return tuple(_told(row, authors=principal.of_agency) for row in rows)


def _statement(
    principal: Principal, clients: Collection[str], cut: Cutoffs | None, days: Days | None
) -> Select[Any]:  # fmt: skip
    made, ended = schema.revisions.alias("made"), schema.revisions.alias("ended")
    now = _facts(principal, clients, cut, days)
    own = [column for column in _c if column.name != "raw_cost"]
    columns = [
        *own,
        _money(principal, _c.raw_cost, "raw_cost"),
        made.c.at.label("made_at"),
        ended.c.at.label("ended_at"),
    ]
    of_now = [now.c[name].label(f"now_{name}") for name in _OF_FACT if name in now.c]
    table: FromClause = schema.corrections.join(
        made, and_(made.c.client_id == _c.client_id, made.c.revision == _c.from_rev)
    )
    by_then = [] if cut is None else [~_still(cut)]
    if cut is not None:
        table = table.join(cut.table, cut.table.c.client_id == _c.client_id)
    table = table.outerjoin(ended, and_(ended.c.client_id == _c.client_id, ended.c.revision == _c.to_rev, *by_then))
    table = table.outerjoin(now, and_(*(now.c[name] == _c[name] for name in schema.FACT_KEY)))
    statement = select(*columns, *of_now).select_from(table).where(narrowed(principal, _c.client_id, clients))
    if cut is not None:
        statement = statement.where(_c.from_rev <= cut.table.c.revision)
    if days is not None:
        statement = statement.where(_c.day.between(days.start, days.end))
    if not principal.money:
        statement = statement.where(_c.field.not_in(sorted(rules.MONEY_FIELDS)))
    return statement.order_by(made.c.at.desc(), _c.client_id, _c.correction_id)


def _still(cut: Cutoffs | None) -> ColumnElement[bool]:
    """Of a correction: it had not ended."""
    return _c.to_rev.is_(None) if cut is None else _c.to_rev.is_(None) | (_c.to_rev > cut.table.c.revision)


def _facts(principal: Principal, clients: Collection[str], cut: Cutoffs | None, days: Days | None) -> FromClause:
    """What the sources reported, of the days in question."""
    columns = [name for name in _OF_FACT if principal.money or name != "cost"]

    def narrow(table: Any) -> list[ColumnElement[bool]]:
        return [] if days is None else [table.c.day.between(days.start, days.end)]

    return fact_versions(principal, clients, cut, (*schema.FACT_KEY, *columns), narrow)


def _money(principal: Principal, column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    return column.label(name) if principal.money else literal(0).label(name)


def _told(row: Any, *, authors: bool) -> Correction:
    def cost(name: str) -> int:
        return getattr(row, name, 0) or 0

    now = None
    if row.now_impressions is not None:
        now = Raw(row.now_impressions, row.now_clicks, cost("now_cost"))
    return Correction(
        client=row.client_id,
        number=row.correction_id,
        account=row.account_id,
        key=key_of(row),
        field=rules.field_of(row.field),
        value=row.value,
        before=row.before,
        raw_then=Raw(row.raw_impressions, row.raw_clicks, row.raw_cost),
        raw_now=now,
        currency=row.currency,
        reason=row.reason,
        author=row.author if authors else "",
        made_at=row.made_at,
        batch=row.batch_id,
        ended_at=row.ended_at,
        ended_as=(row.ended_as or "") if row.ended_at else "",
        ended_by=(row.ended_by or "") if row.ended_at and authors else "",
        ended_reason=(row.ended_reason or "") if row.ended_at else "",
        currency_now=row.now_currency or "",
    )
