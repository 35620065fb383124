"""A Custom API that perfdash was not written against: synced whole, its numbers right, its bad days survived.

PERFDASH_SECOND_API names a script of such an API (started as `script PORT`, key agency-secret-1); without it the one of
a sibling folder is taken if there is one. The one in strange_api.py is asked in any case, so this never tests nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from perfdash.domain.question import VIEWS
from tests.agreement import checker, voices
from tests.agreement.checker import Question
from tests.agreement.strange_api import KEY, StrangeApi
from tests.agreement.wire import Wire
from tests.fixtures.app import free_port
from tests.fixtures.command_line import ROOT, RunCli

CURRENCIES = {"lumen": "USD", "fjord": "NOK", "sakura": "JPY", "dormant": "USD"}
ZONES = {"lumen": "America/New_York", "fjord": "Europe/Oslo", "sakura": "Asia/Tokyo", "dormant": "UTC"}
OWNERS = {client: (client, f"inhouse/{client}", currency) for client, currency in CURRENCIES.items()}
HISTORY = 30


def foreign_script() -> Path | None:
    """A script of somebody else's API, if this machine has one."""
    named = os.environ.get("PERFDASH_SECOND_API")
    if named:
        return Path(named)
    beside = ROOT.parent / "shared" / "tools" / "second_api.py"
    return beside if beside.is_file() else None


@contextmanager
def started(script: Path) -> Iterator[str]:
    """The address of the script's API, running in a process of its own."""
    port = free_port()
    with subprocess.Popen([sys.executable, str(script), str(port)], stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except urllib.error.HTTPError:
            return  # it refuses, so it is there
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"{url} does not answer")


def configuration(url: str, **renamed: str) -> str:
    """A file with this one source; `renamed` gives a client another id at the source."""
    source = f'type = "performance_v1"\nbase_url = "{url}"\nkey = {{ env = "INHOUSE_KEY" }}\nhistory_days = {HISTORY}'
    parts = [f"[sources.inhouse]\n{source}\nsettlement_days = 5"]
    for client, currency in CURRENCIES.items():
        zone, account = ZONES[client], renamed.get(client, client)
        parts.append(f'[clients.{client}]\nname = "{client.title()}"\ncurrency = "{currency}"\ntime_zone = "{zone}"')
        parts.append(f'[[sources.inhouse.accounts]]\nclient = "{client}"\naccount = "{account}"')
    return "\n".join(parts)


@pytest.fixture(params=["ours", *(["foreign"] if foreign_script() else [])])
def upstream(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the API."""
    script = foreign_script() if request.param == "foreign" else None
    print(f"\nsecond API: {script.name if script else 'tests/agreement/strange_api.py'}")
    with started(script) if script else _ours() as url:
        yield url


@contextmanager
def _ours() -> Iterator[str]:
    with StrangeApi() as api:
        yield api.url


@pytest.fixture
def wire(upstream: str) -> Iterator[Wire]:
    with Wire(upstream) as running:
        yield running


@pytest.fixture
def env(tmp_path: Path, wire: Wire) -> dict[str, str]:
    return _env(tmp_path, configuration(wire.url))


def _env(home: Path, configured: str) -> dict[str, str]:
    config = home / "inhouse.toml"
    config.write_text(configured, encoding="utf-8")
    database = f"sqlite:///{home / 'inhouse.db'}"
    return {"PERFDASH_CONFIG": str(config), "PERFDASH_DATABASE_URL": database, "INHOUSE_KEY": KEY}


def test_all_clients_are_synced_and_every_number_is_the_checkers(
    wire: Wire, env: dict[str, str], run_cli: RunCli, tmp_path: Path
) -> None:
    done = run_cli("sync", "--format", "json", env=env)
    assert done.returncode == 0, done.stderr
    runs = {run["client"]: run for run in json.loads(done.stdout)}
    assert {client: run["state"] for client, run in runs.items()} == dict.fromkeys(CURRENCIES, "committed")
    assert runs["dormant"]["fetched"] == 0
    assert sum(run["quarantined"] + run["duplicate"] for run in runs.values()) == 0
    known = checker.heard(wire.exchanges, OWNERS)
    assert len(known.facts) == sum(run["new"] for run in runs.values())
    busy = wire.statuses().count(503)
    assert busy > 0, "it is busy now and then, and was asked again"
    compared = agree(known, [*_questions(known), *_limited(known, "lumen", "fjord", "sakura")], env, tmp_path)
    assert {fact.platform for fact in known.facts} == {"Instagram", "TikTok"}
    print(f"{len(known.facts)} rows, {len(wire.exchanges)} answers, {busy} of them 503; {compared} rows of views equal")
    again = run_cli("sync", "--format", "json", env=env)
    assert again.returncode == 0, again.stderr
    assert not [run for run in json.loads(again.stdout) if run["revision"] or run["new"] or run["restated"]]


def agree(known: checker.Known, questions: Iterable[Question], env: dict[str, str], home: Path) -> int:
    """Every view of each question is the checker's; how many rows were compared."""
    compared = 0
    for question in questions:
        for view in VIEWS:
            arguments = ("query", view, *voices.arguments_of(question), "--format", "json")
            code, out, err = voices.command(*arguments, env=env, home=home)
            assert code == 0, err
            rows, totals, left_out = voices.json_rows(out)
            assert rows == sorted(checker.table(known, question, view), key=voices._key)
            assert totals == checker.totals(known, question)
            assert left_out == checker.left_out(known, question)
            compared += len(rows)
    return compared


def _questions(known: checker.Known) -> list[Question]:
    """All of it, and each client."""
    first, last = _days(known)
    return [Question(first, last), *(Question(first, last, (client,)) for client in CURRENCIES)]


def _limited(known: checker.Known, *clients: str) -> Iterator[Question]:
    """Each client's rows cut in the middle by a limit, at both grains."""
    for client in clients:
        for grain in ("row", "campaign"):
            whole = Question(*_days(known), (client,), grain=grain)
            groups = checker.judged(checker.in_view(known, whole), grain).values()
            defined = sorted(cpm for group in groups if (cpm := checker.cpm_of(group)) is not None)
            limit = Fraction(int(defined[len(defined) // 2] * 10**6), 10**6)
            yield Question(*_days(known), (client,), limit=limit, grain=grain)


def _days(known: checker.Known) -> tuple[str, str]:
    return min(fact.day for fact in known.facts), max(fact.day for fact in known.facts)


BY_AD = f"""
[clients.quay]
name = "Quay"
currency = "EUR"
time_zone = "Europe/Lisbon"
[sources.ads]
type = "performance_v1"
base_url = "%s"
key = {{ env = "INHOUSE_KEY" }}
history_days = {HISTORY}
refuse_at_most = 10
records.finer = ["adId"]
[[sources.ads.accounts]]
client = "quay"
account = "quay"
"""


def test_ads_credits_day_budgets_and_what_cannot_be_read_are_the_checkers(tmp_path: Path) -> None:
    """Asked twice: then it has forgotten old days, and refuses to say once more what it said."""
    owners = {"quay": ("quay", "ads/quay", "EUR")}
    with StrangeApi() as api, Wire(api.url) as wire:
        env = _env(tmp_path, BY_AD % wire.url)
        for visit in ("first", "later"):
            first, last = (str(date.today() - timedelta(days=back)) for back in (HISTORY, 1))
            days = ("--from", first, "--to", last)
            code, out, _ = voices.command("sync", *days, "--format", "json", env=env, home=tmp_path)
            (run,) = json.loads(out)
            print(f"\n{visit}: {run}")
            assert (code, run["state"]) == (1, "incomplete"), run["message"]
            known = checker.heard(wire.exchanges, owners, ("adId",))
            assert min(run[name] for name in ("added", "duplicate", "quarantined")) > 0
            assert run["vanished"] == 0
            assert min(fact.day for fact in known.facts) == first
            assert agree(known, [Question(first, last), *_limited(known, "quay")], env, tmp_path) > 0
            api.let_time_pass()
    assert any((fact.measures["cost"] or 0) < 0 for fact in known.facts)
    assert {fact.measures["reach"] is None for fact in known.facts} == {True, False}
    assert {checker.budget_of(known, fact) is None for fact in known.facts} == {True, False}


@pytest.mark.parametrize(
    ("changes", "renamed", "status", "sentence"),
    [
        ({"INHOUSE_KEY": "not-the-key"}, {}, 401, "INHOUSE_KEY"),
        ({}, {"fjord": "nobody-there"}, 404, "nobody-there"),
    ],
    ids=["a wrong key", "an unknown client id"],
)
def test_a_refusal_is_one_failed_run_with_one_clear_sentence(
    changes: dict[str, str],
    renamed: dict[str, str],
    status: int,
    sentence: str,
    wire: Wire,
    env: dict[str, str],
    run_cli: RunCli,
) -> None:
    Path(env["PERFDASH_CONFIG"]).write_text(configuration(wire.url, **renamed), encoding="utf-8")
    done = run_cli("sync", "--client", "fjord", "--client", "dormant", "--format", "json", env=env | changes)
    runs = {run["client"]: run for run in json.loads(done.stdout)}
    print(f"{done.returncode}: {runs['fjord']['message']}")
    assert done.returncode == 1
    assert runs["fjord"]["state"] == "failed"
    assert runs["dormant"]["state"] == ("failed" if status == 401 else "committed"), "the others have their turn"
    message = runs["fjord"]["message"]
    assert sentence in message
    assert "\n" not in message
    assert "Traceback" not in done.stderr
    assert "not-the-key" not in done.stderr + done.stdout
    assert KEY not in done.stderr + done.stdout
    asked = [exchange for exchange in wire.exchanges if exchange.status == status]
    assert len(asked) == (2 if status == 401 else 1), "a refusal is not asked again"
