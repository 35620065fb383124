"""The shape of one row at the border (pydantic), and the row as it is kept in quarantine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from perfdash.reported import Number, plain

MAX_PAYLOAD = 2000


@with_config(ConfigDict(strict=True))
class KeyPart(TypedDict, total=False):
    """The fields that name a fact. Strict: text is text, and true is no number."""

    campaignId: str | int | None
    creatorId: str | int | None
    platform: str | None
    date: str | None


@with_config(ConfigDict(strict=True))
class Row(KeyPart, total=False):
    """One row of `performance_v1`. Other keys are dropped here; names are read leniently, so they are `object`."""

    campaignName: object
    creatorName: object
    status: object
    impressions: Number
    clicks: Number
    cost: Number
    cpm: Number
    roi: Number
    reach: Number
    views: Number
    engagements: Number
    conversions: Number
    revenue: Number
    currency: str | None
    budget: Number
    startDate: str | None
    endDate: str | None


KEPT = tuple(name for name in Row.__annotations__ if name != "creatorName")


@cache
def _adapter() -> TypeAdapter[list[Row]]:
    return TypeAdapter(list[Row])


@cache
def _key_adapter() -> TypeAdapter[KeyPart]:
    return TypeAdapter(KeyPart)


def shaped(rows: Sequence[object]) -> Iterator[tuple[object, Row | None, str]]:
    """Each row as (as it came, in shape or None, why not). One pass when all are in shape, which is the usual case."""
    reasons: dict[int, str] = {}
    try:
        fine = _adapter().validate_python(rows)
    except ValidationError as error:
        reasons = _reasons(error)
    if not reasons:
        for row in fine:
            yield row, row, ""
        return
    for index, raw in enumerate(rows):
        reason = reasons.get(index)
        yield raw, None if reason else _adapter().validate_python([raw])[0], reason or ""


def _reasons(error: ValidationError) -> dict[int, str]:
    """The first problem of each row, without its content."""
    found: dict[int, str] = {}
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        index, *path = problem["loc"]
        if isinstance(index, int) and index not in found:
            found[index] = f"{path[0]} is of a type that it cannot have" if path else "the row is not an object"
    return found


def key_part(raw: object) -> KeyPart | None:
    """Just the key's fields of a row that is out of shape, or None when even these are."""
    try:
        return _key_adapter().validate_python(raw)
    except ValidationError:
        return None


def payload_of(raw: object) -> str:
    """A refused row as JSON text of at most 2,000 characters: the contract's fields, without the creator's name."""
    if not isinstance(raw, Mapping):
        return json.dumps(f"not an object but {_kind(raw)}")
    for width in (200, 60, 20):
        text = ", ".join(f'"{name}": {_literal(raw[name], width)}' for name in KEPT if name in raw)
        if len(text) + 2 <= MAX_PAYLOAD:
            break
    return f"{{{text}}}"


def _literal(value: object, width: int) -> str:
    """One value as JSON; long ones are cut and become text, nested ones are only named."""
    if isinstance(value, str):
        text = plain(value)
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
