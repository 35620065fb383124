"""Tables under a hand: a name opens by click, Enter, in a new tab; nothing lies over a download; cards on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.desk import Desk, plain
from tests.browser.test_morning import ALONE, given_small_numbers
from tests.browser.test_sign_in import form, sign_in
from tests.fixtures.app import AppServer, copy_project, serving

pytestmark = pytest.mark.browser
OF_CAMPAIGN = re.compile(r"/campaign\?(?=.*campaign=\w+)(?=.*account=1)(?=.*owner=\w+)")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    root: Path = copy_project(tmp_path_factory.mktemp("tables") / "project")
    given_small_numbers(root)
    with serving(root, root.parent, ALONE) as running:
        yield running


def at_campaigns(page: Page, server: AppServer) -> Desk:
    page.goto(f"{server.url}/campaigns?range=Last+7+days")
    form(page)
    sign_in(page, "analyst", "demo-analyst")
    expect(page.get_by_role("heading", name="Campaigns", level=1)).to_be_visible()
    desk = Desk(page)
    desk.drawn()
    return desk


def test_a_name_opens_its_page_here_by_a_click_and_by_enter_and_elsewhere_by_the_middle_button(
    server: AppServer, page: Page
) -> None:
    desk = at_campaigns(page, server)
    first = desk.table()[0]["Campaign"]
    with page.context.expect_page() as opening:
        desk.open_row(0, button="middle")
    other = opening.value
    expect(other.get_by_role("heading", name=first, level=1)).to_be_visible()
    assert OF_CAMPAIGN.search(other.url), other.url
    assert "range=Last" in other.url, "the filters come along"
    other.close()
    assert "/campaigns" in page.url, "this tab stays where it is"

    desk.open_row(0)
    expect(page.get_by_role("heading", name=first, level=1)).to_be_visible()
    assert OF_CAMPAIGN.search(page.url), page.url
    assert len(page.context.pages) == 1, "a click opens no tab"
    page.go_back()
    expect(page.get_by_role("heading", name="Campaigns", level=1)).to_be_visible()
    desk.drawn()
    desk.main.get_by_test_id("stDataFrame").first.click(position={"x": 400, "y": 52})
    for _ in range(3):
        page.wait_for_timeout(200)  # the cell of the keyboard follows a moment later
        page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(200)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=first, level=1)).to_be_visible()


def test_nothing_lies_over_a_download_while_the_pointer_is_in_the_table_nor_on_a_touch_screen(
    server: AppServer, browser: Browser
) -> None:
    for touch in (False, True):
        context = browser.new_context(viewport={"width": 1024, "height": 768}, has_touch=touch)
        context.set_default_timeout(120_000)
        page = context.new_page()
        desk = at_campaigns(page, server)
        desk.main.get_by_test_id("stDataFrame").first.hover(position={"x": 200, "y": 52})
        page.wait_for_timeout(500)
        buttons = desk.main.get_by_test_id("stDownloadButton").all()
        assert len(buttons) == 2
        for button in buttons:
            box = button.bounding_box()
            assert box is not None
            on_top = page.evaluate(
                "([x, y]) => !!document.elementFromPoint(x, y)?.closest('[data-testid=stDownloadButton]')",
                [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2],
            )
            assert on_top, f"touch {touch}: something lies over {button.inner_text()}"
        context.close()


def test_on_a_phone_campaigns_are_cards_with_numbers_that_open(server: AppServer, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.goto(f"{server.url}/campaigns")
    form(page)
    page.get_by_label("User name").fill("analyst")
    page.get_by_label("Password", exact=True).fill("demo-analyst")
    page.get_by_role("button", name="Sign in", exact=True).click()
    cards = page.locator("[class*=st-key-cards_] li")
    expect(cards.first).to_be_visible()
    expect(page.get_by_test_id("stDataFrame").first).to_be_hidden()
    assert cards.count() == 2
    for card in cards.all():
        assert re.search(r"Cost \((EUR|USD)\) [\d,]+\.\d\d", plain(card.inner_text())), card.inner_text()
        box = card.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390, "no card is wider than the screen"
    name = cards.first.locator("a").inner_text()
    cards.first.locator("a").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    context.close()
