"""The Streamlit script behind every page: who is asking, where they are, what they ask, and then the page.

st.navigation is called on every path, signed out or broken too: that is what keeps a deep link's page and query string
until after the sign-in, and what keeps Streamlit from running a page file without this script around it.
"""

from __future__ import annotations

import streamlit as st

from perfdash import ROOT
from perfdash.access import Principal
from perfdash.errors import UsageError
from perfdash.ui import (
    asof_control,
    filters,
    flash,
    invited,
    link_view,
    live,
    menu,
    oidc,
    seen,
    session,
    sign_in,
    wiring,
)
from perfdash.ui.menu import PageRecord
from perfdash.ui.plain import plain

MARK = ROOT / "perfdash" / "ui" / "assets" / "mark.svg"
LOGO = ROOT / "perfdash" / "ui" / "assets" / "logo.svg"


def _run() -> None:
    st.set_page_config(page_title="Perfdash", page_icon=str(MARK), layout="wide")
    st.logo(str(LOGO), icon_image=str(MARK), size="large")
    try:
        wiring.wired()
        principal = session.current(touch=session.is_deed())
    except UsageError as error:
        st.navigation(menu.pages(None), position="hidden")
        sign_in.broken(error)
        return
    choosing = invited.take()
    pages = menu.pages(principal)
    if principal is not None and principal.lock is not None:
        pages = link_view.only(pages)
    page = st.navigation(pages, position="hidden" if principal is None or choosing else "sidebar")
    if principal is not None and principal.lock is not None:
        link_view.stay(page, pages)
    if choosing:
        invited.show()
        return
    if principal is None:
        oidc.arrived()
        sign_in.show()
        session.settle_cookie()
        link_view.settle_cookie()
        return
    _signed_in(principal, menu.at(page.url_path))
    with flash.seen_at_the_end():
        page.run()


def _signed_in(principal: Principal, page: PageRecord) -> None:
    at = live.stamp(principal, runs=page.follows_runs)
    selection = filters.sidebar(principal)
    question = selection.question
    with st.sidebar, st.container(horizontal=True, vertical_alignment="center"):
        if principal.lock is not None:
            link_view.way_out()
        else:
            role = "" if principal.role == principal.name else f" · {principal.role}"
            menu.link(menu.ACCOUNT, f"{plain(principal.name)}{role}")
            st.button("Sign out", on_click=session.sign_out, icon=":material/logout:", type="tertiary")
    with st.sidebar:  # at its end, where what comes and goes moves nothing else
        session.settle_cookie()
        link_view.settle_cookie()
    if principal.lock is not None:
        link_view.seen(page)
    else:
        seen.note(principal, page, question.filters.clients)
    live.follow(principal, at if question.as_of is None or not page.has_past else None)
    if page.filtered:
        asof_control.banner(question, obeyed=page.has_past)
    else:
        _hide_filters()
    filters.say_ignored(selection)


def _hide_filters() -> None:
    """Out of sight, and drawn all the same: a bound widget that is not drawn drops out of the URL."""
    st.html(f"<style>.st-key-{filters.PLACE} {{ display: none }}</style>")


_run()
