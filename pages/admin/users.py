"""Users: who may sign in, with which role, for which clients, and the links by which they choose a password."""

from __future__ import annotations

import streamlit as st

from perfdash.ui import admin_links, admin_user_form, admin_users, flash, menu, session
from perfdash.ui.calm import calmly

principal = session.require(menu.USERS)

st.title("Users")
st.caption("Every change counts at once, ends the sessions of the user, and leaves a line in the audit.")
with calmly():
    flash.show("admin")
    admin_links.show(principal)
    found, known = admin_users.everyone(principal)
    slugs = admin_users.client_slugs(principal)
    left, right = st.columns([2, 1], gap="medium")
    with left:
        shown = admin_users.narrowed(found)
        admin_users.table(shown, known)
        chosen = admin_users.chosen(shown)
        if len(found) == 1:
            st.caption("You are the only user so far.")
        elif chosen is None:
            st.caption("Choose a user to change access or to make a link for a new password.")
        else:
            st.caption("Choose the row once more to leave it and add a user.")
    with right:
        if chosen is None:
            admin_user_form.add(slugs)
        else:
            admin_user_form.change(principal, chosen, slugs)
