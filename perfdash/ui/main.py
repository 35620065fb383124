"""The Streamlit script behind every page: who is asking, where they are, what they ask, and then the page.

st.navigation is called on every path, signed out or broken too: that is what keeps a deep link's page and query string
until after the sign-in, and what keeps Streamlit from running a page file without this script around it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import streamlit as st

from perfdash import ROOT
from perfdash.domain.access import Principal
from perfdash.domain.errors import UsageError
from perfdash.domain.question import Question
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui import audit_views, live
from perfdash.ui.auth import new_password, oidc, session, sign_in
from perfdash.ui.components import messages, row_links
from perfdash.ui.filters import as_of as as_of_control
from perfdash.ui.filters import sidebar
from perfdash.ui.runtime import context, navigation
from perfdash.ui.runtime.navigation import PageRecord
from perfdash.ui.share_links import visitor as link_visitor

MARK = ROOT / "perfdash" / "ui" / "assets" / "mark.svg"
LOGO = ROOT / "perfdash" / "ui" / "assets" / "logo.svg"


def _run() -> None:
    st.set_page_config(page_title="Perfdash", page_icon=str(MARK), layout="wide")
    st.logo(str(LOGO), icon_image=str(MARK), size="large")
    try:
        context.app_context()
        by_itself = session.is_by_itself()
        principal = session.current_at_start(touch=not by_itself)
    except UsageError as error:
        st.navigation(navigation.pages(None), position="hidden")
        sign_in.broken(error)
        return
    choosing = new_password.take_token()
    pages = navigation.pages(principal)
    if principal is not None and principal.lock is not None:
        pages = link_visitor.pages_of_link(pages)
    page = st.navigation(pages, position="hidden" if principal is None or choosing else "sidebar")
    if principal is not None and principal.lock is not None:
        link_visitor.stay_in_link(page, pages)
    if choosing:
        new_password.show_form()
        return
    if principal is None:
        oidc.finish_sign_in()
        sign_in.show_form()
        session.settle_cookie()
        link_visitor.settle_cookie()
        return
    body = _signed_in(principal, navigation.at(page.url_path), by_itself=by_itself)
    with body, messages.seen_at_the_end():
        page.run()


def _signed_in(principal: Principal, page: PageRecord, *, by_itself: bool) -> AbstractContextManager[Any]:
    """All around the page; returns where the page itself is drawn."""
    at = live.stamp(principal, page)
    selection = _selection(principal)
    question = selection.question
    with st.sidebar, st.container(horizontal=True, vertical_alignment="center"):
        if principal.lock is not None:
            link_visitor.leave_button()
        else:
            role = "" if principal.role == principal.name else f" · {principal.role}"
            navigation.link(navigation.ACCOUNT, f"{escape_markdown(principal.name)}{role}")
            st.button("Sign out", on_click=session.sign_out, icon=":material/logout:", type="tertiary")
    with st.sidebar:  # at its end, where what comes and goes moves nothing else
        session.settle_cookie()
        link_visitor.settle_cookie()
        row_links.follow()
    if principal.lock is not None:
        link_visitor.record_view(page)
    else:
        audit_views.record_view(principal, page, question.filters.clients)
    live.follow(at, question, page)
    live.say_what_moved(at, question, page, by_itself=by_itself)
    top, body = st.container(), as_of_control.body(question)
    with top:
        if page.filtered:
            as_of_control.banner(question, obeyed=page.has_past)
        else:
            _hide_filters()
        sidebar.say_ignored(selection)
    return body


def _selection(principal: Principal) -> sidebar.Selection:
    """What the sidebar asks; for the visitor of a client link, what the link shows."""
    if principal.lock is None:
        return sidebar.sidebar(principal)
    shared = link_visitor.sidebar(principal)
    return sidebar.fixed(Question(principal, shared.filters, shared.as_of), shared.period)


def _hide_filters() -> None:
    """Out of sight, and drawn all the same: a bound widget that is not drawn drops out of the URL."""
    st.html(f"<style>.st-key-{sidebar.PLACE} {{ display: none }}</style>")


_run()
