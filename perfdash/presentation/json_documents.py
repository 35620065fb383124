"""The JSON of `query --format json`: its shape is published in docs/query.schema.json and only ever grows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from perfdash.domain import metrics
from perfdash.domain.as_of import AsOf, instant
from perfdash.domain.corrections import MONEY_FIELDS, CorrectedField, Correction, Raw
from perfdash.domain.measures import MEASURES, Measure, Unit
from perfdash.domain.metrics import METRICS, Cell, Sums, exact, money, rounded
from perfdash.domain.question import Question, as_of_text
from perfdash.domain.refusals import Missing
from perfdash.domain.restatements import (
    ADDED,
    RESTATED_FIELDS,
    RESTATED_MONEY,
    Event,
    Moved,
    Movement,
    RestatedField,
    by_currency,
    by_key,
    exact_value,
)
from perfdash.domain.settlement import Curve
from perfdash.presentation import missing_rows, tables
from perfdash.presentation.columns import Names
from perfdash.presentation.corrections import CorrectionBatch, reported_value
from perfdash.presentation.kpis import Total
from perfdash.presentation.tables import Table

VERSION = 1
_UNITS: tuple[Unit, ...] = ("count", "millionths", "money")
"""The order of the measures in a total."""


def answer_document(
    found: Table,
    question: Question,
    *,
    revisions: Iterable[tuple[str, int]],
    totals: Sequence[Total],
    left_out: Iterable[tuple[str, int, int]] = (),
    missing: Missing = (),
) -> dict[str, Any]:
    """A whole answer. `left_out`: (currency, cost in micros, rows) that a CPM limit left out for having no CPM.

    `missing`: refused rows of the days in view.
    """
    return {
        "perfdash": {
            "version": VERSION,
            "view": found.view,
            "as_of": as_of_text(question.as_of),
            "revisions": dict(revisions),
            "filters": question.record(),
            "sha256": tables.sha256(found),
            "definitions": tables.definitions(found.columns),
        },
        "rows": tables.records(found),
        "totals": [total_record(total, question.principal.money) for total in totals],
        "left_out": [
            {"currency": currency, "cost": metrics.text(money(cost)), "rows": rows} for currency, cost, rows in left_out
        ],
        "missing": missing_rows.records(missing, question.principal.money),
    }


def total_record(total: Total, with_money: bool) -> dict[str, Any]:
    """One currency's headline figures, exact."""
    sums = total.sums
    record: dict[str, Any] = {"currency": total.currency, "rows": sums.rows, "campaigns": total.campaigns}
    for unit in _UNITS if with_money else _UNITS[:-1]:
        record |= {m.name: _measure(m, sums) for m in MEASURES if m.unit == unit and m.additive}
    if with_money:
        record["budget"] = _decimal(money(total.budget))
    ratios = [name for name, metric in METRICS.items() if with_money or not metric.needs_money]
    return record | {name: _decimal(exact(name, sums)) for name in ratios}


def _measure(measure: Measure, sums: Sums) -> int | str | None:
    value: int | None = getattr(sums, measure.name)
    return value if measure.unit == "count" else _decimal(money(value))


def _decimal(value: Any) -> str | None:
    return None if value is None else metrics.text(value)


def dumps(answer: Mapping[str, Any]) -> str:
    """As text, keys in their order, indented for people."""
    return json.dumps(answer, ensure_ascii=False, indent=1)


_COLUMNS = (
    ("number", "number"),
    ("made_at", "made at (UTC)"),
    ("client", "client"),
    ("account", "account number"),
    ("campaign", "campaign id"),
    ("name", "campaign"),
    ("creator", "creator id"),
    ("platform", "platform"),
    ("day", "day (account's time zone)"),
    ("field", "field"),
    ("currency", "currency"),
    ("before", "before (currency units or count)"),
    ("value", "corrected (currency units or count)"),
    ("raw_then", "reported then (currency units or count)"),
    ("raw_now", "reported now (currency units or count)"),
    ("state", "state"),
    ("warning", "warning"),
    ("reason", "reason"),
    ("author", "by"),
    ("batch", "batch"),
    ("ended_at", "ended at (UTC)"),
    ("ended_by", "ended by"),
    ("ended_reason", "reason of the end"),
)


def corrections_table(found: Iterable[CorrectionBatch], campaigns: Names) -> Table:
    """Every part of every decision. Amounts in currency units; an active correction has no end."""
    rows = [_row(part, decision, campaigns) for decision in found for part in decision.parts]
    return tables.listing("corrections", _COLUMNS, rows)


def _row(
    part: Correction, decision: CorrectionBatch, campaigns: Mapping[tuple[str, int, str], str]
) -> tuple[Cell, ...]:
    key, field = part.key, part.field
    warnings = CorrectionBatch((part,), decision.arrived).warnings
    return (
        part.number,
        instant(part.made_at),
        part.client,
        part.account,
        key.campaign,
        campaigns.get((part.client, part.account, key.campaign), key.campaign),
        key.creator,
        key.platform,
        key.day,
        field,
        part.currency if field in MONEY_FIELDS else None,
        _cell(field, part.before),
        _cell(field, part.value),
        _raw(field, part.raw_then),
        _raw(field, part.raw_now),
        part.ended_as or "active",
        "; ".join(warnings),
        part.reason,
        part.author,
        part.batch,
        instant(part.ended_at) if part.ended_at else None,
        part.ended_by,
        part.ended_reason,
    )


def _raw(field: CorrectedField, raw: Raw | None) -> Cell:
    return None if raw is None else _cell(field, reported_value(field, raw))


def _cell(field: CorrectedField, value: int | None) -> Cell:
    return money(value) if field in MONEY_FIELDS else value


RESTATEMENTS_VERSION = 1
COLUMNS = (
    ("changed_at", "changed at (UTC)"),
    ("client", "client"),
    ("account", "account number"),
    ("campaign", "campaign id"),
    ("name", "campaign"),
    ("creator", "creator id"),
    ("platform", "platform"),
    ("day", "day (account's time zone)"),
    ("change", "change"),
    ("field", "field"),
    ("currency", "currency"),
    ("then", "then (currency units or count)"),
    ("now", "now (currency units or count)"),
    ("difference", "difference (currency units or count)"),
    ("timing", "before or after the day was final"),
    ("revision", "revision"),
    ("run", "run"),
)


def restatements_table(events: Iterable[Event], campaigns: Names) -> Table:
    """One row per field that changed, in the order of `events`."""
    return tables.listing("restatements", COLUMNS, (row for event in events for row in _rows(event, campaigns)))


def _rows(event: Event, campaigns: Names) -> Iterable[tuple[Cell, ...]]:
    key = (event.client, event.account, event.campaign)
    for change in event.changes:
        then, now = exact_value(change.field, change.then), exact_value(change.field, change.now)
        yield (
            instant(event.at),
            event.client,
            event.account,
            event.campaign,
            campaigns.get(key, event.campaign),
            event.creator,
            event.platform,
            event.day,
            event.kind,
            change.field,
            event.currency,
            then,
            now,
            exact_value(change.field, change.difference),
            event.timing,
            event.revision,
            event.run,
        )


def restatements_document(
    found: Table,
    moved: Sequence[Moved],
    curves: Sequence[Curve] | None,
    question: Question,
    *,
    since: AsOf,
    while_open: bool,
    corrections: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """The whole answer: every change, what they add up to in all and by day, what people corrected, how days settle."""
    days, with_money = by_key(moved, lambda one: one.day), question.principal.money
    return {
        "perfdash": {
            "version": RESTATEMENTS_VERSION,
            "view": "restatements",
            "since": as_of_text(since),
            "until": as_of_text(question.as_of),
            "while_open": while_open,
            "filters": question.record() | {"max_cpm": None},
            "sha256": tables.sha256(found),
        },
        "rows": tables.records(found),
        "totals": [_movement(one, with_money) for one in by_currency(moved)],
        "days": [{"day": str(day)} | _movement(days[day, cur], with_money) for day, cur in sorted(days)],
        "corrections": list(corrections),
        "settling": None if curves is None else [_curve(one) for one in curves],
    }


def _movement(one: Movement, with_money: bool) -> dict[str, Any]:
    shown: list[RestatedField] = [name for name in RESTATED_FIELDS if with_money or name not in RESTATED_MONEY]
    return {
        "currency": one.currency or None,
        "changes": one.events,
        "vanished": one.vanished,
        "reappeared": one.reappeared,
        "changes_after_final": one.late,
        "days": len(one.days),
        "days_after_final": len(one.late_days),
        "changed": {name: one.count(name) for name in shown},
        "differences": {name: _text(exact_value(name, one.difference(name))) for name in shown if name in ADDED},
    }


def _text(value: Any) -> Any:
    return metrics.text(value) if isinstance(value, Decimal) else value


def _curve(one: Curve) -> dict[str, Any]:
    points = [
        {"days_after": p.after, "days": p.days, "moved": None if p.moved is None else metrics.text(rounded(p.moved, 8))}
        for p in one.points
    ]
    return {"platform": one.platform, "currency": one.currency or None, "days": one.days, "points": points}
