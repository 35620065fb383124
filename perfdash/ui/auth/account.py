"""Everybody's own account: what it may see, its password, and where it is signed in."""

from __future__ import annotations

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.errors import PerfdashError
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.auth import login, passwords, sessions, users
from perfdash.store.auth.session_rows import Session
from perfdash.store.auth.throttling import Wait
from perfdash.ui.auth import credentials, new_password, session
from perfdash.ui.auth.credentials import PasswordCheck
from perfdash.ui.runtime import browser, context

_SAID, _CURRENT = "_account_said", "_current_password"
_KINDS = {
    "password": (":material/password:", "With your password"),
    "oidc": (":material/badge:", "By single sign-on"),
}


def profile(principal: Principal) -> None:
    """Who one is here, and what one may see."""
    found = login.account_of(context.store(), principal.user_id or 0)
    if found is None:
        st.stop()
    sees = "every client" if principal.sees_all else formatting.enumerate_names(found.clients) or "no client yet"
    money = "" if found.money else ", without money"
    parts = [found.name, found.username, found.email or "", found.role, f"sees {sees}{money}"]
    st.caption(" · ".join(escape_markdown(part, 200) for part in dict.fromkeys(parts) if part))


def password(principal: Principal) -> None:
    """The form for a new password, or why there is none."""
    st.header("Password", anchor=False)
    found = login.account_of(context.store(), principal.user_id or 0)
    if found is None:
        st.stop()
    if st.session_state.pop(_SAID, False):
        st.success("Your password is changed; every other sign-in of yours has ended.", icon=":material/check:")
    if found.demo:
        st.info("The demo prints its passwords on the sign-in page, so they stay as they are.", icon=":material/lock:")
    elif not found.has_password or not context.settings().security.passwords:
        st.info("You sign in through a provider; there is no password to change here.", icon=":material/badge:")
    else:
        _form(principal)


def sessions_of(principal: Principal) -> None:
    """Where one is signed in, and the ways to end that."""
    st.header("Where you are signed in", anchor=False)
    store, idle, own = context.store(), context.settings().security.idle, session.session()
    for one in sessions.of_user(store, principal.user_id or 0, context.now(), idle=idle):
        _line(one, own is not None and one.session_id == own.session_id)
    st.button(
        "Sign out everywhere",
        icon=":material/logout:",
        on_click=_everywhere,
        help="Ends all of these, this one too: every open page and every copy of a cookie.",
    )


def _form(principal: Principal) -> None:
    with st.form("change_password", enter_to_submit=True):
        st.caption(new_password.ADVICE)
        current = st.text_input(
            "Current password",
            type="password",
            max_chars=passwords.LONGEST_PASSWORD,
            autocomplete="current-password",
            key=_CURRENT,
        )
        first, again = new_password.new_password("own")
        pressed = st.form_submit_button("Change the password", type="primary")
    if pressed and not new_password.passwords_differ(first, again):
        _change(principal, current, first)


def _change(principal: Principal, current: str, wanted: str) -> None:
    own = session.session()
    answer = credentials.confirm(principal, current)
    if isinstance(answer, Wait):
        st.error(credentials.wait_words(answer), icon=":material/timer:")
    elif answer is PasswordCheck.WRONG or own is None:
        st.error("That is not your current password.", icon=":material/lock:")
    else:
        try:
            users.set_own_password(context.store(), principal, wanted, context.now(), but=own.session_id)
            # Somebody's copy of this session's cookie may be the very reason: this page goes on in a new session.
            session.enter(session.begin(own.user_id or 0))
            sessions.end(context.store(), own.session_id, context.now(), "password")
        except PerfdashError as error:
            st.error(escape_markdown(str(error), 300), icon=":material/error:")
            return
        st.session_state.pop(_CURRENT, None)
        new_password.forget_new_password("own")
        st.session_state[_SAID] = True
        st.rerun()


def _line(one: Session, is_own: bool) -> None:
    icon, by = _KINDS.get(one.kind, (":material/devices:", one.kind))
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch", gap=None):
            st.markdown(f"{icon} {by}" + (" · **this one**" if is_own else ""))
            seen = "now" if is_own else browser.clock(one.last_seen)
            st.caption(f"Since {browser.clock(one.created_at)} · last seen {seen} · ends {_ends(one)}")
        if not is_own:
            st.button("End", key=f"end-{one.session_id}", icon=":material/logout:", on_click=_end, args=(one,))


def _ends(one: Session) -> str:
    return f"{browser.clock(one.expires_at)} at the latest"


def _end(one: Session) -> None:
    principal = session.current()
    if principal is not None:
        sessions.end(context.store(), one.session_id, context.now(), principal=principal)


def _everywhere() -> None:
    principal = session.current()
    if principal is not None and principal.user_id is not None:
        sessions.end_all(context.store(), principal.user_id, context.now(), "everywhere", principal=principal)
    session.leave()
