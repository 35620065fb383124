"""Whatever a source answers, the page stays calm: it says what happened and when it last worked, and old numbers stay.

Every fault has a client, a source and days of its own in one installation that synced well once; the fault is on
until the page was looked at, so that no retry helps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from perfdash import exports
from perfdash.demo.process import start
from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Days
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.store.query import sync_health
from perfdash.store.query.sync_health import RunRecord
from tests.fixtures.app import AppServer
from tests.fixtures.browser import settled
from tests.fixtures.socket_client import COOKIE, Visitor
from tests.product.installation import KEY, Installation, ago, cookie_of, installed, link, one_client_each

ACCOUNT, CURRENCY = "hoshi-jp", "JPY"
KNOWN = ago(20), ago(3)
"""The days that were synced while the source was well."""
ASKED = ago(24), ago(3)
"""The days that the page then asks for: some of them were never fetched."""
LEAK = re.compile(rb"Traceback|" + KEY.encode())


@dataclass(frozen=True)
class Case:
    """A fault, what becomes of the days that were never fetched, of a refresh, and what the page says of it.

    `lenient`: the source may have any row refused.
    """

    fault: str
    said: str
    fill: str = "failed"
    refresh: str = "failed"
    lenient: bool = False

    @property
    def client(self) -> str:
        return f"f-{re.sub('[^a-z0-9]+', '-', self.fault)}{'-lenient' if self.lenient else ''}"


CASES = [
    Case("401", "key"),
    Case("429:30", "pause|limit|too many"),
    Case("429-date:30", "pause|limit|too many"),
    Case("500", "500"),
    Case("503", "503"),
    Case("503:30", "503|pause"),
    Case("stall:30", "second"),
    Case("slow:900/16", "second"),
    Case("cut", "cut|whole|incomplete|broke|ended"),
    Case("html", "JSON|HTML"),
    Case("envelope", "error"),
    Case("no-data", "data"),
    Case("null-data", "data"),
    Case("nan", "number|JSON|NaN|cost"),
    Case("duplicate-keys", "twice|JSON"),
    Case("all-malformed", "row", "suspicious", "suspicious"),
    Case("total-row", "total|twice"),
    Case("wrong-currency", "currency|XAU|row", "suspicious", "suspicious"),
    Case("endless", "page"),
    Case("gzip-bomb:80", "MiB|large"),
    Case("foreign-redirect:http://127.0.0.1:9/", "redirect|elsewhere|another"),
    Case("echo-key", "500"),
    # Nothing is known of days that were never fetched, so only a refresh can see that most of an answer is missing.
    Case("empty", "vanish|missing|no longer", "committed", "suspicious"),
    Case("half", "vanish|missing|no longer", "committed", "suspicious"),
    Case("malformed", "rows .* were refused", "suspicious", "suspicious"),
    Case("malformed", "rows .* were refused and are missing", "incomplete", "incomplete", lenient=True),
]
ORDINARY = (
    "401",
    "429:30",
    "503",
    "stall:30",
    "cut",
    "html",
    "nan",
    "all-malformed",
    "echo-key",
    "empty",
    "half",
    "malformed",
)
"""Those of every run of the tests; all others take part in `make test-full`."""
IN_BROWSER = {"b-500": "500", "b-html": "html", "b-cut": "cut"}
"""Clients whose faults are looked at in a browser."""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, full: bool) -> Iterator[Installation]:
    with start(key=KEY, today=ago(0)) as api:
        cases = [case.client for case in CASES if full or case.fault in ORDINARY]
        lenient = [case.client for case in CASES if case.lenient]
        configuration = one_client_each(api.url, (*cases, *IN_BROWSER), ACCOUNT, CURRENCY, lenient)
        made = installed(tmp_path_factory.mktemp("faults"), api, configuration)
        made.add_users(("admin", "admin", ()))
        made.good("sync", "--from", str(KNOWN[0]), "--to", str(KNOWN[1]))
        before = made.checksum("daily", *KNOWN)
        yield made
        assert made.checksum("daily", *KNOWN) == before  # the command line agrees, for all of them together


@pytest.fixture(scope="module")
def server(installation: Installation) -> Iterator[AppServer]:
    with installation.served() as running:
        yield running


@pytest.fixture(scope="module")
def cookie(server: AppServer) -> str:
    return cookie_of(server, "admin")


@contextmanager
def faulty(installation: Installation, fault: str) -> Iterator[None]:
    """The API answers every request with the fault."""
    installation.control("POST", "faults", {"faults": [fault], "times": 0})
    try:
        yield
    finally:
        installation.control("DELETE", "faults")


def last_run(installation: Installation, client: str) -> RunRecord:
    with installation.store() as store:
        return sync_health.runs(store, OPERATOR, (client,), 1)[0]


def answered(installation: Installation, client: str) -> list[object]:
    """The numbers of the days that were synced while the source was well, as `query daily` prints them."""
    with installation.store() as store:
        filters = Filters(Days(*KNOWN), (client,))
        table = exports.answer(store, Question(OPERATOR, filters), "daily", datetime.now(UTC)).table
    kept = [n for n, column in enumerate(table.columns) if column.canonical]
    return [tuple(row[n] for n in kept) for row in table.rows]


def nothing_leaked(installation: Installation, server: AppServer, *sent: bytes) -> None:
    """No key and no traceback: not in what was sent to the browser, the log or the database."""
    files = [path for path in installation.database.parent.iterdir() if path.is_file()]
    assert installation.database in files
    for content in (*sent, server.log_path.read_bytes()):
        assert LEAK.search(content) is None, LEAK.search(content)
    for path in files:
        assert KEY.encode() not in path.read_bytes(), path.name


@pytest.mark.parametrize(
    "case", [pytest.param(c, id=c.client, marks=() if c.fault in ORDINARY else pytest.mark.full) for c in CASES]
)
def test_a_fault_is_said_and_old_numbers_stay(
    installation: Installation, server: AppServer, cookie: str, case: Case
) -> None:
    before = answered(installation, case.client)
    assert before
    with faulty(installation, case.fault):
        with Visitor(server.url, link(*ASKED, case.client), cookie=cookie) as overview:
            overview.run()
            filled = last_run(installation, case.client)
        with Visitor(server.url, link(*ASKED, case.client), "sync-health", cookie=cookie) as page:
            page.run().press("Refresh now")
            refreshed = last_run(installation, case.client)

    assert (filled.trigger, filled.state) == ("page", case.fill), filled.message
    assert (refreshed.trigger, refreshed.state) == ("page", case.refresh), refreshed.message
    # A source that asked for a pause is left alone until it is over: the refresh then tells the last failure again.
    assert refreshed.run > filled.run or filled.resume_at is not None
    assert overview.metrics  # the old numbers are still on the page
    for visitor, run in ((overview, filled), (page, refreshed)):
        assert visitor.exceptions == []
        if run.state in ("failed", "suspicious"):
            said(visitor, case, run)
    if case.fill == "incomplete":
        told_as_missing(overview, case)
    assert answered(installation, case.client) == before
    nothing_leaked(installation, server, bytes(overview.received), bytes(page.received))


def said(visitor: Visitor, case: Case, run: RunRecord) -> None:
    """One line of the page says what happened and when it last worked, in words that the run remembers too."""
    lines = [line for line in visitor.alerts if "last worked" in line]
    assert lines, visitor.alerts
    assert all(re.search(case.said, line, re.IGNORECASE) for line in lines), lines
    assert all(line.startswith(case.client) and "Stored numbers stay as they are" in line for line in lines), lines
    assert re.search(case.said, run.message, re.IGNORECASE)
    print(f"{case.fault}: {lines[0]}")


def told_as_missing(visitor: Visitor, case: Case) -> None:
    """The page of the numbers says that they are not complete, and why."""
    lines = [line for line in visitor.alerts if re.search(case.said, line)]
    assert lines, visitor.alerts
    assert "impressions is negative" in lines[0], lines


@pytest.mark.browser
@pytest.mark.parametrize(
    ("client", "fault"),
    [pytest.param(*pair, marks=() if pair[1] == "500" else pytest.mark.full) for pair in IN_BROWSER.items()],
)
def test_in_a_browser_too_a_failing_refresh_is_one_calm_line(
    installation: Installation, server: AppServer, cookie: str, page: Page, client: str, fault: str
) -> None:
    page.context.add_cookies([{"name": COOKIE, "value": cookie, "url": server.url}])
    page.goto(f"{server.url}/?{link(*KNOWN, client)}")
    expect(page.get_by_test_id("stMetricValue").first).to_be_visible(timeout=60_000)
    before = settled(page)
    page.get_by_test_id("stTopNavSection").filter(has_text="Data").click()
    page.get_by_role("menuitem", name="Sync health").click()
    with faulty(installation, fault):
        page.get_by_role("button", name="Refresh now").click()
        line = page.get_by_test_id("stAlert").filter(has_text="it last worked").first
        expect(line).to_be_visible(timeout=60_000)
    expect(line).to_contain_text("Stored numbers stay as they are")
    assert last_run(installation, client).state == "failed"
    html = page.content()
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert settled(page) == before
    assert page.get_by_test_id("stException").count() == 0
    nothing_leaked(installation, server, html.encode(), page.content().encode())
