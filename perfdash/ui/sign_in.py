"""What signed-out people see: the form, and nothing that a sign-in would have to protect."""

from __future__ import annotations

import streamlit as st

from perfdash.demo.users import DEMO_USERS, DemoUser
from perfdash.errors import PerfdashError
from perfdash.store import passwords, users
from perfdash.ui import session, wiring
from perfdash.ui.plain import plain

_WRONG, _PASSWORD = "_wrong", "_password"
COMMUNITY_CLOUD = "/mount/src"
"""Where Streamlit Community Cloud checks an app out; its disk does not outlive the app."""


def show() -> None:
    """The sign-in page: the form, then in the demo its sign-ins, then what an operator must know."""
    demo = wiring.settings().demo
    with st.container(horizontal_alignment="center"), st.container(width=460):
        st.title("Sign in", anchor=False)
        st.caption("Campaign performance that remembers what it told you.")
        _form()
        if demo:
            _demo_sign_ins()
        elif not users.any_user(wiring.store(), demo=False):
            st.info("Nobody can sign in yet. Add the first account on the server:", icon=":material/person_add:")
            st.code("python -m perfdash users add NAME --role admin", language="bash")
        if on_community_cloud() and wiring.store().dialect == "sqlite":
            st.warning(
                "This app's disk is erased whenever it restarts, and its SQLite database with it. Set "
                "PERFDASH_DATABASE_URL to a PostgreSQL database in the app's secrets to keep what you collect.",
                icon=":material/cloud_off:",
            )


def on_community_cloud() -> bool:
    """True on Streamlit Community Cloud."""
    return wiring.ROOT.as_posix().startswith(COMMUNITY_CLOUD)


def broken(error: PerfdashError) -> None:
    """The app cannot run: one sentence that says why and what to do."""
    with st.container(horizontal_alignment="center"), st.container(width=620):
        st.title("Perfdash cannot start", anchor=False)
        st.error(plain(str(error), 600), icon=":material/build:")
        st.caption("Nothing was changed. Reload this page once it is put right.")


def _form() -> None:
    with st.form("sign_in", enter_to_submit=True):
        username = st.text_input("User name", max_chars=100, autocomplete="username")
        password = st.text_input(
            "Password", type="password", max_chars=passwords.LONGEST_PASSWORD, autocomplete="current-password",
            key=_PASSWORD,
        )  # fmt: skip
        pressed = st.form_submit_button("Sign in", type="primary", width="stretch")
    if pressed:
        _try(username, password)
    if st.session_state.pop(_WRONG, False):
        st.error("That user name and password do not go together.", icon=":material/lock:")


def _try(username: str, password: str) -> None:
    if session.sign_in(username, password):
        st.session_state.pop(_PASSWORD, None)  # the page's state lives on; the password need not
        st.rerun()
    st.session_state[_WRONG] = True


def _demo_sign_ins() -> None:
    st.subheader("Demo sign-ins", anchor=False)
    st.caption("Invented brands, real code. Each sign-in sees the same numbers through other grants.")
    for user in DEMO_USERS:
        _demo_sign_in(user)


def _demo_sign_in(user: DemoUser) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(width="stretch", gap=None):
            st.markdown(f"`{user.username}` &nbsp; `{user.password}`")
            st.caption(user.shows)
        if st.button("Use", key=f"demo_{user.username}", help=f"Sign in as {user.username}", icon=":material/login:"):
            _try(user.username, user.password)
