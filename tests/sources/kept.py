"""From a source's sockets into a ledger's database: the whole way of a run, with nothing made up in between."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from perfdash.config.source import Source
from perfdash.domain.accounts import Account, Days
from perfdash.domain.facts import Fetched
from perfdash.sources.client import fetch
from perfdash.sync.run import RunResult, sync_one
from tests.sources.loopback import DAYS
from tests.store.ledger_kit import Ledger


@dataclass
class Live:
    """In place of the ledger's made-up API: the real client asks `source`, on the ledger's own clock."""

    ledger: Ledger
    source: Source
    asked: list[Days] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def __call__(self, account: Account, days: Days) -> Fetched:
        self.asked.append(days)
        return fetch(
            self.source,
            account,
            days,
            clock=self.ledger.clock,
            sleep=self._sleep,
            rng=random.Random(1),
            monotonic=self._monotonic,
        )

    def _monotonic(self) -> float:
        return sum(self.slept)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ledger.clock.now += timedelta(seconds=seconds)


def synced(ledger: Ledger, source: Source, days: Days = DAYS, **order: Any) -> RunResult:
    """One run of `source` into `ledger`: real sockets, real client, real database."""
    ledger.api = Live(ledger, source)  # type: ignore[assignment]
    return sync_one(ledger.desk(), ledger.order(**order), order.get("account", ledger.account), days)
