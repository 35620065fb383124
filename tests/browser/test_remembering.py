"""The pages that remember, in a real Chromium: what changed, what was sent, why a CPM differs, what a word means."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from perfdash.demo.accounts import DEMO_ACCOUNTS, DEMO_CLIENTS
from perfdash.store.query import catalog
from tests.browser.desk import Desk
from tests.browser.test_sign_in import ALONE, PATIENCE, cookie, form, sign_in
from tests.fixtures.app import AppServer, StartApp
from tests.store.builders import Runs, given_facts, given_history, given_revisions, opened

pytestmark = pytest.mark.browser
TODAY = datetime.now(UTC)
DAY = date.today() - timedelta(days=6)
MOVED = re.compile(r"^Cost 5\.00 → 9\.00\sUSD:\W+4\.00")


@pytest.fixture(scope="module")
def server(module_app_server: StartApp, module_project_copy: Path) -> AppServer:
    """The demo without its children, and one client of which a day's cost went from 5 to 9 two days ago."""
    (module_project_copy / "data").mkdir(exist_ok=True)
    with opened(f"sqlite:///{module_project_copy / 'data' / 'demo.db'}") as store:
        catalog.register(store, DEMO_CLIENTS, DEMO_ACCOUNTS, TODAY - timedelta(days=9))
        given_revisions(store, "solvane", TODAY - timedelta(days=5), TODAY - timedelta(days=2))
        row = {"client_id": "solvane", "currency": "USD", "day": DAY, "impressions": 1000, "reported_cpm": "9000"}
        given_history(store, row | {"from_rev": 1, "to_rev": 2, "cost": 5_000_000})
        given_facts(store, row | {"cost": 9_000_000}, revision=2)
        runs = Runs(store, "solvane")
        for at in (TODAY - timedelta(days=5), TODAY):
            runs.add(DAY - timedelta(days=100), at.date(), at=at)
    return module_app_server(root=module_project_copy, env=ALONE)


def opened_at(server: AppServer, page: Page, path: str) -> None:
    page.goto(f"{server.url}/{path}")
    form(page)
    sign_in(page)
    cookie(page)  # before it is there, a reload would lead back to the form


def test_what_the_source_changed_is_told_and_since_when_stands_in_the_url(server: AppServer, page: Page) -> None:
    since = date.today() - timedelta(days=4)
    opened_at(server, page, f"restatements?client=solvane&since={since}")
    expect(page.get_by_role("heading", name=MOVED)).to_be_visible(timeout=PATIENCE)
    page.reload()
    expect(page.get_by_role("heading", name=MOVED)).to_be_visible(timeout=PATIENCE)
    page.goto(f"{server.url}/restatements?client=solvane&since={date.today() - timedelta(days=2)}")
    expect(page.get_by_text(re.compile("[Nn]othing changed")).first).to_be_visible(timeout=PATIENCE)


def test_an_export_leaves_a_receipt_that_says_what_it_would_be_now(server: AppServer, page: Page) -> None:
    then = date.today() - timedelta(days=4)  # over in every time zone when the change came, two days ago
    opened_at(server, page, f"?client=solvane&as_of={then}")
    expect(page.get_by_test_id("stMetric").filter(has_text="Cost (USD)")).to_contain_text("5.00", timeout=PATIENCE)
    with page.expect_download() as caught:
        page.get_by_test_id("stDownloadButton").first.get_by_role("button").click()
    assert ",5.000000," in Path(caught.value.path()).read_text(encoding="utf-8-sig")
    page.get_by_role("button", name="Back to now").click()
    expect(page.get_by_test_id("stMetric").filter(has_text="Cost (USD)")).to_contain_text("9.00", timeout=PATIENCE)
    page.get_by_role("navigation", name="App pages").get_by_role("link", name="What we reported").click()
    # Else the table that is looked for may be the one of the page that is being left.
    expect(page.get_by_role("heading", name="What we reported", level=1)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=PATIENCE)
    desk = Desk(page)
    desk.drawn()
    desk.open_row(0)
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("9.00").first).to_be_visible(timeout=PATIENCE)
    expect(main.get_by_text("5.00").first).to_be_visible()


def test_a_cpm_that_is_a_thousand_times_too_large_is_named(server: AppServer, page: Page) -> None:
    opened_at(server, page, "cpm-lab?client=solvane")
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text(re.compile("1 row|1 of 1")).first).to_be_visible(timeout=PATIENCE)
    expect(main.get_by_test_id("stDataFrame").first).to_be_visible()


def test_a_word_is_found_among_the_definitions(server: AppServer, page: Page) -> None:
    opened_at(server, page, "definitions?find=roas")
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("revenue / cost").first).to_be_visible(timeout=PATIENCE)
    expect(main.get_by_text("Settlement window", exact=True)).to_have_count(0)
