"""What somebody exported: files of one account, each read by what fits it, as the rows of one answer (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from perfdash.config.file_mapping import FileMapping, of_preset, of_source
from perfdash.config.models import SourceConfig
from perfdash.domain.errors import BadAnswer
from perfdash.ingest.columnar_rows import ColumnarRows
from perfdash.ingest.field_paths import path_of
from perfdash.ingest.totals import reads_as_footer
from perfdash.sources.export_columns import FittedMapping, fit
from perfdash.sources.opened_file import FileWish, OpenedFile, open_file
from perfdash.sources.recognition import nearest_export, recognise

MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class NamedFile:
    """The content of a file and its name, as people see it."""

    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class SavedExport:
    """The rows of all files together, how they are to be read, and a line for each file: what was recognised."""

    rows: Sequence[Any]
    mapping: FileMapping
    names: tuple[str, ...]
    columns: Mapping[str, str]
    """Field -> the column that it is read from."""
    said: tuple[str, ...]


def read_exports(
    files: Sequence[NamedFile],
    config: SourceConfig,
    currency: str,
    mapping: FileMapping | None = None,
    sheet: str | None = None,
) -> SavedExport:
    """The files by `mapping`, else by the source's own fields, else by the preset that their header is recognised as.

    BadAnswer, which names the file where there are several, for what cannot be used.
    """
    named = (of_source(config) if mapping is None else mapping,)
    opened, fitted, said = [], [], []
    for file in files:
        try:
            found = open_file(file.body, file.name, FileWish(config, named, sheet))
            chosen, told = _chosen(found, named[0], config, currency, fixed=mapping is not None)
        except BadAnswer as error:
            problem = f"{file.name}: {error}" if len(files) > 1 else str(error)
            raise BadAnswer(problem) from None
        opened.append(found)
        fitted.append(chosen)
        said.append(_line(file.name, found, told))
    return _together(opened, fitted, said)


def _line(name: str, found: OpenedFile, told: str) -> str:
    return f"{name}: read as {', '.join(found.said)}" + (f"; {told}" if told else "")


def _chosen(
    found: OpenedFile, named: FileMapping, config: SourceConfig, currency: str, *, fixed: bool
) -> tuple[FittedMapping, str]:
    """The mapping by which this file is read, and what to say of it when it was not the source's own."""
    if not found.names:
        return FittedMapping(named, {}), ""
    own, told = fit(named, found.names, currency, found.flat), ""
    if own.is_another and not fixed and not config.files_only:
        recognised = recognise(found.names)
        if recognised is not None:
            own = fit(of_preset(recognised.preset), found.names, currency, found.flat)
            told = f"its columns are those of {recognised.preset}"
    _refuse_unfit(own, found, currency)
    return own, told


def _refuse_unfit(fitted: FittedMapping, found: OpenedFile, currency: str) -> None:
    if fitted.foreign:
        raise BadAnswer(f'its column "{fitted.foreign}" is not in {currency}, the currency of the account')
    if fitted.missing:
        problems = "; ".join(map(str, fitted.missing[:MOST_TOLD]))
        near = nearest_export(found.names)
        hint = f"; it looks most like a {near} (--mapping {near})" if near not in ("", fitted.mapping.name) else ""
        raise BadAnswer(problems + hint)


def _together(opened: Sequence[OpenedFile], fitted: Sequence[FittedMapping], said: Sequence[str]) -> SavedExport:
    if len(opened) == 1:
        only = fitted[0]
        return SavedExport(opened[0].rows, only.mapping, opened[0].names, only.columns, tuple(said))
    if not all(one.names for one in opened):
        rows = [row for one in opened for row in one.rows]
        return SavedExport(rows, fitted[0].mapping, (), {}, tuple(said))
    if len({one.mapping.name for one in fitted}) > 1:
        raise BadAnswer("the files are of different kinds; read each kind by itself")
    columns: dict[str, str] = {}
    for one in fitted:
        columns = {**one.columns, **columns}
    renamed = [_renamed(one.rows, each.columns, columns) for one, each in zip(opened, fitted, strict=True)]
    names = tuple(dict.fromkeys(name for table in renamed for name in table))
    ends = [_End(len(one.rows), _footers(one.rows, each)) for one, each in zip(opened, fitted, strict=True)]
    joined = ColumnarRows(names, [list(_joined(name, renamed, ends)) for name in names])
    return SavedExport(joined, _united(fitted, columns), names, columns, tuple(said))


def _renamed(rows: Sequence[Any], columns: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, Sequence[Any]]:
    """The columns of one file, those of our fields by the names that they have in the first file."""
    table = _columns(rows)
    ours = {wanted[field]: table[theirs] for field, theirs in columns.items() if theirs in table}
    taken = set(columns.values())
    others = {f"{name} (2)" if name in ours else name: table[name] for name in table if name not in taken}
    return {**others, **ours}


def _columns(rows: Sequence[Any]) -> dict[str, Sequence[Any]]:
    if isinstance(rows, ColumnarRows):
        return dict(zip(rows.names, rows.columns, strict=True))
    names = dict.fromkeys(key for row in rows for key in row)
    return {name: [row.get(name) for row in rows] for name in names}


@dataclass(frozen=True, slots=True)
class _End:
    """How many rows a file has, and how many of them are totals and remarks behind the others."""

    rows: int
    footers: int

    @property
    def last(self) -> int:
        return self.rows - self.footers


def _footers(rows: Sequence[Any], fitted: FittedMapping) -> int:
    """They come behind the rows of all files, where they are known for what they are."""
    keys = [fitted.columns[name] for name in ("campaign", "day") if name in fitted.columns]
    found = 0
    while found < len(rows) and reads_as_footer(row := rows[len(rows) - 1 - found], [row.get(key) for key in keys]):
        found += 1
    return found


def _joined(name: str, tables: Sequence[Mapping[str, Sequence[Any]]], ends: Sequence[_End]) -> Iterator[Any]:
    columns = [table.get(name) or [None] * end.rows for table, end in zip(tables, ends, strict=True)]
    for column, end in zip(columns, ends, strict=True):
        yield from column[: end.last]
    for column, end in zip(columns, ends, strict=True):
        yield from column[end.last :]


def _united(fitted: Sequence[FittedMapping], columns: Mapping[str, str]) -> FileMapping:
    """One mapping of all files: the first one's, and what only others have."""
    first = fitted[0].mapping
    more: dict[str, Any] = {}
    for field, column in columns.items():
        all_said = [found for one in fitted if (found := getattr(one.mapping.fields, field)) is not None]
        constant = next((found.constant for found in all_said if found.constant is not None), None)
        more[field] = all_said[0].model_copy(update={"path": (path_of((column,)),), "constant": constant})
    finer = tuple(dict.fromkeys(path for one in fitted for path in one.mapping.records.finer))
    records = first.records.model_copy(update={"finer": finer})
    return replace(first, records=records, fields=first.fields.model_copy(update=more))
