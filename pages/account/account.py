"""Your account: what you may see, your password, and where you are signed in."""

from __future__ import annotations

import streamlit as st

from perfdash.ui import account, menu, session
from perfdash.ui.calm import calmly

principal = session.require(menu.ACCOUNT)

st.title("Your account")
with calmly():
    account.about(principal)
    left, right = st.columns(2, gap="large")
    with left:
        account.password(principal)
    with right:
        account.sessions_of(principal)
