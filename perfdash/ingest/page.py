"""The rows of one page, read field by field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from decimal import Decimal
from functools import cached_property, partial
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from perfdash.domain.accounts import Account
from perfdash.ingest.columnar_rows import ColumnarRows, column_values, kinds_of
from perfdash.ingest.convert import Convert, ConvertedColumn, convert_each, where_reported, without_unsaid
from perfdash.ingest.mapping import DAYS, NUMBERS, Field, FieldMapping
from perfdash.ingest.number_styles import NumberColumn, settled

_AT_ONCE = 1_000
T = TypeVar("T")
_Keys = tuple[str, ...]


class Page:
    """The records of one page, column by column, and the first problem of each row."""

    def __init__(
        self, records: Sequence[object], mapping: FieldMapping, account: Account, answer: Sequence[object] = ()
    ) -> None:
        self.problems: dict[int, str] = {}
        """Row -> why it is refused."""
        self.unread: dict[str, set[int]] = {}
        """Their name of an optional field -> the rows of which it could not be read."""
        self._mapping, self._account = mapping, account
        self._numbers: dict[str, NumberColumn] | None = None
        self._answer = Page(answer, mapping, account) if answer else None
        """All rows, where these are only some of them."""
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

    @property
    def records(self) -> Sequence[dict[str, Any]]:
        """The rows themselves; an empty one for what is none."""
        return self._rows

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self._rows)

    def refuse(self, place: int, reason: str) -> None:
        """The first reason stands."""
        self.problems.setdefault(place, reason)

    def required(self, name: str, convert: Convert[T]) -> ConvertedColumn[T]:
        """A field that every row must have, converted; a row of which it cannot be read is refused."""
        field, values, lost = self._read(self._mapping.fields[name])
        values = [None] * len(self._rows) if values is None else values
        column = convert(values, field, kinds_of(values))
        return self._judged(replace(column, problems=column.problems | lost) if lost else column)

    def checked(self, name: str, convert: Convert[T]) -> ConvertedColumn[T | None] | None:
        """A field that a row may have, converted; a row of which it cannot be read is refused. None: no row has it."""
        column = self._may_have(self._mapping.fields.get(name), convert)
        return None if column is None else self._judged(column)

    def optional(self, name: str, convert: Convert[T]) -> ConvertedColumn[T | None] | None:
        """A field that a row may have, converted; where it cannot be read it is not reported. None: no row has it."""
        field = self._mapping.fields.get(name)
        return None if field is None else self.lenient(field, convert)

    def lenient(self, field: Field, convert: Convert[T]) -> ConvertedColumn[T | None] | None:
        """The same for a field that is no part of the mapping."""
        column = self._may_have(field, convert)
        if column is None or not column.problems:
            return column
        values = list(column.values)
        for place in column.problems:
            values[place] = None
        self.unread.setdefault(field.label, set()).update(column.problems)
        rounded = [place for place in column.rounded if place not in column.problems]
        return ConvertedColumn(values, column.problems, rounded)

    def overlook(self, name: str, places: Iterable[int]) -> None:
        """That the optional field could not be read in these rows does not matter."""
        self.unread.get(self._mapping.fields[name].label, set()).difference_update(places)

    def raw(self, field: Field) -> Sequence[Any] | None:
        """What stands in the field, row by row and as it came; None when it stands in no row."""
        return self._found(field)

    def names_beside(self, keys: _Keys) -> AbstractSet[str]:
        """The names that stand in some row where the last of `keys` does."""
        if len(keys) == 1:
            return self._names
        if ".".join(keys) in self._names:
            inside = ".".join(keys[:-1]) + "."
            return frozenset(name.removeprefix(inside) for name in self._names if name.startswith(inside))
        if keys[0] not in self._names:
            return frozenset()
        return frozenset().union(*(inner for inner in self._plain(keys[:-1]) if type(inner) is dict))

    def _may_have(self, field: Field | None, convert: Convert[T]) -> ConvertedColumn[T | None] | None:
        if field is None:
            return None
        field, values, lost = self._read(field)
        if values is None:
            return None
        column = where_reported(values, field, convert)
        return replace(column, problems=column.problems | lost) if lost else column

    def _judged(self, column: ConvertedColumn[T]) -> ConvertedColumn[T]:
        for place, reason in column.problems.items():
            self.refuse(place, reason)
        return column

    def _read(self, field: Field) -> tuple[Field, Sequence[Any] | None, dict[int, str]]:
        """A field as it is to be read on this page for this account, what stands in it, and where nothing can be
        picked."""
        if field.name in NUMBERS:
            self._numbers = self._settled_numbers() if self._numbers is None else self._numbers
            column = self._numbers[field.name]
            return column.field, column.values, column.problems
        values, lost = self._values(field)
        if field.name in DAYS:
            home = ZoneInfo(self._account.time_zone)
            days = replace(field.days, home=home, serials=self._mapping.from_file, beside=lambda: self.day_texts)
            reported = values if values is None or field.name == "day" else without_unsaid(values)
            return replace(field, days=days), reported, lost
        return (replace(field, from_file=True) if self._mapping.from_file else field), values, lost

    def _settled_numbers(self) -> dict[str, NumberColumn]:
        """All fields that are numbers, each to be read in the styles that all of them together leave."""
        found = self.number_columns()
        shown = found if self._answer is None else self._answer.number_columns()
        return settled(found, shown.values(), self._mapping.from_file, self._account.currency)

    def number_columns(self) -> dict[str, NumberColumn]:
        """What stands in each field that is a number, not yet read."""
        fields = [field for field in self._mapping.fields.values() if field.name in NUMBERS]
        return {field.name: NumberColumn.of(field, *self._values(field), len(self._rows)) for field in fields}

    @cached_property
    def day_texts(self) -> tuple[str, ...]:
        """The texts of all columns of days: in one of them the order of day and month may show."""
        if self._answer is not None:
            return self._answer.day_texts
        fields = [field for field in self._mapping.fields.values() if field.name in DAYS and not field.days.styles]
        columns = (self._values(field)[0] or () for field in fields)
        return tuple(dict.fromkeys(value for column in columns for value in column if type(value) is str))

    def _values(self, field: Field) -> tuple[Sequence[Any] | None, dict[int, str]]:
        """What stands in the field, row by row, and where nothing could be picked; None when it stands in no row."""
        lost: dict[int, str] = {}
        values = self._found(field)
        if values is not None and field.pick is not None:
            picked = convert_each(values, partial(field.pick.of, label=field.label), None)
            values, lost = picked.values, picked.problems
        if values is None:
            return None, lost
        return column_values(self._without_missing(values) if self._mapping.missing else values), lost

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
