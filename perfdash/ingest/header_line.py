"""Which line of a file is its header: the one that names the columns somebody looks for."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from perfdash.ingest.column_names import folded, is_one_of

LOOKED_AT = 100
"""Lines in which a header is looked for: what stands before it is a title, an account, a period."""
_SURE = 2
"""From this many known names on, a line is a header."""


@dataclass(frozen=True, slots=True)
class HeaderWish:
    """What somebody knows of a header: the names (folded) that it may have, and its line, counted from 1, if said."""

    names: AbstractSet[str] = frozenset()
    line: int | None = None


def known_names(cells: Sequence[str], wish: HeaderWish) -> int:
    """How many of a line's cells are names of columns that somebody looks for."""
    return len({folded(cell) for cell in cells if cell and is_one_of(cell, wish.names)})


def find_header(lines: Sequence[Sequence[str]], wish: HeaderWish) -> int | None:
    """The place of the header among the first lines; None when none looks like one.

    Without a line that names what is looked for it is the first of the usual width, if all its cells are words.
    """
    if wish.line is not None:
        return wish.line - 1 if wish.line <= len(lines) and any(lines[wish.line - 1]) else None
    scores = [known_names(cells, wish) for cells in lines[:LOOKED_AT]]
    best = max(scores, default=0)
    if best >= _SURE:
        return scores.index(best)
    return _by_shape(lines[:LOOKED_AT])


def _by_shape(lines: Sequence[Sequence[str]]) -> int | None:
    widths = [_width(cells) for cells in lines]
    usual = max(widths, default=0)
    for place, cells in enumerate(lines):
        if usual > 1 and widths[place] >= max(2, usual - 1) and all(_is_word(cell) for cell in cells if cell.strip()):
            return place
    return None


def _width(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if cell.strip())


def _is_word(cell: str) -> bool:
    return any(map(str.isalpha, cell)) and not cell.strip()[0].isdigit()
