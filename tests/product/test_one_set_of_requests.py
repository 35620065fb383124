"""Many people ask for the same days at the same moment: the source is asked once, whatever happens to the caches."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import date
from math import ceil

import httpx
import pytest

from perfdash.demo.accounts import DEMO_ACCOUNTS
from perfdash.demo.process import start
from perfdash.domain.access import OPERATOR
from perfdash.store.query import sync_health
from tests.fixtures.app import AppServer
from tests.fixtures.socket_client import Visitor
from tests.product.installation import KEY, Installation, ago, cookie_of, demo_configuration, installed, link

SCOPES = ("admin", "ann", "hoshi-user")
PAGE_SIZE = 1000


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Six clients, seven accounts, nothing synced yet; an admin, an analyst of two clients and one client's user."""
    with start(key=KEY) as api:
        made = installed(tmp_path_factory.mktemp("one-set"), api, demo_configuration(api.url))
        made.add_users(
            ("admin", "admin", ()), ("ann", "analyst", ("nordlicht", "solvane")), ("hoshi-user", "client", ("hoshi",))
        )
        yield made


@pytest.fixture(scope="module")
def server(installation: Installation) -> Iterator[AppServer]:
    with installation.served() as running:
        yield running


@pytest.fixture(scope="module")
def cookies(server: AppServer) -> dict[str, str]:
    """A session of each scope, as browsers hold them: what is opened with one starts on the page itself."""
    return {name: cookie_of(server, name) for name in SCOPES}


@contextmanager
def _slow_api(installation: Installation) -> Iterator[None]:
    """Each account's answer takes a second, so that whoever asks at the same moment meets a fetch in progress."""
    installation.control("POST", "faults", {"faults": ["stall:1"], "match": {"page": "1"}, "times": 0})
    installation.control("DELETE", "log")
    yield
    installation.control("DELETE", "faults")


@contextmanager
def _somebody_clears_the_caches(server: AppServer) -> Iterator[list[int]]:
    """A stranger, not even signed in, who empties the server's caches without pause; gives how often so far."""
    done, times = threading.Event(), [0]

    def clearing() -> None:
        with Visitor(server.url) as stranger:
            while not done.wait(0.05):
                stranger.clear_cache()
                times[0] += 1

    thread = threading.Thread(target=clearing)
    thread.start()
    try:
        yield times
    finally:
        done.set()
        thread.join()


def _opened_at_once(server: AppServer, cookies: dict[str, str], sessions: int, query: str) -> list[tuple[str, Visitor]]:
    """Sockets of all scopes in turn, whose first runs all begin at the same moment; once every one has ended."""
    names = [SCOPES[n % len(SCOPES)] for n in range(sessions)]
    barrier = threading.Barrier(sessions)

    def opened(name: str) -> Visitor:
        visitor = Visitor(server.url, query, cookie=cookies[name])
        barrier.wait()
        return visitor.run(patience=170)

    with ThreadPoolExecutor(sessions) as pool:
        return list(zip(names, pool.map(opened, names), strict=True))


def _pages_of_one_set(installation: Installation, first: date, last: date) -> Counter[tuple[str, str]]:
    """(account, page) -> 1 for all that one careful client has to ask; counted by asking once, after the test."""
    found: Counter[tuple[str, str]] = Counter()
    headers = {"Authorization": f"Bearer {KEY}"}
    for account in DEMO_ACCOUNTS:
        params = {"client_id": account.external_id, "start_date": str(first), "end_date": str(last)}
        answer = httpx.get(f"{installation.api.url}/v1/performance", params=params, headers=headers, timeout=60).json()
        for page in range(1, ceil(answer["page_info"]["total_number"] / PAGE_SIZE) + 1):
            found[account.external_id, str(page)] += 1
    return found


@pytest.mark.parametrize(
    "meddling",
    [False, pytest.param(True, marks=pytest.mark.full)],  # the gate lets no such message through to the caches
    ids=["undisturbed", "while the caches are cleared"],
)
def test_ten_sessions_of_three_scopes_cause_one_set_of_requests(
    installation: Installation, server: AppServer, cookies: dict[str, str], meddling: bool, full: bool
) -> None:
    first, last = (ago(80), ago(2)) if meddling else (ago(170), ago(92))
    sessions = 30 if full else 10
    with ExitStack() as stack:
        stack.enter_context(_slow_api(installation))
        cleared = stack.enter_context(_somebody_clears_the_caches(server)) if meddling else [0]
        began = time.monotonic()
        opened = _opened_at_once(server, cookies, sessions, link(first, last))
        took = time.monotonic() - began
        times = cleared[0]
        asked = installation.requests()
    try:
        by_page = Counter((one["query"]["client_id"], one["query"].get("page", "1")) for one in asked)
        assert {(one["query"]["start_date"], one["query"]["end_date"]) for one in asked} == {(str(first), str(last))}
        assert by_page == _pages_of_one_set(installation, first, last)
        assert max(int(page) for _, page in by_page) > 1  # several pages each, or paging would prove nothing
        print(
            f"{sessions} sessions, {len(asked)} requests for {len(DEMO_ACCOUNTS)} accounts, caches cleared "
            f"{times} times, {took:.1f} s"
        )
        _all_show_the_numbers(installation, opened, first, last)
        assert not meddling or times > sessions
    finally:
        for _, visitor in opened:
            visitor.close()


def _all_show_the_numbers(
    installation: Installation, opened: list[tuple[str, Visitor]], first: date, last: date
) -> None:
    expected = {}
    for name in SCOPES:
        shown: Counter[str] = Counter()
        for row in installation.query("overview", first, last, "--as", name)["rows"]:
            shown[row["currency"]] += int(row["impressions"])
        expected[name] = max(shown.values())  # of the currency that the page shows first
    for name, visitor in opened:
        assert (visitor.exceptions, visitor.alerts) == ([], []), name
        # The tiles come before the clients' own figures.
        helps = {label: text for label, _, text in reversed(visitor.metrics)}
        assert f"{expected[name]:,}." in helps["Impressions"], (name, expected, helps)
    assert len(set(expected.values())) == len(SCOPES)
    _one_run_per_account_and_range(installation, first, last)


def _one_run_per_account_and_range(installation: Installation, first: date, last: date) -> None:
    with installation.store() as store:
        runs = [
            run for run in sync_health.runs(store, OPERATOR, (), 1000) if (run.day_from, run.day_to) == (first, last)
        ]
    assert len({(run.client, run.account) for run in runs}) == len(DEMO_ACCOUNTS)
    assert [run.state for run in runs] == ["committed"] * len(DEMO_ACCOUNTS)
