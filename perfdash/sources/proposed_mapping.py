"""A mapping for a header that nobody knows, by what columns are usually called; what is in doubt is said (pure).

It is a proposal for somebody to look at: nothing is ever read by it unasked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from perfdash.config.file_mapping import FileMapping
from perfdash.config.presets import usual_columns
from perfdash.config.source_models import FieldConfig, FieldsConfig, RecordsConfig
from perfdash.ingest.column_names import any_currency, folded
from perfdash.ingest.field_paths import path_of
from perfdash.sources.export_columns import REQUIRED, unquoted
from perfdash.sources.recognition import known_exports

_FINER = re.compile(
    r"\b(ad ?set|ad ?group|ad|ads|keyword|country|region|city|device|placement|age|gender|hour|creative|audience)\b"
)


@dataclass(frozen=True, slots=True)
class ProposedMapping:
    """Field -> the column that it is probably read from, and sentences for what somebody must look at."""

    columns: Mapping[str, str]
    finer: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Field -> other columns that it may be."""

    def mapping(self, constants: Mapping[str, str] | None = None) -> FileMapping | None:
        """The same as a mapping, `constants` for what no column says (a platform); None while something is missing."""
        said: dict[str, Any] = {name: {"path": path_of((column,))} for name, column in self.columns.items()}
        said |= {name: {"constant": text} for name, text in (constants or {}).items()}
        if not set(REQUIRED) <= said.keys():
            return None
        fields = FieldsConfig.model_validate(said)
        records = RecordsConfig(path="data", finer=tuple(path_of((name,)) for name in self.finer))
        return FileMapping("proposed", records, fields, frozenset(said))


def propose(names: Sequence[str]) -> ProposedMapping:
    """What the columns of these names may mean. Each is proposed once, for the field that must have one first."""
    found: dict[str, str] = {}
    others: dict[str, tuple[str, ...]] = {}
    doubts: list[str] = []
    for name in (*REQUIRED, *(one for one in FieldsConfig.model_fields if one not in REQUIRED)):
        candidates = [one for one in _candidates(name, names) if one not in found.values() or name == "campaign_name"]
        if candidates:
            found[name] = candidates[0]
            others[name] = tuple(candidates[1:])
            doubts += _rivals(name, candidates, names)
        elif name in REQUIRED:
            doubts.append(f"no column looks like the {name}")
    if found.get("campaign_name") == found.get("campaign"):
        doubts.append("campaigns are told apart by their names: no column looks like their ids")
    finer = tuple(one for one in names if one not in found.values() and _FINER.search(_words(one)))
    return ProposedMapping(found, finer, tuple(doubts), others)


def _rivals(name: str, candidates: Sequence[str], names: Sequence[str]) -> list[str]:
    """A sentence when another column may be meant. That of a campaign's name is no doubt about its id."""
    known = _candidates("campaign_name", names) if name == "campaign" else []
    others = [one for one in candidates[1:] if one not in known]
    if name not in REQUIRED or not others:
        return []
    return [f'{name} is read from "{candidates[0]}", but "{others[0]}" may be meant']


def _candidates(name: str, names: Sequence[str]) -> list[str]:
    """The columns that may be meant, those of the most usual names first."""
    order = {said: place for place, said in reversed(list(enumerate(_synonyms()[name])))}
    places = [(order[said], one) for one in names if (said := _words(one)) in order]
    return [one for _, one in sorted(places, key=lambda item: item[0])]


@cache
def _synonyms() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in FieldsConfig.model_fields:
        known: list[FieldConfig | None] = [getattr(one.fields, name) for one in known_exports()]
        usual = [_words(unquoted(path)) for said in known if said is not None for path in said.paths]
        found[name] = tuple(dict.fromkeys((*usual_columns().get(name, ()), *usual)))
    return found


def _words(name: str) -> str:
    """A name without case, currency and what stands between its words: `Campaign_ID (EUR)` is `campaign id`."""
    bare = any_currency(name).replace("({currency})", "")
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare)
    return " ".join(re.sub(r"[\W_]+", " ", folded(parted)).split())
