"""Perfdash's own way, as `python -m perfdash sync` goes it: a perfdash.toml, the client, the checks, the ledger.

Production settings and a real file; opening the store (its schema is made there) is not counted, as a store is opened
once and synced for years. Then the same rows once more.
`python -m tests.bench.perfdash_load ADDRESS FOLDER` prints its seconds, and those of the processor, as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from perfdash.commands.sync import collect_seldom
from perfdash.config import settings
from perfdash.demo.accounts import DEMO
from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Account, Days
from perfdash.store.engine import Store
from perfdash.store.opening import open_store
from perfdash.store.query import catalog
from perfdash.store.schema import facts
from perfdash.sync.fetch import fetcher
from perfdash.sync.run import Order, RunResult, SyncContext, sync_one
from tests.bench import loaded

CONFIG = """
[clients.acme]
name = "Acme"
currency = "EUR"
time_zone = "Europe/Berlin"
[sources.agency]
type = "performance_v1"
base_url = "{address}"
key = {{ env = "CUSTOM_ANALYTICS_API_KEY" }}
settlement_days = 7
history_days = 180
[[sources.agency.accounts]]
client = "acme"
account = "acme-eu"
"""


def prepared(address: str, folder: Path) -> tuple[SyncContext, Account]:
    """A store with the one account, and the desk that a sync works at."""
    (folder / "perfdash.toml").write_text(CONFIG.format(address=address))
    found = settings.load(folder, {"CUSTOM_ANALYTICS_API_KEY": "key"}, DEMO)
    store = open_store(found.database_url)
    catalog.register(store, found.clients, found.accounts, datetime.now(UTC))
    return SyncContext(store, fetcher(found)), catalog.accounts(store, OPERATOR)[0]


def load(desk: SyncContext, account: Account) -> tuple[float, RunResult]:
    """Seconds for one sync of all days, and how it ended."""
    began = time.perf_counter()
    result = sync_one(desk, Order(OPERATOR, "cli"), account, Days(loaded.FIRST, loaded.LAST))
    return time.perf_counter() - began, result


def stored(store: Store) -> tuple[int, ...]:
    """(rows, impressions, cost in cents, revenue in cents), exact."""
    c = facts.c
    with store.reading() as connection:
        found = connection.execute(
            select(func.count(), func.sum(c.impressions), func.sum(c.cost), func.sum(c.revenue)).select_from(facts)
        ).one()
    count, impressions, cost, revenue = found
    return count, impressions, cost / 10_000, revenue / 10_000


def main(address: str, folder: Path) -> None:
    collect_seldom()  # as the command does
    desk, account = prepared(address, folder)
    began = time.process_time()
    first, result = load(desk, account)
    busy = time.process_time() - began
    if not result.ok or result.counts.new != loaded.ROWS:
        raise SystemExit(f"the first load ended as {result.state}: {result.message} {result.counts}")
    second, again = load(desk, account)
    if not again.ok or again.counts.unchanged != loaded.ROWS or again.revision is not None:
        raise SystemExit(f"the second load ended as {again.state}: {again.message} {again.counts}")
    loaded.verify(stored(desk.store))
    desk.store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    mib = peak / (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps({"first": first, "busy": busy, "second": second, "mib": mib}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
