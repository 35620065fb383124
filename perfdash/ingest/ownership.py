"""Whose rows these are: a row that names another account than the one that was asked for fails the run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from perfdash.domain.accounts import Account
from perfdash.domain.errors import BadAnswer
from perfdash.domain.values import RefusedValue, identifier
from perfdash.ingest.columnar_rows import as_decimal
from perfdash.ingest.mapping import Field
from perfdash.ingest.page import Page


def refuse_others(page: Page, fields: Sequence[Field], account: Account, left_out: Collection[int]) -> None:
    """BadAnswer for the first row of another account. Of several names for it the first that a row has decides."""
    found = [(field, values) for field in fields if (values := page.raw(field)) is not None]
    if not found or all(_is_ours(values, account.external_id) for _, values in found):
        return
    for place in range(page.rows):
        said = next(((field, values[place]) for field, values in found if not _is_blank(values[place])), None)
        if said is not None and place not in left_out and not _names(said[1], account.external_id):
            raise BadAnswer(_sentence(place, said[0], account.external_id))


def _is_ours(values: Sequence[Any], wanted: str) -> bool:
    """The short way: one text, again and again."""
    return values.count(wanted) == len(values)


def _is_blank(value: object) -> bool:
    return value is None or (type(value) is str and not value.strip())


def _names(value: object, wanted: str) -> bool:
    try:
        return identifier(as_decimal(value), "account") == wanted
    except RefusedValue:
        return False


def _sentence(place: int, field: Field, wanted: str) -> str:
    """Without the other account's id: who reads of this run may know nothing of whoever else is a client."""
    return (
        f"Row {place + 1} is of another account than {wanted}, which was asked for: {field.label} says so. Nothing was "
        f"stored; if {field.label} means something else, write records.account = false"
    )
