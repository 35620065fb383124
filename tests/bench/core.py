"""What the core costs without a network: each figure as a ratio beside a yardstick measured in the same run.

Seconds differ from machine to machine and from minute to minute; medians of ratios of alternating runs hold.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from perfdash import exports
from perfdash.config.models import SourceConfig
from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Account, Client, Days
from perfdash.domain.facts import Batch, Fetched
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.ingest import json_reader, merge_pages, rows
from perfdash.ingest.mapping import FieldMapping
from perfdash.sources.mapping import mapping_of
from perfdash.store.engine import Store
from perfdash.store.opening import open_store
from perfdash.store.query import campaigns as campaign_query
from perfdash.store.query import catalog
from perfdash.store.query import overview as query_overview
from perfdash.sync.run import Order, SyncContext, sync_one

ROWS, RUNS, VERSIONS = 20_000, 5, 90
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ACCOUNT = Account("acme", "agency", "1", "EUR", "UTC", 7, 400)
DAYS = Days(date(2025, 11, 22), date(2026, 2, 28))


def body(scale: int = 1) -> bytes:
    """An answer of ROWS rows over 99 days; another `scale` restates every one of them."""
    each = DAYS.each()
    data = [
        {
            "campaignId": f"c{n // len(each) // 2}",
            "platform": ("TikTok", "Instagram")[n // len(each) % 2],
            "date": each[n % len(each)].isoformat(),
            "impressions": 1000 + n % 977 + scale,
            "clicks": 10 + n % 7,
            "cost": 5.25 + n % 13,
            "revenue": 9.5,
            "views": 500,
        }
        for n in range(ROWS)
    ]
    return json.dumps({"data": data}).encode()


def mapping() -> FieldMapping:
    """As a source with `type = "performance_v1"` reads its rows."""
    said = {"type": "performance_v1", "base_url": "http://127.0.0.1", "key": {"env": "CUSTOM_ANALYTICS_API_KEY"}}
    config = SourceConfig.model_validate(said)
    return mapping_of(config.fields, config.records, config.type)


def read(raw: bytes, recipe: FieldMapping) -> Batch:
    return merge_pages.merge([rows.read_rows(json_reader.loads(raw)["data"], recipe, ACCOUNT, DAYS)])


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


def opened(folder: Path, name: str) -> Store:
    store = open_store(f"sqlite:///{folder / name}")
    catalog.register(store, (Client("acme", "Acme", "EUR", "UTC"),), (ACCOUNT,), NOW)
    return store


def commit(store: Store, batch: Batch, clock: Clock) -> None:
    account = catalog.accounts(store, OPERATOR)[0]
    desk = SyncContext(store, lambda _account, _days: Fetched(batch, clock(), clock()), clock=clock)
    result = sync_one(desk, Order(OPERATOR, "cli"), account, DAYS)
    assert result.ok, result.message


def bare_insert(path: Path, batch: Batch) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    columns = "d TEXT, c TEXT, p TEXT, i INT, k INT, m INT, v INT, r INT, PRIMARY KEY (d, c, p)"
    connection.execute(f"CREATE TABLE f ({columns}) WITHOUT ROWID")
    found = [
        (str(k.day), k.campaign, k.platform, v.impressions, v.clicks, v.cost, v.views, v.revenue)
        for k, v in batch.facts.items()
    ]
    connection.executemany("INSERT INTO f VALUES (?,?,?,?,?,?,?,?)", found)
    connection.commit()
    connection.close()


def bare_question(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("SELECT d, p, sum(i), sum(k), sum(m), sum(v), sum(r) FROM f GROUP BY d, p").fetchall()
    connection.close()


def overview(store: Store, asked: Filters) -> None:
    """What the Overview reads when nothing is kept: its totals, charts, platforms, campaigns and origins."""
    for by in ((), ("day", "platform"), ("platform",)):
        query_overview.breakdown(store, Question(OPERATOR, asked), by)
    campaign_query.campaign_rows(store, Question(OPERATOR, asked))
    exports.origins(store, Question(OPERATOR, asked), NOW)


def ratio(name: str, ours: Callable[[], object], yardstick: Callable[[], object], what: str) -> None:
    """Both in turn, RUNS times after one warm-up; the median of the ratios pair by pair."""
    ours(), yardstick()
    pairs = [(timed(ours), timed(yardstick)) for _ in range(RUNS)]
    ratios = [a / b for a, b in pairs]
    seconds = statistics.median(a for a, _ in pairs)
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}; {seconds:.3f} s"
    print(f"{name:<44} {statistics.median(ratios):6.2f} x {what}  ({spread})")


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    raw, recipe = body(), mapping()
    batch, other = read(raw, recipe), read(body(2), recipe)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = iter(range(10_000))
        print(f"{ROWS:,} rows over {len(DAYS)} days, medians of {RUNS} pairs")
        ratio("read and validate an answer", lambda: read(raw, recipe), lambda: json.loads(raw), "json.loads")
        bare = lambda: bare_insert(folder / f"b{next(count)}.db", batch)  # noqa: E731
        ratio(
            "commit it to an empty ledger",
            lambda: commit(opened(folder, f"a{next(count)}.db"), batch, Clock()),
            bare,
            "a bare sqlite3 insert",
        )
        same, clock = opened(folder, "same.db"), Clock()
        commit(same, batch, clock)
        ratio("commit the same answer again", lambda: commit(same, batch, clock), bare, "a bare sqlite3 insert")
        bare_insert(folder / "plain.db", batch)
        asked = Filters(DAYS, ("acme",))
        question = lambda store: query_overview.breakdown(store, Question(OPERATOR, asked), ("day", "platform"))  # noqa: E731
        ratio(
            "ask for days and platforms",
            lambda: question(same),
            lambda: bare_question(folder / "plain.db"),
            "a bare sqlite3 sum",
        )
        old, clock = opened(folder, "old.db"), Clock()
        for n in range(VERSIONS):
            commit(old, other if n % 2 else batch, clock)
        ratio(
            f"the Overview of now, {VERSIONS} versions of every fact (1.2)",
            lambda: overview(old, asked),
            lambda: overview(same, asked),
            "one version",
        )
