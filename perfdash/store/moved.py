"""The changes of facts added up in SQL, so that what they add up to costs no list of them. No sum can overflow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, FromClause, Select, case, cast, func, literal, or_, select, union_all

from perfdash.payload import MICRO
from perfdash.restatements import ADDED, FIELDS, Moved, Timing
from perfdash.store.changed import Between, changed
from perfdash.store.sums import SPLIT, parts


def added_up(asked: Between, counted: FromClause) -> Select[Any]:
    """`counted` (changes with their revision's `at`) by campaign, day, currency and revision, for `moved_reader`."""
    both = _by_currency(asked, counted)
    keys = [both.c[name] for name in ("client_id", "account_id", "campaign_id", "day", "currency", "revision")]
    found: list[ColumnElement[Any]] = [func.sum(both.c[name]).label(name) for name in ("one", "gone", "back")]
    for name in asked.fields:
        found.append(func.sum(both.c[f"n_{name}"]).label(f"n_{name}"))
        if name in ADDED:
            moved = both.c[f"d_{name}"]
            added = parts(moved) if name in SPLIT else (cast(func.sum(moved), BigInteger),)
            found += [part.label(f"d_{name}_{n}") for n, part in enumerate(added)]
    return select(*keys, func.max(both.c.at).label("at"), *found).group_by(*keys)


def _by_currency(asked: Between, counted: FromClause) -> FromClause:
    """Each change under the currency it is in; one that changes its currency is a loss there and a gain here."""
    if not asked.question.principal.money:
        return select(*_signed(asked, counted, literal(""), then=-1, now=1)).subquery("moved")
    then, now = counted.c.then_currency, counted.c.now_currency
    same = select(*_signed(asked, counted, now, then=-1, now=1)).where(then == now)
    left = select(*_signed(asked, counted, then, then=-1, now=0)).where(then != now)
    entered = select(*_signed(asked, counted, now, then=0, now=1)).where(then != now)
    both = union_all(same, left, entered).subquery("both")
    if asked.question.filters.currency is None:
        return both
    return select(both).where(both.c.currency == asked.question.filters.currency).subquery("moved")


def _signed(
    asked: Between, counted: FromClause, currency: ColumnElement[Any], *, then: int, now: int
) -> list[ColumnElement[Any]]:
    c = counted.c
    keys = [c[name] for name in ("client_id", "account_id", "campaign_id", "day", "revision", "at")]
    kinds = [case((c.kind == kind, 1), else_=0) for kind in ("vanished", "reappeared")]
    found: list[ColumnElement[Any]] = [*keys, currency.label("currency"), literal(1).label("one")]
    found += [kinds[0].label("gone"), kinds[1].label("back")]
    for name in asked.fields:
        found.append(case((changed(counted, name), 1), else_=0).label(f"n_{name}"))
        if name in ADDED:
            before, after = c[f"then_{name}"], c[f"now_{name}"]
            difference = now * func.coalesce(after, 0) + then * func.coalesce(before, 0)
            reported = or_(before.is_not(None), after.is_not(None))
            found.append(case((reported, difference)).label(f"d_{name}"))
    return found


def moved_reader(asked: Between) -> Callable[[Any, Timing], Moved]:
    """How to read back each row of `added_up`, given when its changes came."""

    def read(row: Any, when: Timing) -> Moved:
        named = row._asdict()
        return Moved(
            client=row.client_id,
            account=row.account_id,
            campaign=row.campaign_id,
            day=row.day,
            currency=row.currency,
            revision=row.revision,
            at=row.at,
            timing=when,
            events=row.one,
            vanished=row.gone,
            reappeared=row.back,
            changed=tuple(named[f"n_{name}"] if name in asked.fields else 0 for name in FIELDS),
            differences=tuple(_added(named, name) if name in asked.fields else None for name in ADDED),
        )

    return read


def _added(named: Any, name: str) -> int | None:
    value: int | None = named[f"d_{name}_0"]
    if value is None or name not in SPLIT:
        return value
    rest: int = named[f"d_{name}_1"]
    return value * MICRO + rest
