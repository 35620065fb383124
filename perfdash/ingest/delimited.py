"""Text with separated columns (CSV, TSV and their kin) -> a table. All values are text: pandas guesses no type here."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice
from operator import methodcaller
from typing import Any

from perfdash.ingest.file_table import MOST_COLUMNS, NO_ROWS, Cells, FileTable, make_table
from perfdash.ingest.header_line import LOOKED_AT, HeaderWish, find_header, known_names
from perfdash.ingest.not_tabular import NotTabular
from perfdash.ingest.text_encoding import decode

_SPOKEN = {",": "CSV", ";": "CSV with semicolons", "\t": "tabs", "|": "bars"}
_SEP_LINE = re.compile(r'\s*"?sep=([,;\t|])"?[,;\t|]*(?:\r\n|\n|\r)', re.IGNORECASE)
_LONGEST_VALUE = 131_072
_LINE_END = re.compile(r"\r\n|\n|\r")
_LONGEST_HEADER = 20
"""Lines over which the names of a header may break."""
NO_HEADER = (
    "no line of it looks like the header of a table, with columns separated by comma, semicolon, tab or bar; "
    "records.header can say in which line it stands"
)
NOT_CSV = "is not CSV: a quotation mark is missing or misplaced, or a value is too long"


@dataclass(frozen=True, slots=True)
class _HeaderLine:
    """One line as columns: its number, from 0, and where in the text the line after it begins."""

    cells: list[str]
    line: int
    end: int
    separator: str


def read_delimited(body: bytes, wish: HeaderWish, amounts: AbstractSet[str] = frozenset()) -> FileTable:
    """NotTabular, which says why, for text that is no table with a header."""
    decoded = decode(body)
    text = decoded.text
    if not text.strip():
        raise NotTabular("it is empty")
    header = _header(text, wish)
    if len(header.cells) > MOST_COLUMNS:
        raise NotTabular(f"it has {len(header.cells):,} columns, and more than {MOST_COLUMNS:,} are not read")
    said = [*([decoded.encoding] if decoded.encoding != "UTF-8" else ()), _SPOKEN[header.separator]]
    whole = text.endswith(("\n", "\r"))
    columns = _columns(text[header.end :], header)
    return make_table(header.cells, columns, line=header.line + 1, amounts=amounts, said=said, whole=whole)


def _header(text: str, wish: HeaderWish) -> _HeaderLine:
    """By the separator with which most of the names that are looked for are found, or else most columns."""
    named = _SEP_LINE.match(text)
    begin = named.end() if named else 0
    tried = [_header_with(text, begin, one, wish) for one in ([named[1]] if named else _SPOKEN)]
    found = [one for one in tried if one is not None]
    if not found:
        raise NotTabular(NO_HEADER)
    return max(found, key=lambda one: (known_names(one.cells, wish), len(one.cells)))


def _header_with(text: str, begin: int, separator: str, wish: HeaderWish) -> _HeaderLine | None:
    most = max(LOOKED_AT, wish.line or 0)
    by_line: list[_HeaderLine | None] = [None] * (1 if begin else 0)
    for record in _first_records(text, begin, separator, len(by_line)):
        by_line += [None] * (record.line - len(by_line))
        by_line.append(record)
        if len(by_line) >= most:
            break
    at = find_header([record.cells if record else [] for record in by_line], wish)
    found = None if at is None else by_line[at]
    return found if found is not None and len(found.cells) > 1 else None


def _first_records(text: str, begin: int, separator: str, line: int) -> Iterator[_HeaderLine]:
    """Record by record, each line tried anew: a lone quotation mark in a title must not swallow what follows it."""
    while begin < len(text):
        ends = [found.end() for found in islice(_LINE_END.finditer(text, begin), _LONGEST_HEADER)] or [len(text)]
        starts = [begin, *ends[:-1]]
        reader = csv.reader((text[a:b] for a, b in zip(starts, ends, strict=True)), delimiter=separator, strict=True)
        try:
            cells = next(reader)
            taken = reader.line_num
        except (csv.Error, StopIteration):
            cells, taken = [text[begin : ends[0]].strip()], 1
        yield _HeaderLine(cells, line, ends[taken - 1], separator)
        begin, line = ends[taken - 1], line + taken


def _columns(rest: str, header: _HeaderLine) -> list[Cells]:
    """What stands under the header, column by column; None for an empty value. More columns when a line is longer."""
    if not rest.strip():
        raise NotTabular(NO_ROWS)
    width = max(len(header.cells), _widest(rest, header))
    if width > MOST_COLUMNS:
        raise NotTabular(f"a line of it has {width:,} values, and more than {MOST_COLUMNS:,} are not read")
    table = _parsed(rest, header.separator, width)
    known: dict[str, str] = {}
    columns: list[Cells] = []
    for name in range(width):
        values = table.pop(name).tolist()
        if max(map(len, values), default=0) > _LONGEST_VALUE:
            raise NotTabular(f"a line of it {NOT_CSV}")
        # Names and days repeat from row to row: one text for all of them.
        columns.append([known.setdefault(value, value) if value else None for value in values])
    return columns


def _widest(rest: str, header: _HeaderLine) -> int:
    """The most values in a line. NotTabular for what pandas would pass over: a misplaced mark can swallow rows."""
    if '"' not in rest:
        separators: Iterator[int] = map(methodcaller("count", header.separator), _LINE_END.split(rest))
        return 1 + max(separators)
    reader = csv.reader(io.StringIO(rest, newline=""), delimiter=header.separator, strict=True)
    try:
        return max(map(len, reader))
    except csv.Error:
        problem = f"line {header.line + 1 + reader.line_num} {NOT_CSV}"
    raise NotTabular(problem)


def _parsed(rest: str, separator: str, width: int) -> Any:
    import pandas  # only who reads such a file pays the half second that it takes to load

    try:
        return pandas.read_csv(
            io.StringIO(rest, newline=""),
            sep=separator,
            header=None,
            names=list(range(width)),
            dtype=str,
            keep_default_na=False,
            na_filter=False,
            index_col=False,
        )
    except pandas.errors.EmptyDataError:
        problem = NO_ROWS
    except pandas.errors.ParserError:
        problem = f"a line of it {NOT_CSV}"
    raise NotTabular(problem)
