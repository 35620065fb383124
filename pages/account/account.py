"""Your account: what you may see, your password, and where you are signed in."""

from __future__ import annotations

import streamlit as st

from perfdash.ui.auth import account, session
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.runtime import navigation

principal = session.require(navigation.ACCOUNT)

st.title("Your account")
with errors_shown():
    account.profile(principal)
    left, right = st.columns(2, gap="large")
    with left:
        account.password(principal)
    with right:
        account.sessions_of(principal)
