"""A store with one client and account, and answers as plain values: what the ledger's tests speak in."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Account, Client, Days
from perfdash.domain.facts import Batch, CampaignAttributes, FactKey, Fetched, Quarantined
from perfdash.domain.measures import FactValues
from perfdash.store import schema
from perfdash.store.engine import Store
from perfdash.store.opening import open_store
from perfdash.store.query import catalog
from perfdash.sync.run import Order, RunResult, SyncContext, sync_one

ACME = Client("acme", "Acme", "EUR", "Europe/Berlin")
GLOBEX = Client("globex", "Globex", "USD", "America/New_York")
ACCOUNT = Account("acme", "agency", "acme-eu", "EUR", "Europe/Berlin", settlement_days=7, history_days=30)
OTHER = Account("globex", "agency", "globex-us", "USD", "America/New_York", settlement_days=7, history_days=30)
START = datetime(2026, 3, 20, 6, 0, tzinfo=UTC)
DAY = date(2026, 3, 10)
WEEK = Days(DAY, DAY + timedelta(days=6))


@dataclass
class Clock:
    """Stands still until moved; every reading is a microsecond later, as on a real machine."""

    now: datetime = START

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


def fact(impressions: int = 1000, cost: int = 5_000_000, **more: Any) -> FactValues:
    return FactValues(impressions, more.pop("clicks", 10), cost, currency=more.pop("currency", "EUR"), **more)


def key(campaign: str = "c1", day: date = DAY, platform: str = "TikTok", creator: str = "") -> FactKey:
    return FactKey(day, campaign, platform, creator)


def batch(
    facts: dict[FactKey, FactValues], *refused: Quarantined, duplicates: int = 0, names: dict[str, str] | None = None
) -> Batch:
    campaigns = {k.campaign: CampaignAttributes(k.campaign, (names or {}).get(k.campaign)) for k in facts}
    fetched = len(facts) + len(refused) + duplicates
    return Batch(facts, campaigns, {}, tuple(refused), duplicates, fetched)


@dataclass
class Api:
    """A source whose next answer is set by the test; counts what it is asked."""

    clock: Clock
    answer: Batch | Exception = field(default_factory=lambda: batch({}))
    asked: list[tuple[str, Days]] = field(default_factory=list)

    def __call__(self, account: Account, days: Days) -> Fetched:
        self.asked.append((account.client, days))
        began = self.clock()
        if isinstance(self.answer, Exception):
            raise self.answer
        return Fetched(self.answer, began, self.clock(), requests=1)


@dataclass
class Ledger:
    """Everything a test needs to sync and to look."""

    store: Store
    clock: Clock
    api: Api
    account: Account
    other: Account

    def sync(self, answer: Batch | Exception, days: Days = WEEK, **order: Any) -> RunResult:
        self.api.answer = answer
        return sync_one(self.desk(), self.order(**order), order.get("account", self.account), days)

    def desk(self) -> SyncContext:
        return SyncContext(self.store, self.api, clock=self.clock, sleep=lambda _s: None)

    def order(self, **order: Any) -> Order:
        order.pop("account", None)
        return Order(order.pop("principal", OPERATOR), order.pop("trigger", "cli"), **order)

    def current(self) -> dict[str, tuple[int, int]]:
        """campaign/platform/day -> (impressions, from_rev)"""
        c = schema.facts.c
        with self.store.reading() as connection:
            rows = connection.execute(select(c.campaign_id, c.platform, c.day, c.impressions, c.from_rev)).all()
        return {f"{r[0]}/{r[1]}/{r[2]}": (r[3], r[4]) for r in rows}

    def closed(self) -> list[tuple[str, int, int, int, bool]]:
        """(campaign, impressions, from_rev, to_rev, vanished), oldest first"""
        c = schema.fact_history.c
        with self.store.reading() as connection:
            statement = select(c.campaign_id, c.impressions, c.from_rev, c.to_rev, c.vanished)
            return [tuple(r) for r in connection.execute(statement.order_by(c.campaign_id, c.from_rev))]

    def revisions(self, client: str = "acme") -> list[tuple[int, datetime]]:
        c = schema.revisions.c
        with self.store.reading() as connection:
            rows = connection.execute(select(c.revision, c.at).where(c.client_id == client).order_by(c.revision))
            return [tuple(r) for r in rows]

    def runs(self) -> list[tuple[int, str, str]]:
        c = schema.runs.c
        with self.store.reading() as connection:
            return [tuple(r) for r in connection.execute(select(c.run_id, c.state, c.message).order_by(c.run_id))]

    def count(self, table: Any) -> int:
        with self.store.reading() as connection:
            return connection.scalar(select(func.count()).select_from(table)) or 0


def open_ledger(url: str) -> Ledger:
    store = open_store(url)
    clock = Clock()
    catalog.register(store, (ACME, GLOBEX), (ACCOUNT, OTHER), clock())
    found = {a.client: a for a in catalog.accounts(store, OPERATOR)}
    return Ledger(store, clock, Api(clock), found["acme"], found["globex"])


def many(count: int, campaign: str = "c") -> dict[FactKey, FactValues]:
    """`count` facts over the week, each of a campaign of its own."""
    days = itertools.cycle(WEEK.each())
    return {key(f"{campaign}{n}", next(days)): fact(1000 + n) for n in range(count)}
