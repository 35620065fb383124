"""The audit is append-only: one module writes lines, nothing changes what they say, and few may remove any."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from perfdash.store import audit
from tests.house.source_tree import Module, modules

MODULES = [module for module in modules() if "migrations/versions" not in module.name]
WRITES = {"perfdash/store/audit.py"}
CHANGES = {"perfdash/store/maintenance/erase.py"}
"""A person's name is taken out of the lines; what was done stays."""
REMOVES = {"perfdash/store/audit.py", "perfdash/store/maintenance/erase.py"}
ACTION_AT = {"write_line": 2, "record": 2, "audited": 4, "_change": 4, "_change_access": 4}
"""Where the action stands among the arguments of what hands it on to the audit."""
SQL = re.compile(r"\b(insert)\s+into\s+audit\b|\b(update)\s+audit\b|\b(delete)\s+from\s+audit\b", re.IGNORECASE)


def names_the_audit(node: ast.AST) -> bool:
    return any(
        (isinstance(part, ast.Name) and part.id == "audit")
        or (isinstance(part, ast.Attribute) and part.attr == "audit")
        for part in ast.walk(node)
    )


def statements(module: Module) -> Iterator[str]:
    """insert, update and delete of the audit table, as a function of it or as its method, or in SQL of one's own."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (verb.lower() for found in SQL.findall(node.value) for verb in found if verb)
        if not isinstance(node, ast.Call):
            continue
        verb = called(node)
        if verb not in ("insert", "update", "delete"):
            continue
        if names_the_audit(node.args[0] if node.args else node.func):
            yield verb


def users_of(verb: str) -> set[str]:
    return {module.name for module in MODULES if verb in set(statements(module))}


def test_only_one_module_writes_lines() -> None:
    assert users_of("insert") == WRITES


def test_nothing_changes_a_line_but_erasing_a_person() -> None:
    assert users_of("update") <= CHANGES


def test_lines_are_removed_by_retention_purge_and_erasing_alone() -> None:
    assert {"perfdash/store/audit.py", "perfdash/store/maintenance/erase.py"} <= users_of("delete") <= REMOVES


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def actions() -> Iterator[tuple[str, str]]:
    """(where, action) for every deed that is named where the audit is told."""
    for module in MODULES:
        for node in ast.walk(module.tree):
            if module.part not in ("store", "ui") or not isinstance(node, ast.Call):
                continue
            place = ACTION_AT.get(called(node))
            action = node.args[place] if place is not None and len(node.args) > place else None
            if isinstance(action, ast.Constant) and isinstance(action.value, str):
                yield f"{module.name}:{node.lineno}", action.value


VERBS = {*audit.OF_CLIENTS, *audit.OF_USERS, *audit.OF_STORE}


def test_every_deed_says_what_it_is_about_so_that_purging_and_erasing_find_it() -> None:
    found = list(actions())
    assert [line for line in found if line[1] not in VERBS] == []
    assert {"sign in", "export", "view", "clients purge"} <= {action for _, action in found}


def test_no_deed_is_about_two_kinds_of_subject() -> None:
    kinds = (audit.OF_CLIENTS, audit.OF_USERS, audit.OF_STORE)
    assert len(VERBS) == sum(map(len, kinds))
