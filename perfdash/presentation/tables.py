"""What leaves the product: canonical rows, and the CSV and JSON made of them. Pages and the command line share it.

Numbers are exact and raw: integers, amounts with six decimals, fractions with eight, nothing where undefined. Each
row carries its currency and when its data was fetched. Text that a spreadsheet would run as a formula is defused.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from perfdash.domain.campaigns import CampaignRow
from perfdash.domain.groups import Group
from perfdash.domain.metrics import Cell, text
from perfdash.domain.question import View
from perfdash.domain.refusals import Missing
from perfdash.presentation import glossary
from perfdash.presentation.columns import ExportColumn, Names, Naming, Origins, columns_of

_UNSEEN = (
    r"[\s\x00-\x1f\x7f-\x9f\"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]*"
)
"""What a reader does not see, or takes for the quotation mark that opens a cell."""
_SIGN = r"[=+\-@\u207a-\u207c\u208a-\u208c\ufb29\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20]"
"""Also in full width, small, raised and lowered: some programs read these as the plain ones."""
_FORMULA = re.compile(rf"(^|[;\t\r\n])(?={_UNSEEN}{_SIGN})|^(?=[\t\r\n])")
"""Where a spreadsheet could begin a formula: at the start of the text, or behind what it takes for the end of a cell in
countries where the comma is the decimal mark."""


@dataclass(frozen=True, slots=True)
class Table:
    """A view, or another listing, as exact values in the order of its columns."""

    view: str
    columns: tuple[ExportColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def table(
    view: View,
    rows: Iterable[Group] | Iterable[CampaignRow],
    *,
    with_money: bool,
    origins: Origins | None = None,
    creators: Names | None = None,
    campaigns: Names | None = None,
    missing: Missing = (),
) -> Table:
    """`rows` (groups by BY[view]; for "campaigns" the campaign rows) as exact values."""
    columns = columns_of(view, with_money)
    named = Naming.of(origins or {}, creators or {}, campaigns or {}, missing)
    return Table(view, columns, tuple(tuple(named.cell(column.name, row) for column in columns) for row in rows))


def listing(view: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[Cell]]) -> Table:
    """Any other table that people take out, such as runs: columns as (name, header)."""
    return Table(view, tuple(ExportColumn(*column) for column in columns), tuple(tuple(row) for row in rows))


def to_csv(found: Table) -> str:
    """RFC 4180, UTF-8 text without a byte order mark, one header line."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(column.header for column in found.columns)
    writer.writerows([_defused(cell) for cell in row] for row in found.rows)
    return out.getvalue()


def _defused(cell: Cell) -> str:
    """Text that a spreadsheet would run is prefixed with '; numbers are ours and stay raw, negative ones too."""
    shown = text(cell)
    return _FORMULA.sub(r"\1'", shown) if isinstance(cell, str) else shown


def sha256(found: Table) -> str:
    """The checksum of the canonical rows: one JSON array of texts a line, names first, without the fetch columns."""
    kept = [n for n, column in enumerate(found.columns) if column.canonical]
    digest = hashlib.sha256()
    for row in ([found.columns[n].name for n in kept], *([text(row[n]) for n in kept] for row in found.rows)):
        digest.update(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()


def records(found: Table) -> list[dict[str, Any]]:
    """Rows as JSON objects: counts as numbers, exact decimals and days as strings, null where undefined."""
    return [{name: _json(cell) for name, cell in zip(found.names, row, strict=True)} for row in found.rows]


def _json(cell: Cell) -> str | int | None:
    return cell if cell is None or isinstance(cell, int) else text(cell)


def definitions(columns: Sequence[ExportColumn]) -> dict[str, str]:
    """What those of `columns` mean that the glossary knows: a formula, or else a sentence."""
    told = [glossary.entry_of(column.name) for column in columns if column.name in glossary.ENTRIES]
    return {entry.name: entry.definition or entry.meaning for entry in told}
