"""Client links: what you see, for somebody without an account; who looked at it; and the end of it."""

from __future__ import annotations

import streamlit as st

from perfdash import words
from perfdash.ui import downloads, filters, flash, link_form, link_list, menu, session
from perfdash.ui.calm import calmly

principal = session.require(menu.CLIENT_LINKS)
asked = filters.current(principal)

st.title("Client links")
st.caption(
    "A link opens what your sidebar shows, read-only and without an account, for one client. Its filters cannot be "
    "changed, it expires, you can revoke it, and every look at it is logged."
)
with calmly():
    flash.show("client link")
    link_form.show(asked)

    found = link_list.listed(principal, asked.question.clients)
    if not found:
        whose = "to the clients in view" if asked.question.clients else "yet"
        st.caption(f":material/link_off: No link was made {whose}.")
        st.stop()
    downloads.heading(words.plural(len(found), "link"))
    chosen = link_list.table(found, "links")
    if chosen is None:
        st.caption("Choose a link to see who looked at it, or to revoke it.")
        st.stop()
    link_list.detail(principal, chosen)
