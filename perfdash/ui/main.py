"""The Streamlit script behind every page: who is asking, where they are, what they ask, and then the page.

st.navigation is called on every path, signed out or broken too: that is what keeps a deep link's page and query string
until after the sign-in, and what keeps Streamlit from running a page file without this script around it.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from perfdash.access import Principal
from perfdash.errors import UsageError
from perfdash.ui import asof_control, filters, live, session, sign_in
from perfdash.ui.plain import plain

ROOT = Path(__file__).resolve().parents[2]
MARK = ROOT / "perfdash" / "ui" / "assets" / "mark.svg"
SYNC_HEALTH = "sync-health"
DEFINITIONS = "definitions"
OF_NOW = (SYNC_HEALTH, DEFINITIONS)
"""Pages that no past moment changes."""
LOGO = ROOT / "perfdash" / "ui" / "assets" / "logo.svg"


def _pages(money: bool = False) -> dict[str, list[object]]:
    performance, operations = ROOT / "pages" / "performance", ROOT / "pages" / "operations"
    return {
        "Performance": [
            st.Page(performance / "overview.py", title="Overview", icon=":material/monitoring:", default=True),
            st.Page(performance / "campaigns.py", title="Campaigns", icon=":material/campaign:", url_path="campaigns"),
            st.Page(performance / "campaign.py", title="Campaign", url_path="campaign", visibility="hidden"),
            st.Page(
                performance / "restatements.py",
                title="Restatements",
                icon=":material/history:",
                url_path="restatements",
            ),
            st.Page(
                performance / "corrections.py",
                title="Corrections",
                icon=":material/edit:",
                url_path="corrections",
            ),
            st.Page(
                performance / "cpm_lab.py",
                title="CPM lab",
                icon=":material/science:",
                url_path="cpm-lab",
                visibility="visible" if money else "hidden",
            ),
        ],
        "Operations": [
            st.Page(operations / "sync_health.py", title="Sync health", icon=":material/sync:", url_path=SYNC_HEALTH),
            st.Page(operations / "receipts.py", title="Receipts", icon=":material/receipt_long:", url_path="receipts"),
        ],
        "Help": [
            st.Page(
                performance / "definitions.py", title="Definitions", icon=":material/dictionary:", url_path=DEFINITIONS
            ),
        ],
    }


def _run() -> None:
    st.set_page_config(page_title="Perfdash", page_icon=str(MARK), layout="wide")
    st.logo(str(LOGO), icon_image=str(MARK), size="large")
    try:
        principal = session.current()
    except UsageError as error:
        st.navigation(_pages(), position="hidden")  # type: ignore[arg-type]
        sign_in.broken(error)
        return
    money = principal is not None and principal.money
    page = st.navigation(_pages(money), position="hidden" if principal is None else "sidebar")  # type: ignore[arg-type]
    if principal is None:
        sign_in.show()
        session.settle_cookie()
        return
    _signed_in(principal, page.url_path)
    page.run()


def _signed_in(principal: Principal, page: str) -> None:
    shows_runs = page == SYNC_HEALTH
    at = live.stamp(principal, runs=shows_runs)
    selection = filters.sidebar(principal)
    with st.sidebar, st.container(horizontal=True, vertical_alignment="center"):
        role = "" if principal.role == principal.name else f" · {principal.role}"
        st.caption(f":material/person: {plain(principal.name)}{role}")
        st.button("Sign out", on_click=session.sign_out, icon=":material/logout:", type="tertiary")
    with st.sidebar:  # at its end, where what comes and goes moves nothing else
        session.settle_cookie()
    live.follow(principal, at if selection.as_of is None or page in OF_NOW else None)
    asof_control.banner(principal, selection.filters.clients, selection.as_of, obeyed=page not in OF_NOW)
    filters.say_ignored(selection)


_run()
