"""The project's Python files as syntax trees: what the tests in this folder look at."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Import:
    """One imported module. `lazily`: inside a function, so only when it is called."""

    module: str
    line: int
    lazily: bool
    relative: bool = False


@dataclass(frozen=True)
class Module:
    """One file of the app. `part` is its row in the README's table: a package or module of perfdash/, app or pages."""

    path: Path
    part: str
    tree: ast.Module
    lines: int

    @property
    def name(self) -> str:
        """The path from the project's root, as shown in failures."""
        return str(self.path.relative_to(ROOT))

    def imports(self) -> tuple[Import, ...]:
        """Every import, those for type checkers too: a type is a dependency as well."""
        return _imports(self)

    def _found(self) -> Iterator[Import]:
        lazy = {
            id(inner)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for inner in ast.walk(node)
        }
        for node in ast.walk(self.tree):
            lazily = id(node) in lazy
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(alias.name, node.lineno, lazily)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                yield Import(base, node.lineno, lazily, relative=node.level > 0)
                for alias in node.names:
                    yield Import(f"{base}.{alias.name}", node.lineno, lazily, relative=node.level > 0)


@cache
def _imports(module: Module) -> tuple[Import, ...]:
    return tuple(module._found())


def part_of(path: Path) -> str:
    """The row of the README's table that a file of the app belongs to."""
    words = path.relative_to(ROOT).with_suffix("").parts
    if words[0] in ("app", "pages"):
        return words[0]
    return words[1] if len(words) > 1 else words[0]


@cache
def modules() -> list[Module]:
    """Every file of the app: app.py, pages/ and perfdash/."""
    paths = [ROOT / "app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / "perfdash").rglob("*.py")]
    found = []
    for path in sorted(path for path in paths if path.is_file()):
        text = path.read_text(encoding="utf-8")
        found.append(Module(path, part_of(path), ast.parse(text), len(text.splitlines())))
    return found


def repository_files() -> list[Path]:
    """Every file that is, or could be, committed."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]
