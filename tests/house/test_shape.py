"""Sizes and docstrings: a file can be read in one sitting, and says what it is for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

import pytest

from tests.house.source_tree import ROOT, Module, modules, repository_files

MODULES = modules()
LONGEST_MODULE, LONGEST_PAGE, LONGEST_FUNCTION = 400, 130, 50
WHOLE = ("schema", "glossary")
"""Modules that are one long list, which would only be harder to read in parts."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


# Words that say nothing of what they stand in.
SMALL = (
    "a all an and any are as at be by each every for from in is it its itself none of on one or that the this to true "
    "was what when which who with"
)


def named(body: list[ast.stmt], inside: str = "") -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Functions, classes and their methods, with their names; what is nested in a function is left out."""
    for node in body:
        if isinstance(node, Function | ast.ClassDef):
            yield inside + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from named(node.body, f"{node.name}.")


def has_behaviour(node: Function | ast.ClassDef) -> bool:
    """A class with a public method that is more than a property."""
    return isinstance(node, ast.ClassDef) and any(
        isinstance(inner, Function) and not inner.name.startswith("_") and not inner.decorator_list
        for inner in node.body
    )


def words(text: str) -> set[str]:
    """In small letters, cut to their stem as far as it matters here: clients and client are one."""
    parts = re.findall(r"[A-Za-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", text))
    return {re.sub(r"(ies|es|s|ed|d)$", "", part.lower()) for part in parts}


def is_filler(name: str, node: Function | ast.ClassDef, docstring: str) -> bool:
    """A docstring that is only another name, or has no word that the name and the signature do not have."""
    if re.fullmatch(r"(Add )?`[\w.-]+`\.?", docstring):
        return True
    signature = name
    if not isinstance(node, ast.ClassDef):
        signature += f" {ast.unparse(node.args)} {ast.unparse(node.returns) if node.returns else ''}"
    return words(docstring) - words(SMALL) <= words(signature)


def is_migration(module: Module) -> bool:
    return "migrations/versions" in module.name


def test_no_module_is_longer_than_one_can_read() -> None:
    limits = {"pages": LONGEST_PAGE}
    long = [
        f"{m.name}: {m.lines} lines"
        for m in MODULES
        if not is_migration(m) and m.path.stem not in WHOLE and m.lines > limits.get(m.part, LONGEST_MODULE)
    ]
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


def test_every_public_class_with_behaviour_says_what_it_is_for() -> None:
    silent = [
        f"{module.name}:{node.lineno} {name}"
        for module in MODULES
        for name, node in named(module.tree.body)
        if has_behaviour(node) and not name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_no_docstring_only_repeats_a_name() -> None:
    fillers = [
        f"{module.name}:{node.lineno} {name}: {docstring}"
        for module in MODULES
        for name, node in named(module.tree.body)
        if (docstring := ast.get_docstring(node)) and is_filler(name, node, docstring)
    ]
    assert fillers == []


@pytest.mark.parametrize(
    ("code", "filler"),
    [
        ("def one(receipt: str) -> Found:\n  '`receipts.one`.'", True),
        ("def add_parser(parsers: Any) -> None:\n  'Add `sync`.'", True),
        ("def clients(store: Store) -> Names:\n  'The names of all clients in the store.'", True),
        ("class Empty:\n  'An empty one.'", True),
        ("def clients(store: Store) -> Names:\n  'The names of all clients, sorted.'", False),
        ("def micros(value: int) -> str:\n  'An amount in micros: 1,234.50 EUR.'", False),
    ],
)
def test_a_docstring_that_only_repeats_a_name_is_found(code: str, filler: bool) -> None:
    ((name, node),) = named(ast.parse(code).body)
    assert is_filler(name, node, ast.get_docstring(node) or "") is filler


def class_names(modules: Iterable[Module]) -> dict[str, list[str]]:
    """Where each name of a class stands, also as that of a type alias of another module."""
    classes: dict[str, list[str]] = {}
    aliases: dict[str, list[str]] = {}
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                classes.setdefault(node.name, []).append(f"{module.name}:{node.lineno}")
        for statement in module.tree.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                aliases.setdefault(statement.targets[0].id, []).append(f"{module.name}:{statement.lineno}")
    return {name: places + aliases.get(name, []) for name, places in classes.items()}


def test_no_class_name_stands_twice() -> None:
    assert {name: places for name, places in class_names(MODULES).items() if len(places) > 1} == {}


def test_a_class_name_that_stands_twice_is_found_also_as_an_alias_or_inside_a_function() -> None:
    texts = ["class Run: pass", "Run = tuple[int, str]", "def f():\n    class Run: pass", "class Other: pass"]
    modules = [Module(ROOT / f"perfdash/{n}.py", "pure", ast.parse(text), 1) for n, text in enumerate(texts)]
    places = {name: sorted(place) for name, place in class_names(modules).items()}
    assert places == {"Run": ["perfdash/0.py:1", "perfdash/1.py:1", "perfdash/2.py:2"], "Other": ["perfdash/3.py:1"]}


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
