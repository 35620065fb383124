"""Corrections: values that your team set over what a source reports, why, and the way back."""

from __future__ import annotations

import streamlit as st

from perfdash.presentation import formatting
from perfdash.ui import downloads
from perfdash.ui.auth import session
from perfdash.ui.components import messages
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.corrections import form as correction_form
from perfdash.ui.corrections import history as correction_history
from perfdash.ui.corrections import select as correction_select
from perfdash.ui.filters import sidebar
from perfdash.ui.runtime import cache, navigation
from perfdash.ui.sync_health import missing_rows

principal = session.require(navigation.CORRECTIONS)
question = sidebar.current(principal).question
may = principal.may("correct")
authors = principal.of_agency

st.title("Corrections")
st.caption(
    "A correction is laid over what a source reports and never changes it: it counts everywhere, is marked with ✎, and "
    "a revert brings the reported value back."
)
with errors_shown():
    missing_rows.warn(question)
    if may and question.as_of is not None:
        correction_form.forget()
        st.info('Corrections are made in the present: set "As of" back to now.', icon=":material/history:")
    elif may:
        over = correction_select.chosen_range(question)
        if over is None:
            correction_form.forget()
            st.caption("Choose a campaign to see its rows and correct one of them, or all.")
        else:
            creators = cache.creators(principal, (over.client,))
            left, right = st.columns([2, 1], gap="medium")
            with left:
                lines, row = correction_select.chosen_rows(principal, over, creators)
            with right:
                messages.show("correction")
                if lines:
                    correction_form.show_form(question, over, lines, row, creators)

    found = correction_select.decisions_in_view(question)
    if not found:
        st.info(
            f"No row from {formatting.days(question.filters.days)} was corrected under these filters.",
            icon=":material/edit_off:",
            title="No correction",
        )
        st.stop()
    downloads.heading(
        "What was corrected",
        [lambda: downloads.listing(question, "corrections", correction_select.log_of, key="corrections_csv")],
    )
    names = correction_select.names_in_view(principal, question.clients)
    chosen = correction_history.chosen(found, "corrections")
    correction_history.table(correction_history.chosen_state(found), names, principal, key="corrections")
    if chosen is None:
        st.caption("Choose a correction to read its story" + (" or to revert it." if may else "."))
        st.stop()
    correction_history.history_of(chosen, names, authors=authors)
    part = (
        correction_history.batch_rows(
            chosen, cache.creators(principal, (chosen.first.client,)), key=f"correction_{chosen.first.number}"
        )
        if len(chosen.parts) > 1
        else None
    )
    messages.show("revert")
    if may and question.as_of is None:
        correction_history.revert_form(principal, chosen, part)
