"""The facts that can be corrected, as a form shows them, and the rows that a range correction did not reach."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import and_, exists, func, literal, or_, select

from perfdash import corrections as rules
from perfdash.access import Principal
from perfdash.correction_lines import CorrectableFact
from perfdash.corrections import Range, Raw, Target
from perfdash.store.corrections import require_may_correct
from perfdash.store.engine import Store
from perfdash.store.overlaying import Active, Reported, active, key_of, laid_over
from perfdash.store.schema import FACT_KEY, correction_ranges, corrections, facts
from perfdash.store.scope import narrowed


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
    return CorrectableFact(target, fact.raw, fact.currency, fact.version, tuple(one.set for one in shown), idle)


def arrived(store: Store, principal: Principal, clients: Collection[str] = ()) -> dict[tuple[str, str], int]:
    """(client, batch) -> rows that the source reports now in the batch's range and that it does not correct.

    Only batches with an active correction; a row that another correction covers is not counted. Without money, batches
    of amounts are none.
    """
    principal.require_account()
    r, f, c = correction_ranges.c, facts.c, corrections.c
    inside = and_(
        f.client_id == r.client_id, f.day.between(r.day_from, r.day_to), f.account_id == r.account_id,
        f.campaign_id == r.campaign_id, or_(r.platform == "", r.platform == f.platform),
    )  # fmt: skip
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
