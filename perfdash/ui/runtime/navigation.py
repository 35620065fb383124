"""The pages there are: one record for each, from which the menu, who may open it, the audit and the filters follow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

import streamlit as st

from perfdash import ROOT
from perfdash.domain.access import Capability, Principal

FOLDER = ROOT / "pages"
Query = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class PageRecord:
    """All that is particular to a page. `file` lies in pages/, `path` is its place in the URL: "" for the first one.

    `needs`: who may open it; client links open what needs no more than "read". `listed` False: it is reached from
    elsewhere and never stands in the menu. `of_money`: the menu shows it only to those who see amounts of money.
    `has_past`: as-of changes what it shows. `filtered`: so does the rest of the sidebar. `of_clients`: it shows
    clients' data, so that a look at it goes into the audit. `of_campaign`: of the one client that its address names.
    `follows_runs`: it is drawn again when a run ends, not only when numbers move.
    """

    section: str
    file: str
    title: str
    icon: str
    path: str
    needs: Capability = "account"
    listed: bool = True
    of_money: bool = False
    has_past: bool = True
    filtered: bool = True
    of_clients: bool = True
    of_campaign: bool = False
    follows_runs: bool = False

    @property
    def in_links(self) -> bool:
        """True for the pages of visitors who came through a client link."""
        return self.needs == "read"


OVERVIEW = PageRecord("Performance", "performance/overview.py", "Overview", "monitoring", "", needs="read")
CAMPAIGNS = PageRecord("Performance", "performance/campaigns.py", "Campaigns", "campaign", "campaigns", needs="read")
CAMPAIGN = PageRecord(
    "Performance",
    "performance/campaign.py",
    "Campaign",
    "campaign",
    "campaign",
    needs="read",
    listed=False,
    of_campaign=True,
)
RESTATEMENTS = PageRecord("Performance", "performance/what_changed.py", "What changed", "history", "restatements")
RECEIPTS = PageRecord(
    "Performance", "performance/what_we_reported.py", "What we reported", "receipt_long", "receipts", filtered=False
)
CORRECTIONS = PageRecord("Performance", "performance/corrections.py", "Corrections", "edit", "corrections")
CHECKS = PageRecord("Performance", "performance/checks.py", "Checks", "fact_check", "cpm-lab", of_money=True)
DEFINITIONS = PageRecord(
    "Performance",
    "performance/definitions.py",
    "Definitions",
    "dictionary",
    "definitions",
    needs="read",
    has_past=False,
    filtered=False,
    of_clients=False,
)
SYNC_HEALTH = PageRecord(
    "Operations", "operations/sync_health.py", "Sync health", "sync", "sync-health", has_past=False, follows_runs=True
)
IMPORTS = PageRecord(
    "Operations",
    "operations/imports.py",
    "Import",
    "upload_file",
    "import",
    needs="import",
    of_money=True,
    has_past=False,
    filtered=False,
    follows_runs=True,
)
CLIENT_LINKS = PageRecord("Operations", "sharing/links.py", "Client links", "link", "client-links", needs="share")
USERS = PageRecord(
    "Administration",
    "admin/users.py",
    "Users",
    "group",
    "users",
    needs="users",
    has_past=False,
    filtered=False,
    of_clients=False,
)
SESSIONS = PageRecord(
    "Administration",
    "admin/sessions.py",
    "Sessions",
    "devices",
    "sessions",
    needs="sessions",
    has_past=False,
    filtered=False,
    of_clients=False,
)
AUDIT = PageRecord(
    "Administration",
    "admin/audit.py",
    "Audit",
    "policy",
    "audit",
    needs="audit",
    has_past=False,
    filtered=False,
    of_clients=False,
)
ACCOUNT = PageRecord(
    "You",
    "account/account.py",
    "Your account",
    "person",
    "account",
    listed=False,
    has_past=False,
    filtered=False,
    of_clients=False,
)

PAGES = (
    OVERVIEW,
    CAMPAIGNS,
    CAMPAIGN,
    RESTATEMENTS,
    RECEIPTS,
    CORRECTIONS,
    CHECKS,
    DEFINITIONS,
    SYNC_HEALTH,
    IMPORTS,
    CLIENT_LINKS,
    USERS,
    SESSIONS,
    AUDIT,
    ACCOUNT,
)
"""In the order of the menu."""


def pages(principal: Principal | None) -> dict[str, list[Any]]:
    """Every page by section, also those that are hidden from `principal`: a link to one is answered, not lost."""
    sections: dict[str, list[Any]] = {}
    for page in PAGES:
        sections.setdefault(page.section, []).append(_page(principal, page))
    return sections


def at(path: str) -> PageRecord:
    """The page with this place in the URL; KeyError when there is none."""
    return {page.path: page for page in PAGES}[path]


def link(page: PageRecord, label: str, *, icon: str = "", query: Query | None = None) -> None:
    """The way to a page; `query` is what its address asks besides the filters."""
    st.page_link(FOLDER / page.file, label=label, icon=f":material/{icon or page.icon}:", query_params=query)


def go(page: PageRecord, query: Query) -> NoReturn:
    """Leave the page for another one."""
    st.switch_page(FOLDER / page.file, query_params=query)


def address(page: PageRecord, query: Mapping[str, str], name: str = "") -> str:
    """Where a page lies, seen from any other, with the filters in view; for cells of tables, which sort by it.

    So it begins with the `name` that is shown, as it is spelled: a search in the table finds it there.
    """
    of_a_campaign = ("name", "campaign", "account", "owner")
    filters = [(key, value) for key in st.query_params for value in st.query_params.get_all(key)]
    rest = [*((key, value) for key, value in filters if key not in of_a_campaign), *query.items()]
    spelled = [f"name={_spelled(name)}"] if name else []
    return f"./{page.path}?{'&'.join([*spelled, *([urlencode(rest)] if rest else [])])}"


def _spelled(name: str) -> str:
    return re.sub(r"[%&#+\s\x00-\x1f]", lambda found: " " if found[0].isspace() else quote(found[0]), name)


def home_link() -> None:
    """The way on from an address that leads nowhere."""
    link(OVERVIEW, "Go to the Overview")


def _page(principal: Principal | None, page: PageRecord) -> Any:
    shown = principal is not None and _shown(principal, page)
    rest: dict[str, Any] = {"url_path": page.path} if page.path else {"default": True}
    return st.Page(
        FOLDER / page.file,
        title=page.title,
        icon=f":material/{page.icon}:",
        visibility="visible" if shown else "hidden",
        **rest,
    )


def _shown(principal: Principal, page: PageRecord) -> bool:
    return page.listed and principal.may(page.needs) and (principal.money or not page.of_money)
