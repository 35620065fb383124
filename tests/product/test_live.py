"""Open pages follow a sync that somebody else runs, each in its own place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from perfdash.demo.process import start
from perfdash.domain.access import OPERATOR
from perfdash.store.query import sync_health
from tests.fixtures.app import AppServer
from tests.fixtures.browser import settled
from tests.fixtures.socket_client import COOKIE
from tests.product.installation import KEY, Installation, ago, cookie_of, demo_configuration, installed, link

pytestmark = pytest.mark.browser

CLIENT = "solvane"
WATCHING = """() => {
    const tiles = () => [...document.querySelectorAll('[data-testid="stMetricValue"]')].map(t => t.innerText).join('|')
    window.first = window.now = tiles()
    window.changes = []
    const look = () => {
        const now = tiles()
        if (now !== window.now && now) { window.now = now; window.changes.push(Date.now()) }
        requestAnimationFrame(look)
    }
    look()
}"""
"""Notes when the tiles show something else, on the clock that the sync's process reads too."""


SETTLED = """() => {
    let [height, same] = [0, 0]
    const look = () => {
        const main = document.querySelector('[data-testid="stMain"]')
        same = main && main.scrollHeight === height ? same + 1 : 0
        height = main ? main.scrollHeight : 0
        window.settled = same > 10 && height > main.clientHeight + 200
        if (!window.settled) setTimeout(look, 100)
    }
    look()
}"""
"""Notes when the page has stopped to grow: charts and tables take their height late."""


@pytest.fixture
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Synced while the API believed that it is yesterday: today's answer settles what was open."""
    with start(key=KEY) as api:
        made = installed(tmp_path_factory.mktemp("live"), api, demo_configuration(api.url))
        made.add_users(("admin", "admin", ()), ("ann", "analyst", (CLIENT,)))
        made.control("POST", "clock", {"today": str(ago(1))})
        made.good("sync", "--client", CLIENT)
        yield made


@pytest.fixture
def server(installation: Installation) -> Iterator[AppServer]:
    with installation.served() as running:
        yield running


def opened(browser: Browser, server: AppServer, username: str, query: str) -> Page:
    """The Overview in a browser of its own, drawn to its end and scrolled down."""
    context = browser.new_context(viewport={"width": 1280, "height": 600})
    context.add_cookies([{"name": COOKIE, "value": cookie_of(server, username), "url": server.url}])
    page = context.new_page()
    page.goto(f"{server.url}/?{query}")
    expect(page.get_by_test_id("stMetric").first).to_be_attached(timeout=60_000)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=60_000)
    page.evaluate(SETTLED)
    until(page, "window.settled")
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 500)")
    return page


def until(page: Page, what: str) -> None:
    """Wait for something on the page; the page's policy forbids the way in which Playwright itself would."""
    deadline = time.monotonic() + 120
    while not page.evaluate(what):
        assert time.monotonic() < deadline, what
        page.wait_for_timeout(100)


def place(page: Page) -> float:
    found: float = page.get_by_test_id("stMain").evaluate("main => main.scrollTop")
    return found


def filters_of(page: Page) -> tuple[str, str, str | None]:
    """The query string, the range that is chosen, and how the button of TikTok looks (pressed or not)."""
    sidebar = page.get_by_test_id("stSidebar")
    button = sidebar.get_by_role("button", name="TikTok").get_attribute("data-testid")
    return page.url.partition("?")[2], sidebar.get_by_role("combobox", name="Dates").input_value(), button


def test_two_open_pages_follow_a_sync_from_the_command_line(
    installation: Installation, server: AppServer, browser: Browser
) -> None:
    pages = {
        "admin, one client and one platform": opened(
            browser, server, "admin", f"client={CLIENT}&range=Last+7+days&platform=TikTok"
        ),
        "analyst, a range of her own": opened(browser, server, "ann", link(ago(9), ago(1))),
    }
    before = {}
    for who, page in pages.items():
        assert place(page) > 100, "the page is too short to be scrolled"
        before[who] = (place(page), filters_of(page))
        settled(page)
        page.evaluate(WATCHING)
    installation.control("POST", "clock", {"today": str(ago(0))})
    installation.good("sync", "--client", CLIENT)
    committed = commit_time(installation)
    for who, page in pages.items():
        until(page, "window.changes.length && window.now !== window.first")
        shown = settled(page)
        began, ended = (page.evaluate(f"window.changes.at({n})") / 1000 - committed.timestamp() for n in (0, -1))
        print(
            f"{who}: tiles change {began:.2f} s after the commit ({'within' if began <= 2 else 'NOT within'} 2 s), "
            f"stand still after {ended:.2f} s"
        )
        assert "|".join(shown) != page.evaluate("window.first")
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=60_000)
        assert abs(place(page) - before[who][0]) <= 2, (who, place(page), before[who][0])
        assert filters_of(page) == before[who][1]
        assert page.get_by_test_id("stException").count() == 0
        page.context.close()


def commit_time(installation: Installation) -> datetime:
    """When the sync's run finished that changed something."""
    with installation.store() as store:
        runs = [
            run for run in sync_health.runs(store, OPERATOR, (CLIENT,), 20) if run.trigger == "cli" and run.restated
        ]
    finished = runs[0].finished_at
    assert finished is not None, "nothing was restated, so nothing could follow"
    assert finished <= datetime.now(UTC)
    return finished
