"""Sessions: who is signed in right now, by which way, and ending it."""

from __future__ import annotations

import streamlit as st

from perfdash.ui import admin_sessions, flash, menu, session
from perfdash.ui.calm import calmly

principal = session.require(menu.SESSIONS)

st.title("Sessions")
with calmly():
    flash.show("admin")
    found = admin_sessions.everyone(principal)
    st.caption(f"{admin_sessions.summary(found)} signed in right now. Ending one closes its open pages at once.")
    chosen = admin_sessions.chosen(found)
    if chosen is not None:
        admin_sessions.end_buttons(chosen, found)
    else:
        st.caption("Choose a session to end it.")
    admin_sessions.table(found)
