"""Back undoes one change of a filter at a time, and returns to where a page was scrolled to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_sign_in import ALONE, form, given_numbers, sign_in
from tests.fixtures.app import AppServer, StartApp
from tests.fixtures.browser import choose, settled

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(module_app_server: StartApp, module_project_copy: Path) -> AppServer:
    """The demo without its child processes, with numbers of our own."""
    given_numbers(module_project_copy)
    return module_app_server(root=module_project_copy, env=ALONE)


def dates(page: Page) -> Locator:
    return page.get_by_test_id("stSidebar").get_by_role("combobox", name="Dates")


def scrolled(page: Page) -> int:
    found: int = page.get_by_test_id("stMain").evaluate("main => Math.round(main.scrollTop)")
    return found


def test_back_undoes_one_filter_at_a_time_and_forward_does_it_again(server: AppServer, page: Page) -> None:
    page.goto(server.url)
    form(page)
    sign_in(page)
    expect(dates(page)).to_have_value("Last 30 days")
    choose(page, "Dates", "Last 7 days")
    expect(page).to_have_url(re.compile("range=Last"))
    settled(page)
    choose(page, "Dates", "Custom")
    expect(page).to_have_url(re.compile(r"range=Custom.*dates="))
    settled(page)
    page.go_back()
    expect(dates(page)).to_have_value("Last 7 days")
    expect(page).not_to_have_url(re.compile("dates="))
    page.go_back()
    expect(dates(page)).to_have_value("Last 30 days")
    page.go_forward()
    expect(dates(page)).to_have_value("Last 7 days")
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_back_from_another_page_returns_to_the_place_on_this_one(server: AppServer, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 600})
    page.goto(server.url)
    form(page)
    sign_in(page)
    settled(page)
    page.get_by_test_id("stMetric").first.hover()
    page.mouse.wheel(0, 300)
    page.wait_for_timeout(1_000)
    before = scrolled(page)
    assert before > 100, "the page is too short to be scrolled"
    page.get_by_role("link", name="Campaigns", exact=True).first.click()
    expect(page.get_by_role("heading", name="Campaigns", level=1)).to_be_visible()
    page.go_back()
    settled(page)
    for _ in range(60):
        if abs(scrolled(page) - before) <= 2:
            break
        page.wait_for_timeout(500)
    assert abs(scrolled(page) - before) <= 2
