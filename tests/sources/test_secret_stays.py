"""The key of a source appears nowhere, whatever the source does with it: no log, error, traceback, database, export."""

from __future__ import annotations

import io
import json
import logging
import os
import random
import shutil
import sqlite3
import sys
import traceback
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from unittest import mock

import pytest

from perfdash.cli import main
from perfdash.commands import context
from perfdash.config import settings as configuration
from perfdash.config.source import Source
from perfdash.demo.accounts import DEMO
from perfdash.domain.accounts import Days
from perfdash.domain.errors import RunFailed
from perfdash.sources.client import fetch
from perfdash.sources.request import Signed, masked_key
from tests.fixtures.command_line import environment
from tests.sources.echoes import AUTHS, DAY, PLAIN, UGLY, closed_port, faults, found_in, names, tables
from tests.sources.loopback import ACCOUNT, Hours, Loopback, said
from tests.sources.routed import KEY_NAME, Routed, configured, entry

DAYS = Days(date.fromisoformat(DAY), date.fromisoformat(DAY))
SOME = [
    "query",
    "basic",
    *(pytest.param(one, marks=pytest.mark.full) for one in AUTHS if one not in ("query", "basic")),
]
"""Where a key is written into an address, and where it is encoded: the two that leak most easily."""
LOGGERS = (
    "",
    "perfdash",
    "httpx",
    "httpcore",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.proxy",
    "sqlalchemy",
)


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """As an operator does who looks for a fault: every logger at DEBUG."""
    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, logger=name or None)
    return caplog


@pytest.fixture
def server() -> Iterator[Routed]:
    with Routed(lambda _asked: b"") as running:
        yield running


def source_of(url: str, auth: str, key: str) -> Source:
    return configured("custom", url, key, limits={"attempts": 2}, **tables(auth))


def outcome_of(source: Source) -> str:
    """Everything that one fetch says of itself, as an error report would hold it: with all causes and all variables."""
    hours = Hours()
    lines: list[str] = []
    try:
        found = fetch(
            source,
            ACCOUNT,
            DAYS,
            clock=hours.clock,
            sleep=hours.sleep,
            rng=random.Random(1),
            monotonic=hours.monotonic,
            progress=lines.append,
        )
    except RunFailed as error:
        assert error.__cause__ is None and error.__context__ is None  # noqa: PT017  every caller goes on from here
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        told = [*report.format(), repr(error), str(error), repr(error.args), repr(vars(error)), repr(error.trail)]
        return "\n".join([*told, *lines])
    return "\n".join([repr(found), *found.log, *lines])


@pytest.mark.parametrize(
    ("auth", "key", "name"),
    [(auth, key, name) for auth, key in [*((auth, UGLY) for auth in AUTHS), ("bearer", PLAIN)] for name in names(auth)],
)
def test_no_answer_brings_the_key_into_an_error_a_log_or_a_fact(
    auth: str,
    key: str,
    name: str,
    server: Routed,
    everything_logged: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    server._handler = faults(key, lambda: server.targets[-1])[name]
    told = outcome_of(source_of(server.url, auth, key))
    assert server.asked, "the fault was met"
    shown = capfd.readouterr()
    assert found_in(f"{told}\n{everything_logged.text}\n{shown.out}\n{shown.err}", key) == []


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_failed_connection_brings_it_out_either(
    auth: str, scheme: str, server: Routed, everything_logged: pytest.LogCaptureFixture
) -> None:
    """Nobody listens there; or who does speaks no TLS."""
    for address in (
        f"{scheme}://127.0.0.1:{closed_port()}",
        server.url.replace("http:", "https:"),
        f"{scheme}://[::1]:1",
    ):
        told = outcome_of(source_of(address, auth, UGLY))
        assert "agency/acme-eu" in told
        assert found_in(told + everything_logged.text, UGLY) == []


PAGINGS = {
    "cursors that are the key": ({"type": "cursor", "next": "next"}, {"at": "{cursor}"}),
    "links that are the key": ({"type": "link_header"}, {}),
}


@pytest.mark.parametrize("key", [UGLY, PLAIN])
@pytest.mark.parametrize(("paging", "params"), PAGINGS.values(), ids=PAGINGS)
@pytest.mark.parametrize(
    "there",
    ["{key}", "https://{key}/", "https://{key}.example.com/", "//user:{key}@host/", "x {key}", "/report?k={key}"],
)
def test_no_next_page_brings_it_out(
    paging: dict[str, str],
    params: dict[str, str],
    there: str,
    key: str,
    server: Routed,
    everything_logged: pytest.LogCaptureFixture,
) -> None:
    next_one = there.format(key=key)
    server._handler = lambda _asked: said(
        {"items": [], "next": next_one}, Link=f'<{next_one}>; rel="next"; title="{key}"'
    )
    request = {"path": "/report", "params": {"from": "{start}", "to": "{end}", **params}}
    told = outcome_of(
        configured("custom", server.url, key, **(tables("bearer") | {"paging": paging, "request": request}))
    )
    assert "agency/acme-eu" in told
    assert found_in(told + everything_logged.text, key) == []


@pytest.mark.parametrize("auth", AUTHS)
def test_the_key_travels_in_its_one_place_only(auth: str, server: Routed) -> None:
    server._handler = lambda _asked: said({"items": [entry(day=DAY)], "total": 1})
    outcome_of(source_of(server.url, auth, UGLY))
    (asked,) = server.asked
    places = [name for name, value in (asked.headers | asked.query).items() if found_in(value, UGLY)]
    expected = {"bearer": "authorization", "header": "x-api-key", "query": "api_key", "basic": "authorization"}[auth]
    assert places == [expected]
    assert bool(found_in(server.targets[0], UGLY)) is (auth == "query")


@pytest.mark.parametrize("auth", AUTHS)
def test_printing_what_holds_the_key_shows_its_name_only(auth: str) -> None:
    source = source_of("http://127.0.0.1:1", auth, UGLY)
    masked = replace(source, key=masked_key(source.config.auth, source.key))
    signed = Signed(source.config.auth, source.key)
    printed = [f"{one!r} {one!s}" for one in (source, masked, source.key, masked.key, source.config, signed)]
    assert found_in(" ".join(printed), UGLY) == []
    assert KEY_NAME in repr(source)


# The whole program on a real file


@dataclass
class Office:
    """An installation with one source for each fault, and what its commands printed."""

    root: Path
    key: str
    printed: list[str] = field(default_factory=list)

    def __call__(self, *arguments: str) -> int:
        """Run one command in this process, so that its logs are seen; whatever it prints is kept."""
        out, err = io.StringIO(), io.StringIO()
        names = {"PERFDASH_CONFIG": "perfdash.toml", "PERFDASH_DATABASE_URL": f"sqlite:///{self.root / 'store.db'}"}
        with (
            mock.patch.dict(os.environ, environment(self.root, {**names, KEY_NAME: self.key}), clear=True),
            mock.patch.object(context, "ROOT", self.root),
            mock.patch.object(sys, "stdin", io.StringIO()),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                return main(arguments)
            finally:
                self.printed.append(f"$ {' '.join(arguments)}\n{out.getvalue()}{err.getvalue()}")

    def settings(self) -> configuration.Settings:
        """As every command reads them."""
        return configuration.load(self.root, {"PERFDASH_CONFIG": "perfdash.toml", KEY_NAME: self.key}, DEMO)


def toml(auth: str, number: int, url: str) -> str:
    """One source of a perfdash.toml with one account of its own."""
    said_of = tables(auth)
    lines = [
        f"[sources.s{number}]",
        'type = "custom"',
        f'base_url = "{url}"',
        f'key = {{ env = "{KEY_NAME}" }}',
        "overlap = true",
    ]
    lines += [
        f"{name} = {_inline(said_of[name])}" for name in ("auth", "request", "paging", "records", "fields", "outcomes")
    ]
    lines += [
        "limits = { attempts = 1 }",
        f"[[sources.s{number}.accounts]]",
        'client = "acme"',
        f'account = "a{number}"',
        "",
    ]
    return "\n".join(lines)


def _inline(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_inline(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)


@pytest.fixture
def template(request: pytest.FixtureRequest) -> Path:
    """A database file with the newest schema and no rows."""
    found: Path = request.getfixturevalue("_sqlite_template")
    return found


@pytest.fixture
def servers() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def told_in_rows(auth: str) -> list[str]:
    """The faults that reach the database, and one that does not."""
    return [name for name in names(auth) if name.startswith(("rows with", "401"))]


def open_office(root: Path, template: Path, auth: str, key: str, servers: ExitStack, met: list[str]) -> Office:
    """One source, one server and one account for each fault, and one that works."""
    text = '[clients.acme]\nname = "Acme"\ncurrency = "EUR"\ntime_zone = "Europe/Berlin"\n'
    for number, name in enumerate(met):
        server = servers.enter_context(Routed(lambda _asked: b""))
        server._handler = faults(key, lambda there=server: there.targets[-1])[name]
        text += toml(auth, number, server.url)
    good = servers.enter_context(Loopback(said({"items": [entry(day=DAY, name="Spring")], "total": 1})))
    text += toml(auth, 900, good.url) + toml(auth, 901, f"http://127.0.0.1:{closed_port()}")
    (root / "perfdash.toml").write_text(text, encoding="utf-8")
    shutil.copyfile(template, root / "store.db")
    return Office(root, key)


def dumped(root: Path) -> str:
    """The database as SQL, and every byte of its files: what was written over may still stand in them."""
    raw = b"".join(path.read_bytes() for path in sorted(root.glob("store.db*")))
    with closing(sqlite3.connect(root / "store.db")) as connection:
        return "\n".join(connection.iterdump()) + raw.decode("latin-1")


@pytest.mark.parametrize("auth", SOME)
def test_no_command_no_file_and_no_log_of_an_installation_holds_it(
    auth: str, tmp_path: Path, template: Path, servers: ExitStack, everything_logged: pytest.LogCaptureFixture
) -> None:
    key = PLAIN if auth == "header" else UGLY
    met = names(auth) if auth == "query" else told_in_rows(auth)
    office = open_office(tmp_path, template, auth, key, servers, met)
    assert office("sync", "--from", DAY, "--to", DAY, "--jobs", "4") == 1
    assert found_in(dumped(tmp_path), key) == []
    assert office("sync", "--from", DAY, "--to", DAY, "--format", "json", "--jobs", "4") == 1
    assert office("sync", "--from", DAY, "--to", DAY, "--dry-run") == 1
    for view in ("overview", "campaigns", "creators", "daily"):
        for written in ("table", "csv", "json"):
            assert office("query", view, "--from", DAY, "--to", DAY, "--format", written) == 0
    assert office("doctor") in (0, 1)
    assert office("db", "check") == 0
    assert office("db", "backup", str(tmp_path / "backup.db")) == 0
    assert office("db", "export", str(tmp_path / "bundle")) == 0
    assert found_in((tmp_path / "backup.db").read_bytes().decode("latin-1"), key) == []
    with zipfile.ZipFile(tmp_path / "bundle") as bundle:
        assert found_in("\n".join(bundle.read(name).decode() for name in bundle.namelist()), key) == []
    for said_of in office.printed:
        assert found_in(said_of, key) == [], said_of
    assert found_in(everything_logged.text, key) == []
    assert found_in(repr(office.settings()) + str(office.settings()), key) == []
    assert found_in(dumped(tmp_path), key) == []
    assert "Spring" in dumped(tmp_path)


@pytest.mark.parametrize("auth", SOME)
def test_a_source_that_is_checked_shows_the_name_of_its_key_only(
    auth: str, tmp_path: Path, template: Path, servers: ExitStack, everything_logged: pytest.LogCaptureFixture
) -> None:
    office = open_office(tmp_path, template, auth, UGLY, servers, told_in_rows(auth))
    for name in sorted(office.settings().sources):
        for more in ((), ("--live",), ("--live", "--format", "json"))[:: 1 if name == "s900" else 2]:
            assert office("check-source", name, "--from", DAY, "--to", DAY, *more) in (0, 1), office.printed[-1]
    for said_of in office.printed:
        assert found_in(said_of, UGLY) == [], said_of
    assert found_in(everything_logged.text, UGLY) == []
    assert all(KEY_NAME in said_of for said_of in office.printed if "--live" not in said_of.splitlines()[0])
