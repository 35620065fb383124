"""How far the cells of a sheet lie apart, found in its XML as it unpacks, whatever the sheet declares.

Who reads a sheet makes room for every cell between the outermost ones, so two cells can ask for all memory there is.
"""

from __future__ import annotations

import re

from perfdash.ingest.file_table import MOST_COLUMNS
from perfdash.ingest.not_tabular import NotTabular

MOST_CELLS = 20_000_000
_FEW_CELLS = 2_000_000
_SPARSE = 20
"""Room for so many times the cells that are there is not suspicious."""
_LONGEST_TAG = 1 << 16
_PLACE = re.compile(rb"""\sr\s*=\s*["']\s*([A-Za-z]*)([0-9]*)""")
_PREFIX = re.compile(rb"<\w+:(?=row|c)")
_CELL = re.compile(rb"<c[\s/>]")
TOO_MANY = "it has cells that lie too far apart, or more of them than can be read at once"


class SheetExtent:
    """Counts as pieces of a sheet come in; only whole tags are looked at."""

    def __init__(self) -> None:
        self._tail = b""
        self._rows = self._columns = 0
        self._row_tags = self._placed_rows = 0
        self._cells = self._placed_cells = 0
        self._in_row = self._most_in_row = 0

    def add(self, piece: bytes) -> None:
        """NotTabular as soon as there is too much."""
        text = self._tail + piece
        cut = text.rfind(b"<")
        cut = len(text) if cut < 0 else cut
        self._tail, text = text[cut:], text[:cut]
        if len(self._tail) > _LONGEST_TAG and b">" not in self._tail:
            raise NotTabular(TOO_MANY)
        self._count(text)
        if self._cells > MOST_CELLS:
            raise NotTabular(TOO_MANY)

    def _count(self, text: bytes) -> None:
        if b":row" in text or b":c" in text:
            text = _PREFIX.sub(b"<", text)
        for number, part in enumerate(text.split(b"<row")):
            self._in_row = (self._in_row if number == 0 else 0) + part.count(b"<c")
            if self._in_row > self._most_in_row:
                self._most_in_row = self._in_row
        self._row_tags += text.count(b"<row")
        self._cells += len(_CELL.findall(text))
        places = _PLACE.findall(text)
        for letters in {letters for letters, _ in places}:
            self._columns = max(self._columns, _number_of(letters))
        numbers = {number for _, number in places}
        self._rows = max(self._rows, max((int(number[:12]) for number in numbers if number), default=0))
        placed = sum(1 for letters, _ in places if letters)
        self._placed_cells += placed
        self._placed_rows += len(places) - placed

    def refuse_unbounded(self) -> None:
        """NotTabular when the whole sheet is too wide or would take too much room. To be called at its end."""
        self._count(self._tail)
        columns = self._columns + (self._most_in_row if self._placed_cells < self._cells else 0)
        rows = self._rows + (self._row_tags if self._placed_rows < self._row_tags else 0)
        if columns > MOST_COLUMNS and self._cells:
            raise NotTabular(f"a sheet of it has {columns:,} columns, and more than {MOST_COLUMNS:,} are not read")
        if rows * columns > min(MOST_CELLS, max(_FEW_CELLS, _SPARSE * self._cells)):
            raise NotTabular(TOO_MANY)


def _number_of(letters: bytes) -> int:
    """The number of a column: A is 1, AA is 27."""
    number = 0
    for letter in letters.upper()[:8]:
        number = 26 * number + letter - 64
    return number
