"""Many accounts at once: as many as were allowed and no more, in order within an account, and each failure its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Account, Days
from perfdash.domain.errors import AccessDenied, StoreError
from perfdash.domain.facts import Fetched
from perfdash.store import engine
from perfdash.store.engine import sqlite_module
from perfdash.store.opening import open_store
from perfdash.store.query import catalog, sync_health
from perfdash.sync.pool import Voice, sync_all
from perfdash.sync.run import INTERRUPTED, RunResult
from tests.fixtures.command_line import ROOT, RunCli, environment
from tests.store.builders import NOON, reader
from tests.store.ledger_kit import ACCOUNT, ACME, GLOBEX, OTHER, WEEK, Ledger, batch, fact, key, open_ledger

PATIENCE = 120
DAYS = ("--from", "2026-03-01", "--to", "2026-03-03")
ACCOUNTS = tuple(f"a{n}" for n in range(8))
SECRET = "many-accounts-key"


class Api:
    """A `performance_v1` source that keeps count of the requests in progress and answers as each account's story is."""

    def __init__(self) -> None:
        self.stories: dict[str, Callable[[], tuple[int, bytes]]] = {}
        self.meet: Callable[[], object] = lambda: None
        self.at_once = self.most_at_once = 0
        self.arrived = threading.Semaphore(0)
        self._lock = threading.Lock()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None: ...

            def do_GET(self) -> None:
                account = parse_qs(urlsplit(self.path).query)["client_id"][0]
                status, body = api.answer(account)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("X-Request-Id", f"id-of-{account}")
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]  a client that was stopped

    def answer(self, account: str) -> tuple[int, bytes]:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.arrived.release()
        try:
            self.meet()
            return self.stories.get(account, good)()
        except threading.BrokenBarrierError:
            return 400, b'{"detail": "nobody else came"}'
        finally:
            with self._lock:
                self.at_once -= 1


def good() -> tuple[int, bytes]:
    row = {"campaignId": "c", "platform": "TikTok", "date": "2026-03-01", "impressions": 1000, "clicks": 1, "cost": 2.5}
    return 200, json.dumps({"data": [row]}).encode()


@pytest.fixture
def api() -> Iterator[Api]:
    found = Api()
    threading.Thread(target=found.server.serve_forever, args=(0.05,), daemon=True).start()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def env(api: Api, tmp_path: Path) -> dict[str, str | None]:
    """Eight accounts of four clients."""
    clients = [f'[clients.client{n}]\nname = "C{n}"\ncurrency = "EUR"\ntime_zone = "Europe/Berlin"\n' for n in range(4)]
    source = (
        f'[sources.agency]\ntype = "performance_v1"\nbase_url = "http://127.0.0.1:{api.server.server_port}"\n'
        'key = { env = "MANY_KEY" }\nlimits = { attempts = 1 }\n'
    )
    keys = {"a5": 'key = { env = "KEY_OF_A5" }\n'}
    accounts = [
        f'[[sources.agency.accounts]]\nclient = "client{n // 2}"\naccount = "{name}"\n{keys.get(name, "")}'
        for n, name in enumerate(ACCOUNTS)
    ]
    (tmp_path / "many.toml").write_text("".join([*clients, source, *accounts]), encoding="utf-8")
    return {
        "PERFDASH_CONFIG": str(tmp_path / "many.toml"),
        "PERFDASH_DATABASE_URL": f"sqlite:///{tmp_path / 'many.db'}",
        "MANY_KEY": SECRET,
        "KEY_OF_A5": SECRET,
    }


def runs_of(said: str) -> dict[str, str]:
    return {run["account"].removeprefix("agency/"): run["state"] for run in json.loads(said)}


# --- over HTTP, from the command line


def test_four_accounts_are_asked_at_once_and_told_in_the_order_they_were_asked(
    api: Api, env: dict[str, str | None], call_cli: RunCli
) -> None:
    api.meet = threading.Barrier(4, timeout=PATIENCE).wait  # nobody is answered before four have asked
    done = call_cli("sync", *DAYS, "--format", "json", env=env)
    assert done.returncode == 0, done.stderr
    assert list(runs_of(done.stdout)) == list(ACCOUNTS)
    assert set(runs_of(done.stdout).values()) == {"committed"}
    assert api.most_at_once == 4


def test_with_one_job_no_two_accounts_are_ever_asked_at_once(
    api: Api, env: dict[str, str | None], call_cli: RunCli
) -> None:
    done = call_cli("sync", *DAYS, "--jobs", "1", "--format", "json", env=env)
    assert set(runs_of(done.stdout).values()) == {"committed"}
    assert api.most_at_once == 1


@pytest.mark.parametrize(
    ("story", "unset", "says"),
    [
        (lambda: (500, b"{}"), None, "answered 500"),
        (lambda: (200, b"\x00garbage"), None, "cannot be read"),
        (good, "KEY_OF_A5", "KEY_OF_A5 is not set"),
    ],
    ids=["500s", "garbage", "no key"],
)
def test_a_failing_account_leaves_the_other_seven_committed(
    api: Api, env: dict[str, str | None], call_cli: RunCli, story: Callable, unset: str | None, says: str
) -> None:
    api.stories["a5"] = story
    done = call_cli("sync", *DAYS, "--format", "json", env={**env, **({unset: None} if unset else {})})
    assert done.returncode == 1
    assert runs_of(done.stdout) == {name: "failed" if name == "a5" else "committed" for name in ACCOUNTS}
    assert says in next(run["message"] for run in json.loads(done.stdout) if run["account"] == "agency/a5")


def test_each_run_says_what_it_asked_also_one_that_failed(
    api: Api, env: dict[str, str | None], call_cli: RunCli
) -> None:
    api.stories["a1"] = lambda: (500, b"{}")
    done = call_cli("sync", *DAYS, "--client", "client0", "--format", "json", env=env)
    first, second = json.loads(done.stdout)
    assert [(run["requests"], run["retries"]) for run in (first, second)] == [(1, 0), (1, 0)]
    assert "id-of-a0" in first["log"][0] and "1 rows" in first["log"][0]
    assert "500" in second["log"][0] and "id-of-a1" in second["log"][0]
    assert SECRET not in done.stdout + done.stderr


def test_what_is_asked_of_the_store_says_how_old_the_failing_accounts_numbers_are(
    api: Api, env: dict[str, str | None], call_cli: RunCli
) -> None:
    first = json.loads(call_cli("sync", *DAYS, "--client", "client0", "--format", "json", env=env).stdout)
    api.stories["a1"] = lambda: (500, b"{}")
    second = json.loads(call_cli("sync", *DAYS, "--client", "client0", "--format", "json", env=env).stdout)
    asked = ("query", "campaigns", *DAYS, "--client", "client0", "--format", "json")
    rows = json.loads(call_cli(*asked, env=env).stdout)["rows"]
    told = {row["source"]: datetime.fromisoformat(row["fetched_at"]) for row in rows}
    fetched = [datetime.fromisoformat(run["fetched_at"]).replace(microsecond=0) for run in (second[0], first[1])]
    assert [told["agency/a0"].replace(microsecond=0), told["agency/a1"].replace(microsecond=0)] == fetched


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl+C"])
@pytest.mark.parametrize("watching", [False, True], ids=["once", "watch"])
def test_a_sync_that_is_stopped_closes_its_runs_begins_no_other_and_ends(
    api: Api, env: dict[str, str | None], tmp_path: Path, number: int, watching: bool
) -> None:
    never = threading.Event()
    api.meet = lambda: never.wait(PATIENCE * 4)
    process = subprocess.Popen(
        [sys.executable, "-m", "perfdash", "sync", *DAYS, *(["--watch"] if watching else [])],
        cwd=ROOT,
        env=environment(tmp_path, env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for _ in range(4):
            assert api.arrived.acquire(timeout=PATIENCE)
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        never.set()
    assert process.returncode == (0 if watching else 1), said
    assert "Stopped; 4 of 8 runs had not begun." in said
    assert "Traceback" not in said
    with closing(sqlite_module().connect(str(tmp_path / "many.db"))) as connection:
        assert connection.execute("SELECT state, message FROM runs").fetchall() == [("failed", INTERRUPTED)] * 4
        assert connection.execute("SELECT count(*) FROM leases").fetchone() == (0,)


@pytest.mark.parametrize("jobs", ["0", "33", "-1", "four", "1.5", "", "٣"])
def test_a_number_of_jobs_that_cannot_be_is_refused(jobs: str, call_cli: RunCli) -> None:
    done = call_cli("sync", f"--jobs={jobs}", env={"PERFDASH_CONFIG": None})
    assert done.returncode == 2
    assert "is not a number from 1 to 32" in done.stderr


# --- the round itself


@pytest.fixture
def led(migrated_url: str) -> Iterator[Ledger]:
    opened = open_ledger(migrated_url)
    catalog.register(opened.store, (ACME, GLOBEX), (ACCOUNT, OTHER, replace(ACCOUNT, external_id="acme-uk")), NOON)
    yield opened
    opened.store.close()


def bound(led: Ledger) -> tuple[Account, ...]:
    """acme-eu and acme-uk of one client, and globex-us."""
    return catalog.accounts(led.store, OPERATOR)


def answered(led: Ledger) -> Fetched:
    return Fetched(batch({key(): fact(1)}), led.clock(), led.clock(), requests=1)


def test_two_accounts_of_one_client_that_commit_together_take_their_revisions_one_after_the_other(led: Ledger) -> None:
    together = threading.Barrier(3, timeout=PATIENCE)

    def fetch(_account: Account, _days: Days) -> Fetched:
        together.wait()
        return answered(led)

    results = sync_all(replace(led.desk(), fetch=fetch), led.order(), [(a, WEEK) for a in bound(led)], jobs=3)
    assert [result.state for result in results] == ["committed"] * 3
    taken = [(result.account.client, result.revision) for result in results]
    assert sorted(taken) == [("acme", 1), ("acme", 2), ("globex", 1)]


def test_the_runs_of_one_account_go_one_after_another_in_their_order(led: Ledger) -> None:
    asked: dict[str, list[Days]] = {}
    weeks = [Days(day, day) for day in WEEK.each()]
    wanted = [(account, days) for days in weeks for account in bound(led)]

    def fetch(account: Account, days: Days) -> Fetched:
        asked.setdefault(account.external_id, []).append(days)
        return Fetched(batch({}), led.clock(), led.clock())

    results = sync_all(replace(led.desk(), fetch=fetch), led.order(), wanted, jobs=3)
    assert [(result.account, result.days) for result in results] == wanted
    assert asked == {account.external_id: weeks for account in bound(led)}


def test_an_exception_that_nobody_foresaw_is_the_failure_of_its_run_alone(
    led: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    def fetch(account: Account, _days: Days) -> Fetched:
        if account.external_id == "acme-eu":
            raise ZeroDivisionError("a text that could hold anything")
        return answered(led)

    results = sync_all(replace(led.desk(), fetch=fetch), led.order(), [(a, WEEK) for a in bound(led)])
    assert [result.state for result in results] == ["failed", "committed", "committed"]
    assert results[0].message == "An unexpected error (ZeroDivisionError) ended this run; nothing of it was stored."
    failed = next(run for run in sync_health.runs(led.store, led.order().principal) if run.state == "failed")
    assert failed.message == results[0].message
    assert "ZeroDivisionError" in caplog.text, "whoever runs it learns where"


def test_all_that_is_said_is_said_by_the_thread_that_asked(led: Ledger) -> None:
    threads: list[str] = []

    def heard(*_: object) -> None:
        threads.append(threading.current_thread().name)

    desk = replace(led.desk(), fetch=lambda _a, _d: answered(led), progress=heard)
    sync_all(desk, led.order(), [(a, WEEK) for a in bound(led)], voice=Voice(told=heard))
    assert threads == [threading.current_thread().name] * 9


def test_a_page_that_is_left_lets_what_is_in_progress_end_and_begins_no_more(led: Ledger) -> None:
    class Left(BaseException):
        """As Streamlit ends a script."""

    def leave(_result: RunResult) -> None:
        raise Left

    desk = replace(led.desk(), fetch=lambda _a, _d: answered(led))
    with pytest.raises(Left):
        sync_all(desk, led.order(), [(a, WEEK) for a in bound(led)], jobs=1, voice=Voice(told=leave))
    states = [run.state for run in sync_health.runs(led.store, led.order().principal)]
    assert "running" not in states


def test_what_a_stopped_run_still_brings_is_not_stored(led: Ledger) -> None:
    asked, stopped = threading.Event(), threading.Event()

    def fetch(_account: Account, _days: Days) -> Fetched:
        asked.set()
        assert stopped.wait(PATIENCE)
        return answered(led)

    desk = replace(led.desk(), fetch=fetch)
    results = sync_all(desk, led.order(), [(led.account, WEEK)], voice=Voice(stopped=asked.is_set))
    stopped.set()
    for thread in threading.enumerate():
        if thread.name.startswith("perfdash-sync"):
            thread.join(PATIENCE)
    assert [(result.state, result.message) for result in results] == [("failed", INTERRUPTED)]
    assert [(result.run, result.fetched_at is None) for result in results] == [(1, False)], "as the store has it"
    assert led.runs() == [(1, "failed", INTERRUPTED)]
    assert led.current() == {}
    led.api.answer = batch({key(): fact(1)})
    assert led.sync(led.api.answer).state == "committed", "its lease was given back"


def test_a_dry_run_that_is_stopped_is_told_too_although_no_store_knows_of_it(led: Ledger) -> None:
    asked, stopped = threading.Event(), threading.Event()

    def fetch(_account: Account, _days: Days) -> Fetched:
        asked.set()
        assert stopped.wait(PATIENCE)
        return answered(led)

    desk, order = replace(led.desk(), fetch=fetch), led.order(dry_run=True)
    results = sync_all(desk, order, [(led.account, WEEK)], voice=Voice(stopped=asked.is_set))
    stopped.set()
    assert [(result.state, result.message, result.run) for result in results] == [("failed", INTERRUPTED, None)]
    assert led.runs() == []


def test_nobody_has_accounts_synced_that_they_may_not_see(led: Ledger) -> None:
    with pytest.raises(AccessDenied):
        sync_all(led.desk(), led.order(principal=reader("globex")), [(led.account, WEEK)])
    assert led.api.asked == []


def test_threads_that_write_wait_for_each_other_however_long_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0)  # SQLite itself would refuse at once
    store = open_store(f"sqlite:///{tmp_path / 'many.db'}")
    failed: list[StoreError] = []

    def write() -> None:
        try:
            for _ in range(40):
                with store.writing() as connection:
                    connection.exec_driver_sql("UPDATE clients SET name = name")
        except StoreError as error:
            failed.append(error)

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    store.close()
    assert failed == []
