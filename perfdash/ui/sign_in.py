"""What signed-out people see: the form, and nothing that a sign-in would have to protect."""

from __future__ import annotations

import streamlit as st

from perfdash.demo.users import DEMO_USERS, DemoUser
from perfdash.errors import PerfdashError
from perfdash.store import passwords, users
from perfdash.store.tries import Wait
from perfdash.ui import credentials, first_code, invited, oidc, wiring
from perfdash.ui.calm import told
from perfdash.ui.credentials import PasswordCheck

_WRONG, _PASSWORD = "_wrong", "_password"
WRONG = "That user name and password do not go together."


def show() -> None:
    """The sign-in page: the form, then in the demo its sign-ins, then what an operator must know."""
    settings = wiring.settings()
    with st.container(horizontal_alignment="center"), st.container(width=460):
        st.title("Sign in", anchor=False)
        st.caption("Campaign performance that remembers what it told you.")
        if not first_code.is_awaited():
            _ways_in(passwords_too=settings.security.passwords or settings.demo)
        if not users.any_user(wiring.store(), demo=settings.demo):
            first_code.show()
        if settings.demo:
            _demo_sign_ins()
        if wiring.on_community_cloud() and wiring.store().dialect == "sqlite":
            st.warning(
                "This app's disk is erased whenever it restarts, and its SQLite database with it. Set "
                "PERFDASH_DATABASE_URL to a PostgreSQL database in the app's secrets to keep what you collect.",
                icon=":material/cloud_off:",
            )


def broken(error: PerfdashError) -> None:
    """The app cannot run: one sentence for whoever comes by; the log has the reason."""
    with st.container(horizontal_alignment="center"), st.container(width=620):
        st.title("Perfdash cannot start", anchor=False)
        st.error(told(error), icon=":material/build:")
        st.caption("Nothing was changed. Reload this page once it is put right; `python -m perfdash doctor` helps.")


def _ways_in(*, passwords_too: bool) -> None:
    oidc.notice()
    if passwords_too:
        _form(invited.notice())
    if oidc.offered():
        if passwords_too:
            st.caption("or", text_alignment="center")
        oidc.buttons()
    elif not passwords_too:
        st.info("Nobody signs in with a password here, and no other way is set up yet.", icon=":material/lock:")


def _form(known_as: str) -> None:
    with st.form("sign_in", enter_to_submit=True):
        username = st.text_input("User name", value=known_as, max_chars=100, autocomplete="username")
        password = st.text_input(
            "Password", type="password", max_chars=passwords.LONGEST_PASSWORD, autocomplete="current-password",
            key=_PASSWORD,
        )  # fmt: skip
        pressed = st.form_submit_button("Sign in", type="primary", width="stretch")
    if pressed:
        _try(username, password)
    if said := st.session_state.pop(_WRONG, ""):
        st.error(said, icon=":material/lock:")


def _try(username: str, password: str) -> None:
    answer = credentials.sign_in(username, password)
    if answer is PasswordCheck.RIGHT:
        st.session_state.pop(_PASSWORD, None)  # the page's state lives on; the password need not
        st.rerun()
    st.session_state[_WRONG] = credentials.wait_words(answer) if isinstance(answer, Wait) else WRONG


def _demo_sign_ins() -> None:
    st.subheader("Demo sign-ins", anchor=False)
    st.caption("Invented brands, real code. Each account sees the same data with different permissions.")
    for user in DEMO_USERS:
        _demo_sign_in(user)


def _demo_sign_in(user: DemoUser) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(width="stretch", gap=None):
            st.markdown(f"`{user.username}` &nbsp; `{user.password}`")
            st.caption(user.shows)
        if st.button("Use", key=f"demo_{user.username}", help=f"Sign in as {user.username}", icon=":material/login:"):
            _try(user.username, user.password)
