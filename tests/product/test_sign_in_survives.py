"""Deep links, nonsense in them, and the end of a session, on the wire: what tests/browser cannot see.

The browser's side of it (cookie, reload, menu, back button, other tabs) stands in tests/browser/test_sign_in.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect
from websockets.exceptions import ConnectionClosed

from perfdash.domain.access import OPERATOR
from perfdash.store.auth import users
from tests.fixtures.app import AppServer, copy_project, serving
from tests.fixtures.socket_client import Visitor, cookie_name
from tests.product.installation import PASSWORD
from tests.store.builders import NOON, given_client, given_facts, opened

HIDDEN = "bolt"
PAGES = ("", "campaigns", "campaign", "sync-health")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """Three clients with numbers; ann sees one of them. No source is configured, so that nothing is fetched."""
    folder = tmp_path_factory.mktemp("survives")
    root = copy_project(folder / "project")
    database = folder / "store.db"
    with opened(f"sqlite:///{database}") as store:
        for client in ("acme", "cargo", HIDDEN):
            given_client(store, client)
            days = (date.today() - timedelta(days=n) for n in range(1, 70))
            given_facts(store, *({"client_id": client, "day": day} for day in days))
        users.add_user(store, OPERATOR, "ann", PASSWORD, "analyst", NOON, clients=("acme", "cargo"), rounds=4)
    with serving(root, folder, {"PERFDASH_DATABASE_URL": f"sqlite:///{database}", "PERFDASH_WATCH": "0"}) as running:
        yield running


def signed_in(server: AppServer, query: str = "", page: str = "") -> Visitor:
    """Ann, who opened a link and signed in on it."""
    visitor = Visitor(server.url, query, page)
    visitor.run()
    assert visitor.is_signed_out
    visitor.sign_in("ann", PASSWORD)
    assert not visitor.is_signed_out, visitor.alerts
    return visitor


def not_applied(visitor: Visitor) -> list[str]:
    return [line for line in visitor.alerts if "Not applied" in line]


NONSENSE = {
    "client": "%%",
    "range": "Last 3 fortnights",
    "dates": "yesterday",
    "platform": "MySpace",
    "currency": "gold",
    "max_cpm": "-7",
    "cpm_grain": "creator",
}


@pytest.mark.parametrize("page", ["", "campaigns", "sync-health"])
def test_nonsense_in_every_key_is_one_line_and_the_default_page(server: AppServer, page: str) -> None:
    with signed_in(server, page=page) as usual, signed_in(server, urlencode(NONSENSE), page) as visitor:
        assert len(not_applied(visitor)) == 1, visitor.alerts
        for key, value in NONSENSE.items():
            assert key in not_applied(visitor)[0] and value in not_applied(visitor)[0], not_applied(visitor)
        assert visitor.exceptions == []
        assert visitor.metrics == usual.metrics
        assert [line for line in visitor.alerts if "Not applied" not in line] == usual.alerts
        assert not_applied(usual) == []


@pytest.mark.parametrize(
    "query",
    [
        "dates=2026-03-05&dates=2026-03-01&range=Custom",
        "range=Custom",
        "dates=2026-01-01&range=Custom",
        "dates=1066-10-14&dates=1066-10-15",
        "dates=2999-01-01&dates=2999-02-01",
        "max_cpm=nan",
        "max_cpm=1e400",
        "max_cpm=0x10",
        "client=acme%00",
        "client=" + "x" * 3000,
        "client=%3Cscript%3E",
        "range=",
        "platform=a&platform=b",
        "client=%5Bx%5D(http://evil.example)",
    ],
)
def test_each_nonsense_is_said_in_one_line_and_breaks_nothing(server: AppServer, query: str) -> None:
    with signed_in(server, query) as visitor:
        assert len(not_applied(visitor)) == 1, visitor.alerts
        assert visitor.exceptions == []
        assert visitor.metrics
        assert "Traceback" not in server.log()


@pytest.mark.parametrize("page", PAGES)
def test_a_client_that_one_may_not_see_reads_like_an_unknown_one(server: AppServer, page: str) -> None:
    seen = []
    for slug in (HIDDEN, "nope"):
        query = urlencode({"client": slug, "owner": slug, "account": "1", "campaign": "spring"})
        with signed_in(server, query, page) as it:
            kinds = sorted(kind for kind, _ in it.elements.values())
            named = bytes(it.received).count(slug.encode())
            lines = it.text.replace(slug, "?").splitlines()
            seen.append((lines, [line.replace(slug, "?") for line in it.alerts], it.options("Clients"), kinds, named))
    assert seen[0] == seen[1]
    assert seen[0][2] == ["acme", "cargo"]
    assert len([line for line in seen[0][1] if "Not applied" in line]) == 1


def test_a_session_ends_on_every_socket_at_once_and_its_cookie_opens_nothing_again(server: AppServer) -> None:
    with signed_in(server, "client=acme&range=Last+7+days", "campaigns") as first:
        cookie = first.redeem()
        with Visitor(server.url, page="campaigns", cookie=cookie) as second:
            assert "Campaigns" in second.run().headings
            assert b"acme" in second.received
            first.press("Sign out")
            assert first.is_signed_out, first.headings
            second.received.clear()
            with suppress(ConnectionClosed):  # the gate closes it within 2 s, which is an answer too
                assert second.run().is_signed_out, second.headings
            assert b"acme" not in second.received
        for page in PAGES:
            with Visitor(server.url, page=page, cookie=cookie) as late:
                assert late.run().is_signed_out
                assert b"acme" not in late.received
                assert b"spring" not in late.received


def test_a_ticket_is_good_for_one_cookie_only(server: AppServer) -> None:
    with signed_in(server) as visitor:
        visitor.redeem()
        with pytest.raises(OSError, match="401"):
            visitor.redeem()


@pytest.mark.browser
def test_a_filtered_campaign_page_survives_sign_in_menu_and_reload(server: AppServer, page: Page) -> None:
    query = "client=acme&range=Last+7+days&platform=TikTok&max_cpm=9"
    page.goto(f"{server.url}/campaigns?{query}")
    page.get_by_label("User name").fill("ann")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Campaigns")).to_be_visible()
    for step in ("sign-in", "menu", "reload"):
        if step == "menu":
            page.get_by_role("link", name="Overview").click()
            expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        elif step == "reload":
            expect_cookie(page)
            page.reload()
            expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        assert set(page.url.partition("?")[2].split("&")) == set(query.split("&")), step
        expect(page.get_by_test_id("stSidebar").get_by_label(re.compile("^CPM at most"))).to_have_value("9")
    assert page.get_by_role("button", name="Sign in", exact=True).count() == 0


def expect_cookie(page: Page) -> None:
    """Wait for the cookie, which no script can read."""
    for _ in range(100):
        found = [one for one in page.context.cookies() if one["name"] == cookie_name(page.url)]
        if found:
            assert found[0]["httpOnly"]
            return
        page.wait_for_timeout(100)
    pytest.fail("the browser never got its cookie")
