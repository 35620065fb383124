"""The names of a table's columns, as its header has them: compared as people read them, made unique, told."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """Unique names in their order. `twins`: pairs of the first of several columns of one name, and another of them."""

    names: tuple[str, ...]
    twins: tuple[tuple[str, str], ...] = ()
    nameless: tuple[str, ...] = ()
    """What columns without a name are called."""


def plain_name(cell: str) -> str:
    """A header's cell on one line, without blanks around it."""
    return " ".join(cell.split())


def folded(name: str) -> str:
    """For comparing: case, kinds of blanks and of characters that look alike do not matter."""
    return plain_name(unicodedata.normalize("NFKC", name)).casefold()


def name_columns(cells: Sequence[str]) -> ColumnNames:
    """`cost`, `cost` -> `cost`, `cost (2)`; a fifth column without a name is `column 5`."""
    said = [plain_name(cell) for cell in cells]
    taken = set(said)
    names: list[str] = []
    twins, nameless = [], []
    for place, name in enumerate(said, 1):
        if not name:
            name = _free(f"column {place}", taken)
            nameless.append(name)
        elif name in names:
            twins.append((name, _free(name, taken, 2)))
            name = twins[-1][1]
        taken.add(name)
        names.append(name)
    return ColumnNames(tuple(names), tuple(twins), tuple(nameless))


def _free(name: str, taken: set[str], first: int | None = None) -> str:
    if first is None and name not in taken:
        return name
    number = first or 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"


_CURRENCY = re.compile(r"[(\[]([A-Z]{3})[)\]]$")


def currency_in(name: str) -> str | None:
    """The currency that a header names: `Amount spent (EUR)` -> EUR."""
    found = _CURRENCY.search(name.strip())
    return found[1] if found else None


def is_one_of(name: str, wanted: AbstractSet[str]) -> bool:
    """Whether a header is one of these folded names, of which `cost ({currency})` stands for any currency."""
    return folded(name) in wanted or folded(any_currency(name)) in wanted


def any_currency(name: str) -> str:
    """`Cost (EUR)` -> `Cost ({currency})`"""
    return _CURRENCY.sub("({currency})", plain_name(name))
