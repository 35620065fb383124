"""The mutants inside functions: `mutmut run` in the copy, with our choice of operators, and what it found.

mutmut is configured by [tool.mutmut] in pyproject.toml.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.mutants import explained, hurry
from scripts.mutants.mutant import ALIVE, Mutant, alive, modules, name_of, outcome_of


def main(hearing: str, *only: str) -> None:
    """Run mutmut, for the modules `only` if any are named. It takes over its process, hence the imports here."""
    from mutmut import __main__ as mutmut
    from mutmut.configuration import config
    from mutmut.mutation.file_mutation import mutate_file_contents
    from mutmut.state import state

    from scripts.mutants import operators

    operators.install()
    if only:
        paths = [modules()[name] for name in only]
        config().only_mutate = [str(path) for path in paths]
        if not any(mutate_file_contents(str(path), path.read_text(encoding="utf-8")).mutant_names for path in paths):
            return
    names = [f"perfdash.sources.{name}.*" for name in only]
    if hearing == "second":
        names = [one.name for one in explained.unexplained(found(Path()))]
        if not names:
            return
    collect = mutmut.collect_or_load_stats

    def collect_and_choose(*arguments: object, **more: object) -> None:
        collect(*arguments, **more)  # type: ignore[arg-type]
        chosen = state().tests_by_mangled_function_name
        for function, tests in chosen.items():
            chosen[function] = set(hurry.heard(tests, state().duration_by_test))

    mutmut.collect_or_load_stats = collect_and_choose
    workers = (os.cpu_count() or 1) + 1  # one more than processors, as some mutants wait until their time is over
    mutmut.cli(["run", "--max-children", str(workers), *names], standalone_mode=False)


def found(copy: Path) -> Iterator[Mutant]:
    """Every mutant that mutmut ran in `copy`."""
    with contextlib.chdir(copy):
        for results in sorted(Path("mutants").rglob("*.py.meta")):
            path = results.relative_to("mutants").with_suffix("")
            source = path.read_text(encoding="utf-8")
            for name, code in json.loads(results.read_text(encoding="utf-8"))["exit_code_by_key"].items():
                if code is not None:
                    yield _mutant(path, source, name, outcome_of(code))


def _mutant(path: Path, source: str, name: str, outcome: str) -> Mutant:
    from mutmut.mutation.diff_apply import get_diff_for_mutant
    from mutmut.utils.format_utils import orig_function_and_class_names_from_key

    function, owner = orig_function_and_class_names_from_key(name)
    where = ".".join(filter(None, (name_of(path), owner, function)))
    if outcome not in ALIVE:
        return Mutant(name, where, outcome)
    return alive(name, path, source, outcome, get_diff_for_mutant(name, path=path).splitlines(), where)


if __name__ == "__main__":
    main(*sys.argv[1:])
