"""Corrections in the store: setting and reverting them. Each is a revision, and leaves a line in the audit."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, insert, select, update

from perfdash.domain import corrections as rules
from perfdash.domain.access import Principal
from perfdash.domain.corrections import CorrectedField, Range, SeenVersion, Target, WantedValue, reason_of
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.domain.facts import FactKey
from perfdash.domain.metrics import money
from perfdash.domain.values import MOST
from perfdash.store import schema
from perfdash.store.audit import write_line
from perfdash.store.engine import Store
from perfdash.store.ledger.overlays import (
    Active,
    Reported,
    active,
    key_of,
    key_parameters,
    laid_over,
    refresh,
    reported,
)
from perfdash.store.ledger.revisions import locked, open_revision


def rows_of(
    wanted: Sequence[WantedValue],
    known: Mapping[Target, Reported],
    standing: Mapping[FactKey, list[Active]],
    first: int,
    *,
    money: bool,
) -> list[dict[str, Any]]:
    """The rows to insert, numbered from `first`.

    With `money`, UsageError where a CPM would make a cost that no row can have. Who may not see amounts must not learn
    them from a refusal: there the cost is capped, as it is when a source restates impressions under a CPM.
    """
    standing_at = [standing.get(one.target.key, []) for one in wanted]
    befores = [laid_over(known[one.target], those) for one, those in zip(wanted, standing_at, strict=True)]
    if money:
        for one, before in zip(wanted, befores, strict=True):
            _require_possible(one, known[one.target], before)
    return [
        _row(one, known[one.target], before, first + n)
        for n, (one, before) in enumerate(zip(wanted, befores, strict=True))
    ]


def _row(one: WantedValue, fact: Reported, before: Mapping[CorrectedField, int], number: int) -> dict[str, Any]:
    raw = fact.raw
    return key_parameters(one.target.client, one.target.account, one.target.key) | {
        "correction_id": number,
        "slot": rules.slot(one.field),
        "field": one.field,
        "value": one.value,
        "currency": fact.currency,
        "raw_impressions": raw.impressions,
        "raw_clicks": raw.clicks,
        "raw_cost": raw.cost,
        "before": rules.current(raw, before, one.field),
        "to_rev": None,
    }


def _require_possible(one: WantedValue, fact: Reported, before: Mapping[CorrectedField, int]) -> None:
    after = rules.with_value(before, one.field, one.value)
    impressions = after.get("impressions", fact.raw.impressions)
    if Fraction(after.get("cpm", 0) * impressions, 1000) > MOST:
        raise UsageError("This CPM of so many impressions is more than one row can cost.")


def ranged(over: Range, batch: str, field: CorrectedField) -> list[dict[str, Any]]:
    """The rows that remember a range: one per platform, or one for all of them."""
    return [
        {
            "client_id": over.client,
            "batch_id": batch,
            "platform": platform,
            "account_id": over.account,
            "campaign_id": over.campaign,
            "day_from": over.days.start,
            "day_to": over.days.end,
            "slot": rules.slot(field),
        }
        for platform in sorted(set(over.platforms)) or [""]
    ]


def supersede(connection: Connection, wanted: Sequence[WantedValue], revision: int, author: str) -> None:
    """End what is active in the slots of `wanted`."""
    at_key = and_(*(_c[name] == bindparam(f"k_{name}") for name in schema.FACT_KEY), _c.slot == bindparam("k_slot"))
    ended = {"to_rev": revision, "ended_as": "superseded", "ended_by": author[:100], "ended_reason": ""}
    rows = [
        key_parameters(one.target.client, one.target.account, one.target.key, "k_") | {"k_slot": rules.slot(one.field)}
        for one in wanted
    ]
    connection.execute(update(schema.corrections).where(at_key, _c.to_rev.is_(None)).values(**ended), rows)


def audited(
    connection: Connection,
    actor: str,
    client: str,
    at: datetime,
    action: str,
    rows: Sequence[Mapping[str, Any]],
    reason: str,
) -> None:
    """One line: who set what from which value to which, and why; a batch by its numbers and its sums."""
    numbers = [row["correction_id"] for row in rows]
    before, after = (_sum(rows, name) for name in ("before", "value"))
    unit = _unit(rows)
    values = f"{before} -> {after}{unit}" if action == "correct" else f"{after}{unit} -> as reported"
    what = _fact(rows[0]) if len(rows) == 1 else f"{len(rows)} rows, {_where(rows)}"
    these = f"correction {numbers[0]}" if len(rows) == 1 else f"corrections {numbers[0]} to {numbers[-1]}"
    fields = "+".join(sorted({row["field"] for row in rows}))
    detail = f"{these}: {what}: {fields} {values}: {reason}"
    write_line(connection, actor, action, client, detail, at)


def _sum(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    """What adds up, added up; several CPMs do not, nor do different fields."""
    fields = {row["field"] for row in rows}
    if len(rows) > 1 and (len(fields) > 1 or "cpm" in fields):
        return "various"
    values = [row[name] for row in rows if row[name] is not None]
    if not values:
        return "undefined"
    return str(money(sum(values)) if fields & rules.MONEY_FIELDS else sum(values))


def _unit(rows: Sequence[Mapping[str, Any]]) -> str:
    currencies = {row["currency"] for row in rows if row["field"] in rules.MONEY_FIELDS}
    return f" {currencies.pop()}" if len(currencies) == 1 else ""


def _fact(row: Mapping[str, Any]) -> str:
    parts = (str(row["day"]), row["campaign_id"], row["platform"], row["creator_id"])
    return " ".join(part for part in parts if part)


def _where(rows: Sequence[Mapping[str, Any]]) -> str:
    days = sorted(row["day"] for row in rows)
    campaigns = sorted({row["campaign_id"] for row in rows})
    named_ = campaigns[0] if len(campaigns) == 1 else f"{len(campaigns)} campaigns"
    return f"{named_} from {days[0]} to {days[-1]}"


Clock = Callable[[], datetime]
_c = schema.corrections.c


@dataclass(frozen=True, slots=True)
class Made:
    """What was written: the revision it took, the corrections' numbers, the batch they belong to (None for one)."""

    client: str
    revision: int
    at: datetime
    numbers: tuple[int, ...]
    batch: str | None


def correct(
    store: Store,
    principal: Principal,
    wanted: Sequence[WantedValue],
    reason: str,
    clock: Clock,
    *,
    seen: Mapping[Target, SeenVersion] | None = None,
    over: Range | None = None,
) -> Made:
    """Set values of facts of one client, all in one revision; what was set there before is superseded.

    With `seen`, what somebody looked at before deciding: UsageError when a fact was restated or corrected since. `over`
    is the range that `wanted` was expanded from, kept so that rows that arrive in it later can be told. AccessDenied
    for who may not; UsageError for a fact that is not reported, no reason, an impossible value, or nothing to set.
    """
    client = _one_client(wanted)
    for field in sorted({one.field for one in wanted}):
        require_may_correct(principal, client, field)
    rules.require_usable(wanted)
    _require_inside(wanted, over)
    reason = reason_of(reason)
    batch = secrets.token_hex(8) if over is not None or len(wanted) > 1 else None
    with store.writing() as connection:
        revision = locked(connection, client) + 1
        first = (connection.scalar(select(func.max(_c.correction_id)).where(_c.client_id == client)) or 0) + 1
        rows: list[dict[str, Any]] = []
        for account, mine in _by_account(wanted):
            keys = [one.target.key for one in mine]
            known, standing = reported(connection, client, account, keys), active(connection, client, account, keys)
            _require_unchanged(principal, mine, known, standing, seen)
            supersede(connection, mine, revision, principal.name)
            rows += rows_of(mine, known, standing, first + len(rows), money=principal.money)
        shared = {"reason": reason, "author": principal.name[:100], "batch_id": batch, "from_rev": revision}
        connection.execute(insert(schema.corrections), [row | shared for row in rows])
        if over is not None and batch is not None:
            connection.execute(insert(schema.correction_ranges), ranged(over, batch, wanted[0].field))
        for account, mine in _by_account(wanted):
            refresh(connection, client, account, [one.target.key for one in mine], revision)
        at = open_revision(connection, client, revision, kind="correction", author=principal.name, now=clock())
        audited(connection, principal.name, client, at, "correct", rows, reason)
    return Made(client, revision, at, tuple(row["correction_id"] for row in rows), batch)


def revert(
    store: Store, principal: Principal, client: str, numbers: Collection[int], reason: str, clock: Clock
) -> Made:
    """End active corrections, all in one revision: what the source reports counts again."""
    require_may_correct(principal, client)
    reason = reason_of(reason)
    chosen = sorted(set(numbers))
    if len(chosen) > rules.MOST_AT_ONCE:
        raise UsageError(f"At most {rules.MOST_AT_ONCE:,} corrections are reverted at once.")
    with store.writing() as connection:
        revision = locked(connection, client) + 1
        named = and_(_c.client_id == client, _c.correction_id.in_(chosen), _c.to_rev.is_(None))
        if not principal.money:
            named = and_(named, _c.field.not_in(sorted(rules.MONEY_FIELDS)))
        rows = connection.execute(select(schema.corrections).where(named).order_by(_c.correction_id)).all()
        if not rows or len(rows) < len(chosen):
            raise UsageError("There is no such active correction; it may have been reverted or replaced meanwhile.")
        ended = {"to_rev": revision, "ended_as": "reverted", "ended_by": principal.name[:100], "ended_reason": reason}
        connection.execute(update(schema.corrections).where(named).values(**ended))
        for account in sorted({row.account_id for row in rows}):
            keys = [key_of(row) for row in rows if row.account_id == account]
            refresh(connection, client, account, keys, revision)
        at = open_revision(connection, client, revision, kind="revert", author=principal.name, now=clock())
        audited(connection, principal.name, client, at, "revert", [row._asdict() for row in rows], reason)
    batches = {row.batch_id for row in rows}
    return Made(
        client, revision, at, tuple(row.correction_id for row in rows), batches.pop() if len(batches) == 1 else None
    )


def require_may_correct(principal: Principal, client: str, field: CorrectedField | None = None) -> None:
    """AccessDenied unless `principal` may set `field` (any, without one) of this client's facts."""
    principal.require(client)
    principal.require_may("correct")
    if field in rules.MONEY_FIELDS and not principal.money:
        raise AccessDenied("Amounts of money are not part of your access, so you cannot correct them.")


def _one_client(wanted: Sequence[WantedValue]) -> str:
    names = {one.target.client for one in wanted}
    if len(names) != 1:
        raise UsageError(
            "A correction speaks of one client's rows; " + ("several were named." if names else "none was.")
        )
    return names.pop()


def _by_account(wanted: Sequence[WantedValue]) -> list[tuple[int, list[WantedValue]]]:
    numbers = sorted({one.target.account for one in wanted})
    return [(number, [one for one in wanted if one.target.account == number]) for number in numbers]


def _require_inside(wanted: Sequence[WantedValue], over: Range | None) -> None:
    if over is not None and not all(over.holds(one.target) for one in wanted):
        raise UsageError("A row lies outside of the range that is corrected; look at it again.")


def _require_unchanged(
    principal: Principal,
    wanted: Sequence[WantedValue],
    known: Mapping[Target, Reported],
    standing: Mapping[Any, list[Active]],
    seen: Mapping[Target, SeenVersion] | None,
) -> None:
    """UsageError for a fact that is not reported (any more), or is not what was looked at."""
    for one in wanted:
        key = one.target.key
        where = f"{key.campaign} on {key.platform}, {key.day}"
        if one.target not in known:
            raise UsageError(f"The source reports no row for {where}; look at the rows again.")
        if seen is None:
            continue
        there = [each.set for each in standing.get(key, [])]
        numbers = [each.number for each in there if principal.money or each.field not in rules.MONEY_FIELDS]
        fact = known[one.target]
        version = fact.version if principal.money else (fact.raw.impressions, fact.raw.clicks)
        if seen.get(one.target) != SeenVersion(version, tuple(sorted(numbers))):
            raise UsageError(
                f"{where} was restated or corrected since you looked at it. Nothing was set; look at the rows again."
            )
