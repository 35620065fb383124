"""The one place that knows who is signed in. Every rerun asks the store again: nothing about a user is remembered here.

`st.session_state` lives on the server, so it may hold the session's name; the browser holds an HttpOnly cookie whose
token the store knows only as a hash. Either leads to a session row, and the row to a principal made anew.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.errors import AccessDenied
from perfdash.store.auth import login, sessions
from perfdash.store.auth.session_rows import Session
from perfdash.store.share_links import links
from perfdash.ui.auth import cookie, page_owners
from perfdash.ui.runtime import context, drawn_pages, navigation, streamlit_internals, uploads
from perfdash.ui.runtime.navigation import PageRecord

_SESSION, _TICKET, _LEFT = "_session", "_ticket", "_left"


def current(touch: bool = True) -> Principal | None:
    """Who is signed in right now; None when nobody is, or no longer. `touch`: somebody is doing something just now."""
    return _principal(session(touch))


def current_at_start(touch: bool) -> Principal | None:
    """The same for the script around all pages, where a run begins: without anybody, the form follows.

    Besides `leave`, only this tells the gate. A run that loses its session on the way has drawn a page, and as long as
    the page counts as that session's the gate sees to it that the form comes.
    """
    principal = current(touch)
    if principal is None:
        _bind(None)
    return principal


def session(touch: bool = False) -> Session | None:
    """The live session behind this page."""
    found = _of_page(touch) or next(_of_cookies(touch), None)
    if found is not None:
        st.session_state[_SESSION] = found.session_id
        _bind(found)
    return found


def require(page: PageRecord) -> Principal:
    """The signed-in principal; runs the script again when there is none any more, and stops it for a foreign `page`.

    The script around the page has counted this run as a deed already, if it was one.
    """
    principal = current(touch=False)
    if principal is None:
        st.rerun()
    if not principal.may(page.needs):
        navigation.nothing()
        st.stop()
    return principal


def current_at_click() -> Callable[[], Principal]:
    """For work that outlives this run, such as a download: asks anew, when it is called, who is signed in here.

    There is no page around such work, so the session is named now. AccessDenied once it has ended, however it did.
    """
    session_id = st.session_state.get(_SESSION)

    def who() -> Principal:
        principal = _principal(_by_id(session_id, touch=True))
        if principal is None:
            raise AccessDenied("You are no longer signed in; sign in again.")
        return principal

    return who


def enter(opened: Session) -> None:
    """From now on this page is that of a session which was just opened; its browser gets the cookie for it."""
    st.session_state[_SESSION] = opened.session_id
    st.session_state[_TICKET] = sessions.ticket(context.store(), opened.session_id, context.now())
    st.session_state.pop(_LEFT, None)
    _bind(opened)


def begin(user_id: int, checked: str | None = None) -> Session:
    """Open a session for who was just recognised by a password, whose hash was `checked`; then `enter` it."""
    security = context.settings().security
    return sessions.begin(context.store(), user_id, context.now(), security=security, checked=checked)


def sign_out() -> None:
    """End the session for every page and every copy of its cookie; forget all that this page remembered."""
    store, now = context.store(), context.now()
    for found in (_of_page(touch=False), *_of_cookies(touch=False)):
        if found is not None:
            sessions.end(store, found.session_id, now)
            uploads.discard_all({found.session_id})
    leave()


def leave() -> None:
    """Forget all that this page remembered, and have the browser drop its cookie: the session has ended."""
    st.session_state.clear()
    st.session_state[_LEFT] = secrets.token_hex(8)
    _bind(None)


def has_left() -> bool:
    """True on a page whose person signed out there: what it came with must not sign anybody in again."""
    return _LEFT in st.session_state


def is_by_itself() -> bool:
    """True when nobody caused this run: the numbers moved. For the script around all pages, once in each run."""
    page = streamlit_internals.page_id()
    return page is not None and drawn_pages.pages.is_by_itself(page)


@st.fragment
def settle_cookie() -> None:
    """Give the browser the cookie of a fresh sign-in, or take it away after a sign-out; once each, without a rerun.

    A fragment, so that the browser's answer runs these lines only and not the page.
    """
    if (ticket := st.session_state.get(_TICKET)) and cookie.exchange(ticket):
        st.session_state.pop(_TICKET, None)
    if (left := st.session_state.get(_LEFT)) and cookie.withdraw(left):
        st.session_state[_LEFT] = ""


def _principal(found: Session | None) -> Principal | None:
    if found is None:
        return None
    if found.link_id is not None:
        return links.principal_of(context.store(), found.link_id, context.now(), demo=context.settings().demo)
    if found.user_id is None:
        return None
    return login.principal_of(context.store(), found.user_id, demo=context.settings().demo)


def _of_page(touch: bool) -> Session | None:
    """The page's session. Once it ended elsewhere, the page forgets all it remembered: the next user may be another."""
    session_id = st.session_state.get(_SESSION)
    if not isinstance(session_id, str):
        return None
    found = _by_id(session_id, touch)
    if found is None:
        st.session_state.clear()
    return found


def _by_id(session_id: object, touch: bool) -> Session | None:
    if not isinstance(session_id, str):
        return None
    idle = context.settings().security.idle
    return sessions.by_id(context.store(), session_id, context.now(), idle=idle, touch=touch)


def _of_cookies(touch: bool) -> Iterator[Session]:
    """The cookies are those of the moment this page connected; they may be long revoked, which their rows then say.

    The gate lets pass only the one that counts where the page lies: that of a client link under the link's address.
    """
    for name in (cookie.LINK, cookie.NAME):
        token = st.context.cookies.get(name)
        if isinstance(token, str) and token:  # AppTest hands out mocks
            idle = context.settings().security.idle
            found = sessions.by_token(context.store(), token, context.now(), idle=idle, touch=touch)
            # A link that does not open any more is not in the way of an account.
            if found is not None and (found.link_id is None or _principal(found) is not None):
                yield found


def _bind(found: Session | None) -> None:
    """Tell the gate whose page this is: it watches the page's socket."""
    page = streamlit_internals.page_id()
    if page is not None:
        page_owners.set_owner(page, found.session_id if found is not None else None)
