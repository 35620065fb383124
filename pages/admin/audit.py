"""Audit: who signed in, failed, saw, exported, corrected, shared and granted."""

from __future__ import annotations

import streamlit as st

from perfdash import words
from perfdash.ui import admin_audit, downloads, menu, session, wiring
from perfdash.ui.calm import calmly

principal = session.require(menu.AUDIT)

st.title("Audit")
kept = wiring.settings().security.audit_kept.days
st.caption(f"Lines are added and never changed. They are kept for {kept:,} days.")
with calmly():
    wanted = admin_audit.asked(principal)
    found, more = admin_audit.lines(principal, wanted)
    if not found:
        none = "Nothing was written down yet."
        st.info(
            none if wanted == admin_audit.EVERYTHING else "No line is like this. Widen or clear a filter.",
            icon=":material/fact_check:", title="No lines",
        )  # fmt: skip
        st.stop()
    downloads.heading(
        f"The newest {len(found):,} lines" if more else words.plural(len(found), "line"),
        [
            lambda: downloads.built(
                principal, admin_audit.csv_of(wanted), name="perfdash-audit", label="CSV", key="audit_csv"
            )
        ],
    )
    if more:
        st.caption(f"There are older ones: narrow them, or take out up to {admin_audit.MOST_EXPORTED:,} as CSV.")
    admin_audit.table(found)
