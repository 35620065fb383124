"""Sizes and docstrings: a file can be read in one sitting, and says what it is for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house.source_tree import Module, modules, repository_files

MODULES = modules()
LONGEST_MODULE, LONGEST_PAGE, LONGEST_FUNCTION = 400, 130, 50
Function = ast.FunctionDef | ast.AsyncFunctionDef


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Public functions, classes and their public methods, with their names; what is nested in a function is private."""
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{node.name}.")


def is_promise(node: Function | ast.ClassDef) -> bool:
    """A method of a Protocol that is only `...`: the class says what it means."""
    return len(node.body) == 1 and isinstance(node.body[0], ast.Expr) and ast.unparse(node.body[0]) == "..."


def is_migration(module: Module) -> bool:
    return "migrations/versions" in module.name


def test_no_module_is_longer_than_one_can_read() -> None:
    limits = {"pages": LONGEST_PAGE}
    long = [
        f"{m.name}: {m.lines} lines" for m in MODULES
        if not is_migration(m) and m.lines > limits.get(m.part, LONGEST_MODULE)
    ]  # fmt: skip
    assert long == []


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{module.name}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for module in MODULES
        if not is_migration(module)
        for node in ast.walk(module.tree)
        if isinstance(node, Function) and node.end_lineno and node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


def test_every_module_says_what_it_is_for() -> None:
    assert [m.name for m in MODULES if not ast.get_docstring(m.tree)] == []


def test_every_public_name_has_a_docstring() -> None:
    silent = [
        f"{module.name}:{node.lineno} {name}"
        for module in MODULES
        if not is_migration(module) and module.part != "pages"
        for name, node in public(module.tree.body)
        if not ast.get_docstring(node) and not is_promise(node)
    ]
    assert silent == []


def test_names_come_from_the_domain() -> None:
    empty = re.compile(r"(^|_)(utils?|helpers?|managers?|services?|common|misc)($|_)")
    assert [m.name for m in MODULES if empty.search(m.path.stem)] == []


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    folders = ("tmp", "work", "root", "home", "Users")
    private = re.compile(r"(?<![\w.}/~-])/(?:" + "|".join(folders) + r")/\w")
    found = []
    for path in repository_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture
        found += [f"{path.name}: {line.strip()[:100]}" for line in text.splitlines() if private.search(line)]
    assert found == []


def test_no_secret_or_database_is_in_the_repository() -> None:
    names = [path.name for path in repository_files()]
    assert [n for n in names if n in ("secrets.toml", "perfdash.toml") or n.endswith((".db", ".sqlite", ".env"))] == []
