"""The Streamlit script behind every page: who is asking, where they are, what they ask, and then the page.

st.navigation is called on every path, signed out or broken too: that is what keeps a deep link's page and query string
until after the sign-in, and what keeps Streamlit from running a page file without this script around it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Literal

import streamlit as st

from perfdash import ROOT
from perfdash.domain.access import Principal
from perfdash.domain.errors import UsageError
from perfdash.domain.question import Question
from perfdash.ui import audit_views, frame, history, live, saved_views
from perfdash.ui.auth import new_password, oidc, session, sign_in
from perfdash.ui.components import messages, row_links
from perfdash.ui.filters import as_of as as_of_control
from perfdash.ui.filters import sidebar
from perfdash.ui.runtime import browser, cache, context, navigation, reader
from perfdash.ui.runtime.navigation import PageRecord
from perfdash.ui.share_links import visitor as link_visitor

MARK = ROOT / "perfdash" / "ui" / "assets" / "mark.svg"
LOGO = ROOT / "perfdash" / "ui" / "assets" / "logo.svg"


def _run() -> None:
    st.set_page_config(page_icon=str(MARK), layout="wide")
    st.logo(str(LOGO), icon_image=str(MARK), size="large")
    frame.draw()
    try:
        context.app_context()
        by_itself = session.is_by_itself()
        principal = session.current_at_start(touch=not by_itself)
    except UsageError as error:
        frame.name_tab("Not ready")
        st.navigation(navigation.pages(None), position="hidden")
        sign_in.broken(error)
        return
    choosing = new_password.take_token()
    position: Literal["hidden", "top"] = "hidden" if principal is None or choosing else "top"
    page = st.navigation(navigation.pages(principal), position=position, expanded=True)
    if choosing:
        frame.name_tab("Choose a password")
        new_password.show_form()
        return
    if principal is None and browser.link_path():
        frame.name_tab("Client link")
        link_visitor.ended()
        return
    if principal is None:
        frame.name_tab("Sign in")
        oidc.finish_sign_in()
        sign_in.show_form()
        session.settle_cookie()
        return
    body = _signed_in(principal, navigation.at(page.url_path), by_itself=by_itself)
    with body, messages.seen_at_the_end():
        page.run()


def _signed_in(principal: Principal, page: PageRecord, *, by_itself: bool) -> AbstractContextManager[Any]:
    """All around the page; returns where the page itself is drawn."""
    reader.is_read_by(principal)
    at = live.stamp(principal, page)
    selection = _selection(principal)
    question = selection.question
    with st.sidebar:
        if principal.lock is None and page.obeys:
            saved_views.offer(principal, page, question)
        # At its end, where what comes and goes moves nothing else.
        session.settle_cookie()
        row_links.follow()
        history.keep()
    frame.who(principal)
    if page is navigation.NOWHERE:
        frame.name_tab(page.title)
    else:
        _look(principal, page, question)
    live.follow(at, question, page)
    live.say_what_moved(at, question, page, by_itself=by_itself)
    top, body = st.container(), as_of_control.body(question)
    with top:
        if page.obeys:
            as_of_control.banner(question, obeyed=page.has_past)
            sidebar.say_ignored(selection)
        frame.hide_filters(page)
    return body


def _look(principal: Principal, page: PageRecord, question: Question) -> None:
    """The page's name in the tab, and in the log that somebody looks at it."""
    if principal.lock is not None:
        link_visitor.record_view(page)
        return  # whose numbers they are, the link says
    audit_views.record_view(principal, page, question.filters.clients)
    names = {client.slug: client.name for client in cache.clients(principal)}
    clients = audit_views.in_view(principal, page, question.filters.clients) if page.of_clients else ()
    frame.name_tab(page.title, [names.get(slug, slug) for slug in clients])


def _selection(principal: Principal) -> sidebar.Selection:
    """What the sidebar asks; for the visitor of a client link, what the link shows."""
    if principal.lock is None:
        return sidebar.sidebar(principal)
    shared = link_visitor.sidebar(principal)
    return sidebar.fixed(Question(principal, shared.filters, shared.as_of), shared.period)


_run()
