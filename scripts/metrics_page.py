"""docs/metrics.md: its tables are written from the glossary, its prose by hand.

python -m scripts.metrics_page      writes the tables anew; a test fails while they are old
"""

from __future__ import annotations

import re
from pathlib import Path

from perfdash.presentation import glossary
from perfdash.presentation.glossary import Entry, Section

PAGE = Path(__file__).resolve().parents[1] / "docs" / "metrics.md"
_TABLE = re.compile(r"(<!-- glossary: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
"""A table stands between two comments, the first of which names its section."""


def written(page: str) -> str:
    """`page` with every table as the glossary has it now."""
    return _TABLE.sub(lambda found: f"{found[1]}{table(found[2])}{found[3]}", page)


def table(section: Section) -> str:
    """One section's entries as a Markdown table."""
    entries = [entry for entry in glossary.ENTRIES.values() if entry.section == section]
    computed = any(entry.definition for entry in entries)
    names = ("metric", "definition", "good to know", "in exports", "undefined") if computed else ("word", "meaning")
    rows = [_computed(entry) if computed else (entry.label, f"{entry.meaning} {entry.caution}") for entry in entries]
    return "".join(_line(row) for row in (names, ("---",) * len(names), *rows))


def _computed(entry: Entry) -> tuple[str, ...]:
    return entry.label, entry.definition, f"{entry.meaning} {entry.caution}", entry.exported, entry.undefined


def _line(cells: tuple[str, ...]) -> str:
    if set(cells) == {"---"}:
        return f"|{'|'.join(cells)}|\n"
    return "| " + " | ".join(cell.strip() for cell in cells) + " |\n"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
