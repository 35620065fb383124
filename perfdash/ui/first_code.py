"""The first admin of a new installation comes in with the one-time code from the server's log."""

from __future__ import annotations

import streamlit as st

from perfdash.errors import PerfdashError
from perfdash.store import first_admin, tries, users
from perfdash.store.tries import Wait
from perfdash.ui import credentials, invited, session, visitor, wiring
from perfdash.ui.plain import plain

_COUNTED_AS = "first admin"
"""What tries are counted for; with its blank no user's name."""


def is_awaited() -> bool:
    """True while the code, and nothing else, lets anybody in."""
    return wiring.settings().security.passwords and first_admin.is_awaited(wiring.store(), wiring.now())


def show() -> None:
    """How the first account is made: by the code, if the server has printed one, or on the command line."""
    if is_awaited():
        st.info(
            "Nobody can sign in yet. The server has written a one-time code into its log: with it you make the first "
            "admin here.",
            icon=":material/person_add:",
        )
        _form()
        st.caption("Or add the first account on the server:")
    else:
        st.info("Nobody can sign in yet. Add the first account on the server:", icon=":material/person_add:")
    st.code("python -m perfdash users add NAME --role admin", language="bash")


def _form() -> None:
    with st.form("first_admin", enter_to_submit=True):
        code = st.text_input("Code from the log", max_chars=60, autocomplete="one-time-code")
        username = st.text_input("User name", max_chars=100, autocomplete="username")
        first, again = invited.new_password("first")
        st.caption(invited.ADVICE)
        pressed = st.form_submit_button("Make the first admin", type="primary", width="stretch")
    if pressed and not invited.differ(first, again):
        _redeem(code, username, first)


def _redeem(code: str, username: str, password: str) -> None:
    store, address, now = wiring.store(), visitor.address(), wiring.now()
    claimed = tries.claim(store, _COUNTED_AS, address, now)
    if isinstance(claimed, Wait):
        st.error(credentials.wait_words(claimed), icon=":material/timer:")
        return
    try:
        made = first_admin.redeem(store, code, username, password, now)
    except PerfdashError as error:
        st.error(plain(str(error), 300), icon=":material/error:")
        return
    tries.succeeded(store, _COUNTED_AS, address)
    invited.forget_new_password("first")
    login = users.login_of(store, made, demo=False)
    if login.user_id is not None:
        session.enter(session.begin(login.user_id))
    st.rerun()
