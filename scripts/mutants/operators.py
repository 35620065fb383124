"""Which changes are made: mutmut's, less those that say nothing about the tests here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import libcst as cst
from mutmut.mutation import mutators

Operator = tuple[type, Callable[[Any], Iterable[cst.CSTNode]]]


def chosen() -> list[Operator]:
    """mutmut's operators, with `word` and `function` in the place of its own for strings and lambdas."""
    instead: dict[object, Callable[[Any], Iterable[cst.CSTNode]]] = {
        mutators.operator_string: word,
        mutators.operator_lambda: function,
    }
    return [(kind, instead.get(operator, operator)) for kind, operator in mutators.mutation_operators]


def install() -> None:
    """Make mutmut use `chosen`, in this process and in those that it forks."""
    mutators.mutation_operators[:] = chosen()  # type: ignore[index]


def word(node: cst.BaseString) -> Iterable[cst.CSTNode]:
    """A string as XXstringXX, but no prose: a test names what matters in a message, not each of its words.

    mutmut's other two, all small and all capital letters, are left out: the words here are read in any case (headers),
    or else fail in the same way as with XX (keys).
    """
    if not (isinstance(node, cst.SimpleString) and " " in node.raw_value.strip()):
        yield from list(mutators.operator_string(node))[:1]


def function(node: cst.Lambda) -> Iterable[cst.CSTNode]:
    """A lambda that gives None; where it does so already, mutmut's 0 instead would be the same nothing."""
    if not (isinstance(node.body, cst.Name) and node.body.value == "None"):
        yield from mutators.operator_lambda(node)
