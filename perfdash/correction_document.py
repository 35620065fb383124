"""The log of corrections as a table to take out: one line per corrected row, exact, newest first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from perfdash import export
from perfdash.asof import instant
from perfdash.columns import Cell, Names
from perfdash.correction_story import Correction, CorrectionBatch, spoken
from perfdash.corrections import MONEY_FIELDS, CorrectedField, Raw
from perfdash.export import Table
from perfdash.metrics import money

_COLUMNS = (
    ("number", "number"), ("made_at", "made at (UTC)"), ("client", "client"), ("account", "account number"),
    ("campaign", "campaign id"), ("name", "campaign"), ("creator", "creator id"), ("platform", "platform"),
    ("day", "day (account's time zone)"), ("field", "field"), ("currency", "currency"),
    ("before", "before (currency units or count)"), ("value", "corrected (currency units or count)"),
    ("raw_then", "reported then (currency units or count)"), ("raw_now", "reported now (currency units or count)"),
    ("state", "state"), ("warning", "warning"), ("reason", "reason"), ("author", "by"), ("batch", "batch"),
    ("ended_at", "ended at (UTC)"), ("ended_by", "ended by"), ("ended_reason", "reason of the end"),
)  # fmt: skip


def table(found: Iterable[CorrectionBatch], campaigns: Names) -> Table:
    """Every part of every decision. Amounts in currency units; an active correction has no end."""
    rows = [_row(part, decision, campaigns) for decision in found for part in decision.parts]
    return export.listing("corrections", _COLUMNS, rows)


def _row(
    part: Correction, decision: CorrectionBatch, campaigns: Mapping[tuple[str, int, str], str]
) -> tuple[Cell, ...]:
    key, field = part.key, part.field
    warnings = CorrectionBatch((part,), decision.arrived).warnings
    return (
        part.number, instant(part.made_at), part.client, part.account, key.campaign,
        campaigns.get((part.client, part.account, key.campaign), key.campaign), key.creator, key.platform, key.day,
        field, part.currency if field in MONEY_FIELDS else None, _cell(field, part.before), _cell(field, part.value),
        _raw(field, part.raw_then), _raw(field, part.raw_now), part.ended_as or "active", "; ".join(warnings),
        part.reason, part.author, part.batch, instant(part.ended_at) if part.ended_at else None,
        part.ended_by, part.ended_reason,
    )  # fmt: skip


def _raw(field: CorrectedField, raw: Raw | None) -> Cell:
    return None if raw is None else _cell(field, spoken(field, raw))


def _cell(field: CorrectedField, value: int | None) -> Cell:
    return money(value) if field in MONEY_FIELDS else value
