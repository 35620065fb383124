"""Whose export a header belongs to: the preset that finds all that a row must have, and a sign of its own (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

from perfdash.config.file_mapping import FileMapping, of_preset
from perfdash.config.presets import EXPORTS, preset
from perfdash.ingest.column_names import any_currency, folded
from perfdash.sources.export_columns import FittedMapping, fit, unquoted

_PLATFORM = frozenset(("platform", "publisher platform", "publisher_platform", "channel", "plattform"))


@dataclass(frozen=True, slots=True)
class RecognisedExport:
    """A preset that fits; `score` is the share of the file's columns that it knows, from 0 to 1."""

    preset: str
    score: float
    signs: int


@cache
def known_exports() -> tuple[FileMapping, ...]:
    """The mappings of all presets of exports."""
    return tuple(map(of_preset, EXPORTS))


def recognise(names: Sequence[str]) -> RecognisedExport | None:
    """The best preset for a file with these columns; None when none fits, or when two fit alike."""
    found = sorted(_fitting(names), key=lambda one: (one.signs, one.score), reverse=True)
    if not found or (len(found) > 1 and (found[0].signs, found[0].score) == (found[1].signs, found[1].score)):
        return None
    return found[0]


def _fitting(names: Sequence[str]) -> list[RecognisedExport]:
    found = []
    for mapping in known_exports():
        signs = _signs(mapping.name, names)
        fitted = fit(mapping, names)
        if signs and fitted.fits and not _has_platforms_of_its_own(fitted, names):
            known = len({*fitted.columns.values(), *fitted.mapping.records.finer})
            found.append(RecognisedExport(mapping.name, min(1.0, known / max(1, len(names))), signs))
    return found


def _has_platforms_of_its_own(fitted: FittedMapping, names: Sequence[str]) -> bool:
    """Whether each row names its platform although the preset would call all of them the same."""
    known = set(map(folded, chain(fitted.columns.values(), map(unquoted, fitted.mapping.records.finer))))
    return "platform" not in fitted.columns and any(folded(name) in _PLATFORM - known for name in names)


def _signs(name: str, names: Sequence[str]) -> int:
    wanted = set(map(folded, preset(name)["signs"]))
    return len({folded(one) for one in names if folded(one) in wanted or folded(any_currency(one)) in wanted})


def nearest_export(names: Sequence[str]) -> str:
    """The preset that misses least of this header, for an error that says what to try; '' when none is near."""
    missed = {mapping.name: fit(mapping, names).missing for mapping in known_exports()}
    best = min(missed, key=lambda name: (len(missed[name]), -_signs(name, names)))
    return best if len(missed[best]) <= 2 else ""
