"""Rows over several days: where their last day stands, and on which of their days they are booked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import date

from perfdash.domain.errors import BadAnswer
from perfdash.ingest.columnar_rows import Kinds
from perfdash.ingest.convert import ConvertedColumn, Values
from perfdash.ingest.field_paths import look_up, path_of, plain_name
from perfdash.ingest.mapping import Field, FieldMapping
from perfdash.ingest.page import Page

Read = Callable[[Values, Field, Kinds], ConvertedColumn[date]]

_ENDS = {
    "starts": ("ends", "stops"),
    "started": ("ended", "stopped"),
    "start": ("stop", "end", "ende", "finish", "until"),
    "begins": ("ends",),
    "beginn": ("ende",),
    "beginning": ("end", "ending"),
    "begin": ("end", "ende", "einde"),
    "begint": ("eindigt",),
    "anfang": ("ende",),
    "since": ("until", "till", "to"),
    "from": ("to", "until", "till", "through", "thru"),
    "first": ("last",),
    "min": ("max",),
    "von": ("bis",),
    "van": ("tot",),
    "inicio": ("fin", "final", "finalización", "término", "termino"),
    "início": ("fim", "término", "final", "encerramento", "conclusão"),
    "inizio": ("fine",),
    "début": ("fin",),
    "debut": ("fin",),
    "desde": ("hasta",),
    "dal": ("al",),
    "od": ("do",),
    "начало": ("конец", "окончание"),
    "開始": ("終了",),
    "开始": ("结束",),
    "시작": ("종료",),
}
"""A word for a start inside the name of a column -> the words for the end that may stand in its place."""


def booked(
    page: Page,
    mapping: FieldMapping,
    read: Read,
    days: list[date],
    unreadable: Collection[int],
    left_out: Collection[int],
) -> list[date]:
    """The day of each row; BadAnswer when one is about several and nothing says on which of them it counts."""
    field = mapping.fields.get("last_day") or partner(page, mapping)
    column = None if field is None else page.lenient(field, read)
    if field is None or column is None or column.values == days:
        return days
    last = [day if end is None else end for day, end in zip(days, column.values, strict=True)]
    if mapping.periods == "first_day":
        return days
    if mapping.periods == "last_day":
        return [day if place in unreadable else end for place, (day, end) in enumerate(zip(days, last, strict=True))]
    for place, (day, end) in enumerate(zip(days, last, strict=True)):
        if day != end and place not in unreadable and place not in left_out:
            raise BadAnswer(
                f"Row {place + 1} is not about one day but about several days, {day} to {end}, as {field.label} says: "
                "ask the source for rows by day, or write on which of its days such a row counts, records.periods = "
                '"first_day" or "last_day"; nothing was stored'
            )
    return days


def partner(page: Page, mapping: FieldMapping) -> Field | None:
    """The column of the last day beside that of a day whose own column is named like a start."""
    day = mapping.fields["day"]
    if day.keys is None:
        return None
    wanted = _ends_of(plain_name(day.keys[-1]))
    if not wanted:
        return None
    taken = {field.keys for field in mapping.fields.values()}
    beside = {plain_name(name): name for name in sorted(page.names_beside(day.keys), reverse=True)}
    for end in wanted:
        keys = (*day.keys[:-1], beside.get(end, ""))
        if end in beside and keys not in taken:
            path = path_of(keys)
            return replace(day, name="last_day", label=path, find=look_up(path), keys=keys)
    return None


def _ends_of(name: str) -> Sequence[str]:
    """What the column of the last day may be called, where `name` is that of the first."""
    found = []
    for start in sorted(_ENDS, key=len, reverse=True):
        word = plain_name(start)
        # A short word only at one end: "von" and "al" stand inside others.
        if word in name and (len(word) > 3 or name.startswith(word) or name.endswith(word)):
            found += [name.replace(word, plain_name(end), 1) for end in _ENDS[start]]
    return found
