"""Rows that all have the same names, kept as columns: a list of objects that are made only for whoever looks at one.

In a column a number may stand as it was written, as bytes: most are money or ratios, whose digits say more than a
Decimal that would be made of them. Whoever looks at a row sees a Decimal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from itertools import repeat
from types import NoneType
from typing import Any, SupportsIndex

_WRITTEN = frozenset((bytes, int, NoneType))


class Told(list[Any]):
    """The values of one name, row by row; `kinds` are their types. It is not to be changed."""

    __slots__ = ("kinds",)

    def __init__(self, values: Iterable[Any]) -> None:
        super().__init__(values)
        self.kinds: AbstractSet[type] = frozenset(map(type, self))


def told(values: Iterable[Any]) -> Told:
    """The column of these values. Numbers in it stay as they are written only where that is easy to read: beside whole
    numbers, and without an exponent. ArithmeticError for one that is no Decimal."""
    column = Told(values)
    if bytes in column.kinds and not (column.kinds <= _WRITTEN and _has_no_exponent(column)):
        return Told(map(read, column))
    return column


def _has_no_exponent(column: Told) -> bool:
    numbers = column if column.kinds == {bytes} else [value for value in column if type(value) is bytes]
    return b"e" not in b"".join(numbers).lower()


def read(value: Any) -> Any:
    """A number that stands as it was written as a Decimal; any other value as it is."""
    return Decimal(value.decode()) if type(value) is bytes else value


class Alike(list[dict[str, Any]]):
    """Behaves as the list of its rows. `rows.read` takes the columns as they are."""

    def __init__(self, names: Sequence[str], columns: Iterable[Iterable[Any]]) -> None:
        super().__init__()
        self.names = tuple(names)
        self.columns = tuple(map(told, columns))
        self._made: list[dict[str, Any]] | None = None

    def __len__(self) -> int:
        return len(self.columns[0])

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows())

    def __reversed__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows()[::-1])

    def __getitem__(self, at: SupportsIndex | slice) -> Any:
        if isinstance(at, slice):
            return self._rows()[at]
        return {name: read(column[at]) for name, column in zip(self.names, self.columns, strict=True)}

    def __contains__(self, row: object) -> bool:
        return row in self._rows()

    def __eq__(self, other: object) -> bool:
        return self._rows() == other

    def __ne__(self, other: object) -> bool:
        return self._rows() != other

    __hash__ = None

    def __repr__(self) -> str:
        return repr(self._rows())

    def _rows(self) -> list[dict[str, Any]]:
        if self._made is None:
            columns = [map(read, column) if bytes in column.kinds else column for column in self.columns]
            self._made = list(map(dict, map(zip, repeat(self.names), zip(*columns, strict=True))))
        return self._made
