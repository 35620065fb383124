"""`make mutants`: copy the project, try every mutant of perfdash/sources there, print the score and every survivor.

`python -m scripts.mutants [--only MODULE] [--at-least PERCENT]`; exit code 1 when a survivor has no explanation or an
explanation no survivor, or, with --at-least, when fewer mutants than that were killed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from scripts.mutants import explained, functions, hurry, imports
from scripts.mutants.mutant import SOURCES, Mutant, modules

ROOT = Path(__file__).resolve().parents[2]
COPY = ROOT / ".mutants"
HEARINGS = {"first": 4.0, "second": 20.0}
"""Seconds of tests that a mutant meets; hurry.py says which."""


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.mutants", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="MODULE", help="modules of SOURCES, such as retry")
    parser.add_argument("--at-least", type=float, metavar="PERCENT", help="be content with this score")
    chosen = parser.parse_args(arguments)
    os.chdir(ROOT)
    known = modules()
    if unknown := [name for name in chosen.only if name not in known]:
        parser.error(f"{SOURCES} has no module {unknown[0]!r}; it has {', '.join(known)}")
    began = monotonic()
    copy_project()
    for hearing in HEARINGS:
        for step in ("functions", "imports"):
            run(step, hearing, chosen.only)
    found = [*functions.found(COPY), *imports.found(COPY)]
    return report(found, chosen.only, chosen.at_least, monotonic() - began)


def copy_project() -> None:
    """Everything that is, or could be, committed: the work tree is never mutated, and may change while this runs."""
    shutil.rmtree(COPY, ignore_errors=True)
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in listing.split("\0"):
        if name and (ROOT / name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, COPY / name)


def run(step: str, hearing: str, only: Sequence[str]) -> None:
    """One of the two ways of trying mutants, in the copy. Its lines are shown on a terminal, else kept in a file."""
    command = [sys.executable, "-m", f"scripts.mutants.{step}", hearing, *only]
    durations = COPY / "mutants" / "mutmut-stats.json"
    more = {hurry.DURATIONS: str(durations), hurry.BUDGET: str(HEARINGS[hearing])}
    log = COPY / f"{step}-{hearing}.log"
    print(f"The mutants in {step}, {hearing} hearing ...", flush=True)
    with log.open("wb") as kept:
        output = None if sys.stdout.isatty() else kept
        ended = subprocess.run(command, cwd=COPY, env=os.environ | more, stdout=output, stderr=output, check=False)
    if ended.returncode:
        print(log.read_text(encoding="utf-8", errors="replace").replace("\r", "\n")[-600:])
        show_whether_the_tests_pass()
        sys.exit(f"The mutants in {step} could not be tried ({ended.returncode}); what was said stands above.")


def show_whether_the_tests_pass() -> None:
    """Most often they do not, or not where mutmut runs them, and it does not show which."""
    mutmut = tomllib.loads((COPY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
    arguments = [*mutmut["pytest_add_cli_args"], *mutmut["pytest_add_cli_args_test_selection"]]
    command = [sys.executable, "-m", "pytest", "-qx", "--rootdir=.", *arguments, "--tb=short"]
    subprocess.run(command, cwd=COPY / "mutants", env=os.environ | {"MUTANT_UNDER_TEST": "stats"}, check=False)


def report(found: Sequence[Mutant], only: Sequence[str], at_least: float | None, seconds: float) -> int:
    """Print survivors and score; the exit code."""
    reasons = explained.explanations(COPY / explained.FILE)
    ran = {key: why for key, why in reasons.items() if not only or key[0].split(".")[0] in only}
    judged = explained.judged(found, ran)
    for one, why in judged.explained:
        print(f"{one}\n  explained: {why}\n")
    for one in judged.unexplained:
        print(f"{one}\n")
    for where, was, now in judged.stale:
        print(f"{explained.FILE} explains a mutant of {where} that does not survive: {was!r} as {now!r}\n")
    (COPY / "unexplained.toml").write_text("\n".join(map(explained.entry, judged.unexplained)), encoding="utf-8")
    counts = Counter(one.outcome for one in found)
    print_by_module(found, judged)
    survived = len(judged.explained) + len(judged.unexplained)
    score = 100 * (len(found) - survived) / max(1, len(found) - len(judged.explained))
    print(
        f"{len(found)} mutants, {counts['killed']} killed, {survived} survived, {counts['timed out']} timed out, "
        f"in {seconds / 60:.0f} minutes.\n"
        f"Of the survivors {len(judged.explained)} are explained, {len(judged.unexplained)} are not "
        f"({COPY.name}/unexplained.toml), {counts['untested']} are called by no test; "
        f"{len(judged.stale)} explanations are stale.\n"
        f"Score, without the explained ones and with a mutant that times out as killed: {score:.1f} %"
    )
    return int(score < at_least if at_least is not None else bool(judged.unexplained or judged.stale))


def print_by_module(found: Sequence[Mutant], judged: explained.Judged) -> None:
    """A line for each module: mutants, killed, timed out, survived and explained, survived and not."""
    print(f"{'module':<20}{'mutants':>9}{'killed':>9}{'late':>9}{'explained':>11}{'not':>9}")
    outcomes = Counter((module_of(one), one.outcome) for one in found)
    reasons = Counter(module_of(one) for one, _ in judged.explained)
    open_ones = Counter(map(module_of, judged.unexplained))
    for name in sorted({module for module, _ in outcomes}):
        every = sum(number for (module, _), number in outcomes.items() if module == name)
        killed, late = outcomes[name, "killed"], outcomes[name, "timed out"]
        print(f"{name:<20}{every:>9}{killed:>9}{late:>9}{reasons[name]:>11}{open_ones[name]:>9}")
    print()


def module_of(mutant: Mutant) -> str:
    """The module that it was made in."""
    return mutant.where.partition(".")[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
