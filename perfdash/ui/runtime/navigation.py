"""The pages there are: one record for each, from which the menu, who may open it, the audit and the filters follow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlencode, urlsplit

import streamlit as st

from perfdash import ROOT
from perfdash.domain.access import Capability, Principal
from perfdash.ui.runtime import browser
from perfdash.ui.runtime.addresses import app_path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}", re.ASCII)
FOLDER = ROOT / "pages"
Query = Mapping[str, str | Sequence[str]]
EVERY_FILTER = frozenset(("as_of", "range", "compare", "client", "platform", "currency", "max_cpm", "values"))
"""Each stands in a container of the sidebar with the key `filter_NAME`."""
NO_FILTER: frozenset[str] = frozenset()
PRODUCT = "perfdash"
MAIN, DATA, ADMINISTRATION = "", "Data", "Administration"
"""The parts of the menu: the first stands in the bar itself, each other one opens under its name."""


@dataclass(frozen=True, slots=True)
class PageRecord:
    """All that is particular to a page. `file` lies in pages/, `path` is its place in the URL: "" for the first one.

    `needs`: who may open it; client links open what needs no more than "read". `listed` False: it is reached from
    elsewhere and never stands in the menu. `of_money`: the menu shows it only to those who see amounts of money;
    `of_several`: only to those with several clients. `obeys`: the filters that change what it shows; the others are out
    of sight there. `of_clients`: it shows clients' data, so that a look at it goes into the audit. `of_campaign`: of
    the one client that its address names. `follows_runs`: it is drawn again when a run ends, not only when numbers
    move.
    """

    section: str
    file: str
    title: str
    icon: str
    path: str
    needs: Capability = "account"
    listed: bool = True
    of_money: bool = False
    of_several: bool = False
    obeys: frozenset[str] = EVERY_FILTER
    of_clients: bool = True
    of_campaign: bool = False
    follows_runs: bool = False

    @property
    def has_past(self) -> bool:
        """True where as-of changes what it shows."""
        return "as_of" in self.obeys

    @property
    def in_links(self) -> bool:
        """True for the pages of visitors who came through a client link."""
        return self.needs == "read"


OVERVIEW = PageRecord(MAIN, "performance/overview.py", "Overview", "monitoring", "", needs="read")
CAMPAIGNS = PageRecord(MAIN, "performance/campaigns.py", "Campaigns", "campaign", "campaigns", needs="read")
CAMPAIGN = PageRecord(
    MAIN,
    "performance/campaign.py",
    "Campaign",
    "campaign",
    "campaign",
    needs="read",
    listed=False,
    obeys=EVERY_FILTER - {"client"},
    of_campaign=True,
)
CLIENTS = PageRecord(MAIN, "performance/clients.py", "Clients", "groups", "clients", of_several=True)
CREATORS = PageRecord(
    MAIN, "performance/creators.py", "Creators", "artist", "creators", obeys=EVERY_FILTER - {"compare"}
)
COMPARE = PageRecord(
    MAIN, "performance/compare.py", "Compare", "compare_arrows", "compare", obeys=EVERY_FILTER - {"compare"}
)
RESTATEMENTS = PageRecord(
    MAIN,
    "performance/what_changed.py",
    "What changed",
    "history",
    "restatements",
    obeys=EVERY_FILTER - {"compare", "max_cpm", "values"},
)
RECEIPTS = PageRecord(
    MAIN, "performance/what_we_reported.py", "What we reported", "receipt_long", "receipts", obeys=NO_FILTER
)
CORRECTIONS = PageRecord(
    DATA,
    "performance/corrections.py",
    "Corrections",
    "edit",
    "corrections",
    obeys=EVERY_FILTER - {"compare", "currency", "max_cpm", "values"},
)
CHECKS = PageRecord(
    DATA, "performance/checks.py", "Checks", "fact_check", "cpm-lab", of_money=True, obeys=EVERY_FILTER - {"compare"}
)
DEFINITIONS = PageRecord(
    DATA,
    "performance/definitions.py",
    "Definitions",
    "dictionary",
    "definitions",
    needs="read",
    obeys=NO_FILTER,
    of_clients=False,
)
SYNC_HEALTH = PageRecord(
    DATA,
    "operations/sync_health.py",
    "Sync health",
    "sync",
    "sync-health",
    obeys=frozenset(("client",)),
    follows_runs=True,
)
IMPORTS = PageRecord(
    DATA,
    "operations/imports.py",
    "Import",
    "upload_file",
    "import",
    needs="import",
    of_money=True,
    obeys=NO_FILTER,
    follows_runs=True,
)
CLIENT_LINKS = PageRecord(ADMINISTRATION, "sharing/links.py", "Client links", "link", "client-links", needs="share")
USERS = PageRecord(
    ADMINISTRATION,
    "admin/users.py",
    "Users",
    "group",
    "users",
    needs="users",
    obeys=NO_FILTER,
    of_clients=False,
)
SESSIONS = PageRecord(
    ADMINISTRATION,
    "admin/sessions.py",
    "Sessions",
    "devices",
    "sessions",
    needs="sessions",
    obeys=NO_FILTER,
    of_clients=False,
)
AUDIT = PageRecord(
    ADMINISTRATION,
    "admin/audit.py",
    "Audit",
    "policy",
    "audit",
    needs="audit",
    obeys=NO_FILTER,
    of_clients=False,
)
ACCOUNT = PageRecord(
    MAIN,
    "account/account.py",
    "Your account",
    "person",
    "account",
    listed=False,
    obeys=NO_FILTER,
    of_clients=False,
)

NOWHERE = PageRecord(MAIN, "", "No such page", "block", "", listed=False, obeys=NO_FILTER, of_clients=False)
"""Where an address leads that no page has."""

PAGES = (
    OVERVIEW,
    CLIENTS,
    CAMPAIGNS,
    CAMPAIGN,
    CREATORS,
    COMPARE,
    RESTATEMENTS,
    RECEIPTS,
    CHECKS,
    CORRECTIONS,
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
    """Every page by section, also those that are hidden from `principal`: a link to one is answered, not lost.

    Who came through a client link has its pages, and nothing lies anywhere else. Of a section from which only one page
    is shown, that page stands in the bar: a list of one hides it for nothing.
    """
    sections: dict[str, list[Any]] = {MAIN: []}
    there = [page for page in PAGES if page.in_links or principal is None or principal.lock is None]
    for page in there:
        alone = sum(_is_shown(principal, one) for one in PAGES if one.section == page.section) == 1
        sections.setdefault(MAIN if alone else page.section, []).append(_page(principal, page))
    if (name := _unknown(there)) is not None:
        sections[MAIN].append(st.Page(nothing, title=NOWHERE.title, url_path=name, visibility="hidden"))
    return sections


def _unknown(there: Sequence[PageRecord]) -> str | None:
    """The name in the address when no page has it: answered by a page that says so, and not by the Overview.

    The page at the root has a name too: Streamlit reserves that of its file.
    """
    here = st.context.url
    path = urlsplit(here).path if isinstance(here, str) else ""  # AppTest has mocks
    name = path.removeprefix(app_path()).strip("/")
    known = {page.path or Path(page.file).stem for page in there}
    return name if _NAME.fullmatch(name) and name not in known else None


def nothing() -> None:
    """What lies at an address that leads nowhere, and at those of pages that somebody may not open: the same."""
    st.error("There is no such page here.", icon=":material/block:")
    home_link()


def at(path: str) -> PageRecord:
    """The page with this place in the URL; NOWHERE when there is none."""
    return {page.path: page for page in PAGES}.get(path, NOWHERE)


def title(what: str, clients: Sequence[str]) -> str:
    """The name of a browser's tab: what is looked at, whose numbers (of many, the first two), and the product."""
    more = f" and {len(clients) - 2} more" if len(clients) > 2 else ""
    whose = ", ".join(clients[:2]) + more
    return " - ".join(" ".join(part.split()) for part in (what, whose, PRODUCT) if part.strip())


def link(page: PageRecord, label: str, *, icon: str = "", query: Query | None = None) -> None:
    """The way to a page; `query` is what its address asks besides the filters."""
    st.page_link(FOLDER / page.file, label=label, icon=f":material/{icon or page.icon}:", query_params=query)


def go(page: PageRecord, query: Query) -> NoReturn:
    """Leave the page for another one."""
    st.switch_page(FOLDER / page.file, query_params=query)


THINGS = frozenset(("campaign", "creator", "account", "owner", "receipt"))
"""What the address of a thing's own page says about it: no filter."""


def address(page: PageRecord, query: Mapping[str, str], name: str = "") -> str:
    """Where a page lies, seen from any other, with the filters in view; for cells of tables, which sort by it.

    So it begins with the `name` that is shown, as it is spelled: a search in the table finds it there.
    """
    own = {"name", *THINGS, *query}
    asked = () if browser.link_path() else st.query_params  # a client link has no filters, whatever its address says
    filters = [(key, value) for key in asked for value in st.query_params.get_all(key)]
    rest = [*((key, value) for key, value in filters if key not in own), *query.items()]
    spelled = [f"name={_spelled(name)}"] if name else []
    return f"./{page.path}?{'&'.join([*spelled, *([urlencode(rest)] if rest else [])])}"


def _spelled(name: str) -> str:
    return re.sub(r"[%&#+\s\x00-\x1f]", lambda found: " " if found[0].isspace() else quote(found[0]), name)


def home_link() -> None:
    """The way on from an address that leads nowhere."""
    link(OVERVIEW, "Go to the Overview")


def _page(principal: Principal | None, page: PageRecord) -> Any:
    shown = _is_shown(principal, page)
    rest: dict[str, Any] = {"url_path": page.path} if page.path else {"default": True}
    return st.Page(
        FOLDER / page.file,
        title=page.title,
        icon=f":material/{page.icon}:",
        visibility="visible" if shown else "hidden",
        **rest,
    )


def _is_shown(principal: Principal | None, page: PageRecord) -> bool:
    if principal is None or not page.listed or not principal.may(page.needs):
        return False
    several = principal.sees_all or len(principal.clients) > 1
    return (principal.money or not page.of_money) and (several or not page.of_several)
