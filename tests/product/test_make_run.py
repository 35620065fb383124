"""From a clean copy to a dashboard with numbers: what `make run` starts once all is installed, and the app alone.

An ordinary run replays the last days only, as a start does that was interrupted before; `make test-full` all thirty.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from perfdash.demo import history
from perfdash.demo.accounts import DEMO_ACCOUNTS, DEMO_CLIENTS
from perfdash.demo.users import DEMO_USERS
from perfdash.store import key_values
from perfdash.store.query import catalog
from tests.fixtures.app import AppServer, free_port, serving
from tests.fixtures.browser import settled
from tests.store.builders import opened

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SERVE = ("-m", "perfdash", "serve", "--port", "{port}")
LAST_DAYS = 2
LONGEST_REPLAY = 60


def given_all_but_the_last_days(root: Path) -> None:
    """A demo whose replay was stopped shortly before its end; the days that are left bring the numbers."""
    (root / "data").mkdir()
    with opened(f"sqlite:///{root / 'data' / 'demo.db'}") as store:
        now = datetime.now(UTC)
        catalog.register(store, DEMO_CLIENTS, DEMO_ACCOUNTS, now)
        key_values.put(store, history.KEY, json.dumps({"anchor": now.isoformat(), "done": history.DAYS - LAST_DAYS}))


def sign_in(page: Page, server: AppServer) -> None:
    page.goto(server.url)
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill("demo-admin")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=60_000)


def numbers_of(page: Page) -> list[str]:
    """What the tiles show, once there are tiles."""
    expect(page.get_by_test_id("stMetricValue").first).to_be_visible(timeout=120_000)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=60_000)
    assert page.get_by_test_id("stException").count() == 0
    return settled(page)


def environment_of(full: bool) -> dict[str, str | None]:
    """Nothing at all, as on a newcomer's machine; in ordinary runs a port that no test beside this one may take."""
    return {} if full else {"PERFDASH_DEMO_API": f"http://127.0.0.1:{free_port()}"}


def words_of_streamlit(log: str) -> list[str]:
    """The lines of Streamlit's own logger: warnings and errors, each after the moment to the millisecond."""
    return re.findall(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} .*|.*ScriptRunContext.*", log, re.MULTILINE)


def days_replayed(server: AppServer) -> int:
    return len(re.findall(rf"day \d+ of {history.DAYS}", server.log()))


def test_the_first_start_fills_the_demo_and_the_second_is_up_at_once(
    project_copy: Path, tmp_path: Path, page: Page, full: bool
) -> None:
    if not full:
        given_all_but_the_last_days(project_copy)
    env = environment_of(full)
    began = time.monotonic()
    with serving(project_copy, tmp_path, env, command=SERVE, patience=400) as server:
        first, port = time.monotonic() - began, urlsplit(server.url).port or 0
        log = server.log()
        assert "Filling the demo" in log
        assert days_replayed(server) == (history.DAYS if full else LAST_DAYS)
        assert log.index("Filling the demo") < log.index("Demo sign-ins:") < log.index(f"Open {local(server)}")
        for user in DEMO_USERS:
            assert re.search(rf"{user.username} +{user.password}", log)
        sign_in(page, server)
        shown = numbers_of(page)
        assert sum(bool(re.search(r"\d", text)) for text in shown) >= 6, shown
        assert "The demo is filling" not in page.content()
        assert "Traceback" not in server.log()
        assert words_of_streamlit(server.log()) == []
    began = time.monotonic()
    # On the port of before: it is part of the cookie's name.
    with serving(project_copy, tmp_path, env, command=SERVE, patience=120, port=port) as server:
        second = time.monotonic() - began
        assert "Filling the demo" not in server.log()
        assert days_replayed(server) == 0
        assert f"Open {local(server)}" in server.log()
        page.goto(server.url)  # a session outlives the server
        expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=60_000)
        assert numbers_of(page) == shown
        assert words_of_streamlit(server.log()) == []
    replayed = re.search(r"Demo history ready after (\d+) s", log)
    assert replayed
    kept = "within" if int(replayed[1]) <= LONGEST_REPLAY else "NOT within"
    print(f"first start {first:.1f} s (replay {replayed[1]} s, {kept} {LONGEST_REPLAY} s), second {second:.1f} s")
    print(f"on the tiles: {shown}")


def local(server: AppServer) -> str:
    return server.url.replace("127.0.0.1", "localhost")


def wait_until_filled(server: AppServer, page: Page) -> None:
    deadline = time.monotonic() + 400
    while "Demo history ready" not in server.log():
        assert time.monotonic() < deadline, server.log()[-2000:]
        page.wait_for_timeout(250)


@pytest.mark.full
def test_streamlit_run_alone_is_the_demo_and_its_numbers_arrive_on_an_open_page(
    project_copy: Path, tmp_path: Path, page: Page, full: bool
) -> None:
    if not full:
        given_all_but_the_last_days(project_copy)
    with ExitStack() as stack:
        server = stack.enter_context(serving(project_copy, tmp_path, environment_of(full)))
        sign_in(page, server)
        if full:  # otherwise it may be filled before the page is there
            notice = page.get_by_test_id("stAlert").filter(has_text="The demo is filling")
            expect(notice).to_be_visible(timeout=60_000)
        wait_until_filled(server, page)
        expect(page.get_by_text("The demo is filling")).to_have_count(0, timeout=60_000)
        shown = numbers_of(page)
        assert sum(bool(re.search(r"\d", text)) for text in shown) >= 6, shown
        assert "Filling the demo" in server.log()
        assert days_replayed(server) == (history.DAYS if full else LAST_DAYS)
        assert "Traceback" not in server.log()
        page.reload()
        assert numbers_of(page)
