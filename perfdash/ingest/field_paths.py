"""Where a value stands in an answer: JMESPath, which for a plain path such as `metrics.spend` costs a few look-ups."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import jmespath
from jmespath import functions, visitor
from jmespath.exceptions import JMESPathError

from perfdash.ingest.columnar_rows import ColumnarRows

# What the library's own functions raise on data of a shape that the expression did not expect.
_ODD_DATA = (JMESPathError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
PATHS_KEPT = 1_000
"""Expressions that are kept parsed: those of the configuration, and those that somebody writes into a form."""
_OURS = {"Decimal": "float"}
"""Types of ours, by their names, and those of which the library knows what they are."""


@lru_cache(maxsize=PATHS_KEPT)
def look_up(expression: str) -> Callable[[object], object]:
    """What finds the value of a valid JMESPath expression; None when nothing is there. It never raises.

    `metrics.spend` also finds the key "metrics.spend" of a flat record, such as a line of a CSV file.
    """
    keys = plain_keys(expression)
    if keys is None:
        return _searched(expression)
    return _one_key(keys[0]) if len(keys) == 1 else _key_by_key(keys)


@lru_cache(maxsize=PATHS_KEPT)
def plain_keys(expression: str) -> tuple[str, ...] | None:
    """The keys of an expression that is nothing but keys, such as `a`, `a.b` or `"Cost (EUR)"`; None for any other."""
    parsed: Any = jmespath.compile(expression).parsed
    steps = parsed["children"] if parsed["type"] == "subexpression" else [parsed]
    return tuple(step["value"] for step in steps) if all(step["type"] == "field" for step in steps) else None


def path_of(keys: Sequence[str]) -> str:
    """The expression of plain keys, quoted where it must be; the opposite of `plain_keys`."""
    return ".".join(key if _PLAIN.fullmatch(key) else json.dumps(key, ensure_ascii=False) for key in keys)


def plain_name(key: str) -> str:
    """A key without case and without what is neither letter nor digit: Budget type, budgetType and budget_type."""
    return "".join(filter(str.isalnum, key.casefold()))


def _one_key(key: str) -> Callable[[object], object]:
    def found(record: object) -> object:
        return record.get(key) if isinstance(record, dict) else None

    return found


def _key_by_key(keys: tuple[str, ...]) -> Callable[[object], object]:
    whole = ".".join(keys)

    def found(record: object) -> object:
        if isinstance(record, dict) and whole in record:
            return record[whole]
        value = record
        for key in keys:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    return found


def _searched(expression: str) -> Callable[[object], object]:
    return evaluator(jmespath.compile(expression).parsed)


def evaluator(parsed: Any) -> Callable[[object], object]:
    """What finds the value of a part of an expression, as jmespath parses it; None when nothing is there."""
    options = jmespath.Options(custom_functions=_ExactFunctions())

    def found(record: object) -> object:
        try:
            value: object = _Interpreter(options).visit(parsed, record)
        except _ODD_DATA:
            return None
        return value

    return found


class _Interpreter(visitor.TreeInterpreter):
    """The library's interpreter, to which only a list is an array: rows in columns become one where they come out."""

    def visit_field(self, node: Any, value: Any) -> object:
        try:
            inner = value.get(node["value"])
        except AttributeError:
            return None
        return _as_list(inner)

    def visit_value_projection(self, node: Any, value: Any) -> list[Any] | None:
        base, each = node["children"]
        whole = self.visit(base, value)
        if isinstance(whole, dict):
            whole = {name: _as_list(inner) for name, inner in whole.items()}
        literal = {"type": "literal", "value": whole, "children": []}
        projection: Any = {**node, "children": [literal, each]}
        return super().visit_value_projection(projection, value)


def _as_list(value: object) -> object:
    return list(value) if type(value) is ColumnarRows else value


class _ExactFunctions(functions.Functions):  # the types of which leave out what is called here
    """The library's functions, which know no Decimal, over numbers that are read without floats."""

    @functions.signature({"types": []})
    def _func_to_number(self, arg: object) -> object:
        if isinstance(arg, str):
            try:
                number = int(arg) if arg.isdecimal() else Decimal(arg)
            except (ValueError, InvalidOperation):
                return None
            return number if isinstance(number, int) or number.is_finite() else None
        return arg if isinstance(arg, int | Decimal) and not isinstance(arg, bool) else None

    @functions.signature({"types": []})
    def _func_type(self, arg: object) -> object:
        return "number" if isinstance(arg, Decimal) else super()._func_type(arg)  # type: ignore[misc]

    @functions.signature({"types": ["object"]})
    def _func_values(self, arg: dict[str, object]) -> object:
        return list(map(_as_list, arg.values()))

    def _get_allowed_pytypes(self, types: Any) -> Any:
        allowed, inside = super()._get_allowed_pytypes(types)  # type: ignore[misc]
        return [*allowed, *_like(allowed)], [(*names, *_like(names)) for names in inside]

    def _convert_to_jmespath_type(self, pyobject: str) -> Any:
        return super()._convert_to_jmespath_type(_OURS.get(pyobject, pyobject))  # type: ignore[misc]


def _like(allowed: Collection[str]) -> list[str]:
    return [ours for ours, theirs in _OURS.items() if theirs in allowed]
