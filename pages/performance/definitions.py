"""Definitions: what every number and word here means, from the glossary that the code itself explains with.

It shows no client's data, so everybody who is signed in may read all of it; a link may search: /definitions?find=cpm.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import streamlit as st

from perfdash.domain.facts import MICRO
from perfdash.domain.metrics import Sums, ratio
from perfdash.presentation import formatting, glossary
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.auth import session
from perfdash.ui.runtime import navigation

ICONS = {
    "Metrics": "calculate",
    "Measures": "straighten",
    "Campaigns": "campaign",
    "Finality": "lock_clock",
    "Changes": "history",
    "Corrections": "edit_note",
    "Syncs": "sync",
}
NARROWEST_CARD = 290

principal = session.require(navigation.DEFINITIONS)


def _card(entry: glossary.Entry) -> None:
    """One definition: what it is called, how it is computed, what it means, and what it is not."""
    exported = f"Exports: {entry.exported}. " if entry.exported not in ("", "count") else ""
    undefined = f"Undefined ({formatting.UNDEFINED}) {entry.undefined}" if entry.undefined else ""
    also = f"Also: {', '.join(entry.also)}" if entry.also else ""
    parts = [
        f"`{entry.definition}`" if entry.definition else "",
        entry.meaning,
        f":gray[{entry.caution}]" if entry.caution else "",
        f":small[:gray[{also}]]" if also else "",
        f":small[:gray[{(exported + undefined).strip()}]]" if exported or undefined else "",
    ]
    with st.container(border=True, height="stretch"):
        beyond = " :gray-badge[not part of your access]" if entry.needs_money and not principal.money else ""
        st.header(f"{entry.label}{beyond}", anchor=entry.name.replace("_", "-"))
        st.markdown("\n\n".join(part for part in parts if part))


def _section(name: glossary.Section, entries: Sequence[glossary.Entry], *, searched: bool) -> None:
    """A group of definitions, folded up until it is opened or searched in: all of them are long on a telephone."""
    count = formatting.plural(len(entries), "definition")
    key = f"open_{name.lower()}" if not searched else None
    with (
        st.expander(
            f"{name} · {count}",
            expanded=searched,
            icon=f":material/{ICONS[name]}:",
            key=key,
            on_change="rerun" if key else "ignore",
            bind="query-params" if key else None,
        ),
        st.grid(3, min_column_width=NARROWEST_CARD, gap="small"),
    ):
        for entry in entries:
            _card(entry)


def _worked_case() -> None:
    """Two campaigns whose CPMs average to 20, while together they cost 25 a thousand."""
    one = Sums(1, impressions=10_000, clicks=0, cost=100_000_000)
    two = Sums(1, impressions=30_000, clicks=0, cost=900_000_000)
    rows = [
        f"| {name} | {formatting.exactly(Fraction(sums.cost or 0, MICRO))} "
        f"| {formatting.figure(sums.impressions, 'count')} | {formatting.figure(ratio('cpm', sums), 'price')} |"
        for name, sums in (("A", one), ("B", two), ("**together**", one + two))
    ]
    average = sum(ratio("cpm", sums) or 0 for sums in (one, two)) / Fraction(2)
    with st.expander("Why a ratio is never averaged", icon=":material/functions:"):
        st.markdown("\n".join(["| campaign | cost | impressions | CPM |", "|:--|--:|--:|--:|", *rows]))
        st.markdown(
            f"The average of the two CPMs, {formatting.figure(average, 'price')}, is the CPM of nothing. "
            f"A ratio is computed last, "
            f"from sums, over the rows that report both of its sides; "
            f"where none does it is {formatting.UNDEFINED}, never 0."
        )


st.title("Definitions")
wanted = st.text_input(
    "Find a number or a word, in English, German, Spanish or French",
    key="find",
    bind="query-params",
    type="search",
    live=True,
    max_chars=60,
    icon=":material/search:",
    placeholder="CPM, TKP, final, restatement …",
).strip()
section = st.pills("Section", glossary.SECTIONS, key="section", bind="query-params", label_visibility="collapsed")
found = tuple(entry for entry in glossary.search(wanted) if section in (None, entry.section))
if not found:
    where = f" under {section}" if section else ""
    st.info(f"Nothing{where} speaks of “{escape_markdown(wanted)}”. Try a shorter word.", icon=":material/search_off:")
    st.stop()
told = formatting.plural(len(found), "definition")
st.caption(
    f"{told} with “{escape_markdown(wanted)}”." if wanted else f"{told}, the same as in every tooltip and export."
)

if not wanted and section in (None, "Metrics"):
    _worked_case()
for name, entries in glossary.sectioned(found):
    _section(name, entries, searched=bool(wanted) or section is not None)
