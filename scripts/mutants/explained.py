"""Survivors that need no test, each with its reason, in tests/mutants/explained.toml. An entry has

where: module, module.function or module.Class.function, as the run prints it; was: the changed lines without their
indentation; now: a list, what each of the mutants has in their place ("" for nothing); why: one sentence.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.mutants.mutant import ALIVE, Mutant

FILE = Path("tests/mutants/explained.toml")
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Judged:
    """The survivors told apart, and explanations (where, was, now) that no survivor needs any more."""

    explained: tuple[tuple[Mutant, str], ...]
    unexplained: tuple[Mutant, ...]
    stale: tuple[Key, ...]


def explanations(path: Path) -> Mapping[Key, str]:
    """The reasons in the file by (where, was, now)."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("explained", [])
    return {(one["where"], one["was"], now): one["why"] for one in entries for now in one["now"]}


def judged(found: Iterable[Mutant], reasons: Mapping[Key, str]) -> Judged:
    """Match those that survived; `reasons` are those of the modules that were run."""
    keyed = [(one, (one.where, one.was, one.now)) for one in found if one.outcome in ALIVE]
    explained = tuple((one, reasons[key]) for one, key in keyed if key in reasons)
    unexplained = tuple(one for one, key in keyed if key not in reasons)
    return Judged(explained, unexplained, tuple(reasons.keys() - {key for _, key in keyed}))


def unexplained(found: Iterable[Mutant]) -> tuple[Mutant, ...]:
    """The survivors that FILE, in the working folder, does not explain, but for those that no test calls."""
    return tuple(one for one in judged(found, explanations(FILE)).unexplained if one.outcome == "survived")


def entry(mutant: Mutant) -> str:
    """The beginning of an explanation, to be copied into the file and given its reason."""
    was, now = (_quoted(text) for text in (mutant.was, mutant.now))
    return f'[[explained]]\nwhere = "{mutant.where}"\nwas = {was}\nnow = [{now}]\nwhy = ""\n'


def _quoted(text: str) -> str:
    return f"'''{text}'''" if "'" in text or "\n" in text else f"'{text}'"
