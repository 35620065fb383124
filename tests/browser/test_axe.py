"""axe-core looks at every page, in light and dark: nothing serious that is ours keeps anybody from reading it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from perfdash.ui.runtime import navigation
from tests.browser.test_client_links import signed_in
from tests.product.test_client_links import Scene, made, scene

__all__ = ["scene"]

pytestmark = pytest.mark.browser
OF_STREAMLIT = {
    "target-size": '[aria-label="Clear value"]',
    "list": "stSidebarNavItems",
    "listitem": "stSidebarNavItems",
    "svg-img-alt": "metric_chart_",
}
"""Rule -> the part of Streamlit's own markup in which it is broken, which no setting reaches."""
SERIOUS = ("serious", "critical")
PAGES = tuple(page for page in navigation.PAGES if page.path not in ("campaign", "creator"))


@pytest.fixture(params=["light", "dark"])
def reader(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A browser that likes it light, or dark."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=request.param)
    context.set_default_timeout(120_000)
    yield context.new_page()
    context.close()


def at_rest(page: Page) -> None:
    """Until the script has run and nothing more is drawn."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    page.wait_for_timeout(500)


def broken(page: Page) -> list[str]:
    """What axe finds in this page and is ours: rule, impact, and the first place."""
    page.evaluate(AXE_SCRIPT)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found: list[dict[str, Any]] = page.evaluate(
        "(tags) => axe.run({ runOnly: tags }).then((found) => found.violations)", tags
    )
    return [
        f"{one['id']} ({one['impact']}) {node['html'][:160]} {node['failureSummary'][:200]}"
        for one in found
        for node in one["nodes"]
        if (one["impact"] in SERIOUS or one["id"] in ("heading-order", "landmark-unique"))
        and OF_STREAMLIT.get(one["id"], " no such text ") not in f"{node['html']} {node['target']}"
    ]


def test_nothing_serious_keeps_anybody_from_reading_a_page(scene: Scene, reader: Page) -> None:
    reader.goto(scene.server.url)
    reader.get_by_role("heading", name="Sign in").wait_for()
    found = {"sign-in": broken(reader)}
    signed_in(reader, scene.server.url)
    for page in PAGES:
        reader.goto(f"{scene.server.url}/{page.path}")
        reader.get_by_role("heading", level=1).first.wait_for()
        at_rest(reader)
        found[page.title] = broken(reader)
    reader.goto(f"{scene.server.url}/link/{made(scene)[1]}")
    reader.get_by_role("heading", name="Overview").wait_for()
    at_rest(reader)
    found["a client link"] = broken(reader)
    assert {name: one for name, one in found.items() if one} == {}
