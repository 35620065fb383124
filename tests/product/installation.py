"""An installation as an operator makes one: a project folder, perfdash.toml, a key in the environment, users, an API.

The API is the reference one on a port of its own, with a key of its own, in a process of its own.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from perfdash.demo.accounts import DEMO_ACCOUNTS, DEMO_CLIENTS
from perfdash.demo.process import RunningApi
from perfdash.domain.access import OPERATOR, UserRole
from perfdash.store.auth import users
from perfdash.store.engine import Store
from perfdash.store.opening import open_store
from tests.fixtures.app import AppServer, copy_project, serving
from tests.fixtures.command_line import environment
from tests.fixtures.socket_client import Visitor

PASSWORD = "correct horse battery"
KEY = f"sk-live-{secrets.token_hex(12)}"
"""A key that occurs nowhere else, so that finding it anywhere is a leak."""
HISTORY_DAYS = 180


def ago(days: int) -> date:
    """The day that many days before the app's today (UTC; every configured account is asked in UTC)."""
    return datetime.now(UTC).date() - timedelta(days=days)


def link(first: date, last: date, *clients: str, **more: str) -> str:
    """The query string of a custom range."""
    pairs = [("client", client) for client in clients] + [("range", "Custom"), ("dates", str(first))]
    return urlencode([*pairs, ("dates", str(last)), *more.items()])


def demo_configuration(url: str) -> str:
    """The six clients of the reference API and their seven accounts, as one source."""
    lines = []
    for client in DEMO_CLIENTS:
        lines += [
            f"[clients.{client.slug}]",
            f'name = "{client.name}"',
            f'currency = "{client.currency}"',
            'time_zone = "UTC"',
        ]
    lines += ["[sources.agency]", *_source(url)]
    for account in DEMO_ACCOUNTS:
        lines += ["[[sources.agency.accounts]]", f'client = "{account.client}"', f'account = "{account.external_id}"']
    return "\n".join(lines)


def one_client_each(url: str, names: Iterable[str], account: str, currency: str, lenient: Collection[str] = ()) -> str:
    """A client and a source of its own per name, all asking for the same account; quick to give up.

    Those of `lenient` may have any row refused.
    Whose fault is a rate limit asks by another name of the same host: a limit holds all that share host and key.
    """
    lines = []
    for name in names:
        at = url.replace("127.0.0.1", "localhost") if "429" in name else url
        lines += [f"[clients.{name}]", f'name = "{name}"', f'currency = "{currency}"', 'time_zone = "UTC"']
        refusing = ["refuse_at_most = 100"] if name in lenient else []
        lines += [
            f"[sources.{name}]",
            *_source(at),
            *refusing,
            f"[sources.{name}.limits]",
            "attempts = 2",
            "total_seconds = 3",
        ]
        lines += [f"[[sources.{name}.accounts]]", f'client = "{name}"', f'account = "{account}"']
    return "\n".join(lines)


def _source(url: str) -> list[str]:
    return [
        'type = "performance_v1"',
        f'base_url = "{url}"',
        'key = { env = "CUSTOM_ANALYTICS_API_KEY" }',
        "settlement_days = 7",
        f"history_days = {HISTORY_DAYS}",
    ]


@dataclass
class Installation:
    """A project of its own, and the API that it asks."""

    root: Path
    api: RunningApi
    env: dict[str, str | None] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.root / "data" / "perfdash.db"

    @property
    def url(self) -> str:
        """Its URL."""
        return f"sqlite:///{self.database}"

    def cli(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> subprocess.CompletedProcess[str]:
        """`python -m perfdash ...` in this installation."""
        done = subprocess.run(
            [sys.executable, "-m", "perfdash", *arguments],
            cwd=self.root,
            env=environment(self.root.parent, {**self.env, **(env or {})}),
            input="",
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=170,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert KEY not in done.stdout + done.stderr
        return done

    def good(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> str:
        """The same, for what must succeed; its standard output."""
        done = self.cli(*arguments, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def checksum(self, view: str, first: date, last: date) -> str:
        """The checksum that `query --format json` gives of an answer's numbers."""
        said = self.good("query", view, "--from", str(first), "--to", str(last), "--format", "json")
        return str(json.loads(said)["perfdash"]["sha256"])

    def query(self, view: str, first: date, last: date, *more: str) -> Any:
        """`query --format json` without what says when it was asked."""
        found = json.loads(self.good("query", view, "--from", str(first), "--to", str(last), *more, "--format", "json"))
        return {name: part for name, part in found.items() if name != "perfdash"}

    def add_users(self, *added: tuple[str, UserRole, tuple[str, ...]]) -> None:
        """Users (name, role, clients) who sign in with PASSWORD: the first by `users add`, the others as it does."""
        name, role, clients = added[0]
        granted = [part for client in clients for part in ("--client", client)]
        self.good("users", "add", name, "--role", role, *granted, env={"PERFDASH_NEW_PASSWORD": PASSWORD})
        with self.store() as store:
            for name, role, clients in added[1:]:
                users.add_user(store, OPERATOR, name, PASSWORD, role, datetime.now(UTC), clients=clients, rounds=4)

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The installation's store, opened beside whoever else uses it."""
        store = open_store(self.url)
        try:
            yield store
        finally:
            store.close()

    @contextmanager
    def served(self) -> Iterator[AppServer]:
        """The app, without its own watch: only pages and the test itself ask the API."""
        with serving(self.root, self.root.parent, {**self.env, "PERFDASH_WATCH": "0"}) as server:
            yield server

    def control(self, method: str, what: str, body: Any = None) -> Any:
        """The API's switches: clock, faults, log."""
        answer = httpx.request(
            method,
            f"{self.api.url}/_control/{what}",
            json=body,
            timeout=30,
            headers={"Authorization": f"Bearer {self.api.key}"},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def requests(self) -> list[dict[str, Any]]:
        """What the API was asked since its log was emptied."""
        return list(self.control("GET", "log")["requests"])


def installed(folder: Path, api: RunningApi, configuration: str) -> Installation:
    """A new installation with this perfdash.toml and the API's key in the environment."""
    root = copy_project(folder / "project")
    (root / "perfdash.toml").write_text(configuration, encoding="utf-8")
    return Installation(root, api, {"CUSTOM_ANALYTICS_API_KEY": api.key})


def cookie_of(server: AppServer, username: str) -> str:
    """Sign in over the socket, on a page that fetches nothing, and give the cookie that a browser would hold."""
    with Visitor(server.url, page="sync-health") as visitor:
        visitor.run().sign_in(username, PASSWORD)
        assert not visitor.is_signed_out, visitor.alerts
        return visitor.redeem()
