"""What a correction writes: its rows, the range it speaks of, the end of what it supersedes, a line in the audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, and_, bindparam, update

from perfdash import corrections as rules
from perfdash.corrections import CorrectedField, Range, Target, WantedValue
from perfdash.errors import UsageError
from perfdash.metrics import money
from perfdash.payload import FactKey
from perfdash.reported import MAX_COUNT
from perfdash.store import schema
from perfdash.store.audit import note
from perfdash.store.overlaying import Active, Reported, laid_over, named

_c = schema.corrections.c


def rows_of(
    wanted: Sequence[WantedValue],
    known: Mapping[Target, Reported],
    standing: Mapping[FactKey, list[Active]],
    first: int,
) -> list[dict[str, Any]]:
    """The rows to insert, numbered from `first`; UsageError where a CPM would make a cost that no row can have."""
    return [
        _row(one, known[one.target], standing.get(one.target.key, []), first + n) for n, one in enumerate(wanted)
    ]  # fmt: skip


def _row(one: WantedValue, fact: Reported, standing: list[Active], number: int) -> dict[str, Any]:
    before = laid_over(fact, standing)
    _require_possible(one, fact, before)
    raw = fact.raw
    return named(one.target.client, one.target.account, one.target.key) | {
        "correction_id": number, "slot": rules.slot(one.field), "field": one.field, "value": one.value,
        "currency": fact.currency, "raw_impressions": raw.impressions, "raw_clicks": raw.clicks,
        "raw_cost": raw.cost, "before": rules.current(raw, before, one.field), "to_rev": None,
    }  # fmt: skip


def _require_possible(one: WantedValue, fact: Reported, before: Mapping[CorrectedField, int]) -> None:
    after = rules.with_value(before, one.field, one.value)
    impressions = after.get("impressions", fact.raw.impressions)
    if Fraction(after.get("cpm", 0) * impressions, 1000) > MAX_COUNT:
        raise UsageError("This CPM of so many impressions is more than one row can cost.")


def ranged(over: Range, batch: str, field: CorrectedField) -> list[dict[str, Any]]:
    """The rows that remember a range: one per platform, or one for all of them."""
    return [
        {
            "client_id": over.client, "batch_id": batch, "platform": platform, "account_id": over.account,
            "campaign_id": over.campaign, "day_from": over.days.start, "day_to": over.days.end,
            "slot": rules.slot(field),
        }
        for platform in sorted(set(over.platforms)) or [""]
    ]  # fmt: skip


def supersede(connection: Connection, wanted: Sequence[WantedValue], revision: int, author: str) -> None:
    """End what is active in the slots of `wanted`."""
    at_key = and_(*(_c[name] == bindparam(f"k_{name}") for name in schema.FACT_KEY), _c.slot == bindparam("k_slot"))
    ended = {"to_rev": revision, "ended_as": "superseded", "ended_by": author[:100], "ended_reason": ""}
    rows = [
        named(one.target.client, one.target.account, one.target.key, "k_") | {"k_slot": rules.slot(one.field)}
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
    note(connection, actor, action, client, detail, at)


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
