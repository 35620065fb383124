"""Importing in a real Chromium: a good file, a doubtful one, hostile ones, and a file that is taken back."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from perfdash.domain.access import OPERATOR
from perfdash.store.query import sync_health
from tests.browser.test_sign_in import ALONE, PATIENCE, cookie, form, given_numbers, sign_in, store_url
from tests.fixtures.app import AppServer, StartApp
from tests.fixtures.browser import choose
from tests.store.builders import opened

pytestmark = pytest.mark.browser

HEAD = "Day,Campaign ID,Campaign name,Impressions,Clicks (all),Amount spent (USD)\n"
DAY = date.today() - timedelta(days=3)


@pytest.fixture(scope="module")
def server(module_app_server: StartApp, module_project_copy: Path) -> AppServer:
    """The demo without its child processes, with numbers of our own."""
    given_numbers(module_project_copy)
    return module_app_server(root=module_project_copy, env=ALONE)


def drop(page: Page, name: str, text: str | bytes) -> None:
    body = text.encode() if isinstance(text, str) else text
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": body})


def states(server: AppServer) -> list[str]:
    with opened(store_url(server)) as store:
        return [run.state for run in sync_health.runs(store, OPERATOR) if run.trigger == "import"]


def at_import(server: AppServer, page: Page) -> Locator:
    page.goto(f"{server.url}/import")
    form(page)
    sign_in(page, "analyst", "demo-analyst")
    cookie(page)
    main = page.get_by_test_id("stMain")
    expect(main.get_by_role("heading", name="Import", exact=True)).to_be_visible(timeout=PATIENCE)
    choose(page, "Whose numbers are these?", re.compile("Solvane"), place="stMain")
    expect(main.get_by_text("Drop an export here")).to_be_visible(timeout=PATIENCE)
    return main


def test_a_good_file_is_stored_by_one_click_and_taken_back_by_one_more(server: AppServer, page: Page) -> None:
    main = at_import(server, page)
    before = len(states(server))
    drop(page, "meta.csv", HEAD + f"{DAY},c1,Spring,1000,10,12.34\n")
    expect(main.get_by_text("Meta export")).to_be_visible(timeout=PATIENCE)
    main.get_by_role("button", name="Store these rows").click()
    expect(main.get_by_text("1 row read: 1 new.")).to_be_visible(timeout=PATIENCE)
    assert states(server)[before:] == ["committed"]
    main.get_by_role("button", name="Take it back").first.click()
    page.get_by_role("button", name="Yes, take it back").click()
    expect(main.get_by_text(re.compile(r"Run \d+ was taken back"))).to_be_visible(timeout=PATIENCE)
    assert states(server)[before:] == ["reverted"]


@pytest.mark.full
def test_of_hostile_and_doubtful_files_nothing_is_stored_before_somebody_says_so(server: AppServer, page: Page) -> None:
    foreign: list[str] = []
    stored = states(server)
    page.on("request", lambda request: foreign.append(request.url) if "evil" in request.url else None)
    main = at_import(server, page)

    # Hostile: nothing of it is more than a sentence, and nothing is stored.
    drop(page, "wide.csv", ",".join(f"c{n}" for n in range(5_000)) + "\n" + ",".join("1" * 5_000))
    expect(main.get_by_text("5,000 columns")).to_be_visible(timeout=PATIENCE)
    drop(page, "broken.xlsx", b"PK\x03\x04" + b"\x00" * 2_000)
    expect(main.get_by_role("heading", name="broken.xlsx")).to_be_visible(timeout=PATIENCE)
    expect(main.get_by_text("This cannot be read yet")).to_be_visible(timeout=PATIENCE)
    page.evaluate(  # a file that is larger than the page may send, without a disk full of it
        """() => {
          const hosts = [...document.querySelectorAll('*')].filter((one) => one.shadowRoot)
          const input = hosts.map((one) => one.shadowRoot.querySelector('input[type=file]')).find(Boolean)
            || document.querySelector('input[type=file]')
          const data = new DataTransfer()
          data.items.add(new File([new Uint8Array(200 * 2 ** 20)], 'large.csv'))
          input.files = data.files
          input.dispatchEvent(new Event('change', { bubbles: true }))
        }"""
    )
    expect(main.get_by_text("This file is larger than 64 MiB")).to_be_visible(timeout=PATIENCE)
    formula = '=HYPERLINK(""https://evil.example"")'
    rows = f'{DAY},c1,"{formula}",100,5,12.50\n{DAY},c2,![x](https://evil.example/x.png),100,5,7.50\n'
    drop(page, "<img src=x>.csv", HEAD + rows)
    expect(main.get_by_role("heading", name=re.compile("2 rows, cost 20.00 USD"))).to_be_visible(timeout=PATIENCE)
    assert main.locator("img[src*=evil], a[href*=evil]").count() == 0
    main.get_by_role("button", name="Discard").click()
    expect(main.get_by_role("button", name="Store these rows")).to_have_count(0, timeout=PATIENCE)

    # Doubtful: its columns are unknown, so somebody says what they are.
    drop(page, "mine.csv", f"When,What,Paid,Seen,Taps\n{DAY},c1,1.50,100,5\n")
    expect(main.get_by_text("Say which column is what")).to_be_visible(timeout=PATIENCE)
    for label, column in {"Day": "When", "Impressions": "Seen", "Clicks": "Taps", "Cost": "Paid"}.items():
        choose(page, label, column, place="stMain")
    choose(page, "Campaign: its id, or its name", "What", place="stMain")
    main.get_by_label(re.compile("Platform of all rows")).fill("TikTok")
    main.get_by_role("button", name="Read it again").click()
    expect(main.get_by_role("heading", name=re.compile("1 row, cost 1.50 USD"))).to_be_visible(timeout=PATIENCE)
    assert states(server) == stored
    assert foreign == []


def test_by_keyboard_alone_the_place_for_files_is_reached_and_named(server: AppServer, page: Page) -> None:
    at_import(server, page)
    place = page.locator("input[type=file]")
    place.focus()
    assert place.evaluate("one => one.matches(':focus')")
    expect(page.get_by_label("choose a file")).to_have_count(1)
