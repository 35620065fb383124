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
        given_revisions(store, "hoshi", TODAY - timedelta(days=5))
        given_facts(store, {"client_id": "hoshi", "currency": "JPY", "day": DAY})
        runs = Runs(store, "solvane")
        for at in (TODAY - timedelta(days=5), TODAY):
            runs.add(DAY - timedelta(days=100), at.date(), at=at)
    return module_app_server(root=module_project_copy, env=ALONE)


def cost(page: Page, amount: str) -> None:
    tile = page.get_by_test_id("stMetric").filter(has_text="Cost (USD)").first  # the old one may stay for a moment
    expect(tile).to_contain_text(amount, timeout=PATIENCE)


def in_the_past(page: Page) -> None:
    expect(page.get_by_text("what was known then")).to_be_visible(timeout=PATIENCE)
    expect(page).to_have_url(re.compile(rf"[?&]as_of={THEN}"))


def look_back(page: Page, day: str) -> None:
    """Type a day into the calendar, and go on to something else."""
    page.locator(".st-key-filter_as_of").get_by_role("spinbutton").first.click()
    page.keyboard.type(day.replace("-", ""))
    page.get_by_role("heading", level=1).first.click()


def test_a_chosen_moment_survives_menu_and_reload_and_one_click_leads_back(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/?client=solvane")
    form(page)
    sign_in(page)
    cost(page, NEW)
    look_back(page, THEN)
    in_the_past(page)
    cost(page, OLD)
    page.get_by_role("link", name="Campaigns", exact=True).first.click()
    expect(page).to_have_url(re.compile(r"/campaigns\?"))
    in_the_past(page)
    page.reload()
    inside(page)
    in_the_past(page)
    page.get_by_role("link", name="Overview", exact=True).first.click()
    cost(page, OLD)
    page.get_by_role("button", name="Back to now").click()
    cost(page, NEW)
    expect(page).not_to_have_url(re.compile("as_of"))
    expect(page.get_by_text("what was known then")).to_have_count(0)
    page.go_back()
    expect(page.get_by_test_id("stMetric").first).to_be_visible(timeout=PATIENCE)


def test_a_moment_in_the_address_is_taken(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/?client=solvane&as_of={THEN}T12:00Z")
    form(page)
    sign_in(page)
    cost(page, OLD)
    expect(page).to_have_url(re.compile(rf"as_of={THEN}T12(:|%3A)00Z"))


def test_what_is_no_moment_is_named(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/?client=solvane&as_of=some+day")
    form(page)
    sign_in(page)
    cost(page, NEW)
    expect(page.get_by_test_id("stAlert").filter(has_text="Not applied")).to_contain_text("as_of “some day”")
    page.get_by_role("button", name="Reset filters").click()
    expect(page.get_by_test_id("stAlert").filter(has_text="Not applied")).to_have_count(0, timeout=PATIENCE)


def test_a_deep_link_into_the_past_survives_the_sign_in(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/campaigns?as_of={THEN}&client=solvane")
    form(page)
    sign_in(page)
    in_the_past(page)
    expect(page).to_have_url(re.compile(r"/campaigns\?"))
    expect(page.locator(".st-key-filter_as_of")).to_contain_text("As of the end of")


def test_escape_leaves_every_filter_as_it_is(server: AppServer, page: Page) -> None:
    asked = f"range=Last+7+days&compare=Days+before&currency=USD&as_of={THEN}"
    page.goto(f"{server.url}/?{asked}")
    form(page)
    sign_in(page)
    in_the_past(page)
    sidebar = page.get_by_test_id("stSidebar")
    for name, value in (("Dates", "Last 7 days"), ("Compare with", "Days before"), ("Currency", "USD")):
        box = sidebar.get_by_role("combobox", name=name)
        for _ in range(2):
            box.click()
            page.keyboard.press("Escape")
            page.keyboard.press("Escape")
            expect(box).to_have_value(value)
    page.locator(".st-key-filter_as_of").get_by_test_id("stDateInput").get_by_role("button").last.click()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Reset filters").scroll_into_view_if_needed()
    in_the_past(page)
    for part in asked.split("&"):
        expect(page).to_have_url(re.compile(re.escape(part)))


WATCH = """() => {
  window.together = 0
  const look = () => {
    const past = [...document.querySelectorAll('[data-testid=stAlert]')].some(e => e.textContent.includes('known then'))
    const old = [...document.querySelectorAll('[data-testid=stMetricValue]')].some(e => e.textContent === 'OLD')
    if (past && old) window.together += 1
  }
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true})
}"""


def test_no_number_of_now_stands_under_the_banner_of_a_past(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/?client=solvane")
    form(page)
    sign_in(page)
    cost(page, NEW)
    page.evaluate(WATCH.replace("OLD", NEW))
    look_back(page, THEN)
    in_the_past(page)
    cost(page, OLD)
    assert page.evaluate("window.together") == 0
