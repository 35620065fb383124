"""A correction in a real browser: set on one row, marked where it counts, read by the client, and reverted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from perfdash.domain.question import of_every_day
from perfdash.store.corrections import read as correction_read
from tests.browser.test_sign_in import ALONE, PATIENCE, form, given_numbers, sign_in, store_url
from tests.fixtures.app import AppServer, StartApp
from tests.store.builders import ADMIN, opened

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(module_app_server: StartApp, module_project_copy: Path) -> AppServer:
    """The demo without its child processes, with numbers of our own."""
    given_numbers(module_project_copy)
    return module_app_server(root=module_project_copy, env=ALONE)


def told(server: AppServer) -> list[tuple[str, int, str]]:
    with opened(store_url(server)) as store:
        return [
            (one.field, one.value, one.ended_as) for one in correction_read.list_corrections(store, of_every_day(ADMIN))
        ]


def test_a_row_is_corrected_marked_and_reverted(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/corrections?client=solvane&campaign=spring&account=1&owner=solvane")
    form(page)
    sign_in(page, "analyst", "demo-analyst")
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("All 30 rows of this range, by the same rule")).to_be_visible()
    frame = main.get_by_test_id("stDataFrame").first
    box = frame.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 15, box["y"] + 35 + 17)  # the first row's box
    expect(main.get_by_role("heading", name=re.compile(r"^Correct \d+ \w+ \d{4}, TikTok$"))).to_be_visible()
    main.get_by_label(re.compile("New cost in")).fill("8.25")
    main.get_by_label("Reason", exact=True).fill("The invoice says 8.25")
    main.get_by_role("button", name="Preview").click()
    expect(main.get_by_text(re.compile(r"1 row: cost 5\.00 → 8\.25"))).to_be_visible()
    assert told(server) == []
    apply = main.get_by_role("button", name="Apply")
    apply.dblclick()
    expect(main.get_by_text(re.compile("1 row corrected")).first).to_be_visible(timeout=PATIENCE)
    assert told(server) == [("cost", 8_250_000, "")]

    page.get_by_role("link", name="Overview", exact=True).first.click()
    expect(page.get_by_test_id("stMetric").filter(has_text="✎").first).to_be_visible()
    page.get_by_test_id("stTopNavSection").filter(has_text="Data").click()
    page.get_by_role("menuitem", name="Corrections").click()

    expect(main.get_by_text("Active (1)")).to_be_visible()
    frame = main.get_by_test_id("stDataFrame").last
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 15, box["y"] + 35 + 17)
    expect(main.get_by_text("The invoice says 8.25", exact=False).first).to_be_visible()
    main.get_by_label("Reason of the revert").fill("The invoice was wrong")
    main.get_by_role("button", name="Revert", exact=True).click()
    expect(main.get_by_text("1 correction reverted").first).to_be_visible()
    assert told(server) == [("cost", 8_250_000, "reverted")]
    page.get_by_role("link", name="Overview", exact=True).first.click()
    expect(page.get_by_test_id("stMetric").first).to_be_visible()
    expect(page.get_by_test_id("stMetric").filter(has_text="✎")).to_have_count(0)
