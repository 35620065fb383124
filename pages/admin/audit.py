"""Audit: who signed in, failed, saw, exported, corrected, shared and granted."""

from __future__ import annotations

import streamlit as st

from perfdash.presentation import formatting
from perfdash.ui import downloads
from perfdash.ui.admin import audit as audit_admin
from perfdash.ui.auth import session
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.runtime import context, navigation

principal = session.require(navigation.AUDIT)

st.title("Audit")
kept = context.settings().security.audit_kept.days
st.caption(f"Lines are added and never changed. They are kept for {kept:,} days.")
with errors_shown():
    wanted = audit_admin.filter_controls(principal)
    found, more = audit_admin.lines(principal, wanted)
    if not found:
        none = "Nothing was written down yet."
        st.info(
            none if wanted == audit_admin.EVERYTHING else "No line is like this. Widen or clear a filter.",
            icon=":material/fact_check:",
            title="No lines",
        )
        st.stop()
    downloads.heading(
        f"The newest {len(found):,} lines" if more else formatting.plural(len(found), "line"),
        [
            lambda: downloads.built(
                principal, audit_admin.csv_of(wanted), name="perfdash-audit", label="CSV", key="audit_csv"
            )
        ],
    )
    if more:
        st.caption(f"There are older ones: narrow them, or take out up to {audit_admin.MOST_EXPORTED:,} as CSV.")
    audit_admin.table(found)
