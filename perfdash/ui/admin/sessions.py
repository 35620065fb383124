"""Who is signed in: accounts and visitors by client links, since when, and the way to end it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.auth import sessions
from perfdash.store.auth.session_rows import Session
from perfdash.store.share_links import views as link_views
from perfdash.ui.admin.actions import run_as_admin
from perfdash.ui.auth import session
from perfdash.ui.components import tables as component_tables
from perfdash.ui.components.tables import Shown, draw
from perfdash.ui.runtime import cache, context

KEY = "admin_sessions"
KINDS = {"password": "password", "oidc": "single sign-on", "link": "client link"}


@dataclass(frozen=True, slots=True)
class Live:
    """A live session: whose, or by which link of which client. `own`: the one that looks at this page."""

    session: Session
    who: str
    client: str
    own: bool


def live_sessions(principal: Principal) -> tuple[Live, ...]:
    """Every live session, the last seen first."""
    store, now, settings = context.store(), context.now(), context.settings()
    found = sessions.live_sessions(store, principal, now, idle=settings.security.idle)
    by_link = any(one.session.link_id for one in found)
    of_links = link_views.list_links(store, principal, now, demo=settings.demo) if by_link else ()
    names = cache.client_names(principal)
    labels = {one.link.link_id: (one.link.label, names.get(one.link.client, one.link.client)) for one in of_links}
    own = session.session()
    return tuple(
        Live(
            one.session,
            one.username or labels.get(one.session.link_id or "", ("", ""))[0],
            labels.get(one.session.link_id or "", ("", ""))[1],
            own is not None and one.session.session_id == own.session_id,
        )
        for one in found
    )


def summary(found: Sequence[Live]) -> str:
    """3 sessions of 2 users and 1 by a client link"""
    users = {one.session.user_id for one in found if one.session.user_id is not None}
    by_link = sum(one.session.user_id is None for one in found)
    line = f"{formatting.plural(len(found) - by_link, 'session')} of {formatting.plural(len(users), 'user')}"
    return f"{line} and {by_link} by {'a client link' if by_link == 1 else 'client links'}" if by_link else line


def table(found: Sequence[Live]) -> None:
    """One line per session; `chosen` tells which one was clicked on."""
    columns = (
        Shown("who", "Who", "text", lambda one: one.who, "a user, or a link's label", pinned=True),
        Shown("kind", "Came by", "text", lambda one: KINDS.get(one.session.kind, one.session.kind)),
        Shown("client", "Client", "text", lambda one: one.client, "what the client link shows"),
        Shown("since", "Since", "moment", lambda one: one.session.created_at),
        Shown("seen", "Last seen", "moment", lambda one: one.session.last_seen, "to within five minutes"),
        Shown("until", "Ends at the latest", "moment", lambda one: one.session.expires_at),
        Shown("own", "Yours", "text", lambda one: "this one" if one.own else ""),
    )
    draw(found[: component_tables.MOST_ROWS], columns, alt="Sessions, the last seen first", key=KEY, choose=_id)
    if len(found) > component_tables.MOST_ROWS:
        st.caption(f"The last seen {component_tables.MOST_ROWS:,} of {len(found):,}.")


def _id(one: Live) -> str:
    return one.session.session_id


def chosen(found: Sequence[Live]) -> Live | None:
    """The session that was clicked on, as long as it lives."""
    picked: str | None = component_tables.chosen(KEY)
    return next((one for one in found if _id(one) == picked), None)


def end_buttons(one: Live, found: Sequence[Live]) -> None:
    """End the chosen session, or all of its user."""
    of_user = [other for other in found if one.session.user_id and other.session.user_id == one.session.user_id]
    others = [other for other in of_user if not other.own]
    yours = len(others) < len(of_user)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        since = " · this is your own; use Sign out" if one.own else ""
        st.markdown(f"**{escape_markdown(one.who) or 'client link'}**{since}", width="stretch")
        st.button(
            "End this session",
            icon=":material/logout:",
            type="primary",
            key="admin_end_one",
            on_click=_end,
            args=(one,),
            disabled=one.own,
        )
        if len(others) > (0 if one.own else 1):
            label = f"End your other {len(others)}" if yours else f"End all {len(others)} of {escape_markdown(one.who)}"
            st.button(label, icon=":material/group_remove:", key="admin_end_all", on_click=_end_all, args=(one,))


def _end(one: Live) -> None:
    def deed(principal: Principal) -> str:
        sessions.end(context.store(), one.session.session_id, context.now(), "by an admin", principal=principal)
        return f"The session of {one.who or 'a client link'} ended."

    run_as_admin(deed, needs="sessions")


def _end_all(one: Live) -> None:
    def deed(principal: Principal) -> str:
        own, user_id = session.session(), one.session.user_id
        if user_id is None:
            return "There was nothing to end."
        ended = sessions.end_all(
            context.store(),
            user_id,
            context.now(),
            "by an admin",
            principal=principal,
            but=own.session_id if own is not None and own.user_id == user_id else None,
        )
        return f"{formatting.plural(ended, 'session')} of {one.who} ended."

    run_as_admin(deed, needs="sessions")
