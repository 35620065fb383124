"""Corrections: values that your team set over what a source reports, why, and the way back."""

from __future__ import annotations

import streamlit as st

from perfdash import words
from perfdash.ui import (
    correction_form,
    correction_list,
    correction_reads,
    correction_rows,
    downloads,
    filters,
    flash,
    menu,
    session,
)
from perfdash.ui.calm import calmly

principal = session.require(menu.CORRECTIONS)
question = filters.current(principal).question
may = principal.may("correct")
authors = principal.of_agency

st.title("Corrections")
st.caption(
    "A correction is laid over what a source reports and never changes it: it counts everywhere, is marked with ✎, and "
    "a revert brings the reported value back."
)
with calmly():
    flash.show("correction")
    if may and question.as_of is not None:
        correction_form.forget()
        st.info('Corrections are made in the present: set "As of" back to now.', icon=":material/history:")
    elif may:
        over = correction_rows.chosen_range(question)
        if over is None:
            correction_form.forget()
            st.caption("Choose a campaign to see its rows and correct one of them, or all.")
        else:
            left, right = st.columns([3, 2], gap="medium")
            with left:
                lines, row = correction_rows.chosen_rows(principal, over)
            if lines:
                with right:
                    correction_form.show(principal, over, lines, row)

    found = correction_reads.decided(question)
    if not found:
        st.info(
            f"No row from {words.days(question.filters.days)} was corrected under these filters.",
            icon=":material/edit_off:", title="No correction",
        )  # fmt: skip
        st.stop()
    downloads.heading(
        "What was corrected",
        [lambda: downloads.listing(question, "corrections", correction_reads.log_of, key="corrections_csv")],
    )
    names = correction_reads.names(principal, question.clients)
    chosen = correction_list.chosen(found, "corrections")
    correction_list.table(correction_list.chosen_state(found), names, authors=authors, key="corrections")
    if chosen is None:
        st.caption("Choose a correction to read its story" + (" or to revert it." if may else "."))
        st.stop()
    correction_list.story(chosen, names, authors=authors)
    part = correction_list.parts(chosen, key=f"correction_{chosen.first.number}") if len(chosen.parts) > 1 else None
    if may and question.as_of is None:
        correction_list.revert_form(principal, chosen, part)
