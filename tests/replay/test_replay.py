"""The reference API replayed over HTTP, day after day: any moment asked about is what the saved bodies say it was."""

from __future__ import annotations

import ast
import json
import random
import secrets
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from perfdash.config.models import SourceConfig
from perfdash.config.source import Source
from perfdash.demo.accounts import DEMO_ACCOUNTS, DEMO_CLIENTS
from perfdash.demo.process import RunningApi, start
from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Account, Days, today_in
from perfdash.domain.facts import Fetched
from perfdash.domain.question import of_every_day
from perfdash.domain.schedule import default_days
from perfdash.domain.secret import Secret
from perfdash.sources.client import fetch
from perfdash.store.engine import Store
from perfdash.store.query import overview
from tests.agreement.wire import Wire
from tests.replay import asked as asking
from tests.replay import bodies, rebuilt
from tests.replay import listed as listing
from tests.replay.compared import same_changes
from tests.replay.scene import Ask, Scene, opened, random_wanted, values_of
from tests.store.builders import opened as opened_store

pytestmark = [pytest.mark.any_dialect, pytest.mark.timeout(900)]
CLIENTS = ("hoshi", "pennyroyal")
FIRST_MORNING = datetime(2026, 3, 8, 5, 30, tzinfo=UTC)
"""The clocks of London go forward on the 29th."""
HISTORY = 24
FAULTS = (
    "malformed:date",
    "500",
    "half",
    "conflict-rows",
    "malformed",
    "envelope",
    "empty",
    "duplicate-rows",
    "half:70",
    "html",
    "malformed:negative",
    "all-malformed",
    "half",
    "out-of-range",
    "total-row",
    "nan",
    "half",
    "no-data",
    "wrong-currency",
)


@dataclass(frozen=True)
class Size:
    """How many days, how many syncs on each, and how many questions afterwards."""

    days: int
    a_day: int
    questions: int


@pytest.fixture(scope="module")
def wire() -> Iterator[tuple[Wire, RunningApi]]:
    with start() as api, Wire(api.url) as wire:
        yield wire, api


@pytest.fixture
def store(migrated_url: str) -> Iterator[Store]:
    with opened_store(migrated_url) as found:
        yield found


@pytest.fixture
def scene(store: Store, wire: tuple[Wire, RunningApi]) -> Scene:
    clients = [client for client in DEMO_CLIENTS if client.slug in CLIENTS]
    # A third of a source may be refused, so that runs end in every way.
    accounts = [replace(a, history_days=HISTORY, refuse_at_most=333_333) for a in DEMO_ACCOUNTS if a.client in CLIENTS]
    found = opened(store, FIRST_MORNING, clients, accounts, wire[0].exchanges)
    found.memory.repeats = True
    return found


def over_http(wire: Wire, api: RunningApi, fault: str = "") -> Ask:
    """The real client, asked at the simulated time."""
    said = {"type": "performance_v1", "base_url": wire.url, "key": {"env": "KEY"}, "records": {"finer": ["date"]}}
    config = SourceConfig.model_validate(said)
    source = Source("demo", config, Secret("KEY", api.key))

    def ask(account: Account, days: Days, clock: Callable[[], datetime]) -> Fetched:
        headers = {"X-Demo-Today": clock().isoformat()} | ({"X-Demo-Fault": fault} if fault else {})
        return fetch(source, account, days, clock=clock, sleep=lambda _: None, rng=random.Random(1), headers=headers)

    return ask


def one_hiccup(api: RunningApi) -> None:
    """The next request is answered with 500, once."""
    body = json.dumps({"faults": ["500"], "times": 1}).encode()
    headers = {"Authorization": f"Bearer {api.key}", "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"{api.url}/_control/faults", body, headers), timeout=120).close()


def replayed(scene: Scene, wire: Wire, api: RunningApi, size: Size, rng: random.Random) -> Counter[str]:
    """Days of scheduled syncs with everything that happens in between; how often what happened."""
    happened, faults, turn = Counter[str](), list(FAULTS), 0
    for day in range(size.days):
        for hour in range(size.a_day):
            scene.clock.now = FIRST_MORNING + timedelta(days=day, hours=hour * 18 / size.a_day)
            for account in scene.accounts:
                for days in default_days(account, scene.covered(account), scene.clock()):
                    turn += 1
                    # Not at first: there must be something that a bad answer could spoil.
                    fault = faults[turn // 3 % len(faults)] if turn % 3 == 0 and day else ""
                    accept = fault.startswith("half") and turn % 2 == 0
                    if turn % 11 == 0:
                        one_hiccup(api)
                    sync(scene, over_http(wire, api, fault), account, days, accept, happened)
            if day == size.days // 2 and hour == 0:
                backfill(scene, over_http(wire, api), happened)
            corrections_made(scene, rng, happened)
    return happened


def sync(scene: Scene, ask: Ask, account: Account, days: Days, accept: bool, happened: Counter[str]) -> None:
    result, judged = scene.sync(ask, account, days, accept=accept)
    told, counts = values_of(result, judged)
    assert told == judged.state, result.message
    assert counts == judged.counts
    happened[told] += 1
    happened.update({name: count for name, count in counts.items() if count})
    happened["retried"] += result.trail.retries > 0 and result.ok


def backfill(scene: Scene, ask: Ask, happened: Counter[str]) -> None:
    """Older days than the schedule ever asks for."""
    for account in scene.accounts:
        oldest = today_in(account.time_zone, FIRST_MORNING) - timedelta(days=HISTORY)
        sync(scene, ask, account, Days(oldest - timedelta(days=9), oldest), False, happened)


def corrections_made(scene: Scene, rng: random.Random, happened: Counter[str]) -> None:
    """After one sync in two, somebody sets values or takes some back."""
    for client in CLIENTS:
        if not scene.reported_now(client) or rng.random() < 0.5:
            continue
        active = scene.active(client)
        if active and rng.random() < 0.4:
            scene.revert(client, rng.sample(active, min(len(active), rng.choice((1, 1, 2)))))
            happened["reverted"] += 1
        else:
            scene.correct(random_wanted(scene, rng, client, 12))
            happened["corrected"] += 1


def test_any_moment_asked_about_is_what_the_saved_bodies_say(
    scene: Scene, wire: tuple[Wire, RunningApi], full: bool
) -> None:
    size = Size(60, 3, 300) if full else Size(8, 2, 24)
    seed = secrets.randbits(32)
    rng = random.Random(seed)
    print(f"\nseed {seed}")
    happened = replayed(scene, *wire, size, rng)
    assert all(happened[name] for name in ("restated", "vanished", "reappeared", "failed", "suspicious", "quarantined"))
    assert all(happened[name] for name in ("duplicate", "retried", "corrected", "reverted"))
    first, last = date(2026, 2, 12), (scene.clock() + timedelta(days=1)).date()
    differs, kinds = 0, Counter[str]()
    for number in range(size.questions):
        asked = asking.random_asked(scene, rng, asking.KINDS[number % len(asking.KINDS)], first, last)
        asking.agree(scene, asked)
        kinds[asked.kind] += 1
        differs += asking.rebuilt_groups(scene, asked, asked.as_of) != asking.rebuilt_groups(scene, asked, None)
    print(f"{dict(happened)}\n{size.questions} questions, {differs} differ from now's; {dict(kinds)}")
    assert set(kinds) == set(asking.KINDS)
    assert differs >= (100 if full else 3)
    for as_of in (None, *rng.sample([at for some in scene.memory.moments.values() for at in some], 8)):
        asking.whole_agrees(scene, as_of)
    for number in range(size.questions // 4):
        moments = list(asking.moments(scene, rng).values())
        since, until = rng.sample(moments, 2)
        view = listing.View(str(first + timedelta(days=rng.randrange(20))), str(last), *narrowing(scene, rng))
        same_changes(scene, view, since, until, while_open=number % 2 == 0)
    same_changes(scene, listing.View(str(first), str(last)), {}, None, while_open=True)


def narrowing(scene: Scene, rng: random.Random) -> tuple[tuple[str, ...], tuple[str, ...], str | None]:
    """Clients, platforms and currency, or all of them."""
    return (
        rng.choice(((), (), (rng.choice(CLIENTS),))),
        rng.choice(((), (), ("TikTok",))),
        rng.choice((None, None, "GBP", "JPY")),
    )


def test_what_is_asked_covers_every_revision_that_the_store_took(scene: Scene, wire: tuple[Wire, RunningApi]) -> None:
    rng = random.Random(7)
    replayed(scene, *wire, Size(2, 2, 0), rng)
    told = overview.revisions_at(scene.store, of_every_day(OPERATOR))
    assert dict(told) == {client: len(moments) for client, moments in scene.memory.moments.items()}
    for client, moments in scene.memory.moments.items():
        for number, at in enumerate(moments, 1):
            assert dict(overview.revisions_at(scene.store, of_every_day(OPERATOR, (client,), at))) == {client: number}
            before = at - rebuilt.TICK
            assert dict(overview.revisions_at(scene.store, of_every_day(OPERATOR, (client,), before))) == {
                client: number - 1
            }


def test_the_rebuilding_knows_nothing_of_perfdash() -> None:
    for module in (bodies, rebuilt, listing):
        tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
        named = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        named += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        assert not [name for name in named if name.startswith("perfdash")]
