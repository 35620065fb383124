"""How wide a column of a table must be, in pixels, so that nothing of it is cut.

Streamlit measures a sample of cells and drops the widest as outliers, so the largest amount of a column loses digits.
Here every cell counts. The theme asks for a system font, so the widths are those of a wide one (DejaVu Sans) at the
13 px of the theme.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from unicodedata import combining, east_asian_width

PADDING = 18
"""Left and right of a cell's text, with the line between two columns."""
HEADER_MARKS = 38
"""Beside a header: the arrow of what is sorted, and the menu that appears under the pointer."""
NARROWEST, WIDEST = 60, 460
LONGEST = 200
_BUBBLE = 24
"""Around each entry of a list."""
_NARROW = frozenset(" .,:;'!|ijlIt()[]/\u00a0\u2019")
_WIDE = frozenset("MW@%\u2014\u2026m\u2264\u00d7w")


def needed(texts: Iterable[str], label: str) -> int:
    """Of a column of these texts under this header; longer texts than WIDEST holds are read by a click on the cell."""
    cells = max((_pixels(text) for text in set(texts)), default=0) + PADDING
    return max(NARROWEST, min(WIDEST, max(cells, _pixels(label) + PADDING + HEADER_MARKS)))


def of_lists(lists: Iterable[Iterable[str]], label: str) -> int:
    """Of a column of lists, whose entries stand in bubbles beside each other."""
    cells = max((sum(_pixels(text) + _BUBBLE for text in one) for one in lists), default=0) + PADDING
    return max(NARROWEST, min(WIDEST, max(cells, _pixels(label) + PADDING + HEADER_MARKS)))


def _pixels(text: str) -> int:
    """No more than LONGEST characters decide: so much is wider than WIDEST, and a longer text would be kept whole."""
    return _pixels_of(text[:LONGEST])


@lru_cache(maxsize=10_000)
def _pixels_of(text: str) -> int:
    return round(sum(map(_advance, text)) + 0.5)


def _advance(char: str) -> float:
    if combining(char):
        return 0
    if char.isdigit() and char.isascii():
        return 8.4
    if east_asian_width(char) in "WF" or ord(char) > 0xFFFF:
        return 15
    if char in _NARROW:
        return 4.5
    if char in _WIDE:
        return 12.8
    if char.isupper() or ord(char) >= 0x2000:
        return 9.8
    return 7.8
