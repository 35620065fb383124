"""Who may import whom: the tables of README.md and docs/architecture.md, read and held against the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house.source_tree import ROOT, Module, modules, part_of

PURE = "no I/O, no clock"
IMPURE = frozenset(
    [
        "os",
        "sys",
        "socket",
        "ssl",
        "subprocess",
        "time",
        "random",
        "secrets",
        "threading",
        "multiprocessing",
        "asyncio",
        "tempfile",
        "shutil",
        "glob",
        "logging",
        "http",
        "urllib.request",
        "requests",
        "uuid",
    ]
)
# The one file that relies on what Streamlit and its server promise to nobody; what it lists has a test each.
INTERNALS = "perfdash/ui/runtime/streamlit_internals.py"
MODULES = modules()
NAMES = {module.name.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for module in MODULES}


@dataclass(frozen=True)
class Rule:
    """One row of a table: a part, what it may import of perfdash, the libraries that it may use, whether it is pure."""

    part: str
    inside: frozenset[str]
    libraries: frozenset[str]
    pure: bool


def rows_of(path: Path, first_heading: str) -> Iterator[list[str]]:
    """The cells of each row of the table whose first column has this heading."""
    inside = False
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[0] == first_heading:
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not set(cells[0]) <= {"-", ":"}:
            yield cells


def words_of(cell: str) -> list[str]:
    """What stands in `backticks`."""
    return re.findall(r"`([^`]+)`", cell)


def readme_rules() -> dict[str, Rule]:
    """Part -> its row in the README."""
    rules = {}
    for places, job, _tested, inside, libraries in rows_of(ROOT / "README.md", "place"):
        for place in words_of(places):
            part = place.removeprefix("perfdash/").strip("/").removesuffix(".py")
            rules[part] = Rule(part, frozenset(words_of(inside)), frozenset(words_of(libraries)), PURE in job)
    return rules


RULES = readme_rules()
LIBRARIES = frozenset[str]().union(*(rule.libraries for rule in RULES.values()))


def root_of(name: str) -> str:
    return name.split(".", maxsplit=1)[0]


def inside_part(name: str) -> str:
    """The part that `perfdash.x...` belongs to; "" for perfdash itself, which holds a version and a folder."""
    words = name.split(".")
    return words[1] if len(words) > 1 and words[1] in RULES else ""


def violations(module: Module) -> list[str]:
    rule = RULES.get(module.part)
    if rule is None:
        return [] if module.name == "perfdash/__init__.py" else [f"{module.name}: {module.part} is not in the README"]
    found = []
    for imported in module.imports():
        where = f"{module.name}:{imported.line} ({module.part}) imports {imported.module}"
        top = root_of(imported.module)
        if imported.relative:
            found.append(f"{where}: imports are absolute")
        elif top == "perfdash":
            part = inside_part(imported.module)
            to_serve = module.part == "commands" and part == "ui" and imported.lazily
            if part not in {"", module.part, *rule.inside} and not to_serve:
                found.append(f"{where}: may import only {sorted(rule.inside)}")
        elif top in ("app", "pages", "tests", "scripts"):
            found.append(f"{where}: nothing imports these")
        elif top in LIBRARIES and top not in rule.libraries:
            found.append(f"{where}: only {sorted(r.part for r in RULES.values() if top in r.libraries)} may")
        elif rule.pure and (top in IMPURE or imported.module in IMPURE):
            found.append(f"{where}: pure modules do no I/O and have no clock")
    return found


def test_each_part_imports_only_what_the_readme_allows() -> None:
    assert [line for module in MODULES for line in violations(module)] == []


def test_the_readme_names_every_part_and_no_other() -> None:
    assert len(MODULES) > 150
    assert {module.part for module in MODULES} - {"__init__"} == set(RULES)


def test_the_top_of_perfdash_fits_on_one_screen() -> None:
    entries = {path.relative_to(ROOT / "perfdash").parts[0] for path in (ROOT / "perfdash").rglob("*.py")}
    assert len(entries) <= 17, sorted(entries)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("perfdash/domain/metrics.py", "import os", "no I/O"),
        ("perfdash/domain/metrics.py", "import sqlalchemy as sa", "only ['store']"),
        ("perfdash/domain/metrics.py", "from perfdash.store.query import overview", "may import only"),
        ("perfdash/domain/metrics.py", "from perfdash.presentation import tables", "may import only"),
        ("perfdash/store/x.py", "from perfdash.sources import client", "may import only"),
        ("perfdash/store/x.py", "from perfdash.presentation import tables", "may import only"),
        ("perfdash/sources/x.py", "from perfdash import store", "may import only"),
        ("perfdash/store/x.py", "from .engine import Store", "absolute"),
        ("perfdash/sync/run.py", "def f():\n    import httpx", "only ['sources']"),
        ("perfdash/commands/serve.py", "from perfdash.ui import main", "may import only"),
        ("perfdash/ui/x.py", "from perfdash.sources import client", "may import only"),
        ("pages/a/x.py", "from perfdash.store.query import overview", "may import only"),
        ("perfdash/ui/x.py", "from tests.fixtures import app", "nothing imports"),
    ],
)
def test_the_rule_finds_a_forbidden_import(name: str, text: str, reason: str) -> None:
    found = violations(Module(ROOT / name, part_of(ROOT / name), ast.parse(text), 1))
    assert found
    assert reason in found[0]


def test_the_command_line_may_import_the_interface_inside_a_function_to_start_it() -> None:
    text = "def serve():\n    from perfdash.ui import serving"
    assert violations(Module(ROOT / "perfdash/commands/serve.py", "commands", ast.parse(text), 2)) == []


def test_pure_modules_have_no_clock_and_open_no_file() -> None:
    found = []
    for module in MODULES:
        if module.part not in RULES or not RULES[module.part].pure:
            continue
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            last = name.rsplit(".", maxsplit=1)[-1]
            if name in ("open", "print", "input") or last in ("now", "today", "utcnow", "read_text", "write_text"):
                found.append(f"{module.name}:{node.lineno} calls {name}")
    assert found == []


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


# --- inside store/ and ui/ -----------------------------------------------------------------------------------------


def order_of(package: str) -> dict[str, frozenset[str]]:
    """Package inside `package` -> the ones that it may import, from docs/architecture.md."""
    return {
        word.strip("/"): frozenset(name.strip("/") for name in words_of(inside))
        for places, inside, *_ in rows_of(ROOT / "docs" / "architecture.md", f"in {package}/")
        for word in words_of(places)
    }


def package_inside(name: str, package: str) -> str:
    """`perfdash.store.query.facts` -> query; a module that lies directly in store/ by its own name."""
    words = name.removeprefix(f"perfdash.{package}.").split(".")
    return words[0]


def imported_files(module: Module) -> set[str]:
    """The files of the app that a module imports, by their dotted names."""
    return {one.module for one in module.imports() if one.module in NAMES}


def dotted(module: Module) -> str:
    return module.name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


@pytest.mark.parametrize("package", ["store", "ui"])
def test_packages_inside_a_layer_import_downwards_as_the_architecture_says(package: str) -> None:
    order = order_of(package)
    found = []
    seen = set()
    for module in MODULES:
        if module.part != package or dotted(module) == f"perfdash.{package}":
            continue
        mine = package_inside(dotted(module), package)
        seen.add(mine)
        for name in imported_files(module):
            if name.startswith(f"perfdash.{package}."):
                theirs = package_inside(name, package)
                if theirs != mine and theirs not in order.get(mine, frozenset()):
                    found.append(
                        f"{module.name} ({mine}) imports {name}: may import only {sorted(order.get(mine, ()))}"
                    )
    assert found == []
    assert seen == set(order), "the table names every package and module once"


def test_no_module_imports_itself_in_a_circle() -> None:
    """Depth first: a module that is met again while its imports are still being followed closes a circle."""
    imports: Mapping[str, set[str]] = {dotted(module): imported_files(module) for module in MODULES}
    done: set[str] = set()
    circles = []

    def follow(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            circles.append(" -> ".join((*way[way.index(name) :], name)))
        elif name not in done:
            for other in sorted(imports.get(name, ())):
                follow(other, (*way, name))
            done.add(name)

    for name in sorted(imports):
        follow(name, ())
    assert circles == []
