"""Who may import whom: INSIDE for parts of perfdash, OUTSIDE for libraries. README.md says the same in words."""

from __future__ import annotations

import ast

import pytest

from tests.house.source_tree import ROOT, Module, modules

# What each part may import of perfdash itself, besides its own files.
INSIDE = {
    "pure": {"pure"},
    "settings": {"pure", "sources"},
    "turns": {"pure", "store"},
    "sync": {"pure", "settings", "sources", "store", "turns"},
    "rounds": {"pure", "store", "sync"},
    "fetching": {"pure", "settings", "sources", "sync"},
    "files": {"pure", "settings", "sources", "store", "sync"},
    "answers": {"pure", "settings", "sources", "store", "sync", "fetching"},
    "cli": {"pure", "commands", "demo"},
    "commands": {"pure", "settings", "sources", "store", "sync", "rounds", "fetching", "files", "answers", "demo"},
    "__main__": {"pure", "cli"},
    "sources": {"pure"},
    "store": {"pure"},
    "demo": {"pure", "sources", "store", "sync", "fetching"},
    "ui": {"pure", "settings", "sources", "store", "sync", "rounds", "fetching", "answers", "demo"},
    "app": {"pure", "ui"},
    "pages": {"pure", "ui"},
}
# Who alone may import these; whatever is not named here is free.
OUTSIDE = {
    "httpx": {"sources"},
    "httpcore": {"sources"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "psycopg": {"store"},
    "sqlite3": {"store"},
    "pysqlite3": {"store"},
    "streamlit": {"ui", "app", "pages"},
    "streamlit_authenticator": {"ui", "app", "pages"},
    "starlette": {"ui", "demo"},
    "uvicorn": {"demo", "ui"},
}
IMPURE = {
    "os", "sys", "socket", "ssl", "subprocess", "time", "random", "secrets", "threading", "multiprocessing", "asyncio",
    "tempfile", "shutil", "glob", "logging", "http", "urllib.request", "requests", "uuid",
}  # fmt: skip

# The one file that relies on what Streamlit and its server promise to nobody; what it lists has a test each.
INTERNALS = "perfdash/ui/runtime/streamlit_internals.py"

MODULES = modules()


def root_of(name: str) -> str:
    return name.split(".", maxsplit=1)[0]


def inside_part(name: str) -> str:
    """The part that `perfdash.x...` belongs to."""
    words = name.split(".")
    if len(words) < 2:
        return "pure"
    return words[1] if words[1] in INSIDE else "pure"


def violations(module: Module) -> list[str]:
    found = []
    for imported in module.imports():
        where = f"{module.name}:{imported.line} ({module.part}) imports {imported.module}"
        top = root_of(imported.module)
        if imported.relative:
            found.append(f"{where}: imports are absolute")
        elif top == "perfdash":
            part = inside_part(imported.module)
            to_serve = module.part == "commands" and part == "ui" and imported.lazily
            if part != module.part and part not in INSIDE[module.part] and not to_serve:
                found.append(f"{where}: may import only {sorted(INSIDE[module.part])}")
        elif top in ("app", "pages", "tests", "scripts"):
            found.append(f"{where}: nothing imports these")
        elif module.part not in OUTSIDE.get(top, {module.part}):
            found.append(f"{where}: only {sorted(OUTSIDE[top])} may")
        elif module.part == "pure" and (top in IMPURE or imported.module in IMPURE):
            found.append(f"{where}: pure modules do no I/O and have no clock")
    return found


def test_each_part_imports_only_what_the_table_allows() -> None:
    assert [line for module in MODULES for line in violations(module)] == []


def test_every_part_of_the_table_was_looked_at() -> None:
    assert len(MODULES) > 20
    assert {module.part for module in MODULES} == set(INSIDE)


def inside_streamlit(module: Module) -> list[str]:
    """Where `module` uses more of Streamlit than `import streamlit`, uvicorn in the app, or a name of their own."""
    of_app = module.part in ("ui", "app", "pages")
    private = [
        f"{module.name}:{imported.line} imports {imported.module}"
        for imported in module.imports()
        if imported.module.startswith("streamlit.") or (of_app and root_of(imported.module) == "uvicorn")
    ]
    docs = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Expr)}
    return private + [
        f"{module.name}:{node.lineno} names {node.value!r}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
        if "_stcore" in node.value or "_streamlit_" in node.value
    ]


def test_what_streamlit_promises_to_nobody_is_used_in_one_file() -> None:
    reaching = {module.name: inside_streamlit(module) for module in MODULES}
    assert reaching.pop(INTERNALS)
    assert [line for lines in reaching.values() for line in lines] == []


@pytest.mark.parametrize(
    "text",
    [
        "from streamlit.runtime.scriptrunner import get_script_run_ctx",
        "from streamlit import file_util",
        "import streamlit.proto.BackMsg_pb2",
        "def f():\n    import uvicorn.config",
        "PATH = '/_stcore/health'",
        "COOKIE = '_streamlit_user'",
    ],
)
def test_the_rule_finds_what_reaches_inside_streamlit(text: str) -> None:
    assert len(inside_streamlit(Module(ROOT / "perfdash/ui/x.py", "ui", ast.parse(text), 1))) >= 1


def test_a_docstring_may_name_what_it_is_about() -> None:
    text = '"""About /_stcore/health."""\nimport streamlit as st'
    assert inside_streamlit(Module(ROOT / "perfdash/ui/x.py", "ui", ast.parse(text), 1)) == []


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("perfdash/domain/metrics.py", "import os", "no I/O"),
        ("perfdash/domain/metrics.py", "import sqlalchemy as sa", "only ['store']"),
        ("perfdash/domain/metrics.py", "from perfdash.store import queries", "may import only"),
        ("perfdash/store/x.py", "from perfdash.sources import client", "may import only"),
        ("perfdash/sources/x.py", "from perfdash import store", "may import only"),
        ("perfdash/store/x.py", "from .engine import Store", "absolute"),
        ("perfdash/sync/run.py", "def f():\n    import httpx", "only ['sources']"),
        ("perfdash/commands/serve.py", "from perfdash.ui import main", "may import only"),
        ("pages/a/x.py", "from perfdash.store import queries", "may import only"),
        ("perfdash/ui/x.py", "from tests.fixtures import app", "nothing imports"),
    ],
)
def test_the_rule_finds_a_forbidden_import(name: str, text: str, reason: str) -> None:
    from tests.house.source_tree import part_of

    found = violations(Module(ROOT / name, part_of(ROOT / name), ast.parse(text), 1))
    assert found
    assert reason in found[0]


def test_the_command_line_may_import_the_interface_inside_a_function_to_start_it() -> None:
    text = "def serve():\n    from perfdash.ui import serving"
    assert violations(Module(ROOT / "perfdash/commands/serve.py", "commands", ast.parse(text), 2)) == []


def test_pure_modules_have_no_clock_and_open_no_file() -> None:
    found = []
    for module in MODULES:
        if module.part != "pure":
            continue
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            last = name.rsplit(".", maxsplit=1)[-1]
            if name in ("open", "print", "input") or last in ("now", "today", "utcnow", "read_text", "write_text"):
                found.append(f"{module.name}:{node.lineno} calls {name}")
    assert found == []
