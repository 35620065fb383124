"""The mutants outside functions: what happens while a module is imported; and those in decorated functions.

Each gets a process, forked from one that has imported everything but perfdash and its tests, in which its module comes
from the mutated text.
"""

from __future__ import annotations

import difflib
import gc
import json
import multiprocessing
import os
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic
from types import CodeType, ModuleType

from scripts.mutants import explained
from scripts.mutants.mutant import ALIVE, Mutant, alive, modules, name_of, outcome_of

RESULTS = Path("imports.json")
LONGEST = 120.0
"""Seconds for all tests of one mutant; hurry.py and pytest-timeout end a single test long before."""


@dataclass(frozen=True, slots=True)
class Job:
    """One mutant: its name, its module's file and the whole mutated text."""

    name: str
    path: Path
    text: str


def main(hearing: str, *only: str) -> None:
    """Try every mutant, in the second hearing those that nothing explains, and write the results."""
    from scripts.mutants import outside

    before = {one.name: one for one in found(Path())} if hearing == "second" else {}
    again = {one.name for one in explained.unexplained(before.values())}
    sources = {path: path.read_text(encoding="utf-8") for name, path in modules().items() if name in (only or (name,))}
    every = [
        Job(f"{path}:{n}", path, text) for path in sources for n, text in enumerate(outside.mutated(sources[path]))
    ]
    jobs = [job for job in every if job.name in again or not before]
    if not jobs and before:
        return
    _warm_up()
    results = {}
    for job, outcome in _outcomes([Job("", path, text) for path, text in sources.items()][:1]):
        if outcome != "survived":
            sys.exit(f"the tests fail without any mutant: {job.path} was {outcome}")
    for job, outcome in _outcomes(jobs):
        results[job.name] = _mutant(job, sources[job.path], outcome)
        print(f"\rOutside functions: {len(results)} of {len(jobs)}", end="", flush=True)
    print()
    RESULTS.write_text(json.dumps([asdict(one) for one in (before | results).values()]), encoding="utf-8")


def found(copy: Path) -> list[Mutant]:
    """The results that `main` has written in `copy`."""
    return [Mutant(**one) for one in json.loads((copy / RESULTS).read_text(encoding="utf-8"))]


def _mutant(job: Job, source: str, outcome: str) -> Mutant:
    if outcome not in ALIVE:
        return Mutant(job.name, name_of(job.path), outcome)
    diff = difflib.unified_diff(source.splitlines(), job.text.splitlines(), lineterm="")
    return alive(job.name, job.path, source, outcome, diff)


def _warm_up() -> None:
    """Import what the tests import, then forget what belongs to this project: it is to be imported again, mutated."""
    _pytest(["--collect-only", "-qq"])
    for name in list(sys.modules):
        if name.partition(".")[0] in ("perfdash", "tests"):
            del sys.modules[name]
    gc.collect()
    gc.freeze()


def _pytest(more: Sequence[str]) -> int:
    import pytest

    mutmut = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
    arguments = [*mutmut["pytest_add_cli_args"], *mutmut["pytest_add_cli_args_test_selection"]]
    return int(pytest.main(["-qx", *more, *arguments]))


def _outcomes(jobs: Iterable[Job]) -> Iterator[tuple[Job, str]]:
    """Each job with its outcome, as they end, as many at a time as there are processors."""
    fork = multiprocessing.get_context("fork")
    waiting = iter(jobs)
    running: dict[object, tuple[BaseProcess, Job, float]] = {}
    while True:
        while len(running) < (os.cpu_count() or 1) and (job := next(waiting, None)):
            process = fork.Process(target=_judge, args=(job,))
            process.start()
            running[process.sentinel] = (process, job, monotonic() + LONGEST)
        if not running:
            return
        for sentinel in connection.wait([process.sentinel for process, _, _ in running.values()], timeout=1.0):
            ended, tried, _ = running.pop(sentinel)
            ended.join()
            yield tried, outcome_of(ended.exitcode)
        for late, _, until in running.values():
            if monotonic() > until:
                late.kill()


def _judge(job: Job) -> None:
    """In the forked process: import the mutant instead of its module, run the tests, end with pytest's exit code."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.meta_path.insert(0, _Finder(job))
    os._exit(_pytest([]))


class _Finder(MetaPathFinder):
    def __init__(self, job: Job) -> None:
        self._job = job
        self._name = ".".join(job.path.with_suffix("").parts).removesuffix(".__init__")

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        file = str(self._job.path.absolute())
        return spec_from_file_location(fullname, file, loader=_Loader(fullname, file, self._job.text))


class _Loader(SourceFileLoader):
    def __init__(self, fullname: str, path: str, text: str) -> None:
        super().__init__(fullname, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._text, self.path, "exec")


if __name__ == "__main__":
    main(*sys.argv[1:])
