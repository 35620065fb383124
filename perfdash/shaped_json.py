"""Strict JSON of answers that look alike, page after page: once a page's names are known, the next one's rows are read
into columns without an object for each.

The values are those of `strict_json.loads`; whatever differs in the least from the page before is read by it instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import astuple

from perfdash import strict_json
from perfdash.alike import ColumnarRows, read
from perfdash.paths import plain_keys

_MOST_NAMES = 200
# ArithmeticError is what a number gives that Decimal cannot hold.
_UNREADABLE = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)


class Reader:
    """Reads the pages of one answer, whose rows stand at `path`. One page that differs, and it expects nothing more."""

    def __init__(self, path: str) -> None:
        self._keys = plain_keys(path)
        self._shape: _Shape | None = None

    def loads(self, body: bytes) -> Any:
        """As strict_json.loads; the rows may be ColumnarRows."""
        if self._shape is not None:
            value = self._shape.read(body)
            if value is not None:
                return value
            self._shape, self._keys = None, None
        value = strict_json.loads(body)
        if self._keys is not None:
            self._shape = _shape_of(value, self._keys)
        return value


@dataclass(frozen=True, slots=True)
class _Shape:
    """What an answer looked like: the names around its rows, level by level, and those of every row."""

    keys: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]
    decoder: msgspec.json.Decoder[Any]

    def read(self, body: bytes) -> dict[str, Any] | None:
        """The answer, or None when it does not surely look the same and hold nothing else."""
        text = strict_json.text_of(body)
        try:
            return self._read(self.decoder.decode(text), text)
        except _UNREADABLE:
            return None

    def _read(self, around: Any, text: bytes) -> dict[str, Any] | None:
        whole: dict[str, Any] = {}
        inner = whole
        for key, names in zip(self.keys, self.levels, strict=True):
            found = dict(zip(names, astuple(around), strict=True))
            around, found[key] = found[key], {}
            inner |= _exact(found)
            holder, inner = inner, inner[key]
        holder[self.keys[-1]] = []
        if not strict_json.holds_only(whole, text, len(around), len(self.names)):
            return None
        if around:
            holder[self.keys[-1]] = ColumnarRows(self.names, zip(*map(astuple, around), strict=True))
        return whole


def _exact(value: Any) -> Any:
    if type(value) is dict:
        return {name: _exact(inner) for name, inner in value.items()}
    return list(map(_exact, value)) if type(value) is list else read(value)


def _shape_of(value: Any, keys: tuple[str, ...]) -> _Shape | None:
    """None for an answer that says nothing of the next one: not an object, or rows of different names."""
    levels = []
    whole = ".".join(keys)
    for key in keys:
        if not isinstance(value, dict) or key not in value or len(value) > _MOST_NAMES:
            return None
        if len(keys) > 1 and whole in value:  # then look_up means that one
            return None
        levels.append(tuple(value))
        value = value[key]
    names = _names_of(value)
    if names is None or len(names) > _MOST_NAMES:
        return None
    try:
        around: Any = list[_struct(names, {})]  # type: ignore[misc]
        for key, level in reversed(list(zip(keys, levels, strict=True))):
            around = _struct(level, {key: around})
    except ValueError:  # a name that msgspec does not take, such as one with a quotation mark
        return None
    return _Shape(keys, tuple(levels), names, msgspec.json.Decoder(around, float_hook=str.encode))


def _names_of(rows: object) -> tuple[str, ...] | None:
    if not isinstance(rows, list) or not rows or any(type(row) is not dict for row in rows):
        return None
    names = rows[0].keys()
    return tuple(names) if names and all(row.keys() == names for row in rows) else None


def _struct(names: Sequence[str], types: Mapping[str, Any]) -> type[msgspec.Struct]:
    """Takes an object of exactly these names. Their own could not be names in Python."""
    fields = [(f"field_{n}", types.get(name, Any)) for n, name in enumerate(names)]
    return msgspec.defstruct(
        "Like", fields, rename={field: name for (field, _), name in zip(fields, names, strict=True)},
        forbid_unknown_fields=True, gc=False,
    )  # fmt: skip
