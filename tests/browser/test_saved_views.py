"""Links to what is in view, and views that are kept under a name, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_sign_in import ALONE, form, given_numbers, sign_in
from tests.fixtures.app import AppServer, StartApp
from tests.fixtures.browser import choose, settled

pytestmark = pytest.mark.browser
MARKUP = "<img src=x onerror=alert(1)> **b** [x](javascript:alert(1))"


@pytest.fixture(scope="module")
def server(module_app_server: StartApp, module_project_copy: Path) -> AppServer:
    """The demo without its child processes, with numbers of our own."""
    given_numbers(module_project_copy)
    return module_app_server(root=module_project_copy, env=ALONE)


def copied(page: Page, button: str) -> str:
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    found: str = page.evaluate("navigator.clipboard.readText()")
    expect(page.get_by_role("button", name="Copied")).to_have_count(0)
    return found


def test_what_is_in_view_is_copied_kept_and_opened_again_on_any_page(server: AppServer, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(server.url)
    form(page)
    sign_in(page)
    dates = page.get_by_test_id("stSidebar").get_by_role("combobox", name="Dates")
    choose(page, "Dates", "Last 7 days")
    expect(page).to_have_url(re.compile("range=Last"))
    settled(page)
    assert copied(page, "Copy link") == page.url
    assert re.fullmatch(re.escape(page.url) + r"&as_of=\d{4}-\d\d-\d\dT.*Z", copied(page, "Copy link pinned to now"))
    page.get_by_text("Saved views").click()
    for name in ("Week", MARKUP):
        page.get_by_label("Name of this view").fill(name)
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    page.get_by_role("link", name="Campaigns", exact=True).first.click()
    expect(page.get_by_role("heading", name="Campaigns", level=1)).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("button", name="Reset filters").click()
    expect(dates).to_have_value("Last 30 days")
    page.get_by_role("link", name="Week", exact=True).click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    expect(dates).to_have_value("Last 7 days")
    page.go_back()
    expect(page.get_by_role("heading", name="Campaigns", level=1)).to_be_visible()
    expect(dates).to_have_value("Last 30 days")
    page.get_by_role("button", name=f"Remove {MARKUP}", exact=True).click()
    expect(page.get_by_role("link", name=MARKUP, exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="Week", exact=True)).to_be_visible()
