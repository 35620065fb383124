"""Strict JSON of answers that look alike, page after page: once a page's names are known, the next one's rows are read
into columns without an object for each.

The values are those of `loads`; whatever differs in the least from the page before is read by it instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import jiter
import msgspec
from msgspec.structs import astuple

from perfdash.ingest.columnar_rows import ColumnarRows, as_decimal
from perfdash.ingest.field_paths import plain_keys

MAX_DEPTH = 32
_MARK = b"\xef\xbb\xbf"
_WHITE_SPACE = b" \t\r\n"
_NO_MARKS = bytes(set(range(256)) - set(b"{[:"))
_CONTAINERS = frozenset((dict, list))


class NotStrictJson(ValueError):
    """The text is not JSON, or is JSON that two readers could understand differently. The text quotes no content."""


def loads(body: bytes, max_depth: int = MAX_DEPTH) -> Any:
    """The value of a UTF-8 JSON text: numbers are int or Decimal, never float.

    NotStrictJson for anything else: NaN, Infinity, a key twice in one object, nesting over `max_depth`, endless digits.
    """
    text = text_of(body)
    try:
        value = jiter.from_json(text, allow_inf_nan=False, float_mode="decimal")
    except ValueError:
        # Its errors quote keys, do not tell NaN from a typing error, and it takes no text that was cut inside an emoji.
        value = _slowly(body)
    marks = _marks_in(text)
    _, keys = _count(value, _brackets(marks), max_depth)
    if _are_all(keys, marks, text) or not _repeats_a_key(text):
        return value
    return _slowly(body)


def text_of(body: bytes) -> bytes:
    """Without a byte order mark."""
    return body.removeprefix(_MARK)


def is_only(value: Any, text: bytes, rows: int, names: int) -> bool:
    """True when `text` surely holds just `value` and, in one of its lists, `rows` flat objects of `names` keys each.

    False says nothing. NotStrictJson when `value` is nested too deeply.
    """
    marks = _marks_in(text)
    brackets = _brackets(marks) - rows
    found, keys = _count(value, brackets, MAX_DEPTH)
    return found == brackets and _are_all(keys + rows * names, marks, text)


def _slowly(body: bytes) -> Any:
    """The same by the standard library: why a text is refused, or its value after all."""
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except NotStrictJson:
        raise
    except UnicodeDecodeError:
        problem = "it is not UTF-8 text"
    except json.JSONDecodeError as error:
        problem = f"it is not JSON (line {error.lineno}, column {error.colno})"
    except RecursionError:
        problem = "it is nested too deeply"
    except (ValueError, InvalidOperation):
        problem = "it holds a number that is too long"
    raise NotStrictJson(problem)


def _refuse_constant(name: str) -> NoReturn:
    raise NotStrictJson(f"it holds {name}, which is no number in JSON")


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotStrictJson("one of its objects holds the same key twice")
    return found


def _marks_in(text: bytes) -> bytes:
    """What opens an object or a list, and what follows a key; words may hold the same."""
    return text.translate(None, _NO_MARKS)


def _brackets(marks: bytes) -> int:
    return marks.count(b"{") + marks.count(b"[")


def _count(value: Any, brackets: int, max_depth: int) -> tuple[int, int]:
    """How many objects and lists `value` holds, and how many keys these have.

    Level by level, without recursion: the parser's own limit is not ours. Each of them began with one of the text's
    opening `brackets`, so once that many are found, nothing is looked into that could hold another: rows without
    containers cost next to nothing.
    """
    level, found, keys = _containers((value,)), 0, 0
    for _ in range(max_depth):
        found += len(level)
        keys += sum(map(len, (container for container in level if container.__class__ is dict)))
        if found == brackets:
            return found, keys
        below: list[Any] = []
        for container in level:
            inside = container.values() if container.__class__ is dict else container
            if not _CONTAINERS.isdisjoint(map(type, inside)):
                below += _containers(inside)
        if not below:
            return found, keys
        level = below
    raise NotStrictJson(f"it is nested more than {max_depth} levels deep")


def _containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if value.__class__ is dict or value.__class__ is list]


def _are_all(keys: int, marks: bytes, text: bytes) -> bool:
    """True when `text` surely has no more than these different `keys`, so that none is there twice.

    A colon follows each key, right behind its quotation mark but for white space. Both counts may be more than there
    are keys, where words hold such marks too, but never less: each cost a small part of comparing the keys.
    """
    return keys == marks.count(b":") or keys == text.translate(None, _WHITE_SPACE).count(b'":')


def _repeats_a_key(text: bytes) -> bool:
    """Whether an object of a text that can be read has a key twice."""
    try:
        jiter.from_json(text, catch_duplicate_keys=True)
    except ValueError:
        return True
    return False


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
        value = loads(body)
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
        text = text_of(body)
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
        if not is_only(whole, text, len(around), len(self.names)):
            return None
        if around:
            holder[self.keys[-1]] = ColumnarRows(self.names, zip(*map(astuple, around), strict=True))
        return whole


def _exact(value: Any) -> Any:
    if type(value) is dict:
        return {name: _exact(inner) for name, inner in value.items()}
    return list(map(_exact, value)) if type(value) is list else as_decimal(value)


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
        "Like",
        fields,
        rename={field: name for (field, _), name in zip(fields, names, strict=True)},
        forbid_unknown_fields=True,
        gc=False,
    )
