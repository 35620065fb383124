"""What surrounds the pages for visitors who came through a client link: what is fixed, the way out, and the log."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from perfdash import words
from perfdash.access import Principal
from perfdash.link_question import Shared
from perfdash.store import catalog, link_log, links, sessions
from perfdash.store.link_rows import Link
from perfdash.ui import cookie, link_words, menu, session, wiring
from perfdash.ui.menu import PageRecord
from perfdash.ui.plain import plain

_SEEN, _LEFT = "_link_seen", "_link_left"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}", re.ASCII)
_PATHS = {page.path for page in menu.PAGES if page.in_links}
"""Where the only pages of visitors who came through a link lie."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who came by `link`; `session_id` is worthless in a cookie."""

    link: Link
    session_id: str


def only(pages: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """The part of the menu that a link has; whatever else the address names leads to the first of it, see `stay`."""
    kept = {name: [page for page in listed if page.url_path in _PATHS] for name, listed in pages.items()}
    kept = {name: listed for name, listed in kept.items() if listed}
    here = st.context.url
    name = urlsplit(here).path.rstrip("/").rpartition("/")[2] if isinstance(here, str) else ""  # AppTest has mocks
    if name not in _PATHS and _NAME.fullmatch(name):
        next(iter(kept.values())).append(
            st.Page(_nothing, title=menu.OVERVIEW.title, url_path=name, visibility="hidden")
        )
    return kept


def _nothing() -> None:
    """What lies at an address that a link does not have."""


def stay(page: Any, pages: Mapping[str, Sequence[Any]]) -> None:
    """Go on to the first page where a link has no `page`: calmer than Streamlit's own dialog over that very page."""
    if page.url_path not in _PATHS:
        st.switch_page(next(iter(pages.values()))[0])


def sidebar(principal: Principal) -> Shared:
    """Draw what the link fixes in place of filters; the question is the link's, whatever the URL or widgets say."""
    found = visit()
    if found is None:  # revoked since this run began
        st.stop()
    link = found.link
    names = {client.slug: client.name for client in catalog.clients(wiring.store(), principal)}
    with st.sidebar:
        st.markdown(f":material/link: **{plain(link.label, 100)}**")
        told = link_words.lines(link.shared, names.get(link.client, link.client), money=principal.money)
        for icon, line in told[1:]:  # whose numbers they are stands above the page
            st.caption(f":material/{icon}: {line}")
        st.caption(f":material/event_busy: Opens until {plain(words.day(link.expires_at.date()))}")
        st.caption("These numbers were chosen for you; they cannot be filtered here.")
    _head(link, names.get(link.client, link.client))
    return link.shared


def _head(link: Link, client: str) -> None:
    """Above every page: whose numbers, and what they were called; a phone shows no sidebar."""
    st.set_page_config(page_title=" ".join(f"{link.label} · {client}".split()))
    st.markdown(f"**{plain(client, 200)}** · {plain(link.label, 100)}")


def way_out() -> None:
    """Where others sign out: who has an account is back in it."""
    st.button("Leave this link", on_click=_leave, icon=":material/logout:", type="tertiary")


def _leave() -> None:
    found = session.session()
    if found is not None and found.link_id is not None:
        sessions.end(wiring.store(), found.session_id, wiring.now(), "left")
    st.session_state.clear()
    st.session_state[_LEFT] = secrets.token_hex(8)


@st.fragment
def settle_cookie() -> None:
    """Have the browser drop the cookie of a link that was left; a fragment as `session.settle_cookie` is one."""
    if (left := st.session_state.get(_LEFT)) and cookie.withdraw_link(left):
        st.session_state[_LEFT] = ""


def visit() -> Visit | None:
    """The link behind this page; None for who has an account, and once the link does not open any more."""
    found = session.session()
    if found is None or found.link_id is None:
        return None
    link = links.current(wiring.store(), found.link_id, wiring.now(), demo=wiring.settings().demo)
    return None if link is None else Visit(link, found.session_id)


def seen(page: PageRecord) -> None:
    """Write down that this page is looked at; once, however often it draws itself again."""
    if st.session_state.get(_SEEN) != page.title and (found := visit()):
        link_log.viewed(wiring.store(), found.link, found.session_id, page.title, wiring.now())
        st.session_state[_SEEN] = page.title


def taking(principal: Principal, what: str) -> Callable[[], None]:
    """Writes down a download, when it is made: for that there is no page, so the visit is named now."""
    found = visit() if principal.lock is not None else None

    def note() -> None:
        if found is not None:
            link_log.viewed(wiring.store(), found.link, found.session_id, f"CSV {what}", wiring.now())

    return note
