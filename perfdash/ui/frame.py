"""What stands around every page: our style sheet, who is signed in, the tab's name, and which filters are in sight."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from perfdash import ROOT
from perfdash.domain.access import Principal
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.auth import session
from perfdash.ui.filters import sidebar
from perfdash.ui.runtime import navigation, pictures
from perfdash.ui.runtime.navigation import PageRecord
from perfdash.ui.share_links import visitor as link_visitor

LOGO = ROOT / "perfdash" / "ui" / "assets" / "logo.svg"
STYLE = ROOT / "perfdash" / "ui" / "assets" / "frame.css"


def draw() -> None:
    """The style sheet, of which every rule names what it is for."""
    st.html(STYLE)


def name_tab(what: str, clients: Sequence[str] = ()) -> None:
    """Call the browser's tab after what it shows and whose numbers those are."""
    st.set_page_config(page_title=navigation.title(what, clients))


def who(principal: Principal) -> None:
    """At the top right: who is signed in here, and the way out."""
    with st.container(key="who", horizontal=True, vertical_alignment="center"):
        if principal.lock is not None:
            link_visitor.way_back()
            return
        role = "" if principal.role == principal.name else f" · {principal.role}"
        navigation.link(navigation.ACCOUNT, f"{escape_markdown(principal.name)}{role}")
        st.button("Sign out", on_click=session.sign_out, icon=":material/logout:", type="tertiary")


def hide_filters(page: PageRecord) -> None:
    """Out of sight what the page does not obey, and drawn all the same: else it would drop out of the URL.

    Where it obeys none, so is the sidebar, but on a phone, where it holds the menu.
    """
    out = sorted(navigation.EVERY_FILTER - page.obeys)
    hidden = [f".st-key-filter_{name}, :has(> .st-key-filter_{name})" for name in out]
    if not page.obeys:
        hidden = [f".st-key-{sidebar.PLACE}"]
    if hidden:
        st.html(f"<style>{', '.join(hidden)} {{ display: none }}</style>")
    if not page.obeys:
        logo = (
            f'[data-testid=stToolbar]::before {{ content: url("{pictures.source(LOGO)}"); margin: 0 2rem 0 0.75rem }}'
        )
        st.html(f"<style>{_WIDE} {{ {_SIDEBAR} {{ display: none }} {logo} }}</style>")


_WIDE = "@media (min-width: 768px)"
_SIDEBAR = "[data-testid=stSidebar], [data-testid=stExpandSidebarButton]"
