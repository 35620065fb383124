"""JSON read strictly: what `json.loads` accepts and money cannot afford is refused. Decimals stay exact."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import jiter

MAX_DEPTH = 32
_MARK = b"\xef\xbb\xbf"
_CONTAINERS = frozenset((dict, list))


class NotStrictJson(ValueError):
    """The text is not JSON, or is JSON that two readers could understand differently. The text quotes no content."""


def loads(body: bytes, max_depth: int = MAX_DEPTH) -> Any:
    """The value of a UTF-8 JSON text: numbers are int or Decimal, never float.

    NotStrictJson for anything else: NaN, Infinity, a key twice in one object, nesting over `max_depth`, endless digits.
    """
    try:
        value = jiter.from_json(
            body.removeprefix(_MARK), allow_inf_nan=False, catch_duplicate_keys=True, float_mode="decimal"
        )
    except ValueError:
        # Its errors quote keys, do not tell NaN from a typing error, and it takes no text that was cut inside an emoji.
        value = _slowly(body)
    _check_depth(value, max_depth)
    return value


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


def _check_depth(value: Any, max_depth: int) -> None:
    """Level by level, without recursion: the parser's own limit is not ours. Rows without containers cost one look."""
    level = _containers((value,))
    for _ in range(max_depth):
        below: list[Any] = []
        for container in level:
            inside = container.values() if container.__class__ is dict else container
            if not _CONTAINERS.isdisjoint(map(type, inside)):
                below += _containers(inside)
        if not below:
            return
        level = below
    raise NotStrictJson(f"it is nested more than {max_depth} levels deep")


def _containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if value.__class__ is dict or value.__class__ is list]
