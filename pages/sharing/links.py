"""Client links: what you see, for somebody without an account; who looked at it; and the end of it."""

from __future__ import annotations

import streamlit as st

from perfdash.presentation import formatting
from perfdash.ui import downloads
from perfdash.ui.auth import session
from perfdash.ui.components import messages
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.filters import sidebar
from perfdash.ui.runtime import navigation
from perfdash.ui.share_links import form as link_form
from perfdash.ui.share_links import history as link_history

principal = session.require(navigation.CLIENT_LINKS)
asked = sidebar.current(principal)

st.title("Client links")
st.caption(
    "A link opens what your sidebar shows, read-only and without an account, for one client. Its filters cannot be "
    "changed, it expires, you can revoke it, and every look at it is logged."
)
with errors_shown():
    messages.show("client link")
    link_form.show_form(asked)

    found = link_history.links_in_view(principal, asked.question.clients)
    if not found:
        whose = "to the clients in view" if asked.question.clients else "yet"
        st.caption(f":material/link_off: No link was made {whose}.")
        st.stop()
    downloads.heading(formatting.plural(len(found), "link"))
    chosen = link_history.table(found, principal, "links")
    if chosen is None:
        st.caption("Choose a link to see who looked at it, or to revoke it.")
        st.stop()
    link_history.detail(principal, chosen)
