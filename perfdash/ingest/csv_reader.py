"""A CSV export -> records, read strictly: whatever two readers could understand differently is refused (pure)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from perfdash.ingest.not_tabular import NotTabular

_SEPARATORS = (",", ";", "\t")


def records(body: bytes) -> list[dict[str, str | None]]:
    """The lines under the header, by column; all values are text, and an empty one is None.

    UTF-8 with or without a byte order mark; the header decides between comma, semicolon and tab. NotTabular says why.
    """
    text = _text(body)
    separator = max(_SEPARATORS, key=lambda one: len(next(_lines(text, one), (1, []))[1]))
    lines = _lines(text, separator)
    names = _header(next(lines, (1, []))[1])
    found: list[dict[str, str | None]] = []
    for number, values in lines:
        if len(values) != len(names):
            raise NotTabular(
                f"line {number} does not fit its header: it has {len(values)} values for {len(names)} columns"
            )
        found.append({name: value or None for name, value in zip(names, values, strict=True)})
    return found


def _text(body: bytes) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotTabular("it is not UTF-8 text; save it as UTF-8") from None
    if "\0" in text:
        raise NotTabular("it is not text")
    return text


def _lines(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and values of the lines that are not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for values in reader:
            if values:
                yield reader.line_num, values
    except csv.Error:
        problem = f"line {reader.line_num} is not CSV: a quotation mark is missing or misplaced, or a value is too long"
    else:
        return
    raise NotTabular(problem)


def _header(values: Sequence[str]) -> list[str]:
    names = [value.strip() for value in values]
    if not names:
        raise NotTabular("it is empty")
    if len(names) == 1:
        raise NotTabular("its first line must be the header, with columns separated by comma, semicolon or tab")
    if not all(names):
        raise NotTabular(f"column {names.index('') + 1} has no name in its first line, which must be the header")
    if len(set(names)) < len(names):
        raise NotTabular("two of its columns have the same name")
    return names
