"""Rows that all have the same names, kept as columns: a list of objects that are made only for whoever looks at one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any, SupportsIndex


class Alike(list[dict[str, Any]]):
    """Behaves as the list of its rows. `rows.read` takes the columns as they are."""

    def __init__(self, names: Sequence[str], columns: Sequence[list[Any]]) -> None:
        super().__init__()
        self.names = tuple(names)
        self.columns = tuple(columns)
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
        return {name: column[at] for name, column in zip(self.names, self.columns, strict=True)}

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
            self._made = list(map(dict, map(zip, repeat(self.names), zip(*self.columns, strict=True))))
        return self._made
