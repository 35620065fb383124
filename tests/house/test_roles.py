"""What a role may stands in perfdash/domain/access.py alone: elsewhere nothing compares the name of a role."""

from __future__ import annotations

import ast
from typing import get_args

import pytest

from perfdash.domain.access import PERMISSIONS, Capability
from tests.house.source_tree import ROOT, Module, modules

HOME = "perfdash/domain/access.py"
PLAIN_WORDS = {"client", "link"}
"""Names of roles that are also words of the field: beside them something must be called a role."""


def words(node: ast.AST) -> set[str]:
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def compared_roles(module: Module) -> list[str]:
    """Where `module` compares something with a role's name: `==`, `in`, a `match`, or a table with roles as keys."""
    places = []
    for node in ast.walk(module.tree):
        named: set[str] = set()
        if isinstance(node, ast.Compare):
            named = words(node) & set(PERMISSIONS)
        elif isinstance(node, ast.Match):
            named = {word for case in node.cases for word in words(case.pattern)} & set(PERMISSIONS)
        elif isinstance(node, ast.Dict):
            named = {word for key in node.keys if key is not None for word in words(key)} & set(PERMISSIONS)
            named = named if len(named) > 1 else set()
        if named - PLAIN_WORDS or (named and "role" in ast.unparse(node)):
            places.append(f"{module.name}:{node.lineno} {ast.unparse(node)[:80]}")
    return places


def test_no_role_is_compared_outside_of_the_table() -> None:
    assert [place for module in modules() if module.name != HOME for place in compared_roles(module)] == []


def test_every_capability_that_is_asked_for_is_in_the_table() -> None:
    known, wrong = set(get_args(Capability)), []
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".may", ".require_may")):
                asked = {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
                wrong += [f"{module.name}:{node.lineno} {name}" for name in asked - known]
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        'principal.role == "admin"',
        'principal.role in ("client", "link")',
        'who.role != "link"',
        'statement.where(users.c.role == "analyst")',
        'match who.role:\n    case "client":\n        pass',
        'HELP = {"admin": 1, "analyst": 2}',
        '"operator" == name',
    ],
)
def test_the_rule_finds_a_comparison(text: str) -> None:
    assert len(compared_roles(Module(ROOT / "perfdash/ui/x.py", "ui", ast.parse(text), 1))) == 1


@pytest.mark.parametrize(
    "text", ['which == "link"', 'name == "client"', 'users.add(role="admin")', 'x = {"client": 1}']
)
def test_words_that_only_sound_like_roles_are_free(text: str) -> None:
    assert compared_roles(Module(ROOT / "perfdash/ui/x.py", "ui", ast.parse(text), 1)) == []
