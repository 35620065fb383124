"""What needs a look: at most six lines, the worst first, each with one way to act on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from perfdash.domain import attention
from perfdash.domain.attention import Notice, NoticeKind
from perfdash.domain.question import Question
from perfdash.presentation import attention as attention_story
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui import attention as attention_reads
from perfdash.ui.runtime import navigation

_COLORS: dict[NoticeKind, str] = {
    "stalled": "red",
    "over": "red",
    "slow": "orange",
    "fast": "orange",
    "restated_late": "violet",
    "refused_rows": "red",
    "roi_is_roas": "blue",
    "ends_soon": "gray",
}
_LONGEST = 160


def needs_a_look(notices: Sequence[Notice], client_names: Mapping[str, str], question: Question) -> None:
    """The worst of each kind before the second of any; how many more there are is said."""
    shown = attention.worst(notices)
    with st.container(border=True, height="stretch", gap="xsmall", key="needs_a_look"):
        st.markdown("**Needs a look**")
        if not shown:
            st.caption(":material/check_circle: Nothing needs a look.")
            return
        for notice in shown:
            _line(notice, client_names, question)
        if len(notices) > len(shown):
            st.caption(f"and {formatting.plural(len(notices) - len(shown), 'more', 'more')}, less pressing")


def _line(notice: Notice, client_names: Mapping[str, str], question: Question) -> None:
    """The whole line is the way to act on it."""
    told = attention_story.told(notice, client_names)
    subject, clause = escape_markdown(told.subject, _LONGEST), escape_markdown(told.clause, _LONGEST)
    line = f":{_COLORS[notice.kind]}-badge[{told.label}] **{subject}** :gray[{clause}]"
    page, query = attention_reads.destination(notice, question)
    if question.principal.may(page.needs):
        navigation.link(page, line, icon=told.icon, query=query)
    else:
        st.markdown(f":material/{told.icon}: {line}")
