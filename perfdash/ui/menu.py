"""The pages there are, and who finds which in the menu. Each page asks again who may open it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import streamlit as st

from perfdash import ROOT
from perfdash.access import Principal
from perfdash.link_question import may_share

PAGES = ROOT / "pages"
Query = Mapping[str, str | Sequence[str]]
SYNC_HEALTH, DEFINITIONS, ACCOUNT, LINKS = "sync-health", "definitions", "account", "client-links"
OF_NOW = (SYNC_HEALTH, DEFINITIONS, ACCOUNT, "users", "sessions", "audit")
"""Pages that no past moment changes."""
WITHOUT_FILTERS = (DEFINITIONS, ACCOUNT, "users", "sessions", "audit", "receipts")
"""Pages that the sidebar's question does not change."""

# Section -> file, title, icon, place in the URL; the first of all is the one without a place.
_PAGES: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "Performance": (
        ("performance/overview.py", "Overview", "monitoring", ""),
        ("performance/campaigns.py", "Campaigns", "campaign", "campaigns"),
        ("performance/campaign.py", "Campaign", "campaign", "campaign"),
        ("performance/restatements.py", "Restatements", "history", "restatements"),
        ("performance/corrections.py", "Corrections", "edit", "corrections"),
        ("performance/cpm_lab.py", "CPM lab", "science", "cpm-lab"),
        ("performance/definitions.py", "Definitions", "dictionary", DEFINITIONS),
    ),
    "Operations": (
        ("operations/sync_health.py", "Sync health", "sync", SYNC_HEALTH),
        ("operations/receipts.py", "Receipts", "receipt_long", "receipts"),
        ("sharing/links.py", "Client links", "link", LINKS),
    ),
    "Administration": (
        ("admin/users.py", "Users", "group", "users"),
        ("admin/sessions.py", "Sessions", "devices", "sessions"),
        ("admin/audit.py", "Audit", "policy", "audit"),
    ),
    "You": (("account/account.py", "Your account", "person", ACCOUNT),),
}


def pages(principal: Principal | None) -> dict[str, list[Any]]:
    """Every page by section, also those that are hidden from `principal`: a link to one is answered, not lost."""
    return {
        section: [_page(principal, section, *page) for page in listed] for section, listed in _PAGES.items()
    }  # fmt: skip


def link(file: str, label: str, icon: str, query: Query | None = None) -> None:
    """The way to a page, by its file inside pages/; `query` is what its address asks besides the filters."""
    st.page_link(PAGES / file, label=label, icon=f":material/{icon}:", query_params=query)


def go(file: str, query: Query) -> NoReturn:
    """Leave the page for another one."""
    st.switch_page(PAGES / file, query_params=query)


def account_link(label: str) -> None:
    link("account/account.py", label, "person")


def home_link() -> None:
    """The way on from an address that leads nowhere."""
    link("performance/overview.py", "Go to the Overview", "monitoring")


def _page(principal: Principal | None, section: str, file: str, title: str, icon: str, path: str) -> Any:
    shown = principal is not None and _shown(principal, section, path)
    rest: dict[str, Any] = {"url_path": path} if path else {"default": True}
    return st.Page(
        PAGES / file, title=title, icon=f":material/{icon}:", visibility="visible" if shown else "hidden", **rest
    )


def _shown(principal: Principal, section: str, path: str) -> bool:
    if path in ("campaign", ACCOUNT):  # one is reached from its row, the other from one's name
        return False
    if path == "cpm-lab":
        return principal.money
    if path == LINKS:
        return may_share(principal)
    return section != "Administration" or principal.role == "admin"
