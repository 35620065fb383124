"""A saved file, opened as what it is: rows, the names of their columns, and what was recognised (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from perfdash.config.file_mapping import FileMapping
from perfdash.config.models import SourceConfig
from perfdash.domain.errors import BadAnswer
from perfdash.ingest.archive import gunzip, one_report
from perfdash.ingest.columnar_rows import ColumnarRows
from perfdash.ingest.delimited import read_delimited
from perfdash.ingest.file_form import FileForm, form_of
from perfdash.ingest.file_table import NO_ROWS, FileTable
from perfdash.ingest.json_lines import read_json_lines
from perfdash.ingest.json_reader import NotStrictJson
from perfdash.ingest.not_tabular import NotTabular
from perfdash.ingest.text_encoding import is_marked_utf16, to_utf8
from perfdash.ingest.workbook import SheetWish, read_workbook
from perfdash.sources.export_columns import amount_names, fit, header_wish
from perfdash.sources.recognition import known_exports, recognise
from perfdash.sources.saved_answer import rows_in

_SPOKEN: dict[FileForm, str] = {"workbook": "Excel", "json": "JSON", "json lines": "JSON lines"}


@dataclass(frozen=True, slots=True)
class FileWish:
    """What is known of a file before it is opened: whose it is, how it may be read, and which sheet was named."""

    config: SourceConfig
    mappings: tuple[FileMapping, ...]
    """The one that was named, or the source's own."""
    sheet: str | None = None

    @property
    def most(self) -> int:
        """Bytes that a file may have, also unpacked from an archive."""
        return int(self.config.limits.body_mib * 2**20)


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """`names` is empty for rows that are nested as an API sends them."""

    rows: Sequence[Any]
    names: tuple[str, ...]
    said: tuple[str, ...]
    flat: bool
    """A table: every row has every column."""


def open_file(body: bytes, name: str, wish: FileWish) -> OpenedFile:
    """BadAnswer, which says why, for a file that is no report."""
    try:
        return _opened(body, name, wish)
    except (NotTabular, NotStrictJson) as error:
        problem = str(error)
    raise BadAnswer(problem)


def _opened(body: bytes, name: str, wish: FileWish, inside: bool = False) -> OpenedFile:
    plain = to_utf8(body) if is_marked_utf16(body) else body
    form = form_of(plain, name)
    if form in ("zip", "gzip") and inside:
        raise NotTabular("it is an archive inside an archive: unpack it, and name the report")
    if form == "gzip":
        return _unpacked(name.removesuffix(".gz"), gunzip(body, wish.most), wish)
    if form == "zip":
        return _unpacked(*one_report(body, wish.most), wish)
    if form == "json":
        return _of_json(rows_in(plain, wish.config), form)
    if form == "json lines":
        return _of_json(read_json_lines(plain), form)
    return _of_table(_table(body, form, wish), form)


def _unpacked(name: str, body: bytes, wish: FileWish) -> OpenedFile:
    found = _opened(body, name, wish, inside=True)
    return replace(found, said=("unpacked", *found.said))


def _table(body: bytes, form: FileForm, wish: FileWish) -> FileTable:
    records = wish.mappings[0].records
    known = (*wish.mappings, *known_exports())
    header, amounts = header_wish(known, records.header), amount_names(known)
    if form == "delimited":
        return read_delimited(body, header, amounts)
    sheet = SheetWish(lambda names: _fits(names, wish.mappings), wish.sheet or records.sheet)
    return read_workbook(body, header, sheet, wish.most, amounts)


def _fits(names: Sequence[str], mappings: Iterable[FileMapping]) -> bool:
    return any(fit(mapping, names).fits for mapping in mappings) or recognise(names) is not None


def _of_table(table: FileTable, form: FileForm) -> OpenedFile:
    spoken = (_SPOKEN[form],) if form in _SPOKEN else ()
    return OpenedFile(table.rows, table.rows.names, (*spoken, *table.said), True)


def _of_json(rows: Sequence[Any], form: FileForm) -> OpenedFile:
    if not rows:
        raise NotTabular(NO_ROWS)
    return OpenedFile(rows, _flat_names(rows), (_SPOKEN[form],), False)


def _flat_names(rows: Sequence[Any]) -> tuple[str, ...]:
    """The names in rows that hold nothing but values; none for rows with something inside, or that are no objects."""
    if isinstance(rows, ColumnarRows):
        return rows.names
    found: dict[str, None] = {}
    for row in rows:
        if type(row) is not dict or any(type(value) in (dict, list) for value in row.values()):
            return ()
        found.update(dict.fromkeys(row))
    return tuple(found)
