"""A row of theirs as it is kept in quarantine and shown in a sentence."""

from __future__ import annotations

import json
from collections.abc import Collection
from decimal import Decimal

from perfdash.domain.values import RefusedValue, clean_text
from perfdash.ingest.mapping import Field, FieldMapping

MAX_PAYLOAD = 2000


def payload_of(raw: object, mapping: FieldMapping, longest: int = MAX_PAYLOAD, without: Collection[str] = ()) -> str:
    """A row as JSON text of at most `longest` characters: the fields that are read, without the creator's name.

    `without`: names of fields of ours that are not shown either.
    """
    if not isinstance(raw, dict):
        return json.dumps(f"not an object but {_kind(raw)}")
    person = mapping.fields.get("creator_name")
    shown = [
        field
        for name, field in mapping.fields.items()
        if name not in without and (person is None or field.keys != person.keys)
    ]
    found = [(field.label, _raw(field, raw)) for field in shown if field.constant is None]
    said = {label: value for label, value in found if value is not None or label in raw}
    parts: list[str] = []
    for width in (200, 60, 20):
        parts = [f"{_literal(label, width)}: {_literal(value, width)}" for label, value in said.items()]
        if len(", ".join(parts)) + 2 <= longest:
            break
    while len(", ".join(parts)) + 2 > longest:
        parts.pop()
    return "{" + ", ".join(parts) + "}"


def _raw(field: Field, raw: object) -> object:
    try:
        return field.value(raw)
    except RefusedValue:
        return field.find(raw)


def _literal(value: object, width: int) -> str:
    """One value as JSON; long ones are cut and become text, nested ones are only named."""
    if isinstance(value, str):
        text = clean_text(value)
        return json.dumps(text if len(text) <= width else text[: width - 1] + "…", ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, Decimal) or (isinstance(value, int) and abs(value) < 10**width):
        text = str(value)
        return text if len(text) <= width else json.dumps(text[: width - 1] + "…")
    return json.dumps(_kind(value))


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
    return names.get(type(value), "a number")
