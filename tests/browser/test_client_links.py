"""A client link in Chromium: made in one browser, opened in another, tampered with, left, and revoked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from perfdash.store.share_links import views as link_views
from tests.fixtures.browser import settled
from tests.fixtures.socket_client import cookie_name
from tests.product.installation import PASSWORD
from tests.product.test_client_links import BOSS, CANARIES, DAYS, Scene, made, scene

__all__ = ["scene"]

pytestmark = pytest.mark.browser
RANGE = f"client=acme&platform=TikTok&range=Custom&dates={DAYS.start}&dates={DAYS.end}"


@pytest.fixture
def stranger(browser: Browser) -> Iterator[BrowserContext]:
    """Another browser, without an account; everything it asks for is remembered."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(120_000)
    yield context
    context.close()


def signed_in(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("User name").fill("boss")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Sign out").wait_for()
    for _ in range(600):  # the browser gets its cookie after the page is drawn; who leaves earlier has none yet
        if [cookie for cookie in page.context.cookies() if cookie["name"] == cookie_name(url)]:
            return
        page.wait_for_timeout(100)
    pytest.fail("no cookie came")


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    page.get_by_role("heading", name="Overview").wait_for()
    return page


def test_a_link_is_made_opened_and_revoked(scene: Scene, page: Page, stranger: BrowserContext) -> None:
    signed_in(page, f"{scene.server.url}/?{RANGE}")
    page.get_by_role("link", name="Share what you see").click()
    page.get_by_role("textbox", name="Name of the link").fill("For the board")
    page.get_by_role("button", name="Make link").click()
    page.get_by_role("button", name="Copy the address").wait_for()
    address = page.get_by_test_id("stCode").locator("code").inner_text().strip()
    assert re.fullmatch(re.escape(scene.server.url) + r"/link/[\w-]{43}", address)

    visitor = opened(stranger, address)
    assert settled(visitor)
    sidebar = visitor.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text("For the board")).to_be_visible()
    assert sidebar.get_by_role("combobox").count() == sidebar.get_by_role("textbox").count() == 0
    assert visitor.url == address, "the address in the bar is the one that can be passed on"
    visitor.get_by_role("link", name="Campaigns", exact=True).first.click()
    visitor.wait_for_url(f"{address}/campaigns*")
    visitor.get_by_role("heading", name="Campaigns", level=1).wait_for()
    visitor.reload()
    visitor.get_by_role("heading", name="Campaigns", level=1).wait_for()
    visitor.goto(address)
    visitor.get_by_role("heading", name="Overview").wait_for()
    assert visitor.evaluate("document.cookie") == "" or "perfdash" not in visitor.evaluate("document.cookie")

    page.get_by_role("button", name="Make another link").click()
    page.get_by_role("button", name="Show the address of For the board again").click()
    expect(page.get_by_test_id("stCode").locator("code")).to_have_text(address)
    page.reload()
    page.get_by_role("heading", name="1 link").wait_for()
    (one,) = [one for one in link_views.list_links(scene.store, BOSS, datetime.now(UTC)) if one.link.author == "boss"]
    assert (one.opened, one.views) == (1, 4)
    box = page.get_by_test_id("stDataFrame").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 15, box["y"] + 52)
    page.get_by_role("button", name="Revoke this link").click()
    expect(visitor.get_by_role("heading", name="This link does not open")).to_be_visible()
    expect(visitor.get_by_test_id("stMetricValue")).to_have_count(0)
    visitor.goto(address)
    expect(visitor.get_by_text("ask whoever sent it for a new one")).to_be_visible()


def test_nothing_typed_into_the_address_changes_a_link(scene: Scene, stranger: BrowserContext) -> None:
    address = f"{scene.server.url}/link/{made(scene)[1]}"
    visitor = opened(stranger, address)
    usual = settled(visitor)
    for query in ("values=raw&as_of=2026-01-01", "client=rival&range=All+days&currency=USD"):
        visitor.goto(f"{address}?{query}")
        visitor.get_by_role("heading", name="Overview").wait_for()
        assert settled(visitor) == usual, query
        shown = visitor.locator("body").inner_text()
        assert not [one for one in CANARIES if one in shown], query
    for path in ("restatements", "no-such-page"):
        visitor.goto(f"{address}/{path}")
        visitor.get_by_text("There is no such page here.").wait_for()
        assert visitor.get_by_test_id("stMetric").count() == 0
        assert visitor.get_by_role("dialog").count() == 0, "no dialog about pages that were never offered"
    visitor.goto(scene.server.url)
    visitor.get_by_role("heading", name="Sign in").wait_for()


def test_a_link_and_an_account_stand_side_by_side_in_one_browser(scene: Scene, page: Page) -> None:
    signed_in(page, scene.server.url)
    tab = page.context.new_page()
    tab.set_default_timeout(120_000)
    tab.goto(f"{scene.server.url}/link/{made(scene)[1]}")
    tab.get_by_role("heading", name="Overview").wait_for()
    assert tab.title() == "For the board - Acme - perfdash"
    expect(tab.get_by_role("button", name="Sign out")).to_have_count(0)
    expect(tab.get_by_role("link", name="Back to perfdash")).to_have_attribute("href", "/")
    page.reload()
    page.get_by_role("button", name="Sign out").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    tab.reload()
    tab.get_by_role("heading", name="Overview").wait_for()


@pytest.mark.parametrize(
    "path", ["link/x", "link/tooshort/campaigns", f"link/{'A' * 43}", f"link/{'A' * 43}/campaigns"]
)
def test_a_link_that_does_not_open_says_so_on_a_page_of_ours(scene: Scene, page: Page, path: str) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)
    page.goto(f"{scene.server.url}/{path}")
    expect(page.get_by_role("heading", name="This link does not open")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).display") == "grid", "styled, and its policy lets it be"
    assert complaints == []
    assert page.title() == "This link does not open - perfdash"
