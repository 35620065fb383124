"""Definitions: what every number and word here means, from the glossary that the code itself explains with.

It shows no client's data, so everybody who is signed in may read all of it; a link may search: /definitions?find=cpm.
"""

from __future__ import annotations

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
    name = f"**{entry.label}**"
    if entry.needs_money and not principal.money:
        name += " :gray-badge[not part of your access]"
    exported = f"Exports: {entry.exported}. " if entry.exported not in ("", "count") else ""
    undefined = f"Undefined ({formatting.UNDEFINED}) {entry.undefined}" if entry.undefined else ""
    parts = [
        name,
        f"`{entry.definition}`" if entry.definition else "",
        entry.meaning,
        f":gray[{entry.caution}]" if entry.caution else "",
        f":small[:gray[{(exported + undefined).strip()}]]" if exported or undefined else "",
    ]
    with st.container(border=True, height="stretch"):
        st.markdown("\n\n".join(part for part in parts if part))


def _worked_case() -> None:
    """Two campaigns whose CPMs average to 20, while together they cost 25 a thousand."""
    one = Sums(1, impressions=10_000, clicks=0, cost=100_000_000)
    two = Sums(1, impressions=30_000, clicks=0, cost=900_000_000)
    rows = [
        f"| {name} | {formatting.number(Fraction(sums.cost or 0, MICRO))} | {formatting.number(sums.impressions)} "
        f"| {formatting.number(ratio('cpm', sums), 2)} |"
        for name, sums in (("A", one), ("B", two), ("**together**", one + two))
    ]
    average = sum(ratio("cpm", sums) or 0 for sums in (one, two)) / Fraction(2)
    with st.expander("Why a ratio is never averaged", icon=":material/functions:", expanded=True):
        st.markdown("\n".join(["| campaign | cost | impressions | CPM |", "|:--|--:|--:|--:|", *rows]))
        st.markdown(
            f"The average of the two CPMs, {formatting.number(average)}, is the CPM of nothing. "
            f"A ratio is computed last, "
            f"from sums, over the rows that report both of its sides; "
            f"where none does it is {formatting.UNDEFINED}, never 0."
        )


st.title("Definitions")
wanted = st.text_input(
    "Find a number or a word",
    st.query_params.get("find", ""),
    max_chars=60,
    icon=":material/search:",
    placeholder="CPM, final, restatement …",
).strip()
section = st.pills("Section", glossary.SECTIONS, key="definitions_section", label_visibility="collapsed")
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
    st.subheader(name, icon=f":material/{ICONS[name]}:")
    with st.grid(3, min_column_width=NARROWEST_CARD, gap="small"):
        for entry in entries:
            _card(entry)
