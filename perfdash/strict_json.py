"""JSON read strictly: what `json.loads` accepts and money cannot afford is refused. Decimals stay exact."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

MAX_DEPTH = 32


class NotStrictJson(ValueError):
    """The text is not JSON, or is JSON that two readers could understand differently. The text quotes no content."""


def loads(body: bytes, max_depth: int = MAX_DEPTH) -> Any:
    """The value of a UTF-8 JSON text: numbers are int or Decimal, never float.

    NotStrictJson for anything else: NaN, Infinity, a key twice in one object, nesting over `max_depth`, endless digits.
    """
    try:
        value = json.loads(
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
    else:
        _check_depth(value, max_depth)
        return value
    raise NotStrictJson(problem)


def _refuse_constant(name: str) -> NoReturn:
    raise NotStrictJson(f"it holds {name}, which is no number in JSON")


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotStrictJson("one of its objects holds the same key twice")
    return found


def _check_depth(value: Any, max_depth: int) -> None:
    """Level by level, without recursion: the parser's own limit is that of the stack, which depends on the caller."""
    level = [value]
    for _ in range(max_depth):
        below: list[Any] = []
        for container in level:
            if container.__class__ is dict:
                below += [v for v in container.values() if v.__class__ is dict or v.__class__ is list]
            elif container.__class__ is list:
                below += [v for v in container if v.__class__ is dict or v.__class__ is list]
        if not below:
            return
        level = below
    raise NotStrictJson(f"it is nested more than {max_depth} levels deep")
