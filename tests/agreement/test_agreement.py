"""Random questions: the page's tiles, the JSON, the CSV and a checker of the bytes on the wire agree to the micro."""

from __future__ import annotations

import ast
import json
import random
import secrets
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from perfdash.demo.accounts import DEMO_ACCOUNTS, DEMO_CLIENTS
from perfdash.demo.process import RunningApi, start
from perfdash.domain.question import VIEWS
from perfdash.presentation import formatting
from perfdash.ui.runtime import context
from tests.agreement import checker, voices
from tests.agreement.checker import Known, Question
from tests.agreement.wire import Wire
from tests.fixtures.command_line import RunCli

pytestmark = pytest.mark.timeout(900)
OWNERS = {a.external_id: (a.client, f"agency/{a.external_id}", a.currency) for a in DEMO_ACCOUNTS}
CURRENCIES = {client.slug: client.currency for client in DEMO_CLIENTS}


@dataclass(frozen=True)
class Installation:
    """A store synced through the wire, what passed on it, and the environment that finds the store."""

    env: dict[str, str]
    home: Path
    known: Known
    first: str
    last: str


def configuration(url: str, history: int) -> str:
    """The demo's clients as somebody would configure them."""
    source = f'type = "performance_v1"\nbase_url = "{url}"\nkey = {{ env = "AGENCY_KEY" }}'
    lines = [f"[sources.agency]\n{source}\nsettlement_days = 7\nhistory_days = {history}"]
    lines += [
        f'[clients.{c.slug}]\nname = "{c.name}"\ncurrency = "{c.currency}"\ntime_zone = "{c.time_zone}"'
        for c in DEMO_CLIENTS
    ]
    lines += [f'[[sources.agency.accounts]]\nclient = "{a.client}"\naccount = "{a.external_id}"' for a in DEMO_ACCOUNTS]
    return "\n".join(lines)


def set_clock(api: RunningApi, today: str | None) -> None:
    """What day it is for the API."""
    asked = urllib.request.Request(
        f"{api.url}/_control/clock",
        json.dumps({"today": today}).encode(),
        {"Authorization": f"Bearer {api.key}", "Content-Type": "application/json"},
    )
    urllib.request.urlopen(asked, timeout=120).close()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, full: bool) -> Iterator[Installation]:
    """Synced as known six days ago, and then again for what has been restated since."""
    home, history = tmp_path_factory.mktemp("agreement"), 120 if full else 40
    today = datetime.now(UTC).date()
    first, last = today - timedelta(days=history - 2), today - timedelta(days=1)
    with start() as api, Wire(api.url) as wire:
        (home / "perfdash.toml").write_text(configuration(wire.url, history), encoding="utf-8")
        env = {
            "PERFDASH_CONFIG": str(home / "perfdash.toml"),
            "PERFDASH_DATABASE_URL": f"sqlite:///{home / 'store.db'}",
            "AGENCY_KEY": api.key,
        }
        for then, since in ((today - timedelta(days=6), first), (today, today - timedelta(days=21))):
            set_clock(api, then.isoformat())
            days = ("--from", str(max(since, first)), "--to", str(min(then, last)))
            code, out, err = voices.command("sync", *days, "--format", "json", env=env, home=home)
            assert code == 0, err
            assert all(run["quarantined"] == run["duplicate"] == 0 for run in json.loads(out))
        code, _, err = voices.command(
            "users",
            "add",
            "checker",
            "--role",
            "admin",
            env=env | {"PERFDASH_NEW_PASSWORD": voices.PASSWORD},
            home=home,
        )
        assert code == 0, err
        known = checker.heard(wire.exchanges, OWNERS)
        print(f"\n{len(wire.exchanges)} answers on the wire, {len(known.facts)} rows, {first} to {last}")
        yield Installation(env, home, known, str(first), str(last))
        for opened in list(context._opened.values()):
            opened.store.close()
        context._opened.clear()


def days_of(rng: random.Random, installed: Installation) -> tuple[str, str]:
    first, last = (datetime.fromisoformat(text).date() for text in (installed.first, installed.last))
    length = (last - first).days + 1
    start = rng.randrange(length)
    end = rng.randrange(start, length) if rng.random() < 0.5 else length - 1
    return str(first + timedelta(days=start)), str(first + timedelta(days=end))


def open_question(rng: random.Random, installed: Installation) -> Question:
    """Any days, clients, platforms and currency; no limit."""
    clients = tuple(sorted(rng.sample(sorted(CURRENCIES), rng.choice((0, 0, 1, 2, 3)))))
    platforms = rng.choice(((), (), ("TikTok",), ("Instagram",)))
    currency = rng.choice((None, None, *sorted({CURRENCIES[client] for client in clients or CURRENCIES})))
    return Question(*days_of(rng, installed), clients, platforms, currency)


def limited(rng: random.Random, installed: Installation, currency: str, grain: str) -> Question:
    """A limit that keeps some and not all: often exactly what one of the judged has."""
    while True:
        owners = sorted(client for client, of in CURRENCIES.items() if of == currency)
        clients = rng.choice(((), tuple(owners), (rng.choice(owners),)))
        one_currency = {CURRENCIES[client] for client in clients} == {currency}
        asked = Question(
            *days_of(rng, installed),
            clients,
            rng.choice(((), ("TikTok",), ("Instagram",))),
            None if one_currency else currency,
            grain=grain,
        )
        groups = checker.judged(checker.in_view(installed.known, asked), grain).values()
        defined = sorted({cpm for group in groups if (cpm := checker.cpm_of(group)) is not None})
        if len(defined) > 1:
            middle = rng.choice(defined[:-1])
            limit = Fraction(-(-middle.numerator * 10**6 // middle.denominator), 10**6)  # the next micro upwards
            return Question(asked.first, asked.last, clients, asked.platforms, asked.currency, limit, grain)


def empty(rng: random.Random, installed: Installation, number: int) -> Question:
    """Nothing is in view: a limit that nobody meets, or days before all others."""
    first, last = installed.first, installed.last
    if number % 2:
        return Question("2020-01-01", "2020-01-31", (rng.choice(sorted(CURRENCIES)),))
    return Question(first, last, ("hoshi",), limit=Fraction(1, 10**6), grain=rng.choice(("row", "campaign")))


def questions(rng: random.Random, installed: Installation, count: int) -> list[Question]:
    """Half of them limited, three in twenty empty, the rest open; every currency and both grains are in it."""
    every = sorted(set(CURRENCIES.values()))
    turns = [(every[n % len(every)], ("row", "campaign")[n // 2 % 2]) for n in range(count // 2)]
    found = [limited(rng, installed, *turn) for turn in turns]
    found += [empty(rng, installed, n) for n in range(3 if count >= 20 else 1)]
    found.append(Question(installed.first, installed.last))
    while len(found) < count:
        found.append(open_question(rng, installed))
    rng.shuffle(found)
    return found


def expected_tiles(installed: Installation, question: Question) -> dict[str, dict[str, str]]:
    """Currency -> what the Overview's tiles must say of it; '' and none of them where nothing is in view."""
    facts = checker.kept(installed.known, question)
    tiles = {}
    for total in checker.totals(installed.known, question):
        currency = total["currency"]
        ctr = checker.ratio("ctr", [fact for fact in facts if fact.currency == currency])
        told = {name: read(name, total[name], currency) for name in ("cost", "impressions", "cpm", "roas")}
        tiles[currency] = told | {"ctr": read("ctr", ctr)}
    return tiles or {"": {}}


def read(name: str, value: Any, currency: str = "") -> str:
    """A number as it reads on screen; '' for what is undefined. `tests/presentation` has the formatter's own tests."""
    return "" if value is None else formatting.digits(Fraction(value), formatting.unit_of(name), currency)


def ask(installed: Installation, question: Question, view: str, form: str, run: Any = None) -> str:
    arguments = ("query", view, *voices.arguments_of(question), "--format", form)
    if run is not None:
        done = run(*arguments, env=installed.env)
        assert done.returncode == 0, done.stderr
        return str(done.stdout)
    code, out, err = voices.command(*arguments, env=installed.env, home=installed.home)
    assert code == 0, err
    return out


def agree(installed: Installation, question: Question, run: Any = None) -> None:
    """The JSON and the CSV of every view, and the tiles of the Overview, are what the checker says."""
    for view in VIEWS:
        wanted = checker.table(installed.known, question, view)
        printed = ask(installed, question, view, "json", run)
        rows, totals, left_out = voices.json_rows(printed)
        assert rows == sorted(wanted, key=voices._key), (question, view)
        assert totals == checker.totals(installed.known, question), (question, view)
        assert left_out == checker.left_out(installed.known, question), (question, view)
        if rows:
            names = list(json.loads(printed)["rows"][0])
            in_csv = voices.csv_rows(ask(installed, question, view, "csv", run), names)
            assert in_csv == voices.as_text(wanted), (question, view)
        else:
            # A real process's output is read as text, with its line ends translated.
            assert len(ask(installed, question, view, "csv", run).splitlines()) == 1, "a header and no row"
    for currency, tiles in expected_tiles(installed, question).items():
        assert voices.app_values(question, installed.env, installed.home, currency) == tiles, (question, currency)


def test_random_questions_get_one_answer_from_page_json_csv_and_checker(
    installed: Installation, run_cli: RunCli, full: bool
) -> None:
    count, seed = 20 if full else 6, secrets.randbits(32)
    print(f"\nseed {seed}")
    asked = questions(random.Random(seed), installed, count)
    partly = nothing = 0
    currencies, grains = set(), set()
    for number, question in enumerate(asked):
        before, after = len(checker.in_view(installed.known, question)), len(checker.kept(installed.known, question))
        partly += 0 < after < before
        nothing += not after
        currencies |= {fact.currency for fact in checker.kept(installed.known, question)}
        grains |= {question.grain} if question.limit is not None and 0 < after < before else set()
        agree(installed, question, run_cli if number < (2 if full else 1) else None)
        print(f"  {after:>6} of {before:>6} rows: {' '.join(voices.arguments_of(question))}")
    print(f"{count} questions: {partly} keep some but not all rows, {nothing} are empty; {sorted(currencies)}")
    assert currencies == {"EUR", "GBP", "JPY", "USD"}
    assert grains == {"row", "campaign"}
    assert partly >= (8 if full else 3)
    assert nothing >= (3 if full else 1)


def test_a_single_day_is_that_day_in_every_voice(installed: Installation) -> None:
    agree(installed, Question(installed.last, installed.last, ("nordlicht",)))


def test_the_checker_knows_nothing_of_perfdash() -> None:
    tree = ast.parse(Path(checker.__file__).read_text(encoding="utf-8"))
    named = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    named += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert not [name for name in named if name and name.split(".")[0] in ("perfdash", "tests")]
