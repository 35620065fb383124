"""A table as a file holds it: its columns, and what was recognised about them. What stands after it is no row of it."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any

from perfdash.ingest.column_names import ColumnNames, is_one_of, name_columns
from perfdash.ingest.columnar_rows import ColumnarRows
from perfdash.ingest.not_tabular import NotTabular

MOST_COLUMNS = 1_000
_FIRST = 100
NO_ROWS = "it holds no rows, so there is nothing to learn from it"
Cells = list[Any]
"""Texts, numbers as a workbook has them, and None for what is empty."""


@dataclass(frozen=True, slots=True)
class FileTable:
    """A file's rows by column; all values are text or, from a workbook, numbers. `said`: what people may check."""

    names: ColumnNames
    rows: ColumnarRows
    said: tuple[str, ...] = ()


def make_table(
    header: Sequence[str],
    columns: list[Cells],
    *,
    line: int,
    amounts: AbstractSet[str] = frozenset(),
    said: Sequence[str] = (),
    whole: bool = True,
) -> FileTable:
    """The table under `header`, which stands in `line`. Columns beyond the header's hold what is too long in a line.

    `amounts`: folded names of columns that only rows fill. `whole` is False when the last line may have been cut.
    NotTabular for lines that do not fit, a cut last line, and no rows at all.
    """
    columns = _without_blank_rows(columns)
    columns, after = _without_footer(header, columns, amounts, whole)
    if not columns or not columns[0]:
        raise NotTabular(NO_ROWS)
    _refuse_long_lines(len(header), columns, line)
    named = name_columns(header)
    kept = [place for place, cell in enumerate(header) if cell.strip() or _is_filled(columns[place])]
    if len(kept) < len(header):
        gone = {named.names[place] for place in range(len(header)) if place not in kept}
        named = replace(
            named,
            names=tuple(name for name in named.names if name not in gone),
            nameless=tuple(name for name in named.nameless if name not in gone),
        )
    kept_columns = [columns[place] for place in kept]
    named = _told_apart(named, kept_columns)
    return FileTable(named, ColumnarRows(named.names, kept_columns), (*said, *_notes(named, line, after)))


def _told_apart(named: ColumnNames, columns: list[Cells]) -> ColumnNames:
    """The first of several columns of one name that do not say the same is `cost (1)`: it is not to be guessed."""
    by_name = dict(zip(named.names, columns, strict=True))
    differ = {first for first, other in named.twins if by_name[first] != by_name[other]}
    return replace(named, names=tuple(f"{name} (1)" if name in differ else name for name in named.names))


def _without_blank_rows(columns: list[Cells]) -> list[Cells]:
    filled = [any(row) or 0 in row for row in zip(*columns, strict=True)]
    return columns if all(filled) else [list(compress(column, filled)) for column in columns]


def _without_footer(
    header: Sequence[str], columns: list[Cells], amounts: AbstractSet[str], whole: bool
) -> tuple[list[Cells], int]:
    """Without the lines at the end that hold no amount and little else, such as `Total: 3 campaigns`."""
    rows = len(columns[0]) if columns else 0
    usual = max((_filled(columns, at) for at in range(min(rows, _FIRST))), default=0)
    counted = [place for place, cell in enumerate(header) if is_one_of(cell, amounts)]
    last = rows
    while last and _is_footer(columns, last - 1, counted, usual):
        last -= 1
    if last < rows and not whole and _filled(columns, rows - 1) > 1:
        raise NotTabular("its last line ends before its columns do, as that of a file that was cut; export it anew")
    return (columns if last == rows else [column[:last] for column in columns]), rows - last


def _filled(columns: list[Cells], at: int) -> int:
    return sum(1 for column in columns if column[at] is not None)


def _is_footer(columns: list[Cells], at: int, counted: list[int], usual: int) -> bool:
    if any(columns[place][at] is not None for place in counted):
        return False
    return _filled(columns, at) <= (max(1, usual // 2) if counted else 1) < usual


def _is_filled(column: Cells) -> bool:
    return any(value is not None for value in column)


def _refuse_long_lines(width: int, columns: list[Cells], line: int) -> None:
    for column in columns[width:]:
        if _is_filled(column):
            at = next(place for place, value in enumerate(column) if value is not None)
            values = max(place for place, one in enumerate(columns, 1) if one[at] is not None)
            raise NotTabular(
                f"row {at + 1} under its header (line {line}) does not fit it: it has {values} values for {width} "
                "columns"
            )


def _notes(named: ColumnNames, line: int, after: int) -> list[str]:
    found = []
    if line > 1:
        found.append(f"header in line {line}")
    if named.twins:
        found.append(f"{len(dict(named.twins))} names stand over more than one column")
    if named.nameless:
        found.append(f"columns without a name: {', '.join(named.nameless[:5])}")
    if after:
        found.append(f"{after} line{'s' if after > 1 else ''} after the table left out")
    return found
