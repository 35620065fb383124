"""One mutant: where it is, what was changed, and how the tests took it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path("perfdash/sources")
"""What is mutated, in the copy."""
ALIVE = ("survived", "untested")
"""Outcomes that no test objects to; the others are "killed" and "timed out"."""

# How a worker ended: 0 every test passed; 5 and mutmut's 33 no test calls the function; mutmut's 36 and 255 and the
# signals SIGXCPU and SIGKILL out of time.
_OUTCOMES = {0: "survived", 5: "untested", 33: "untested"} | dict.fromkeys((36, 255, 152, 24, -24, -9), "timed out")

_Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Mutant:
    """`name` finds it again; `where` is module.function or module.Class.function; `was` and `now` are the changed lines
    without their indentation.

    Of one that was killed only the first three are filled in.
    """

    name: str
    where: str
    outcome: str
    path: str = ""
    line: int = 0
    was: str = ""
    now: str = ""

    def __str__(self) -> str:
        """The place and the diff."""
        signed = [f"  - {line}" for line in self.was.splitlines()] + [f"  + {line}" for line in self.now.splitlines()]
        return "\n".join([f"{self.path}:{self.line} {self.where} ({self.outcome})", *signed])


def modules() -> dict[str, Path]:
    """Every module of SOURCES, in the working folder, by its name; a package by that of its folder."""
    return {name_of(path): path for path in sorted(SOURCES.rglob("*.py"))}


def name_of(path: Path) -> str:
    """What a module is called here: `retry`, `presets`."""
    return path.parent.name if path.stem == "__init__" else path.stem


def outcome_of(code: int | None) -> str:
    """What an exit code says. One not listed means that a test failed, or that the mutant cannot even be imported."""
    return "killed" if code is None else _OUTCOMES.get(code, "killed")


def alive(name: str, path: Path, source: str, outcome: str, diff: Iterable[str], within: str = "") -> Mutant:
    """The mutant whose unified `diff` to the module `source` or, if named, to its function `within` is given."""
    lines = [line for line in diff if not line.startswith(("---", "+++"))]
    was = [line[1:].strip() for line in lines if line.startswith("-")]
    now = [line[1:].strip() for line in lines if line.startswith("+")]
    line = _line(source, within, lines, was[0] if was else "")
    where = within or ".".join([name_of(path), *_scope(ast.parse(source), line)])
    return Mutant(name, where, outcome, str(path), line, "\n".join(was), "\n".join(now))


def _line(source: str, within: str, diff: list[str], first: str) -> int:
    """The number of the first changed line: counted by the diff, then looked for, as comments may lie in between."""
    counted = int(diff[0].split()[1].removeprefix("-").split(",")[0]) + _unchanged(diff)
    if not within:
        return counted
    node = _named(ast.parse(source), within.split(".")[1:])
    alike = [at for at, text in enumerate(source.splitlines(), 1) if text.strip() == first]
    inside = [at for at in alike if node.lineno <= at <= (node.end_lineno or at)]
    return min(inside, key=lambda at: abs(at - node.lineno - counted + 1), default=node.lineno)


def _unchanged(diff: list[str]) -> int:
    return next(at for at, line in enumerate(diff[1:]) if line.startswith(("-", "+")))


def _named(tree: ast.AST, names: list[str]) -> ast.stmt:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _Named) and node.name == names[0]:
            return _named(node, names[1:]) if names[1:] else node
    raise LookupError(names)


def _scope(tree: ast.AST, line: int) -> Iterator[str]:
    """The names of the classes and functions around a line, outermost first."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _Named) and node.lineno <= line <= (node.end_lineno or 0):
            yield node.name
            yield from _scope(node, line)
