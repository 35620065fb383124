"""Users: who may sign in, with which role, for which clients, and the links by which they choose a password."""

from __future__ import annotations

import streamlit as st

from perfdash.ui.admin import users as user_admin
from perfdash.ui.auth import session
from perfdash.ui.components import messages
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.runtime import navigation

principal = session.require(navigation.USERS)

st.title("Users")
st.caption("Every change counts at once, ends the sessions of the user, and leaves a line in the audit.")
with errors_shown():
    messages.show("admin")
    user_admin.show_invitation(principal)
    found, known = user_admin.list_users(principal)
    slugs = user_admin.client_slugs(principal)
    left, right = st.columns([2, 1], gap="medium")
    with left:
        shown = user_admin.narrowed(found)
        user_admin.table(shown, known)
        chosen = user_admin.chosen(shown)
        if len(found) == 1:
            st.caption("You are the only user so far.")
        elif chosen is None:
            st.caption("Choose a user to change access or to make a link for a new password.")
        else:
            st.caption("Choose the row once more to leave it and add a user.")
    with right:
        if chosen is None:
            user_admin.add(slugs)
        else:
            user_admin.change(principal, chosen, slugs)
