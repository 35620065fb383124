"""What signed-out people see: the form, and nothing that a sign-in would have to protect."""

from __future__ import annotations

import streamlit as st

from perfdash import ROOT
from perfdash.demo.users import DEMO_USERS, DemoUser
from perfdash.domain.errors import PerfdashError
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.auth import invitations, passwords, throttling
from perfdash.store.auth import login as auth_login
from perfdash.store.auth.throttling import Wait
from perfdash.ui.auth import credentials, new_password, oidc, session
from perfdash.ui.auth.credentials import PasswordCheck
from perfdash.ui.components.messages import public_text
from perfdash.ui.runtime import browser, context, pictures

REMEMBERS = ROOT / "perfdash" / "ui" / "assets" / "remembers.svg"
"""In one picture what the product is for; its name stands in it."""
REMEMBERS_ALT = (
    "perfdash. Told on Monday: 29,793. Known today: 30,369. What moved: +576. A bar chart keeps what was told then as "
    "a dashed outline around what is known now."
)
_COUNTED_AS = "first admin"
"""What tries are counted for; with its blank no user's name."""


def is_awaited() -> bool:
    """True while the code, and nothing else, lets anybody in."""
    return context.settings().security.passwords and invitations.is_awaited(context.store(), context.now())


def show_first_code() -> None:
    """How the first account is made: by the code, if the server has printed one, or on the command line."""
    if is_awaited():
        st.info(
            "Nobody can sign in yet. The server has written a one-time code into its log: with it you make the first "
            "admin here.",
            icon=":material/person_add:",
        )
        _first_code_form()
        st.caption("Or add the first account on the server:")
    else:
        st.info("Nobody can sign in yet. Add the first account on the server:", icon=":material/person_add:")
    st.code("python -m perfdash users add NAME --role admin", language="bash")


def _first_code_form() -> None:
    with st.form("first_admin", enter_to_submit=True):
        code = st.text_input("Code from the log", max_chars=60, autocomplete="one-time-code")
        username = st.text_input("User name", max_chars=100, autocomplete="username")
        first, again = new_password.new_password("first")
        st.caption(new_password.ADVICE)
        pressed = st.form_submit_button("Make the first admin", type="primary", width="stretch")
    if pressed and not new_password.passwords_differ(first, again):
        _redeem(code, username, first)


def _redeem(code: str, username: str, password: str) -> None:
    store, address, now = context.store(), browser.address(), context.now()
    claimed = throttling.claim(store, _COUNTED_AS, address, now)
    if isinstance(claimed, Wait):
        st.error(credentials.wait_words(claimed), icon=":material/timer:")
        return
    try:
        made = invitations.redeem(store, code, username, password, now)
    except PerfdashError as error:
        st.error(escape_markdown(str(error), 300), icon=":material/error:")
        return
    throttling.succeeded(store, _COUNTED_AS, address)
    new_password.forget_new_password("first")
    login = auth_login.login_of(store, made, demo=False)
    if login.user_id is not None:
        session.enter(session.begin(login.user_id))
    st.rerun()


_WRONG, _PASSWORD = "_wrong", "_password"
WRONG = "That user name and password do not go together."


def show_form() -> None:
    """The sign-in page: the form, then in the demo its sign-ins, then what an operator must know."""
    settings = context.settings()
    with st.container(horizontal_alignment="center"), st.container(width=460):
        st.html(f'<img src="{pictures.source(REMEMBERS)}" alt="{REMEMBERS_ALT}" style="width: 100%">')
        st.caption("Campaign performance that remembers what it told you, and shows what changed since.")
        st.title("Sign in", anchor=False)
        if not is_awaited():
            _ways_in(passwords_too=settings.security.passwords or settings.demo)
        if not auth_login.any_user(context.store(), demo=settings.demo):
            show_first_code()
        if settings.demo:
            _demo_sign_ins()
        if context.on_community_cloud() and context.store().dialect == "sqlite":
            st.warning(
                "This app's disk is erased whenever it restarts, and its SQLite database with it. Set "
                "PERFDASH_DATABASE_URL to a PostgreSQL database in the app's secrets to keep what you collect.",
                icon=":material/cloud_off:",
            )


def broken(error: PerfdashError) -> None:
    """The app cannot run: one sentence for whoever comes by; the log has the reason."""
    with st.container(horizontal_alignment="center"), st.container(width=620):
        st.title("Perfdash cannot start", anchor=False)
        st.error(public_text(error), icon=":material/build:")
        st.caption("Nothing was changed. Reload this page once it is put right; `python -m perfdash doctor` helps.")


def _ways_in(*, passwords_too: bool) -> None:
    oidc.notice()
    if passwords_too:
        _form(new_password.notice())
    if oidc.is_offered():
        if passwords_too:
            st.caption("or", text_alignment="center")
        oidc.buttons()
    elif not passwords_too:
        st.info("Nobody signs in with a password here, and no other way is set up yet.", icon=":material/lock:")


def _form(known_as: str) -> None:
    with st.form("sign_in", enter_to_submit=True):
        username = st.text_input("User name", value=known_as, max_chars=100, autocomplete="username")
        password = st.text_input(
            "Password",
            type="password",
            max_chars=passwords.LONGEST_PASSWORD,
            autocomplete="current-password",
            key=_PASSWORD,
        )
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
    st.header("Demo sign-ins", anchor=False)
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
