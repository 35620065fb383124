"""Every page for everybody: it runs for those who may open it, and for nobody else not even its first line after that.

The pages of the copy under test note each run with the role that it ran for, so that a run which shows nothing counts
too. What is asked is what a browser could send, and what it never would: a page by its hash as the first message that a
server ever gets, a page's file, somebody else's fragments and widgets.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.util import calc_hash
from websockets.exceptions import ConnectionClosed

from perfdash.domain.access import UserRole, allows
from perfdash.ui.runtime import navigation
from tests.fixtures.app import serving
from tests.fixtures.command_line import ROOT
from tests.fixtures.socket_client import COOKIE, PATIENCE
from tests.isolation.canary import MARK, SECRET
from tests.isolation.conftest import World
from tests.isolation.listening import Heard, Listener

FULL = os.environ.get("PERFDASH_FULL") == "1"
EVERYBODY: tuple[UserRole, ...] = ("client", "analyst", "admin")
USERS = {"anonymous": "", "client": f"{MARK}-client", "analyst": f"{MARK}-analyst", "admin": "boss"}


@dataclass(frozen=True)
class Listed:
    """A page: its place in the URL, its title, and the roles that may open it."""

    address: str
    title: str
    roles: tuple[str, ...] = EVERYBODY


PAGES = {
    "performance/overview.py": Listed("", "Overview"),
    "performance/clients.py": Listed("clients", "Clients"),
    "performance/creators.py": Listed("creators", "Creators"),
    "performance/compare.py": Listed("compare", "Compare"),
    "performance/campaigns.py": Listed("campaigns", "Campaigns"),
    "performance/campaign.py": Listed("campaign", "Campaign"),
    "performance/what_changed.py": Listed("restatements", "What changed"),
    "performance/corrections.py": Listed("corrections", "Corrections"),
    "performance/checks.py": Listed("cpm-lab", "Checks"),
    "performance/definitions.py": Listed("definitions", "Definitions"),
    "operations/sync_health.py": Listed("sync-health", "Sync health"),
    "operations/imports.py": Listed("import", "Import", ("analyst", "admin")),
    "performance/what_we_reported.py": Listed("receipts", "What we reported"),
    "sharing/links.py": Listed("client-links", "Client links", ("analyst", "admin")),
    "admin/users.py": Listed("users", "Users", ("admin",)),
    "admin/sessions.py": Listed("sessions", "Sessions", ("admin",)),
    "admin/audit.py": Listed("audit", "Audit", ("admin",)),
    "account/account.py": Listed("account", "Your account"),
}
"""Who may open what. A new page is listed here first; until then the first test fails."""
FIRST = tuple(PAGES) if FULL else ("admin/users.py",)
"""Which pages a server is asked for before it was ever asked for anything."""


def test_every_page_is_listed_with_those_who_may_open_it() -> None:
    there = {path.relative_to(ROOT / "pages").as_posix() for path in (ROOT / "pages").rglob("*.py")}
    assert there == set(PAGES)
    assert len({page.address for page in PAGES.values()}) == len(PAGES)


def test_the_record_of_each_page_says_the_same() -> None:
    records = {
        page.file: Listed(page.path, page.title, tuple(role for role in EVERYBODY if allows(role, page.needs)))
        for page in navigation.PAGES
    }
    assert records == PAGES


@pytest.fixture(scope="module")
def noted(stored: World) -> Path:
    """The file in which every page notes its runs."""
    file = stored.root / "data" / "runs.txt"
    for path in (stored.root / "pages").rglob("*.py"):
        lines = path.read_text(encoding="utf-8").split("\n")
        at = next(n for n, line in enumerate(lines) if line.startswith("principal = session.require("))
        name = path.relative_to(stored.root / "pages").as_posix()
        lines[at + 1 : at + 1] = [_note(file, f"{name} passed", "principal.role")]
        first = next(n for n, line in enumerate(lines) if line.startswith("import streamlit"))
        lines[first + 1 : first + 1] = [_note(file, f"{name} began", "'-'")]
        path.write_text("\n".join(lines), encoding="utf-8")
    file.touch()
    return file


def _note(file: Path, what: str, role: str) -> str:
    return f"with open({str(file)!r}, 'a') as _file: _file.write({what + ' '!r} + {role} + chr(10))"


@pytest.fixture(scope="module")
def cookies(noted: Path, world: World) -> dict[str, str]:
    """The cookie of each role's user."""
    found = {role: world.cookie(name) for role, name in USERS.items()}
    noted.write_text("")
    return found


def runs(noted: Path) -> list[tuple[str, str, str]]:
    """(page, began or passed, role), since it was last asked."""
    lines = noted.read_text().splitlines()
    noted.write_text("")
    return [(page, what, role) for page, what, role in (line.split() for line in lines)]


def forbidden(found: list[tuple[str, str, str]], role: str) -> list[tuple[str, str, str]]:
    """Of these runs: a page beyond its permission for who may not open it, and any line of any page for a stranger."""
    return [one for one in found if role == "anonymous" or (one[1] == "passed" and one[2] not in PAGES[one[0]].roles)]


class Caller(Listener):
    """A visitor who sends whatever he likes."""

    def demand(self, **asked: Any) -> None:
        """A request to run the script, and what comes of it; a closed socket is an answer too."""
        message = BackMsg()
        script = message.rerun_script
        for name, value in asked.items():
            if name == "widgets":
                script.widget_states.widgets.extend(value)
            else:
                setattr(script, name, value)
        try:
            self._socket.send(message.SerializeToString())
            if script.fragment_id:  # one that this page never had is passed over in silence; a plain run follows it
                script.ClearField("fragment_id")
                self._socket.send(message.SerializeToString())
            self._until_finished(time.monotonic() + PATIENCE)
        except ConnectionClosed:
            self.elements.clear()


def ways(root: Path, file: str, fragments: list[str], widgets: list[str]) -> Iterator[dict[str, Any]]:
    """How a page can be asked for: the usual way, then those that no browser takes."""
    page = PAGES[file]
    script = str(root / "perfdash" / "ui" / "main.py")
    by_hash = calc_hash(page.address)
    yield {"page_script_hash": by_hash, "page_name": page.address}
    yield {"page_script_hash": by_hash}
    yield {"page_script_hash": calc_hash(str(root / "pages" / file))}
    yield {"page_name": Path(file).stem}
    yield {"page_script_hash": calc_hash(script), "page_name": page.address}
    if not widgets:
        return
    stale = [WidgetState(id=one, trigger_value=True) for one in widgets]
    yield {"page_script_hash": by_hash, "widgets": stale}
    for fragment in fragments:
        yield {"page_script_hash": by_hash, "fragment_id": fragment, "widgets": stale}


def ask(url: str, root: Path, file: str, role: str, cookie: str, *, strange: tuple[list[str], list[str]]) -> int:
    """Ask for a page in every way; each on a connection of its own. Returns how many ways there were.

    In a smaller run those who may open it come by the front door only.
    """
    page, number = PAGES[file], 0
    for number, way in enumerate(islice(ways(root, file, *strange), 1 if role in page.roles and not FULL else None), 1):
        heard = Heard()
        with Caller(url, heard, cookie=cookie) as caller:
            caller.demand(**way)
            if role == "anonymous":
                assert MARK not in heard.said.lower(), (file, way)
                assert SECRET not in heard.said.lower()
                assert not caller.elements or caller.is_signed_out, (file, way, caller.headings)
            elif role not in page.roles:
                assert page.title not in caller.headings, (file, way, role)
                assert not caller.data_kinds & {"dataframe", "metric", "arrow_vega_lite_chart"} or number > 2
                if number == 1:
                    assert "There is no such page here." in caller.alerts, (file, role, caller.alerts)
            elif number == 1:
                assert page.title in caller.headings, (file, role, caller.headings, caller.alerts)
            assert caller.exceptions == []
    return number


def of_admin(url: str, cookie: str, file: str) -> tuple[list[str], list[str]]:
    """The fragments and widgets of a page as an admin has it."""
    heard = Heard()
    fragments: set[str] = set()
    with Caller(url, heard, cookie=cookie) as caller:
        draw = caller._draw

        def noting(place: Any, delta: Any) -> None:
            fragments.add(delta.fragment_id)
            draw(place, delta)

        caller._draw = noting  # type: ignore[method-assign]
        caller.demand(page_script_hash=calc_hash(PAGES[file].address), page_name=PAGES[file].address)
        widgets = [
            e.id for _, e in caller.elements.values() if getattr(e, "id", "") and "button" in type(e).__name__.lower()
        ]
    return sorted(fragments - {""})[:2], widgets


@pytest.mark.parametrize("role", USERS)
def test_on_a_warm_process_no_page_runs_for_who_may_not(
    world: World, cookies: dict[str, str], noted: Path, role: str
) -> None:
    number, done = 0, set()
    for file, page in PAGES.items():
        foreign = FULL or (role not in page.roles and "admin" in file)
        strange = of_admin(world.url, cookies["admin"], file) if foreign else ([], [])
        runs(noted)
        number += ask(world.url, world.root, file, role, cookies[role], strange=strange)
        found = runs(noted)
        assert forbidden(found, role) == []
        done |= {one[0] for one in found if one[1] == "passed"}
    may = {file for file, page in PAGES.items() if role in page.roles}
    print(f"\nwarm, {role}: {len(PAGES)} pages asked for in {number} ways, {len(done)} ran, 0 forbidden runs")
    assert done == may


@pytest.mark.parametrize("file", FIRST)
def test_on_a_cold_process_no_page_runs_for_who_may_not(
    stored: World, cookies: dict[str, str], noted: Path, tmp_path: Path, file: str
) -> None:
    """The page is the first that this server is ever asked for, by a stranger; then by those who may not, who may."""
    for first in USERS if FULL and len(PAGES[file].roles) < len(EVERYBODY) else ("anonymous",):
        with serving(stored.root, tmp_path / first, stored.env) as server:
            runs(noted)
            for role in sorted(USERS, key=lambda role: (role != first, role in PAGES[file].roles)):
                ask(server.url, stored.root, file, role, cookies[role], strange=([], []))
                found = runs(noted)
                assert forbidden(found, role) == []
                assert (file in {one[0] for one in found if one[1] == "passed"}) == (role in PAGES[file].roles)
        print(f"\ncold, {file}, first asked for by {first}: 0 forbidden runs")


@pytest.mark.browser
@pytest.mark.parametrize(
    "role", [pytest.param(one, marks=pytest.mark.full) if one != "client" else one for one in USERS]
)
def test_in_a_browser_no_page_is_shown_to_who_may_not_see_it(
    world: World, cookies: dict[str, str], noted: Path, page: Page, role: str
) -> None:
    if cookies[role]:
        page.context.add_cookies([{"name": COOKIE, "value": cookies[role], "url": world.url}])
    few = ("performance/campaigns.py", "sharing/links.py", "admin/users.py")
    for file in PAGES if FULL else few:
        listed = PAGES[file]
        runs(noted)
        page.goto(f"{world.url}/{listed.address}")
        if role == "anonymous":
            expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible(timeout=60_000)
            assert MARK not in page.content().lower()
        elif role in listed.roles:
            expect(page.get_by_role("heading", name=listed.title, exact=True)).to_be_visible(timeout=60_000)
        else:
            expect(page.get_by_text("There is no such page here.")).to_be_visible(timeout=60_000)
            assert page.get_by_role("heading", name=listed.title, exact=True).count() == 0
        assert forbidden(runs(noted), role) == []
