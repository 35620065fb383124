"""Corrections as they are told: who set what, why, what counted before, and what the source has said since."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, exists, func, literal, or_, select

from perfdash.domain import corrections as rules
from perfdash.domain.access import Principal
from perfdash.domain.corrections import CorrectableFact, Correction, Range, Raw, Target
from perfdash.domain.measures import CORRECTABLE
from perfdash.domain.question import Question
from perfdash.store import schema
from perfdash.store.corrections.write import require_may_correct
from perfdash.store.engine import Store
from perfdash.store.ledger.overlays import Active, Reported, active, key_of, laid_over
from perfdash.store.query.versions import Cutoffs, cutoffs, fact_versions
from perfdash.store.schema import FACT_KEY, correction_ranges, corrections, facts
from perfdash.store.scope import in_days, narrowed, of_campaign

_c = schema.corrections.c
_OF_FACT = (*CORRECTABLE, "currency")


def list_corrections(
    store: Store, question: Question, *, only_active: bool = False, numbers: Collection[int] = ()
) -> tuple[Correction, ...]:
    """The corrections in view, newest first, as they stood at the question's moment; without money none of cost or CPM.

    Its platforms do not narrow them: a decision over several platforms is told whole.
    """
    question.principal.require_account()
    with store.reading() as connection:
        cut = cutoffs(connection, question.principal, question.clients, question.as_of)
        if cut is not None and not cut.clients:
            return ()
        statement = _statement(question, cut)
        if only_active:
            statement = statement.where(_still(cut))
        if numbers:
            statement = statement.where(_c.correction_id.in_(sorted(set(numbers))))
        rows = connection.execute(statement).all()
    return tuple(_told(row, authors=question.principal.of_agency) for row in rows)


def _statement(question: Question, cut: Cutoffs | None) -> Select[Any]:
    made, ended = schema.revisions.alias("made"), schema.revisions.alias("ended")
    principal = question.principal
    now = _facts(question, cut)
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
    statement = select(*columns, *of_now).select_from(table).where(narrowed(principal, _c.client_id, question.clients))
    if cut is not None:
        statement = statement.where(_c.from_rev <= cut.table.c.revision)
    statement = statement.where(
        *in_days(question.filters, schema.corrections), *of_campaign(question.only, schema.corrections)
    )
    if not principal.money:
        statement = statement.where(_c.field.not_in(sorted(rules.MONEY_FIELDS)))
    return statement.order_by(made.c.at.desc(), _c.client_id, _c.correction_id)


def _still(cut: Cutoffs | None) -> ColumnElement[bool]:
    """Of a correction: it had not ended."""
    return _c.to_rev.is_(None) if cut is None else _c.to_rev.is_(None) | (_c.to_rev > cut.table.c.revision)


def _facts(question: Question, cut: Cutoffs | None) -> FromClause:
    """What the sources reported, of the days in question."""
    columns = [name for name in _OF_FACT if question.principal.money or name != "cost"]

    def narrow(table: Any) -> Iterable[ColumnElement[bool]]:
        return in_days(question.filters, table)

    return fact_versions(question.principal, question.clients, cut, (*schema.FACT_KEY, *columns), narrow)


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


def lines(store: Store, principal: Principal, over: Range) -> tuple[CorrectableFact, ...]:
    """The facts in a range as they are reported now, with what is set over each; by day, platform and creator.

    At most one more than may be corrected at once. AccessDenied for who may not correct this client's facts.
    """
    require_may_correct(principal, over.client)
    f = facts.c
    cost = f.cost if principal.money else literal(0).label("cost")
    statement = select(
        f.day, f.campaign_id, f.creator_id, f.platform, f.impressions, f.clicks, cost, f.currency, f.from_rev
    ).where(
        narrowed(principal, f.client_id, (over.client,)),
        f.day.between(over.days.start, over.days.end),
        f.account_id == over.account,
        f.campaign_id == over.campaign,
    )
    if over.platforms:
        statement = statement.where(f.platform.in_(sorted(over.platforms)))
    statement = statement.order_by(f.day, f.platform, f.creator_id).limit(rules.MOST_AT_ONCE + 1)
    with store.reading() as connection:
        rows = connection.execute(statement).all()
        standing = active(connection, over.client, over.account, [key_of(row) for row in rows])
    return tuple(_line(principal, over, row, standing.get(key_of(row), [])) for row in rows)


def _line(principal: Principal, over: Range, row: Any, standing: list[Active]) -> CorrectableFact:
    fact = Reported(Raw(row.impressions, row.clicks, row.cost), row.currency, row.from_rev)
    shown = [one for one in standing if principal.money or one.set.field not in rules.MONEY_FIELDS]
    counting = laid_over(fact, shown)
    idle = tuple(one.set.field for one in shown if one.set.field not in counting)
    target = Target(over.client, over.account, key_of(row))
    version = fact.version if principal.money else (fact.raw.impressions, fact.raw.clicks)
    return CorrectableFact(target, fact.raw, fact.currency, version, tuple(one.set for one in shown), idle)


def arrived_later(store: Store, principal: Principal, clients: Collection[str] = ()) -> dict[tuple[str, str], int]:
    """(client, batch) -> rows that the source reports now in the batch's range and that it does not correct.

    Only batches with an active correction; a row that another correction covers is not counted. Without money, batches
    of amounts are none.
    """
    principal.require_account()
    r, f, c = correction_ranges.c, facts.c, corrections.c
    inside = and_(
        f.client_id == r.client_id,
        f.day.between(r.day_from, r.day_to),
        f.account_id == r.account_id,
        f.campaign_id == r.campaign_id,
        or_(r.platform == "", r.platform == f.platform),
    )
    of_batch = and_(c.client_id == r.client_id, c.batch_id == r.batch_id)
    of_fact = and_(*(c[name] == f[name] for name in FACT_KEY))
    covered = exists().where(of_fact, c.slot == r.slot, c.to_rev.is_(None))
    was_in_it = exists().where(of_batch, of_fact)
    statement = (
        select(r.client_id, r.batch_id, func.count())
        .select_from(correction_ranges.join(facts, inside))
        .where(narrowed(principal, r.client_id, clients), ~covered, ~was_in_it)
        .where(exists().where(of_batch, c.to_rev.is_(None)))
        .group_by(r.client_id, r.batch_id)
    )
    if not principal.money:
        statement = statement.where(r.slot != "cost")
    with store.reading() as connection:
        return {(client, batch): rows for client, batch, rows in connection.execute(statement)}
