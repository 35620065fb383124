"""The glossary: one definition of every number and word, for tooltips, exports, the Definitions page and the documents.

Whoever shows a number asks here what it means, so that no two places can say different things.
"""

from __future__ import annotations

from perfdash.glossary_entry import SECTIONS, Entry, Section
from perfdash.glossary_figures import COMPUTED, MEASURES
from perfdash.glossary_words import CAMPAIGN_WORDS, CHANGES, CORRECTIONS, FINALITY, SYNCS

__all__ = ["ENTRIES", "SECTIONS", "Entry", "Section", "found", "hint", "of", "sectioned"]

ENTRIES: dict[str, Entry] = {
    entry.name: entry for entry in (*COMPUTED, *MEASURES, *CAMPAIGN_WORDS, *FINALITY, *CHANGES, *CORRECTIONS, *SYNCS)
}
"""Every entry by its name, which is also the name of its column in tables and exports."""


def of(name: str) -> Entry:
    """The entry of `name`; KeyError when there is none."""
    return ENTRIES[name]


def hint(name: str) -> str:
    """The tooltip beside `name`; '' when it has no entry, such as a client's name."""
    entry = ENTRIES.get(name)
    return entry.help if entry else ""


def found(wanted: str) -> tuple[Entry, ...]:
    """The entries in which every word of `wanted` occurs, in their order; all of them when nothing is wanted."""
    words = wanted.casefold().replace("_", " ").split()
    return tuple(entry for entry in ENTRIES.values() if all(word in entry.text for word in words))


def sectioned(entries: tuple[Entry, ...]) -> tuple[tuple[Section, tuple[Entry, ...]], ...]:
    """`entries` under their sections; sections without any are left out."""
    whole = ((section, tuple(entry for entry in entries if entry.section == section)) for section in SECTIONS)
    return tuple((section, own) for section, own in whole if own)
