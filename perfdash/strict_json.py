"""JSON read strictly: what `json.loads` accepts and money cannot afford is refused. Decimals stay exact."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import jiter

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


def holds_only(value: Any, text: bytes, rows: int, names: int) -> bool:
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
