"""Going back in time and returning, in a real Chromium: the control, the menu, reloads, the sign-in and the URL."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from perfdash.demo.accounts import DEMO_ACCOUNTS, DEMO_CLIENTS
from perfdash.store.query import catalog
from tests.browser.test_sign_in import ALONE, PATIENCE, form, inside, sign_in
from tests.fixtures.app import AppServer, StartApp
from tests.fixtures.browser import choose
from tests.store.builders import Runs, given_facts, given_history, given_revisions, opened

pytestmark = pytest.mark.browser
TODAY = datetime.now(UTC)
DAY = date.today() - timedelta(days=6)
THEN = str(date.today() - timedelta(days=3))
OLD, NEW = "5.00", "9.00"


@pytest.fixture(scope="module")
def server(module_app_server: StartApp, module_project_copy: Path) -> AppServer:
    """The demo without its children, and one client of which a day was restated yesterday."""
    (module_project_copy / "data").mkdir(exist_ok=True)
    with opened(f"sqlite:///{module_project_copy / 'data' / 'demo.db'}") as store:
        catalog.register(store, DEMO_CLIENTS, DEMO_ACCOUNTS, TODAY - timedelta(days=9))
        given_revisions(store, "solvane", TODAY - timedelta(days=5), TODAY - timedelta(days=1))
        row = {"client_id": "solvane", "currency": "USD", "day": DAY}
        given_history(store, row | {"from_rev": 1, "to_rev": 2, "cost": 5_000_000})
        given_facts(store, row | {"cost": 9_000_000}, revision=2)
        runs = Runs(store, "solvane")
        for at in (TODAY - timedelta(days=5), TODAY):
            runs.add(DAY - timedelta(days=100), at.date(), at=at)
    return module_app_server(root=module_project_copy, env=ALONE)


def cost(page: Page, amount: str) -> None:
    expect(page.get_by_test_id("stMetric").filter(has_text="Cost (USD)")).to_contain_text(amount, timeout=PATIENCE)


def in_the_past(page: Page) -> None:
    expect(page.get_by_text("what was known then")).to_be_visible(timeout=PATIENCE)
    expect(page).to_have_url(re.compile(rf"[?&]as_of={THEN}"))


def test_a_chosen_moment_survives_menu_and_reload_and_one_click_leads_back(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/?client=solvane")
    form(page)
    sign_in(page)
    cost(page, NEW)
    choose(page, "As of", THEN)
    in_the_past(page)
    cost(page, OLD)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Campaigns").click()
    expect(page).to_have_url(re.compile(r"/campaigns\?"))
    in_the_past(page)
    page.reload()
    inside(page)
    in_the_past(page)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Overview").click()
    cost(page, OLD)
    page.get_by_role("button", name="Back to now").click()
    cost(page, NEW)
    expect(page).not_to_have_url(re.compile("as_of"))
    expect(page.get_by_text("what was known then")).to_have_count(0)
    page.go_back()
    expect(page.get_by_test_id("stMetric").first).to_be_visible(timeout=PATIENCE)


def test_a_typed_moment_is_taken_and_a_wrong_one_is_named(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/?client=solvane")
    form(page)
    sign_in(page)
    control = page.get_by_test_id("stSidebar").get_by_role("combobox", name="As of")
    for typed, amount in ((f"{THEN}T12:00Z", OLD), ("some day", NEW)):
        control.fill(typed)
        control.press("Enter")
        cost(page, amount)
    expect(page.get_by_test_id("stAlert").filter(has_text="Not applied")).to_contain_text("as_of “some day”")
    page.get_by_role("button", name="Reset filters").click()
    expect(page.get_by_test_id("stAlert").filter(has_text="Not applied")).to_have_count(0, timeout=PATIENCE)


def test_a_deep_link_into_the_past_survives_the_sign_in(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/campaigns?as_of={THEN}&client=solvane")
    form(page)
    sign_in(page)
    in_the_past(page)
    expect(page).to_have_url(re.compile(r"/campaigns\?"))
    expect(page.get_by_test_id("stSidebar").get_by_role("combobox", name="As of")).to_have_value(THEN)
