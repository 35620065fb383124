"""The client links that were made: how each stands, who looked at what, and the button that ends one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.errors import PerfdashError
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.query import catalog
from perfdash.store.share_links import links
from perfdash.store.share_links import views as link_views
from perfdash.store.share_links.views import LinkActivity
from perfdash.ui.auth import session
from perfdash.ui.components import messages
from perfdash.ui.components import tables as component_tables
from perfdash.ui.components.tables import Shown, client_column, draw
from perfdash.ui.runtime import browser, context, navigation
from perfdash.ui.share_links import visitor as link_visitor

STATES = {"active": "Active", "expired": "Expired", "revoked": "Revoked", "stopped": "Stopped"}
_MEANS = {
    "expired": "It no longer opens: its time is over.",
    "revoked": "It no longer opens: it was revoked.",
    "stopped": "It does not open: whoever made it may not see this client, or its money, at present.",
}
_LABEL = Shown("label", "Link", "text", lambda one: one.link.label, pinned=True)
_COLUMNS = (
    Shown("state", "State", "text", lambda one: STATES[one.state]),
    Shown("days", "Days", "text", lambda one: formatting.days(one.link.shared.filters.days)),
    Shown("as_of", "As of", "moment", lambda one: one.link.shared.as_of, "nothing here: it follows the present"),
    Shown("money", "Money", "text", lambda one: "with" if one.link.money else "without"),
    Shown("opened", "Opened", "count", lambda one: one.opened, "how often the address was asked for"),
    Shown("views", "Pages", "count", lambda one: one.views, "pages looked at, and downloads"),
    Shown("last", "Last seen", "moment", lambda one: one.last),
    Shown("expires_at", "Opens until", "day", lambda one: one.link.expires_at.date()),
    Shown("author", "Made by", "text", lambda one: one.link.author),
    Shown("created_at", "Made", "moment", lambda one: one.link.created_at),
)
_WHAT = (
    Shown("at", "When", "moment", lambda row: row.at, pinned=True),
    Shown("what", "What", "text", lambda row: row.what),
    Shown("visit", "Visit", "text", lambda row: row.visit, "rows of one visit share it; it says nobody's name"),
)


def links_in_view(principal: Principal, clients: tuple[str, ...]) -> tuple[LinkActivity, ...]:
    return link_views.list_links(context.store(), principal, context.now(), clients, demo=context.settings().demo)


def table(found: Sequence[LinkActivity], principal: Principal, key: str) -> LinkActivity | None:
    """One line per link; the one that was clicked on."""
    draw(
        found[: component_tables.MOST_ROWS],
        (_LABEL, *client_column(principal, lambda one: one.link.client), *_COLUMNS),
        alt="Client links, newest first",
        key=key,
        choose=lambda one: one.link.link_id,
    )
    picked = component_tables.chosen(key)
    return next((one for one in found if one.link.link_id == picked), None)


def detail(principal: Principal, one: LinkActivity) -> None:
    """What a link shows, its log, and the way to end it."""
    link = one.link
    names = {client.slug: client.name for client in catalog.clients(context.store(), principal)}
    st.header(escape_markdown(link.label, 100))
    if one.state in _MEANS:
        st.caption(f":material/link_off: {_MEANS[one.state]}")
    left, right = st.columns([2, 3], gap="medium")
    with left:
        for icon, line in link_visitor.lines(link.shared, names.get(link.client, link.client), money=link.money):
            st.caption(f":material/{icon}: {line}")
        if one.state in ("active", "stopped"):
            st.button(
                "Revoke this link",
                on_click=_revoke,
                args=(link.client, link.link_id, link.label),
                type="primary",
                icon=":material/link_off:",
                key=f"revoke_{link.link_id}",
                help="It stops opening, and whoever looks at it now is out, within seconds. This cannot be undone.",
            )
    with right:
        rows = link_views.views(context.store(), principal, link.client, link.link_id)
        if rows:
            draw(rows, _WHAT, alt="Views of this link, newest first", key="link_views")
        else:
            st.caption("Nobody has opened it yet.")


def _revoke(client: str, link_id: str, label: str) -> None:
    try:
        links.revoke(context.store(), session.require(navigation.CLIENT_LINKS), client, link_id, browser.now())
    except PerfdashError as error:
        messages.failed("client link", error)
        return
    messages.done("client link", f"{label} was revoked; it opens for nobody any more.", icon="link_off")
