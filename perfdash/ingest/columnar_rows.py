"""Rows of identical keys, stored as columns; a row's dict is built when somebody looks at it.

In a column a number may stand as it was written, as bytes: most are money or ratios, whose digits say more than a
Decimal that would be made of them. Whoever looks at a row sees a Decimal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from itertools import repeat
from types import NoneType
from typing import Any, TypeGuard, final, overload

Kinds = AbstractSet[type]
"""The types of a column's values, looked at once for all questions about them."""
_WRITTEN = frozenset((bytes, int, NoneType))


class ColumnValues(list[Any]):
    """The values of one name, row by row; `kinds` are their types. It is not to be changed."""

    __slots__ = ("kinds",)

    def __init__(self, values: Iterable[Any]) -> None:
        super().__init__(values)
        self.kinds: AbstractSet[type] = frozenset(map(type, self))


def column_values(values: Sequence[Any]) -> ColumnValues:
    """`values`, with their types looked at once."""
    return values if isinstance(values, ColumnValues) else ColumnValues(values)


def kinds_of(values: Sequence[object]) -> Kinds:
    """By type and not by value: a Decimal takes its time to find that it is not None, or no text.

    bytes: a number as it was written, with a point and without an exponent.
    """
    return values.kinds if isinstance(values, ColumnValues) else set(map(type, values))


def column_of(values: Iterable[Any]) -> ColumnValues:
    """Numbers stay as they are written only where that is easy to read: beside whole numbers, and without an exponent.

    ArithmeticError for one that is no Decimal.
    """
    column = ColumnValues(values)
    if bytes in column.kinds and not (column.kinds <= _WRITTEN and _has_no_exponent(column)):
        return ColumnValues(map(as_decimal, column))
    return column


def _has_no_exponent(column: ColumnValues) -> bool:
    numbers = column if column.kinds == {bytes} else [value for value in column if type(value) is bytes]
    return b"e" not in b"".join(numbers).lower()


def as_decimal(value: Any) -> Any:
    """A number that stands as it was written as a Decimal; any other value as it is."""
    return Decimal(value.decode()) if type(value) is bytes else value


@final
class ColumnarRows(Sequence[dict[str, Any]]):
    """A sequence of rows, equal to the list of them; it has at least one. `rows.read_rows` takes its columns."""

    __slots__ = ("_made", "columns", "names")
    __hash__ = None  # type: ignore[assignment]  # as of a list, whose equal it may be

    def __init__(self, names: Sequence[str], columns: Iterable[Iterable[Any]]) -> None:
        self.names = tuple(names)
        self.columns = tuple(map(column_of, columns))
        self._made: list[dict[str, Any]] | None = None

    def __len__(self) -> int:
        return len(self.columns[0])

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows())

    @overload
    def __getitem__(self, at: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, at: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, at: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(at, slice):
            return self._rows()[at]
        return {name: as_decimal(column[at]) for name, column in zip(self.names, self.columns, strict=True)}

    def __eq__(self, other: object) -> bool:
        return self._rows() == list(other) if are_rows(other) else NotImplemented

    def __repr__(self) -> str:
        return repr(self._rows())

    def _rows(self) -> list[dict[str, Any]]:
        if self._made is None:
            columns = [map(as_decimal, column) if bytes in column.kinds else column for column in self.columns]
            self._made = list(map(dict, map(zip, repeat(self.names), zip(*columns, strict=True))))
        return self._made


def are_rows(value: object) -> TypeGuard[Sequence[Any]]:
    """True for what stands for a JSON array: a list, or rows that were read into columns."""
    return isinstance(value, list | ColumnarRows)
