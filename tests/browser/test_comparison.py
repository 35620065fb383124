"""What the change is measured against, in a real browser: chosen, kept in the link, and reset."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_sign_in import ALONE, form, given_numbers, sign_in
from tests.fixtures.app import AppServer, StartApp
from tests.fixtures.browser import choose

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(module_app_server: StartApp, module_project_copy: Path) -> AppServer:
    """The demo without its child processes, with numbers of our own."""
    given_numbers(module_project_copy)
    return module_app_server(root=module_project_copy, env=ALONE)


def test_the_comparison_is_chosen_in_the_sidebar_and_stays_in_the_link(server: AppServer, page: Page) -> None:
    page.goto(server.url)
    form(page)
    sign_in(page)
    box = page.get_by_test_id("stSidebar").get_by_role("combobox", name="Compare with")
    expect(box).to_have_value("Fair")
    expect(page).not_to_have_url(re.compile("compare="))
    choose(page, "Compare with", "Same age")
    expect(page).to_have_url(re.compile(r"[?&]compare=Same\+age"))
    page.get_by_role("link", name="Campaigns", exact=True).first.click()
    expect(page).to_have_url(re.compile(r"/campaigns\?.*compare=Same\+age"))
    page.reload()
    expect(box).to_have_value("Same age")
    page.get_by_test_id("stSidebar").get_by_role("button", name="Reset filters").click()
    expect(box).to_have_value("Fair")
    expect(page).not_to_have_url(re.compile("compare=Same"))


def test_a_link_with_an_unknown_comparison_says_so_and_compares_fairly(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/?compare=Last+decade")
    form(page)
    sign_in(page)
    expect(page.get_by_test_id("stAlert").filter(has_text="Not applied")).to_contain_text("compare “Last decade”")
    expect(page.get_by_test_id("stSidebar").get_by_role("combobox", name="Compare with")).to_have_value("Fair")
