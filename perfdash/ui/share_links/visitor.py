"""What surrounds the pages for visitors who came through a client link: what is fixed, the way out, and the log."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Days
from perfdash.domain.filters import Filters
from perfdash.domain.share_links import Shared
from perfdash.presentation import comparison as comparison_story
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.auth import sessions
from perfdash.store.query import catalog
from perfdash.store.share_links import links
from perfdash.store.share_links import views as link_views
from perfdash.store.share_links.links import Link
from perfdash.ui.auth import cookie, session
from perfdash.ui.filters import as_of as as_of_control
from perfdash.ui.runtime import context, navigation
from perfdash.ui.runtime.navigation import PageRecord

LinkLine = tuple[str, str]
"""An icon's name, and what is fixed."""


def lines(shared: Shared, client: str, *, money: bool) -> list[LinkLine]:
    """Whose numbers, which of them, and as known when; escaped for Markdown."""
    asked = shared.filters
    told = [("person", escape_markdown(client, 200)), ("calendar_month", _days(asked.days))]
    told.append(
        (
            "devices",
            escape_markdown(formatting.enumerate_names(asked.platforms), 200) if asked.platforms else "All platforms",
        )
    )
    if asked.currency and money:
        told.append(("payments", f"In {escape_markdown(asked.currency)}"))
    if asked.max_cpm is not None:
        limit = formatting.micros(asked.max_cpm, asked.currency or "")
        each = "campaign a day" if asked.cpm_grain == "row" else "campaign"
        told.append(("filter_alt", f"CPM at most {escape_markdown(limit)} for each {each}"))
    told.append(("compare_arrows", _change(shared)))
    if shared.as_of is None:
        told.append(("update", "Follows the present: it changes when the numbers do"))
    else:
        told.append(("history", f"As it was on {escape_markdown(as_of_control.as_of_text(shared.as_of))}"))
    if not money:
        told.append(("money_off", "Without amounts of money"))
    return told


def _days(days: Days) -> str:
    return escape_markdown(formatting.days(days))


def _change(shared: Shared) -> str:
    if shared.against is None:
        return "Without a change against other days"
    against = comparison_story.describe(
        shared.against.kind, Filters(shared.against.current), Filters(shared.against.previous)
    )
    return escape_markdown(against[:1].upper() + against[1:], 200)


_SEEN, _LEFT = "_link_seen", "_link_left"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}", re.ASCII)
_PATHS = {page.path for page in navigation.PAGES if page.in_links}
"""Where the only pages of visitors who came through a link lie."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who came by `link`; `session_id` is worthless in a cookie."""

    link: Link
    session_id: str


def pages_of_link(pages: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """The part of the menu that a link has; any other address leads to its first page, see `stay_in_link`."""
    kept = {name: [page for page in listed if page.url_path in _PATHS] for name, listed in pages.items()}
    kept = {name: listed for name, listed in kept.items() if listed}
    here = st.context.url
    name = urlsplit(here).path.rstrip("/").rpartition("/")[2] if isinstance(here, str) else ""  # AppTest has mocks
    if name not in _PATHS and _NAME.fullmatch(name):
        next(iter(kept.values())).append(
            st.Page(_nothing, title=navigation.OVERVIEW.title, url_path=name, visibility="hidden")
        )
    return kept


def _nothing() -> None:
    """What lies at an address that a link does not have."""


def stay_in_link(page: Any, pages: Mapping[str, Sequence[Any]]) -> None:
    """Go on to the first page where a link has no `page`: calmer than Streamlit's own dialog over that very page."""
    if page.url_path not in _PATHS:
        st.switch_page(next(iter(pages.values()))[0])


def sidebar(principal: Principal) -> Shared:
    """Draw what the link fixes in place of filters; the question is the link's, whatever the URL or widgets say."""
    found = current_visit()
    if found is None:  # revoked since this run began
        st.stop()
    link = found.link
    names = {client.slug: client.name for client in catalog.clients(context.store(), principal)}
    with st.sidebar:
        st.markdown(f":material/link: **{escape_markdown(link.label, 100)}**")
        told = lines(link.shared, names.get(link.client, link.client), money=principal.money)
        for icon, line in told[1:]:  # whose numbers they are stands above the page
            st.caption(f":material/{icon}: {line}")
        st.caption(f":material/event_busy: Opens until {escape_markdown(formatting.day(link.expires_at.date()))}")
        st.caption("These numbers were chosen for you; they cannot be filtered here.")
    _head(link, names.get(link.client, link.client))
    return link.shared


def _head(link: Link, client: str) -> None:
    """Above every page: whose numbers, and what they were called; a phone shows no sidebar."""
    st.set_page_config(page_title=" ".join(f"{link.label} · {client}".split()))
    st.markdown(f"**{escape_markdown(client, 200)}** · {escape_markdown(link.label, 100)}")


def leave_button() -> None:
    """Where others sign out: who has an account is back in it."""
    st.button("Leave this link", on_click=_leave, icon=":material/logout:", type="tertiary")


def _leave() -> None:
    found = session.session()
    if found is not None and found.link_id is not None:
        sessions.end(context.store(), found.session_id, context.now(), "left")
    st.session_state.clear()
    st.session_state[_LEFT] = secrets.token_hex(8)


@st.fragment
def settle_cookie() -> None:
    """Have the browser drop the cookie of a link that was left; a fragment as `session.settle_cookie` is one."""
    if (left := st.session_state.get(_LEFT)) and cookie.withdraw_link(left):
        st.session_state[_LEFT] = ""


def current_visit() -> Visit | None:
    """The link behind this page; None for who has an account, and once the link does not open any more."""
    found = session.session()
    if found is None or found.link_id is None:
        return None
    link = links.current(context.store(), found.link_id, context.now(), demo=context.settings().demo)
    return None if link is None else Visit(link, found.session_id)


def record_view(page: PageRecord) -> None:
    """Write down that this page is looked at; once, however often it draws itself again."""
    if st.session_state.get(_SEEN) != page.title and (found := current_visit()):
        link_views.viewed(context.store(), found.link, found.session_id, page.title, context.now())
        st.session_state[_SEEN] = page.title


def record_download(principal: Principal, what: str) -> Callable[[], None]:
    """Writes down a download, when it is made: for that there is no page, so the visit is named now."""
    found = current_visit() if principal.lock is not None else None

    def note() -> None:
        if found is not None:
            link_views.viewed(context.store(), found.link, found.session_id, f"CSV {what}", context.now())

    return note
