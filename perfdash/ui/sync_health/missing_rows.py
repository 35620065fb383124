"""The line about refused rows that are missing from the numbers of a page, and the way to who refused them."""

from __future__ import annotations

import streamlit as st

from perfdash.domain.question import Question
from perfdash.presentation import missing_rows
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.runtime import cache, navigation

_MOST_LINKS = 3
_LONGEST = 500


def warn(question: Question) -> None:
    """Say what is missing from the days in view. Nothing when nothing is."""
    found = cache.missing(question)
    if not found:
        return
    st.warning(escape_markdown(missing_rows.line(found), _LONGEST), icon=":material/rule:", title="Not complete")
    if not question.principal.may(navigation.SYNC_HEALTH.needs):
        return
    for one in sorted(found, key=lambda one: -one.rows)[:_MOST_LINKS]:
        label = f"What run {one.run} of {escape_markdown(one.client)} refused"
        navigation.link(navigation.SYNC_HEALTH, label, query={"owner": one.client, "run": str(one.run)})
