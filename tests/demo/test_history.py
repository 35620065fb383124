"""The demo's past: real revisions at past moments, made once, and never over newer numbers."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from perfdash.demo import history
from perfdash.demo.accounts import DEMO_ACCOUNTS, DEMO_CLIENTS
from perfdash.demo.data import rows
from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Account, Client, Days, today_in
from perfdash.domain.as_of import AsOf
from perfdash.domain.facts import Fetched
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.ingest import json_reader
from perfdash.ingest.merge_pages import merge
from perfdash.ingest.rows import read_rows
from perfdash.store.engine import Store
from perfdash.store.ledger import attempts
from perfdash.store.opening import open_store
from perfdash.store.query import catalog, overview, sync_health
from perfdash.sync.run import Order, SyncContext, sync_one
from tests.ingest.mapping_kit import mapping_of_preset

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ACCOUNT = next(a for a in DEMO_ACCOUNTS if a.external_id == "hoshi-jp")
CLIENT: Client = next(c for c in DEMO_CLIENTS if c.slug == ACCOUNT.client)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = open_store(sqlite_url)
    catalog.register(opened, (CLIENT,), (ACCOUNT,), NOW)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def _past(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which all of the past was replayed."""
    path = tmp_path_factory.mktemp("past") / "store.db"
    shutil.copyfile(_sqlite_template, path)
    opened = open_store(f"sqlite:///{path}")
    catalog.register(opened, (CLIENT,), (ACCOUNT,), NOW)
    replay(opened, Clock())
    opened.close()
    return path


@pytest.fixture
def replayed(_past: Path, tmp_path: Path) -> Iterator[Store]:
    """A copy of it."""
    opened = open_store(f"sqlite:///{shutil.copyfile(_past, tmp_path / 'store.db')}")
    yield opened
    opened.close()


MAPPING = mapping_of_preset("performance_v1")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=50)
        return self.now


def fetch(account: Account, days: Days, then: datetime) -> Fetched:
    today = today_in(account.time_zone, then)
    body = json.dumps(rows(account.external_id, days.start, days.end, today)).encode()
    batch = merge([read_rows(json_reader.loads(body), MAPPING, account, days)])
    return Fetched(batch, then, then)


def replay(store: Store, clock: Clock) -> list[int]:
    told: list[int] = []
    history.replay(store, fetch, clock, lambda state: told.append(state.done))
    return told


def cost(store: Store, days: Days, as_of: AsOf | None = None) -> int:
    (group,) = overview.breakdown(store, Question(OPERATOR, Filters(days), as_of))
    return group.sums.cost or 0


def test_more_than_thirty_days_of_revisions_end_now_and_are_not_replayed_again(store: Store) -> None:
    clock = Clock()
    assert replay(store, clock) == list(range(1, history.DAYS + 1))
    runs = attempts.committed(store, OPERATOR, catalog.accounts(store, OPERATOR)[0])
    assert runs[0].fetched_at == pytest.approx(NOW - timedelta(days=history.DAYS - 1), abs=timedelta(minutes=1))
    assert runs[-1].fetched_at == pytest.approx(NOW, abs=timedelta(minutes=1))
    assert sum(len(run.days) == ACCOUNT.history_days for run in runs) == 5
    assert replay(store, clock) == []


def test_no_run_of_a_newcomers_first_look_refuses_keeps_or_doubts_anything(replayed: Store) -> None:
    runs = sync_health.runs(replayed, OPERATOR, limit=1000)
    assert len(runs) == history.DAYS
    assert {(run.state, run.message, run.quarantined, run.duplicate) for run in runs} == {("committed", "", 0, 0)}
    assert sum(run.vanished for run in runs) > 0, "it does take rows back"


def test_a_past_day_reads_as_the_api_told_it_then(replayed: Store) -> None:
    day = today_in(ACCOUNT.time_zone, NOW) - timedelta(days=random.randint(9, 20))
    told_then = fetch(ACCOUNT, Days(day, day), NOW - timedelta(days=5)).batch
    moment = NOW - timedelta(days=5) + timedelta(minutes=1)
    in_last_sync = day >= today_in(ACCOUNT.time_zone, moment) - timedelta(days=7)
    if in_last_sync:
        assert cost(replayed, Days(day, day), moment) == sum(v.cost for v in told_then.facts.values())
    assert cost(replayed, Days(day - timedelta(days=40), day), NOW - timedelta(days=20)) > 0


def test_an_interrupted_replay_goes_on_where_it_stopped(store: Store) -> None:
    clock, told = Clock(), []

    def stop(state: history.ReplayProgress) -> None:
        told.append(state.done)
        if state.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        history.replay(store, fetch, clock, stop)
    assert history.progress(store, clock()).done == 3
    clock.now += timedelta(hours=2)
    assert replay(store, clock) == list(range(4, history.DAYS + 1))


def test_numbers_synced_meanwhile_are_not_overwritten_with_the_past(store: Store) -> None:
    clock = Clock()
    account = catalog.accounts(store, OPERATOR)[0]
    today = today_in(account.time_zone, NOW)
    desk = SyncContext(store, lambda a, d: fetch(a, d, clock()), clock=clock)
    assert sync_one(desk, Order(OPERATOR, "cli"), account, Days(today - timedelta(days=5), today)).ok
    before = cost(store, Days(today - timedelta(days=5), today))
    assert replay(store, clock) == list(range(1, history.DAYS + 1))
    assert cost(store, Days(today - timedelta(days=5), today)) == before
