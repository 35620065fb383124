"""The command line as processes: what a second sync writes, what each mistake is answered with, and moving a store.

For every mistake the same holds: one sentence on standard error that says what to do, exit code 2, and nothing lost.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest

from perfdash.cli import main
from perfdash.commands import context
from perfdash.store.engine import sqlite_module
from tests.crash.restating_api import FIRST_DAY, KEY, RestatingApi
from tests.fixtures.app import copy_project
from tests.fixtures.command_line import RunCli, environment

DAYS = ("--from", str(FIRST_DAY), "--to", "2025-03-05")
Mend = Callable[["Bench"], Mapping[str, str | None] | None]
"""Breaks something about a bench; what it returns is put into the environment."""


@dataclass
class Bench:
    """A project of its own with a synced database, and the way to call it."""

    root: Path
    config: Path
    database: Path
    api: RestatingApi
    run_cli: RunCli

    @property
    def url(self) -> str:
        return f"sqlite:///{self.database}"

    def env(self, changes: Mapping[str, str | None] | None = None) -> dict[str, str | None]:
        usual = {"PERFDASH_CONFIG": str(self.config), "PERFDASH_DATABASE_URL": self.url, "CRASH_KEY": KEY}
        return {**usual, **(changes or {})}

    def __call__(
        self, *arguments: str, env: Mapping[str, str | None] | None = None, process: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run one command: in this process, which saves a second, or with `process` as its users do."""
        run = self.run_cli if process else self._here
        done = run(*arguments, env=self.env(env), cwd=self.root)
        assert "Traceback" not in done.stderr, done.stderr
        assert KEY not in done.stderr + done.stdout
        return done

    def _here(self, *arguments: str, env: Mapping[str, str | None], cwd: Path) -> subprocess.CompletedProcess[str]:
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, environment(cwd, env), clear=True),
            mock.patch.object(context, "ROOT", cwd),
            mock.patch.object(sys, "stdin", io.StringIO()),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                code = main(arguments)
            except SystemExit as end:  # argparse
                code = int(end.code or 0)
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())

    def good(self, *arguments: str, env: Mapping[str, str | None] | None = None, process: bool = False) -> str:
        """Standard output of a command that must succeed."""
        done = self(*arguments, env=env, process=process)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sync(
        self, *more: str, env: Mapping[str, str | None] | None = None, process: bool = False
    ) -> list[dict[str, object]]:
        """The runs of one sync of all days."""
        said = self.good("sync", *DAYS, "--format", "json", *more, env=env, process=process)
        found: list[dict[str, object]] = json.loads(said)
        return found

    def answers(self, *more: str, env: Mapping[str, str | None] | None = None) -> list[str]:
        """The checksums of some answers, now and as of the first revision's day."""
        views = ("overview", "campaigns", "creators", "daily")
        asked = [("query", view, *DAYS, *more, "--format", "json") for view in views]
        return [json.loads(self.good(*question, env=env))["perfdash"]["sha256"] for question in asked]


@pytest.fixture(scope="module")
def api() -> Iterator[RestatingApi]:
    with RestatingApi(4, 5) as running:
        yield running


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory, api: RestatingApi) -> Path:
    """A folder with a project and a database that was synced twice, with different answers."""
    folder = tmp_path_factory.mktemp("synced")
    root = copy_project(folder / "project")
    (folder / "perfdash.toml").write_text(api.configuration(), encoding="utf-8")
    changes = {
        "PERFDASH_CONFIG": str(folder / "perfdash.toml"),
        "PERFDASH_DATABASE_URL": f"sqlite:///{folder / 'store.db'}",
        "CRASH_KEY": KEY,
    }
    for api.round in (0, 1):
        done = subprocess.run(
            [sys.executable, "-m", "perfdash", "sync", *DAYS],
            cwd=root,
            env=environment(folder, changes),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def bench(synced: Path, tmp_path: Path, api: RestatingApi, run_cli: RunCli) -> Bench:
    """The synced store, copied for one test. The project's folder is shared, so tests leave it as it was."""
    api.round = 1
    for name in ("store.db", "perfdash.toml"):
        shutil.copy2(synced / name, tmp_path / name)
    return Bench(synced / "project", tmp_path / "perfdash.toml", tmp_path / "store.db", api, run_cli)


def state_of(bench: Bench) -> dict[str, str]:
    """Every file that could be lost, by checksum."""
    folders = (bench.database.parent, bench.root / ".streamlit", bench.root / "data")
    files = [path for folder in folders if folder.is_dir() for path in folder.iterdir() if path.is_file()]
    # The log and its index come and go with each connection; what was committed is in the file once all are closed.
    kept = [path for path in files if not path.name.endswith(("-wal", "-shm"))]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(kept)}


def tables_of(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of a SQLite store."""
    with closing(sqlite_module().connect(str(database))) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        return {name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr) for name in names}


# --- syncing twice


def test_a_second_sync_of_the_same_numbers_writes_no_fact_and_takes_no_revision(bench: Bench) -> None:
    before = tables_of(bench.database)
    runs = bench.sync(process=True)
    after = tables_of(bench.database)
    assert [(run["state"], run["revision"], run["new"], run["restated"], run["vanished"]) for run in runs] == [
        ("committed", None, 0, 0, 0)
    ] * 3
    assert all(run["fetched"] == run["unchanged"] for run in runs)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"runs", "clients"}  # the run itself, and each client's number of its last run
    assert [row[:5] for row in before["clients"]] == [row[:5] for row in after["clients"]]
    assert [row[5] for row in before["clients"]] == [row[5] for row in after["clients"]], "no revision was taken"


def test_a_restated_answer_is_a_new_revision_and_the_old_one_can_be_asked_for(bench: Bench) -> None:
    before = bench.answers()
    moment = _last_revision(bench.database)
    bench.api.round = 2
    runs = bench.sync()
    assert all(run["revision"] and run["restated"] for run in runs)
    assert bench.answers() != before
    assert bench.answers("--as-of", moment) == before


def _last_revision(database: Path) -> str:
    with closing(sqlite_module().connect(str(database))) as connection:
        micros = connection.execute("SELECT max(at) FROM revisions").fetchone()[0]
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)).isoformat()


def test_a_dry_run_counts_and_writes_nothing(bench: Bench) -> None:
    before = tables_of(bench.database)
    bench.api.round = 2
    runs = json.loads(bench.good("sync", *DAYS, "--dry-run", "--format", "json"))
    assert [run["state"] for run in runs] == ["planned"] * 3
    assert all(run["restated"] for run in runs)
    assert tables_of(bench.database) == before


def test_one_failed_account_gives_exit_code_1_and_the_others_are_committed(bench: Bench) -> None:
    bench.config.write_text(bench.config.read_text().replace('"acme-uk"', '"unknown-there"'))
    bench.api.round = 2
    done = bench("sync", *DAYS, "--format", "json")
    states = {run["account"]: run["state"] for run in json.loads(done.stdout)}
    assert done.returncode == 1
    assert states == {"agency/acme-eu": "committed", "agency/unknown-there": "failed", "agency/globex-us": "committed"}


# --- mistakes


def nothing(_bench: Bench) -> None:
    """The arguments alone are the mistake."""


def config(text: str | Callable[[str], str]) -> Mend:
    """Another configuration file."""

    def change(bench: Bench) -> None:
        before = bench.config.read_text()
        bench.config.write_text(text if isinstance(text, str) else text(before))

    return change


def env(**changes: str | None) -> Mend:
    """Other environment variables."""
    return lambda _bench: changes


def database(change: Callable[[Path], object]) -> Mend:
    """A database file in another state."""

    def mend(bench: Bench) -> None:
        change(bench.database)

    return mend


def secrets_file(content: bytes) -> Mend:
    """A secrets file in the project's folder; the test removes it again."""

    def mend(bench: Bench) -> None:
        (bench.root / ".streamlit" / "secrets.toml").write_bytes(content)

    return mend


def statement(sql: str) -> Mend:
    """A database that something else wrote to."""

    def change(path: Path) -> None:
        with closing(sqlite_module().connect(str(path))) as connection:
            connection.execute(sql)
            connection.commit()

    return database(change)


def spoiled(path: Path) -> None:
    """Sound at its head and overwritten behind it."""
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)


def file_beside(name: str, content: bytes = b"something of yours") -> Mend:
    """A file in the test's folder."""

    def mend(bench: Bench) -> None:
        (bench.database.parent / name).write_bytes(content)

    return mend


SYNC, QUERY = ("sync", *DAYS), ("query", "overview", *DAYS)
MISTAKES: dict[str, tuple[tuple[str, ...], Mend, str]] = {
    "sync an unknown client": (
        ("sync", "--client", "nobody"),
        nothing,
        "There is no client 'nobody'; known: acme, globex.",
    ),
    "query an unknown client": (
        (*QUERY, "--client", "nobody"),
        nothing,
        "There is no client 'nobody'; known: acme, globex.",
    ),
    "sync an unknown source": (
        ("sync", "--source", "nothing"),
        nothing,
        "There is no source 'nothing'; known: agency.",
    ),
    "sync a reversed range": (
        ("sync", "--from", "2025-03-05", "--to", "2025-03-01"),
        nothing,
        "The first day 2025-03-05 is after the last day",
    ),
    "sync days that have not begun": (
        ("sync", "--from", "2025-03-01", "--to", "2999-01-01"),
        nothing,
        "2999-01-01 has not begun yet",
    ),
    "sync up to a day from nowhere": (
        ("sync", "--to", "2025-03-01"),
        nothing,
        "needs both a first and a last day",
    ),
    "query a reversed range": (
        ("query", "daily", "--from", "2025-03-05", "--to", "2025-03-01"),
        nothing,
        "The first day 2025-03-05 is after the last",
    ),
    "a day that no calendar has": (
        ("sync", "--from", "2025-02-30"),
        nothing,
        "'2025-02-30' is not a day as YYYY-MM-DD",
    ),
    "watching without a pause": (("sync", "--watch", "--every", "0"), nothing, "--every"),
    "watching with nonsense for a pause": (("sync", "--watch", "--every", "nan"), nothing, "--every"),
    "a broken configuration": (SYNC, config("[clients.acme\nname = 1"), "is not valid TOML (line 1"),
    "a configuration with a typing mistake": (
        SYNC,
        config(lambda text: text.replace("type =", "settlment_days = 7\ntype =")),
        'did you mean "settlement_days"?',
    ),
    "an account of an unknown client": (
        SYNC,
        config(lambda text: text.replace('client = "globex"', 'client = "glob"')),
        'there is no client "glob"',
    ),
    "a key in the configuration": (
        SYNC,
        config(lambda text: text.replace('{ env = "CRASH_KEY" }', f'"{KEY}"')),
        "a key never stands in this file",
    ),
    "a configuration that is not text": (SYNC, config(lambda _: "\0"), "is not valid TOML"),
    "a named configuration that is missing": (SYNC, env(PERFDASH_CONFIG="nowhere.toml"), "there is no such file"),
    "an empty name of a configuration": (SYNC, env(PERFDASH_CONFIG=""), "PERFDASH_CONFIG is set but empty"),
    "no configuration at all": (SYNC, env(PERFDASH_CONFIG=None), "There is no account to sync"),
    "a broken secrets file": (SYNC, secrets_file(b"KEY = hidden-value"), "the secrets file is not valid TOML"),
    "a secrets file that is not text": (SYNC, secrets_file(b"\xff\xfe\x00"), "is not UTF-8 text"),
    "a missing key": (SYNC, env(CRASH_KEY=None), "CRASH_KEY is not set: put it in the environment or in"),
    "an empty key": (SYNC, env(CRASH_KEY=""), "CRASH_KEY is not set"),
    "a key with a line break": (SYNC, env(CRASH_KEY="one\ntwo"), "CRASH_KEY holds a character that cannot be sent"),
    "a database in no folder": (SYNC, env(PERFDASH_DATABASE_URL="sqlite:////dev/null/x.db"), "cannot be written"),
    "a query of a database in no folder": (
        QUERY,
        env(PERFDASH_DATABASE_URL="sqlite:////dev/null/x.db"),
        "cannot be written",
    ),
    "a folder for a database": (QUERY, env(PERFDASH_DATABASE_URL="sqlite:////"), "PERFDASH_DATABASE_URL"),
    "a database of another kind": (
        QUERY,
        env(PERFDASH_DATABASE_URL="mysql://you:hidden-value@db/x"),
        "must begin with postgresql://",
    ),
    "a database server that is not there": (
        QUERY,
        env(PERFDASH_DATABASE_URL="postgresql://you:hidden-value@127.0.0.1:1/x"),
        "Check the path and its permissions",
    ),
    "an empty database URL": (QUERY, env(PERFDASH_DATABASE_URL=""), "PERFDASH_DATABASE_URL is set but empty"),
    "a database file of noise": (
        QUERY,
        database(lambda path: path.write_bytes(b"noise" * 5000)),
        "file is not a database",
    ),
    "a spoiled database file": (QUERY, database(spoiled), "malformed"),
    "a sync into a spoiled database file": (SYNC, database(spoiled), "malformed"),
    "a database from a newer perfdash": (
        QUERY,
        statement("UPDATE alembic_version SET version_num = '9999'"),
        "is from a newer perfdash",
    ),
    "the demo with a database of one's own": (QUERY, env(PERFDASH_DEMO="1"), "unset one"),
    "half a demo": (QUERY, env(PERFDASH_DEMO="yes"), "PERFDASH_DEMO must be 1"),
    "an unknown user": ((*QUERY, "--as", "nobody"), nothing, "There is no active user 'nobody'"),
    "a limit for several currencies": (
        (*QUERY, "--max-cpm", "5"),
        nothing,
        "needs one currency; EUR and USD are in view",
    ),
    "a limit that is no number": ((*QUERY, "--max-cpm", "five"), nothing, "'five' is not a number"),
    "a limit below zero": ((*QUERY, "--max-cpm=-1"), nothing, "is not a number from 0"),
    "an infinite limit": ((*QUERY, "--max-cpm", "inf"), nothing, "is not a number from 0"),
    "a moment that is none": ((*QUERY, "--as-of", "yesterday"), nothing, "is neither a day (2026-11-03) nor a moment"),
    "a moment without its offset": ((*QUERY, "--as-of", "2025-03-05T10:00"), nothing, "needs its offset from UTC"),
    "an unknown platform": (
        (*QUERY, "--platform", "MySpace"),
        nothing,
        "There is no platform 'MySpace'; known: Instagram, TikTok.",
    ),
    "an unknown view": (("query", "everything"), nothing, "invalid choice: 'everything'"),
    "a backup over a file": (
        ("db", "backup", "{folder}/there"),
        file_beside("there"),
        "exists already; name a new file",
    ),
    "a backup into no folder": (("db", "backup", "/dev/null/copy.db"), nothing, "cannot be written"),
    "restoring what is not there": (("db", "restore", "{folder}/nowhere"), nothing, "There is no backup"),
    "restoring noise": (("db", "restore", "{folder}/there"), file_beside("there"), "is not a perfdash backup"),
    "restoring an empty file": (("db", "restore", "{folder}/there"), file_beside("there", b""), "not"),
    "exporting over a file": (
        ("db", "export", "{folder}/there"),
        file_beside("there"),
        "exists already; name a new file",
    ),
    "exporting into no folder": (("db", "export", "/dev/null/bundle"), nothing, "cannot be written"),
    "importing what is not there": (("db", "import", "{folder}/nowhere"), nothing, "cannot be read"),
    "importing noise": (("db", "import", "{folder}/there"), file_beside("there"), "is not a whole perfdash bundle"),
    "purging an unknown client": (("clients", "purge", "nobody", "--yes"), nothing, "There is no client 'nobody'"),
    "purging a configured client": (
        ("clients", "purge", "acme", "--yes"),
        nothing,
        "is configured; remove [clients.acme]",
    ),
    "adding a user without a password": (("users", "add", "ann"), nothing, "set PERFDASH_NEW_PASSWORD"),
    "adding a user with an empty password": (("users", "add", "ann"), env(PERFDASH_NEW_PASSWORD=""), "password"),
    "a grant to an unknown user": (("users", "grant", "nobody", "acme"), nothing, "nobody"),
    "a role that is none": (("users", "add", "ann", "--role", "king"), nothing, "invalid choice: 'king'"),
    "a command that is none": (("dance",), nothing, "invalid choice: 'dance'"),
}
AS_PROCESSES = {"sync an unknown client", "a broken secrets file"}
"""Asked of a real process; the others, to save time, of `main` in this one."""


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_clear_sentence_and_loses_nothing(mistake: str, bench: Bench) -> None:
    arguments, mend, sentence = MISTAKES[mistake]
    changes = mend(bench)
    before = state_of(bench)
    try:
        named = [part.format(folder=bench.database.parent) for part in arguments]
        done = bench(*named, env=changes, process=mistake in AS_PROCESSES)
        after = state_of(bench)
    finally:
        (bench.root / ".streamlit" / "secrets.toml").unlink(missing_ok=True)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    said = [line for line in done.stderr.splitlines() if not line.startswith(("usage:", " "))]
    assert len(said) == 1, done.stderr
    assert sentence in said[0]
    assert len(said[0]) < 400
    assert "hidden-value" not in done.stderr
    assert after == before


# --- users and clients


def test_users_are_added_granted_and_queried_as(bench: Bench) -> None:
    secret = {"PERFDASH_NEW_PASSWORD": "long-enough-1"}
    bench.good("users", "add", "ann", "--role", "analyst", "--client", "acme", "--name", "Ann", env=secret)
    bench.good("users", "add", "bob", "--client", "globex", "--without-money", env=secret)
    listed = bench.good("users", "list")
    assert "ann" in listed
    assert "acme" in listed
    assert "without money" in listed
    assert "long-enough-1" not in listed
    mine = json.loads(bench.good(*QUERY, "--as", "ann", "--format", "json"))
    assert [total["currency"] for total in mine["totals"]] == ["EUR"]
    assert list(mine["perfdash"]["revisions"]) == ["acme"]
    without = json.loads(bench.good(*QUERY, "--as", "BOB", "--format", "json"))
    assert without["rows"]
    assert not {"cost", "revenue", "cpm", "roas"} & without["rows"][0].keys()
    bench.good("users", "grant", "ann", "globex")
    assert len(json.loads(bench.good(*QUERY, "--as", "ann", "--format", "json"))["totals"]) == 2
    refused = bench(*QUERY, "--as", "bob", "--client", "acme")
    unknown = bench(*QUERY, "--as", "bob", "--client", "nobody")
    assert refused.returncode == unknown.returncode == 2
    assert refused.stderr == unknown.stderr.replace("nobody", "acme"), (
        "what one may not see reads like what is not there"
    )


def test_a_user_twice_or_with_an_unknown_client_is_refused(bench: Bench) -> None:
    secret = {"PERFDASH_NEW_PASSWORD": "long-enough-1"}
    bench.good("users", "add", "ann", env=secret)
    for arguments in (("users", "add", "ANN"), ("users", "add", "cleo", "--client", "nobody")):
        done = bench(*arguments, env=secret)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert bench.good("users", "list").count("\n") == 1


def test_a_client_that_is_no_longer_configured_can_be_purged(bench: Bench) -> None:
    assert [line.split()[0] for line in bench.good("clients", "list").splitlines()] == ["acme", "globex"]
    text = bench.config.read_text()
    alone = text.replace('[[sources.agency.accounts]]\nclient = "globex"\naccount = "globex-us"\n', "")
    alone = alone.replace('[clients.globex]\nname = "Globex"\ncurrency = "USD"\ntime_zone = "America/New_York"\n', "")
    bench.config.write_text(alone)
    asked = bench("clients", "purge", "globex")
    assert (asked.returncode, "--yes" in asked.stderr) == (2, True)
    bench.good("clients", "purge", "globex", "--yes")
    left = tables_of(bench.database)
    assert all("globex" not in map(str, row) for name, rows in left.items() if name != "audit" for row in rows)
    assert len(left["audit"]) == 1
    assert bench.good("clients", "list").count("\n") == 1


# --- the database


def test_a_backup_is_restored_and_the_former_database_is_kept(bench: Bench) -> None:
    before, copy = bench.answers(), bench.database.with_name("copy.db")
    bench.good("db", "backup", str(copy))
    bench.api.round = 2
    bench.sync()
    later = bench.answers()
    assert later != before
    bench.good("db", "restore", str(copy))
    assert bench.answers() == before
    kept = next(bench.database.parent.glob("store.db.before-restore-*"))
    assert bench.answers(env={"PERFDASH_DATABASE_URL": f"sqlite:///{kept}"}) == later


def test_a_backup_is_restored_over_a_damaged_database_and_its_log(bench: Bench) -> None:
    before, copy = bench.answers(), bench.database.with_name("copy.db")
    bench.good("db", "backup", str(copy))
    content = copy.read_bytes()
    bench.database.write_bytes(b"noise" * 5000)
    bench.database.with_name("store.db-wal").write_bytes(b"more noise" * 1000)
    bench.good("db", "restore", str(copy))
    assert bench.answers() == before
    kept = next(bench.database.parent.glob("store.db.before-restore-*[0-9]"))
    assert kept.read_bytes() == b"noise" * 5000
    assert copy.read_bytes() == content, "looking at a backup leaves it as it was"
    assert not list(bench.database.parent.glob("*.restoring*"))


def test_a_database_in_use_is_not_replaced(bench: Bench) -> None:
    copy = bench.database.with_name("copy.db")
    bench.good("db", "backup", str(copy))
    before = tables_of(bench.database)
    with closing(sqlite_module().connect(str(bench.database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = bench("db", "restore", str(copy))
    assert (done.returncode, "is in use; stop perfdash" in done.stderr) == (2, True)
    assert tables_of(bench.database) == before


def test_a_bundle_goes_from_sqlite_to_postgresql_and_back_with_the_same_answers(
    bench: Bench, postgres_url: str
) -> None:
    moment = _last_revision(bench.database)
    bench.good("users", "add", "ann", "--client", "acme", env={"PERFDASH_NEW_PASSWORD": "long-enough-1"})
    bench.api.round = 2
    bench.sync()
    now, then = bench.answers(), bench.answers("--as-of", moment)
    assert now != then
    there, first, second = {"PERFDASH_DATABASE_URL": postgres_url}, *_bundles(bench)
    bench.good("db", "export", first)
    bench.good("db", "import", first, env=there)
    assert (bench.answers(env=there), bench.answers("--as-of", moment, env=there)) == (now, then)
    bench.good("db", "check", env=there)
    bench.good("users", "add", "bob", "--client", "acme", env=there | {"PERFDASH_NEW_PASSWORD": "long-enough-1"})
    assert all(run["revision"] is None for run in bench.sync(env=there)), (
        "the same numbers take no revision there either"
    )
    bench.good("db", "export", second, env=there)
    back = {"PERFDASH_DATABASE_URL": f"sqlite:///{bench.database.with_name('back.db')}"}
    bench.good("db", "import", second, env=back)
    assert (bench.answers(env=back), bench.answers("--as-of", moment, env=back)) == (now, then)
    bench.good("db", "check", env=back)
    assert [line.split()[0] for line in bench.good("users", "list", env=back).splitlines()] == ["ann", "bob"]
    full = bench("db", "import", second, env=back)
    assert (full.returncode, "is not empty" in full.stderr) == (2, True)


def _bundles(bench: Bench) -> tuple[str, str]:
    return str(bench.database.with_name("first.zip")), str(bench.database.with_name("second.zip"))


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE facts SET from_rev = 999",
        "UPDATE fact_history SET to_rev = 999",
        "UPDATE runs SET fetched = fetched + 1 WHERE run_id = 1",
        "DELETE FROM revisions WHERE revision = 1",
        "UPDATE clients SET revision = 0",
    ],
)
def test_a_check_finds_what_was_planted(bench: Bench, damage: str) -> None:
    bench.good("db", "check")
    with closing(sqlite_module().connect(str(bench.database))) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(damage)
        connection.commit()
    done = bench("db", "check")
    assert done.returncode == 1
    assert "problem" in done.stdout
    copy = bench.database.with_name("copy.db")
    shutil.copy2(bench.database, copy)
    before = state_of(bench)
    refused = bench("db", "restore", str(copy))
    assert (refused.returncode, "is not sound" in refused.stderr) == (2, True)
    assert state_of(bench) == before


def test_a_check_of_a_database_that_is_not_there_yet_says_what_to_do(bench: Bench) -> None:
    done = bench("db", "check", env={"PERFDASH_DATABASE_URL": f"sqlite:///{bench.root / 'new.db'}"})
    assert done.returncode == 1
    assert "run `python -m perfdash db upgrade`" in done.stdout


def test_a_question_without_days_is_about_the_thirty_that_were_complete_then(bench: Bench) -> None:
    def asked(*more: str) -> tuple[str, str]:
        found = json.loads(bench.good("query", "overview", "--format", "json", *more))["perfdash"]["filters"]
        return found["from"], found["to"]

    assert asked("--as-of", "2025-03-31") == ("2025-03-01", "2025-03-30")
    assert asked("--as-of", "2025-03-31T12:00Z") == ("2025-03-01", "2025-03-30")
    assert asked("--to", "0001-01-05") == ("0001-01-01", "0001-01-05")


def test_a_check_finds_a_spoiled_page(bench: Bench) -> None:
    content = bytearray(bench.database.read_bytes())
    content[-4096:] = b"\xa5" * 4096
    bench.database.write_bytes(content)
    done = bench("db", "check")
    assert done.returncode in (1, 2)
    assert "problem" in done.stdout or "malformed" in done.stderr


# --- doctor


def test_the_doctor_says_what_is_well_and_what_is_not(bench: Bench) -> None:
    done = bench("doctor")
    assert done.returncode == 1, "nobody can sign in yet"
    assert "nobody can sign in" in done.stdout
    bench.good("users", "add", "ann", "--role", "admin", env={"PERFDASH_NEW_PASSWORD": "long-enough-1"})
    assert "agency/globex-us fetched" in bench.good("doctor")
    keyless = bench("doctor", env={"CRASH_KEY": None})
    assert keyless.returncode == 1
    assert "problem  CRASH_KEY is not set" in keyless.stdout
