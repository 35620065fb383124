"""A few rows, field by field: what came, and what it is understood as. Without secrets and without names of people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from perfdash import rows
from perfdash.accounts import Account, Days
from perfdash.domain.measures import IN_MILLIONTHS, MONEY, FactValues
from perfdash.mapping import Field, Mapping
from perfdash.payload import Batch, FactKey
from perfdash.reported import RefusedValue, plain
from perfdash.sources.described import place_told
from perfdash.sources.explain import configured
from perfdash.sources.reading import mapping_of
from perfdash.sources.source import Source

LONGEST_SHOWN = 60
PRESENT, ABSENT, NOT_REPORTED = "present", "absent", "not reported"
_MONEY = (*MONEY, "budget")


@dataclass(frozen=True, slots=True)
class ValueRead:
    """One field of one row: its place, what came there, and what it was understood as; None when it was refused."""

    field: str
    place: str
    came: str
    read: str | None


@dataclass(frozen=True, slots=True)
class RowRead:
    """One row by itself. `refused` is why it would be quarantined, or ''."""

    values: tuple[ValueRead, ...]
    flags: tuple[str, ...] = ()
    refused: str = ""


def sampled(source: Source, account: Account, window: Days, records: Sequence[object]) -> tuple[RowRead, ...]:
    """Each of `records` by itself, read by the code that reads whole pages. `source.key` masks what may be echoed."""
    mapping = mapping_of(source.config.fields, source.config.records)
    return tuple(_row(source, account, window, mapping, raw) for raw in records)


def _row(source: Source, account: Account, window: Days, mapping: Mapping, raw: object) -> RowRead:
    batch = rows.read([raw], mapping, account, window)
    read = _read(batch)
    refused = source.key.masked(batch.quarantined[0].reason) if batch.quarantined else ""
    values = (
        ValueRead(
            name,
            place_told(field),
            _short(source, _came(mapping.fields[name], raw)),
            None if refused else _short(source, _text(name, read.get(name), account)),
        )
        for name, field in configured(source)
    )
    flags = () if refused else next(iter(batch.facts.values())).flags
    return RowRead(tuple(values), flags, refused)


def _short(source: Source, text: str) -> str:
    """Masked before it is cut: half a key is a secret too."""
    text = source.key.masked(text)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def _read(batch: Batch) -> dict[str, Any]:
    """Our values of a batch of one row, by field."""
    if not batch.facts:
        return {}
    key: FactKey
    values: FactValues
    [(key, values)] = batch.facts.items()
    said = batch.campaigns[key.campaign]
    found = {**key._asdict(), **values._asdict(), "cpm": values.reported_cpm, "roi": values.reported_roi}
    found |= {name: getattr(said, name) for name in ("status", "budget", "flight_start", "flight_end")}
    return found | {
        "campaign_name": said.name,
        "creator": key.creator or None,
        "creator_name": batch.creators.get(key.creator),
    }


def _text(name: str, value: str | int | Decimal | date | None, account: Account) -> str:
    if value is None:
        return NOT_REPORTED
    if name == "creator_name":
        return PRESENT
    if name in (*_MONEY, *IN_MILLIONTHS):
        exact = format(Decimal(value).scaleb(-6).normalize(), "f")  # type: ignore[arg-type]
        return f"{exact} {account.currency}" if name in _MONEY else exact
    return str(value)


def _came(field: Field, raw: object) -> str:
    """What stands there, as JSON. A person's name is not shown, nor what may hold one."""
    try:
        value = field.value(raw)
    except RefusedValue:
        return "a list"
    if value is None:
        return ABSENT
    if field.name == "creator_name":
        return PRESENT
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(plain(value) if isinstance(value, str) else value, ensure_ascii=False)
