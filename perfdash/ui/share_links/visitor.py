"""What surrounds the pages for visitors who came through a client link: what is fixed, the way out, and the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Days
from perfdash.domain.filters import Filters
from perfdash.domain.share_links import Shared
from perfdash.presentation import comparison as comparison_story
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.query import catalog
from perfdash.store.share_links import links
from perfdash.store.share_links import views as link_views
from perfdash.store.share_links.links import Link
from perfdash.ui.auth import session
from perfdash.ui.filters import as_of as as_of_control
from perfdash.ui.runtime import browser, context, navigation
from perfdash.ui.runtime.addresses import base_path
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


_SEEN = "_link_seen"


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who came by `link`; `session_id` is worthless in a cookie."""

    link: Link
    session_id: str


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
    st.set_page_config(page_title=navigation.title(link.label, [client]))
    with st.container(key="link_head", gap=None):
        st.title(escape_markdown(client, 200), anchor=False)
        st.caption(escape_markdown(link.label, 100))


def way_back() -> None:
    """For who is signed in and looks at what they share: out of the link, where the account is as it was."""
    if browser.has_account():
        st.markdown(f"[Back to perfdash]({base_path()}/)")


def ended() -> None:
    """In place of the page: the link does not open any more, or nobody did anything here for long."""
    st.title("This link does not open", anchor=False)
    st.info(
        "It may have expired or been withdrawn. Load this page again; if it still does not open, ask whoever sent it "
        "for a new one.",
        icon=":material/link_off:",
    )


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
