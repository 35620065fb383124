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
    text = body.removeprefix(_MARK)
    try:
        value = jiter.from_json(text, allow_inf_nan=False, float_mode="decimal")
    except ValueError:
        # Its errors quote keys, do not tell NaN from a typing error, and it takes no text that was cut inside an emoji.
        value = _slowly(body)
    marks = text.translate(None, _NO_MARKS)
    keys = _count_keys(value, marks.count(b"{") + marks.count(b"["), max_depth)
    if keys == marks.count(b":") or keys == _most_keys(text) or not _repeats_a_key(text):
        return value
    return _slowly(body)


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


def _count_keys(value: Any, brackets: int, max_depth: int) -> int:
    """The keys of all objects in `value`. Level by level, without recursion: the parser's own limit is not ours.

    Each object or list began with one of the text's opening `brackets`, so once that many are found, nothing is looked
    into that could hold another: rows without containers cost next to nothing.
    """
    level, found, keys = _containers((value,)), 0, 0
    for _ in range(max_depth):
        found += len(level)
        keys += sum(map(len, (container for container in level if container.__class__ is dict)))
        if found == brackets:
            return keys
        below: list[Any] = []
        for container in level:
            inside = container.values() if container.__class__ is dict else container
            if not _CONTAINERS.isdisjoint(map(type, inside)):
                below += _containers(inside)
        if not below:
            return keys
        level = below
    raise NotStrictJson(f"it is nested more than {max_depth} levels deep")


def _containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if value.__class__ is dict or value.__class__ is list]


def _most_keys(text: bytes) -> int:
    """At least as many as there are keys, each counted as often as it comes: a colon follows each one's quotation mark.

    As the colons alone, it is more where words hold such marks too, but never less. So if there are that many different
    keys, none came twice; finding that out costs a small part of what it costs to compare them.
    """
    return text.translate(None, _WHITE_SPACE).count(b'":')


def _repeats_a_key(text: bytes) -> bool:
    """Whether an object of a text that can be read has a key twice."""
    try:
        jiter.from_json(text, catch_duplicate_keys=True)
    except ValueError:
        return True
    return False
