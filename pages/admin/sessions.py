"""Sessions: who is signed in right now, by which way, and ending it."""

from __future__ import annotations

import streamlit as st

from perfdash.ui.admin import sessions as session_admin
from perfdash.ui.auth import session
from perfdash.ui.components import messages
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.runtime import navigation

principal = session.require(navigation.SESSIONS)

st.title("Sessions")
with errors_shown():
    messages.show("admin")
    found = session_admin.live_sessions(principal)
    st.caption(f"{session_admin.summary(found)} signed in right now. Ending one closes its open pages at once.")
    chosen = session_admin.chosen(found)
    if chosen is not None:
        session_admin.end_buttons(chosen, found)
    else:
        st.caption("Choose a session to end it.")
    session_admin.table(found)
