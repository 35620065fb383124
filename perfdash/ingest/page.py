"""The rows of one page read field by field, and a row as it is kept in quarantine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar

from perfdash.domain.values import RefusedValue, clean_text
from perfdash.ingest.columnar_rows import ColumnarRows
from perfdash.ingest.convert import Convert, ConvertedColumn, convert_each, kinds_of, where_reported
from perfdash.ingest.mapping import Field, FieldMapping

MAX_PAYLOAD = 2000
_AT_ONCE = 1_000
T = TypeVar("T")
_Keys = tuple[str, ...]


class Page:
    """The records of one page, column by column, and the first problem of each row."""

    def __init__(self, records: Sequence[object], mapping: FieldMapping) -> None:
        self.problems: dict[int, str] = {}
        """Row -> why it is refused."""
        self._mapping = mapping
        if isinstance(records, ColumnarRows):
            self._rows: Sequence[dict[str, Any]] = records
            self._names: AbstractSet[str] = frozenset(records.names)
            self._columns: dict[_Keys, Sequence[Any]] = {(): records, **_by_key(records.names, records.columns)}
            return
        self._rows = list(records)  # type: ignore[arg-type]
        if set(map(type, records)) != {dict}:
            for place, record in enumerate(records):
                if type(record) is not dict:
                    self.problems[place], self._rows[place] = "the row is not an object", {}
        self._columns = {(): self._rows}
        self._names = self._taken_apart() or set().union(*self._rows)

    def _taken_apart(self) -> frozenset[str]:
        """The names in the rows, whose columns are then made all at once; none when not every row has the same ones."""
        names = tuple(self._rows[0])
        if len(names) < 2 or set(map(len, self._rows)) != {len(names)}:
            return frozenset()
        columns: list[list[Any]] = [[] for _ in names]
        rows = map(itemgetter(*names), self._rows)
        try:
            while some := list(islice(rows, _AT_ONCE)):
                for column, part in zip(columns, zip(*some, strict=True), strict=True):
                    column += part
        except KeyError:
            return frozenset()
        self._columns.update(_by_key(names, columns))
        return frozenset(names)

    def refuse(self, place: int, reason: str) -> None:
        """The first reason stands."""
        self.problems.setdefault(place, reason)

    def required(self, name: str, convert: Convert[T]) -> ConvertedColumn[T]:
        """A field that every row must have, converted; its problems are noted."""
        field = self._mapping.fields[name]
        values = self._values(field)
        values = [None] * len(self._rows) if values is None else values
        return self._noted(convert(values, field, kinds_of(values)))

    def optional(self, name: str, convert: Convert[T]) -> ConvertedColumn[T | None] | None:
        """A field that a row may have, converted; its problems are noted. None when no row has it."""
        column = self.unnoted(name, convert)
        return None if column is None else self._noted(column)

    def unnoted(self, name: str, convert: Convert[T]) -> ConvertedColumn[T | None] | None:
        """The same, but what is wrong with it refuses no row yet."""
        field = self._mapping.fields.get(name)
        values = None if field is None else self._values(field)
        return None if field is None or values is None else where_reported(values, field, convert)

    def _noted(self, column: ConvertedColumn[T]) -> ConvertedColumn[T]:
        for place, reason in column.problems.items():
            self.refuse(place, reason)
        return column

    def _values(self, field: Field) -> Sequence[Any] | None:
        """What stands in the field, row by row; None when it stands in no row."""
        values = self._found(field)
        if values is None:
            return [0] * len(self._rows) if field.zero_when_missing else None
        if field.pick is not None:
            values = self._noted(convert_each(values, partial(field.pick.of, label=field.label), None)).values
        if self._mapping.missing:
            values = self._without_missing(values)
        return [0 if value is None else value for value in values] if field.zero_when_missing else values

    def _without_missing(self, values: Sequence[Any]) -> Sequence[Any]:
        missing, kinds = self._mapping.missing, kinds_of(values)
        # A Decimal takes its time to find that it is no text; beside texts and whole numbers a search costs little.
        if str not in kinds or (Decimal not in kinds and not any(text in values for text in missing)):
            return values
        return [None if type(value) is str and value in missing else value for value in values]

    def _found(self, field: Field) -> Sequence[Any] | None:
        if field.constant is not None:
            return [field.constant] * len(self._rows)
        keys = field.keys
        if keys is None or (len(keys) > 1 and ".".join(keys) in self._names):
            return [field.find(row) for row in self._rows]
        return self._plain(keys) if keys[0] in self._names else None

    def _plain(self, keys: _Keys) -> Sequence[Any]:
        """What stands under `keys`, each level looked up once however many fields lie in it."""
        if keys not in self._columns:
            key, above = keys[-1], self._plain(keys[:-1])
            try:
                self._columns[keys] = list(map(itemgetter(key), above))
            except (KeyError, TypeError):
                self._columns[keys] = [inner.get(key) if type(inner) is dict else None for inner in above]
        return self._columns[keys]


def _by_key(names: Iterable[str], columns: Iterable[list[Any]]) -> dict[_Keys, Sequence[Any]]:
    return {(name,): column for name, column in zip(names, columns, strict=True)}


def payload_of(raw: object, mapping: FieldMapping) -> str:
    """A refused row as JSON text of at most 2,000 characters: the fields that are read, without the creator's name."""
    if not isinstance(raw, dict):
        return json.dumps(f"not an object but {_kind(raw)}")
    person = mapping.fields.get("creator_name")
    shown = [field for field in mapping.fields.values() if person is None or field.keys != person.keys]
    found = [(field.label, _raw(field, raw)) for field in shown if field.constant is None]
    said = {label: value for label, value in found if value is not None or label in raw}
    parts: list[str] = []
    for width in (200, 60, 20):
        parts = [f"{_literal(label, width)}: {_literal(value, width)}" for label, value in said.items()]
        if len(", ".join(parts)) + 2 <= MAX_PAYLOAD:
            break
    while len(", ".join(parts)) + 2 > MAX_PAYLOAD:
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
