"""Killing a real `python -m perfdash sync` at a chosen moment, and looking at what it leaves in its store."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg
from sqlalchemy import select

from perfdash import exports
from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Days
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.presentation import tables
from perfdash.store import schema
from perfdash.store.engine import Store, sqlite_module, sqlite_path
from perfdash.store.maintenance import check as store_check
from perfdash.store.opening import open_store
from tests.crash.restating_api import FIRST_DAY, KEY, RestatingApi
from tests.fixtures.command_line import environment

Key = tuple[str, int]
"""(client, account number)"""
Row = tuple[Any, ...]
FETCHING, APPLYING = ": fetching", ": applying"


@dataclass
class Ended:
    """A sync that ended, by itself or not. `inside`: it held a write transaction of its own when it was stopped."""

    code: int
    lines: list[tuple[float, str]] = field(default_factory=list)
    inside: bool = False

    def applying(self) -> list[float]:
        """How long each run applied, in seconds, in the order of the runs."""
        found: list[float] = []
        for (then, line), (at, _) in zip(self.lines, self.lines[1:], strict=False):
            if line.endswith(APPLYING):
                found.append(at - then)
        return found

    def whole(self) -> float:
        """From the first request to the last line, in seconds."""
        return self.lines[-1][0] - self.lines[0][0] if self.lines else 0.0


@dataclass(frozen=True)
class Project:
    """A private copy of the project with a configuration; its syncs are processes of their own."""

    root: Path
    config: Path
    home: Path
    api: RestatingApi

    def popen(self, url: str, *arguments: str) -> subprocess.Popen[str]:
        changes = {"PERFDASH_CONFIG": str(self.config), "PERFDASH_DATABASE_URL": url, "CRASH_KEY": KEY}
        return subprocess.Popen(
            [sys.executable, "-m", "perfdash", *arguments],
            cwd=self.root,
            env=environment(self.home, changes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def sync(self, url: str) -> Ended:
        """One sync of everything that nobody disturbs."""
        return _followed(self._start(url), lambda _ended, _line: None)

    def sync_killed_at(self, url: str, seconds: float) -> Ended:
        """The same, killed so long after its first request was announced; `seconds` below zero: after its start."""
        process = self._start(url)
        if seconds < 0:
            threading.Timer(-seconds, process.kill).start()
            return _followed(process, lambda _ended, _line: None)
        timers: list[threading.Timer] = []

        def watch(_ended: Ended, line: str) -> None:
            if line.endswith(FETCHING) and not timers:
                timers.append(threading.Timer(seconds, process.kill))
                timers[0].start()

        return _followed(process, watch)

    def sync_killed_applying(self, url: str, which: int, seconds: float) -> Ended:
        """The same, killed so long after run number `which` (from 0) said that it applies its answer."""
        process = self._start(url)

        def watch(ended: Ended, line: str) -> None:
            if line.endswith(APPLYING) and sum(said.endswith(APPLYING) for _, said in ended.lines) == which + 1:
                time.sleep(seconds)
                ended.inside = _stopped(process) and _holds_a_transaction(url)
                process.kill()

        return _followed(process, watch)

    def _start(self, url: str) -> subprocess.Popen[str]:
        return self.popen(url, "sync", "--jobs", "1", "--from", str(FIRST_DAY), "--to", str(self.api.last_day))


def _followed(process: subprocess.Popen[str], watch: Callable[[Ended, str], None]) -> Ended:
    ended = Ended(0)
    assert process.stderr is not None
    for line in process.stderr:
        ended.lines.append((time.monotonic(), line.rstrip("\n")))
        watch(ended, line.rstrip("\n"))
    ended.code = process.wait(120)
    process.stderr.close()
    return ended


def _stopped(process: subprocess.Popen[str]) -> bool:
    """Freeze the process, so that what it holds can be looked at before it is killed. False when it had ended."""
    process.send_signal(signal.SIGSTOP)
    if process.returncode is not None:  # it ended by itself just before, and send_signal noticed
        return False
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        status = psutil.Process(process.pid).status()
        if status in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE):
            return status == psutil.STATUS_STOPPED
    return False


def _holds_a_transaction(url: str) -> bool:
    """True when somebody is inside a write transaction of this database; in these tests only one could be."""
    path = sqlite_path(url)
    if path is None:
        return _others(url, "AND backend_xid IS NOT NULL") > 0
    module = sqlite_module()
    connection = module.connect(str(path), timeout=0, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except module.OperationalError as error:
        return "locked" in str(error)
    finally:
        connection.close()
    return False


def _others(url: str, condition: str = "") -> int:
    statement = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        f" AND backend_type = 'client backend' {condition}"
    )
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
        found = connection.execute(statement).fetchone()
    assert found is not None
    return int(found[0])


def let_the_server_notice(url: str) -> None:
    """PostgreSQL ends the session of a killed client when it next looks at the socket; SQLite has no server."""
    deadline = time.monotonic() + 120
    while sqlite_path(url) is None and _others(url):
        assert time.monotonic() < deadline, "the server keeps the session of a killed process"
        time.sleep(0.02)


@dataclass
class Contents:
    """All that a store knows, without instants and without the numbers of runs."""

    accounts: dict[Key, dict[str, list[Row]]]
    revisions: list[Row]
    last: dict[str, int]
    runs: list[Row]
    leases: int


_PARTS = (schema.facts, schema.fact_history, schema.campaigns, schema.creators)


def contents(store: Store) -> Contents:
    """Read it all in one transaction."""
    accounts: dict[Key, dict[str, list[Row]]] = defaultdict(lambda: {table.name: [] for table in _PARTS})
    r = schema.revisions.c
    with store.reading() as connection:
        for key in connection.execute(select(schema.accounts.c.client_id, schema.accounts.c.account_id)):
            accounts[tuple(key)]
        for table in _PARTS:
            whose = [table.c.client_id, table.c.account_id]
            for row in connection.execute(select(*whose, *table.columns).order_by(*table.primary_key.columns)):
                accounts[row[0], row[1]][table.name].append(tuple(row[2:]))
        c = schema.runs.c
        runs = connection.execute(
            select(c.client_id, c.account_id, c.run_id, c.state, c.revision).order_by(c.started_at)
        )
        revisions = connection.execute(
            select(r.client_id, r.revision, r.kind, r.author).order_by(r.client_id, r.revision)
        )
        return Contents(
            dict(accounts),
            [tuple(row) for row in revisions],
            {
                row[0]: row[1]
                for row in connection.execute(select(schema.clients.c.client_id, schema.clients.c.revision))
            },
            [tuple(row) for row in runs],
            len(connection.execute(select(schema.leases)).all()),
        )


def opened(url: str) -> Store:
    """The store, as any command opens it."""
    return open_store(url)


def problems(store: Store) -> list[str]:
    """What `db check` finds."""
    return [f"{found.check}: {found.problem}" for found in store_check.check(store, OPERATOR) if found.problem]


def answers_as_of(store: Store, days: Days) -> dict[tuple[str, int, str], str]:
    """(client, revision, view) -> checksum of the answer as of the moment of that revision."""
    r = schema.revisions.c
    with store.reading() as connection:
        moments = connection.execute(select(r.client_id, r.revision, r.at)).all()
    found = {}
    for client, revision, at in moments:
        for view in ("campaigns", "daily"):
            answer = exports.answer(store, Question(OPERATOR, Filters(days, (client,)), at), view, datetime.now(UTC))
            found[client, revision, view] = tables.sha256(answer.table)
    return found
