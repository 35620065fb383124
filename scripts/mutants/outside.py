"""The mutated texts of what mutmut leaves out in a module, made by the same operators."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from scripts.mutants import operators

_LEFT = (cst.Import, cst.ImportFrom, cst.Decorator)
"""Changing these tells nothing: the module cannot be imported, or a dataclass is no longer frozen."""


def mutated(source: str) -> Iterator[str]:
    """The whole module, once for every mutant."""
    module = cst.parse_module(source)
    outside = _Outside()
    module.visit(outside)
    for was, now in outside.found:
        changed = module.deep_replace(was, now)
        assert isinstance(changed, cst.Module)
        yield changed.code


class _Outside(cst.CSTVisitor):
    """Collects nodes and what may stand in their place."""

    def __init__(self) -> None:
        self.found: list[tuple[cst.CSTNode, cst.CSTNode]] = []
        self._models: list[bool] = []
        self._functions: list[cst.FunctionDef] = []
        self._operators = operators.chosen()

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, _LEFT) or (isinstance(node, cst.FunctionDef) and self._is_mutmuts(node)):
            return False
        if isinstance(node, cst.Annotation) and not self._is_evaluated():
            return False
        if isinstance(node, cst.ClassDef):
            self._models.append(bool(node.bases))
        if isinstance(node, cst.FunctionDef):
            self._functions.append(node)
        if not _is_union(node):
            for kind, operator in self._operators:
                if isinstance(node, kind):
                    self.found += [(node, instead) for instead in operator(node)]
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.ClassDef):
            self._models.pop()
        if self._functions and original_node is self._functions[-1]:
            self._functions.pop()

    def _is_mutmuts(self, node: cst.FunctionDef) -> bool:
        names = [one.decorator.value for one in node.decorators if isinstance(one.decorator, cst.Name)]
        return not self._functions and (not node.decorators or names in (["staticmethod"], ["classmethod"]))

    def _is_evaluated(self) -> bool:
        """Pydantic reads the annotations of its models, which are the classes here that have a base."""
        return bool(self._models) and self._models[-1] and not self._functions


def _is_union(node: cst.CSTNode) -> bool:
    """`A | B` of types: & instead cannot be imported."""
    return isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr)
