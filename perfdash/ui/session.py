"""The one place that knows who is signed in. Every rerun asks the store again: nothing about a user is remembered here.

`st.session_state` lives on the server, so it may hold the session's name; the browser holds an HttpOnly cookie whose
token the store knows only as a hash. Either leads to a session row, and the row to a principal made anew.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit_authenticator.controllers.authentication_controller import AuthenticationController

from perfdash.access import Principal, Role
from perfdash.errors import AccessDenied
from perfdash.store import passwords, sessions, users
from perfdash.ui import cookie, wiring

_SESSION, _TICKET, _LEFT = "_session", "_ticket", "_left"
_OF_LIBRARY = ("name", "authentication_status", "username", "email", "roles", "logout", "password_hint")


def current() -> Principal | None:
    """Who is signed in right now; None when nobody is, or no longer."""
    store, now = wiring.store(), wiring.now()
    session = _of_page(now) or _of_cookie(now)
    if session is None:
        return None
    return users.principal_of(store, session.user_id, demo=wiring.settings().demo)


def require(*roles: Role) -> Principal:
    """The signed-in principal; stops the page when there is none, or none with one of `roles` (empty: any)."""
    principal = current()
    if principal is None:
        st.stop()
    if roles and principal.role not in roles:
        st.error("There is no such page here.", icon=":material/block:")
        st.stop()
    return principal


def again() -> Callable[[], Principal]:
    """For work that outlives this run, such as a download: asks anew, when it is called, who is signed in here.

    There is no page around such work, so the session is named now. AccessDenied once it has ended, however it did.
    """
    session_id = st.session_state.get(_SESSION)

    def who() -> Principal:
        store, demo = wiring.store(), wiring.settings().demo
        session = sessions.by_id(store, session_id, wiring.now()) if isinstance(session_id, str) else None
        principal = users.principal_of(store, session.user_id, demo=demo) if session else None
        if principal is None:
            raise AccessDenied("You are no longer signed in; sign in again.")
        return principal

    return who


def sign_in(username: str, password: str) -> bool:
    """Check a password and open a session; False, after the same work, whatever was wrong."""
    store = wiring.store()
    login = users.login_of(store, username, demo=wiring.settings().demo)
    matches = _password_matches(login.password_hash, password)
    if not matches or login.user_id is None:
        return False
    session = sessions.begin(store, login.user_id, wiring.now())
    st.session_state[_SESSION] = session.session_id
    st.session_state[_TICKET] = sessions.ticket(store, session.session_id, wiring.now())
    st.session_state.pop(_LEFT, None)
    return True


def sign_out() -> None:
    """End the session for every page and every copy of its cookie; forget all that this page remembered."""
    store, now = wiring.store(), wiring.now()
    for session in (_of_page(now), _of_cookie(now)):
        if session is not None:
            sessions.end(store, session.session_id, now)
    st.session_state.clear()
    st.session_state[_LEFT] = secrets.token_hex(8)


@st.fragment
def settle_cookie() -> None:
    """Give the browser the cookie of a fresh sign-in, or take it away after a sign-out; once each, without a rerun.

    A fragment, so that the browser's answer runs these lines only and not the page.
    """
    if (ticket := st.session_state.get(_TICKET)) and cookie.exchange(ticket):
        st.session_state.pop(_TICKET, None)
    if (left := st.session_state.get(_LEFT)) and cookie.withdraw(left):
        st.session_state[_LEFT] = ""


def _of_page(now: Any) -> sessions.Session | None:
    """The page's session. Once it ended elsewhere, the page forgets all it remembers: the next user may be another."""
    session_id = st.session_state.get(_SESSION)
    if not isinstance(session_id, str):
        return None
    session = sessions.by_id(wiring.store(), session_id, now)
    if session is None:
        st.session_state.clear()
    return session


def _of_cookie(now: Any) -> sessions.Session | None:
    """The cookie is that of the moment this page connected; it may be long revoked, which its row then says."""
    token = st.context.cookies.get(cookie.NAME)
    if not isinstance(token, str) or not token:  # AppTest hands out mocks
        return None
    session = sessions.by_token(wiring.store(), token, now)
    if session is not None:
        st.session_state[_SESSION] = session.session_id
    return session


def _password_matches(password_hash: str, password: str) -> bool:
    """streamlit-authenticator's check over one made-up name; what it leaves in the page's state is removed again."""
    known = {"usernames": {"user": {"password": password_hash, "email": "", "name": "user"}}}
    try:
        controller = AuthenticationController(known, auto_hash=False)
        return bool(controller.login("user", passwords.prehash(password)))
    finally:
        for key in _OF_LIBRARY:
            st.session_state.pop(key, None)
