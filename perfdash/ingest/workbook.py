"""An Excel workbook (.xlsx) -> a table: the cached values of one sheet. Nothing is evaluated, and its size is known
before it is read: a sheet is made in memory as wide and as long as its outermost cells lie apart."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain, islice
from typing import Any

import python_calamine as calamine

from perfdash.ingest.archive import members, unpack
from perfdash.ingest.file_table import Cells, FileTable, make_table
from perfdash.ingest.header_line import LOOKED_AT, HeaderWish, find_header
from perfdash.ingest.not_tabular import NotTabular
from perfdash.ingest.sheet_extent import SheetExtent

_UNPACKED = 8
"""How many times its own bound a workbook may unpack to: rows of numbers shrink to a tenth."""
_WORDS = 2
"""The same for each of its other parts, such as the texts that its cells share: they are held at once."""
_SURELY_EXACT = 10**15
"""Excel keeps 15 digits: a longer id was damaged when it was saved."""
_FEW_DIGITS = 17
_SECOND = time(0, 0, 1)
_AT_ONCE = 2_000
_MOST_KNOWN = 50_000
_POOLED = frozenset((str, float, date, datetime))
NO_WORKBOOK = "it is no Excel workbook (.xlsx) that can be read; save it as .xlsx or CSV, without a password"
NO_HEADER = "no line of its sheet looks like the header of a table; records.header can say in which line it stands"
SheetFits = Callable[[Sequence[str]], bool]
"""Whether a header has the columns that are needed."""


@dataclass(frozen=True, slots=True)
class SheetWish:
    """Which sheet: the one of this name, or else the only one whose header fits."""

    fits: SheetFits
    name: str | None = None


@dataclass(frozen=True, slots=True)
class _OpenSheet:
    """A sheet whose header stands at a place among its first lines; `rest` are the other lines."""

    name: str
    first: list[list[Any]]
    rest: Iterator[list[Any]]
    at: int
    above: int
    """Empty lines before the first one."""

    @property
    def header(self) -> list[str]:
        return header_of(self.first[self.at])


def read_workbook(
    body: bytes, wish: HeaderWish, sheet: SheetWish, most: int, amounts: AbstractSet[str] = frozenset()
) -> FileTable:
    """The table in a workbook of at most `most` bytes. NotTabular, which says why, for what cannot be used."""
    _refuse_unbounded(body, most)
    try:
        with calamine.CalamineWorkbook.from_filelike(io.BytesIO(body)) as workbook:
            shown = _shown(workbook)
            found = _chosen(workbook, shown, wish, sheet)
    except (calamine.CalamineError, OSError):
        raise NotTabular(NO_WORKBOOK) from None
    said = [f'sheet "{found.name}"'] if len(shown) > 1 else []
    line = found.above + found.at + 1
    return make_table(found.header, _columns(found), line=line, amounts=amounts, said=said)


def _refuse_unbounded(body: bytes, most: int) -> None:
    """Unpacks everything once and keeps nothing, before another program unpacks it and keeps all."""
    for name, member in members(body, _UNPACKED * most).items():
        if member.unpacked > _WORDS * most and not name.startswith("xl/worksheets/"):
            raise NotTabular("its texts would take more memory than limits.body_mib of the source allows")
        extent = SheetExtent()
        for piece in unpack(body, member):
            extent.add(piece)
        extent.refuse_unbounded()


def _shown(workbook: calamine.CalamineWorkbook) -> list[str]:
    """The sheets that a reader sees; charts and hidden notes are none."""
    sheets = [one for one in workbook.sheets_metadata if one.typ == calamine.SheetTypeEnum.WorkSheet]
    seen = [one.name for one in sheets if one.visible == calamine.SheetVisibleEnum.Visible]
    return seen or [one.name for one in sheets]


def _chosen(workbook: calamine.CalamineWorkbook, shown: list[str], wish: HeaderWish, sheet: SheetWish) -> _OpenSheet:
    if sheet.name is not None:
        if sheet.name not in workbook.sheet_names:
            raise NotTabular(f"it has no sheet of the name that was given; it has: {_listed(workbook.sheet_names)}")
        shown = [sheet.name]
    opened = [found for name in shown if (found := _opened(workbook, name, wish)) is not None]
    fitting = [found for found in opened if sheet.fits(found.header)]
    if len(fitting) > 1:
        names = _listed([found.name for found in fitting])
        raise NotTabular(f"several of its sheets fit: {names}; say which with --sheet or records.sheet")
    if not opened:
        raise NotTabular(NO_HEADER if any(workbook.get_sheet_by_name(name).height for name in shown) else "it is empty")
    return (fitting or opened)[0]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name[:40]}"' for name in names[:10])


def _opened(workbook: calamine.CalamineWorkbook, name: str, wish: HeaderWish) -> _OpenSheet | None:
    sheet = workbook.get_sheet_by_name(name)
    lines = sheet.iter_rows()
    above = sheet.start[0] if sheet.start else 0
    first = list(islice(lines, max(LOOKED_AT, wish.line or 0)))
    shifted = wish if wish.line is None else HeaderWish(wish.names, wish.line - above)
    at = find_header([header_of(line) for line in first], shifted)
    return None if at is None else _OpenSheet(name, first, lines, at, above)


def header_of(line: Sequence[Any]) -> list[str]:
    """A line as a header would be read: what is no text has no name."""
    return [str(as_cell(value) or "") if isinstance(value, str | date) else "" for value in line]


def _columns(found: _OpenSheet) -> list[Cells]:
    """What stands under the header, column by column."""
    lines = chain(found.first[found.at + 1 :], found.rest)
    columns: list[Cells] = [[] for _ in found.header]
    known: dict[Any, Any] = {}
    while some := list(islice(lines, _AT_ONCE)):
        for column, values in zip(columns, zip(*some, strict=True), strict=True):
            column += _cells(values, known)
    return columns


def _cells(values: Sequence[Any], known: dict[Any, Any]) -> Iterator[Any]:
    """The same as cells. Names, days and small numbers repeat from row to row: there is one of each."""
    for value in values:
        found = known.get(value) if value.__class__ in _POOLED else None
        if found is None:
            found = as_cell(value)
            if value.__class__ in _POOLED and len(known) < _MOST_KNOWN:
                known[value] = found
        yield found


def as_cell(value: Any) -> str | int | bytes | None:
    """One value as a file has it: days as ISO text, numbers as they are shown, None for an empty cell.

    A number with decimals is its digits, as columnar_rows keeps those of JSON; what is beyond them is text.
    """
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int):
        return value if abs(value) < _SURELY_EXACT else str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime):
        return _moment(value)
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _moment(value: datetime) -> str:
    """To the second: a fraction of a day is not exact."""
    rounded = value + timedelta(microseconds=500_000 if value.microsecond else 0)
    return rounded.date().isoformat() if rounded.time() < _SECOND else rounded.isoformat(" ", "seconds")


def _number(value: float) -> str | int | bytes | None:
    if not math.isfinite(value):
        return None
    if value.is_integer() and abs(value) < _SURELY_EXACT:
        return int(value)
    text = repr(value)
    if len(text) >= _FEW_DIGITS:
        shown = format(value, ".15g")  # what Excel shows: 0.3, where adding up has left 0.30000000000000004
        text = shown if abs(float(shown) - value) <= 2 * math.ulp(value) else text
    if "e" not in text:
        return text if abs(value) >= _SURELY_EXACT else text.encode()
    return text if abs(value) > 1 else format(Decimal(text), "f").encode()
