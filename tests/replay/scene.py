"""A store that is really synced and corrected at moments of the past, and beside it what passed, for the rebuilding."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.accounts import Account, Client, Days
from perfdash.domain.corrections import FIELDS, Target, WantedValue
from perfdash.domain.facts import FactKey, Fetched
from perfdash.domain.schedule import Covered
from perfdash.store.corrections import write as correction_write
from perfdash.store.engine import Store
from perfdash.store.ledger import attempts
from perfdash.store.ledger.leases import OpenRun as Lease
from perfdash.store.query import catalog
from perfdash.sync.run import Order, RunResult, SyncContext, sync_one
from tests.agreement.checker import Exchange
from tests.replay.rebuilt import Judged, Memory, Named, Owner, Run

ANALYST = Principal("ana", "admin")
Ask = Callable[[Account, Days, Callable[[], datetime]], Fetched]
"""Asks the source; the clock that it is given moves on with every look."""


@dataclass
class Clock:
    """Stands still until somebody moves it."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


@dataclass
class Scene:
    """`exchanges` grows while the source is asked; `failed` are the moments between which runs were at it in vain."""

    store: Store
    clock: Clock
    exchanges: list[Exchange]
    accounts: tuple[Account, ...]
    clients: tuple[Client, ...]
    memory: Memory = field(default_factory=Memory)
    failed: list[tuple[datetime, datetime]] = field(default_factory=list)

    @property
    def zones(self) -> dict[str, str]:
        """By client."""
        return {client.slug: client.time_zone for client in self.clients}

    def owner(self, account: Account) -> Owner:
        return self.memory.owners[account.label]

    def of(self, client: str, number: int) -> Owner:
        """The account of this number."""
        return next(o for o in self.memory.owners.values() if (o.client, o.number) == (client, number))

    def sync(self, ask: Ask, account: Account, days: Days, *, accept: bool = False) -> tuple[RunResult, Judged]:
        """One real run, and what the rebuilding makes of the same bodies. The run is over when the clock says so."""
        mark, looks = len(self.exchanges), list[datetime]()

        def looked() -> datetime:
            looks.append(self.clock.move(seconds=1))
            return looks[-1]

        def fetch(account: Account, days: Days) -> Fetched:
            try:
                return ask(account, days, looked)
            finally:
                self.clock.move(seconds=2)

        def progress(line: str) -> None:
            if line.endswith(": applying"):
                self.clock.move(seconds=3)

        desk = SyncContext(
            self.store, fetch, clock=self.clock, sleep=lambda _: None, progress=progress, began=self._began
        )
        result = sync_one(desk, Order(OPERATOR, "cli", accept_vanished=accept), account, days)
        run = Run(
            self.owner(account),
            str(days.start),
            str(days.end),
            accept,
            tuple(self.exchanges[mark:]),
            looks[0],
            looks[-1],
            self.clock(),
        )
        judged = self.memory.hear(run)
        if not judged.visible:
            self.failed.append((run.began, run.over))
        self.clock.move(seconds=5)
        return result, judged

    def _began(self, _lease: Lease) -> None:
        self.clock.move(seconds=1)

    def covered(self, account: Account) -> Sequence[Covered]:
        """What committed runs have asked for."""
        return attempts.committed(self.store, OPERATOR, account)

    def correct(self, wanted: Sequence[WantedValue], reason: str = "the invoice says so") -> tuple[int, ...]:
        """Set values; told to both."""
        made = correction_write.correct(self.store, ANALYST, wanted, reason, self.clock)
        each = zip(made.numbers, wanted, strict=True)
        # A batch is numbered account by account.
        if len({one.target.account for one in wanted}) > 1:
            each = zip(made.numbers, sorted(wanted, key=lambda one: one.target.account), strict=True)
        told = [(number, self.named(one.target), one.field, one.value) for number, one in each]
        self.memory.correct(self.clock(), made.client, told)
        self.clock.move(seconds=5)
        return made.numbers

    def revert(self, client: str, numbers: Sequence[int]) -> None:
        """Take corrections back; told to both."""
        correction_write.revert(self.store, ANALYST, client, numbers, "the invoice was wrong", self.clock)
        self.memory.revert(self.clock(), client, numbers)
        self.clock.move(seconds=5)

    def named(self, target: Target) -> Named:
        key = target.key
        label = self.of(target.client, target.account).label
        return target.client, label, str(key.day), key.campaign, key.creator, key.platform

    def target(self, named: Named) -> Target:
        client, label, day, campaign, creator, platform = named
        key = FactKey(date.fromisoformat(day), campaign, platform, creator)
        return Target(client, self.memory.owners[label].number, key)

    def reported_now(self, client: str) -> list[Named]:
        """The rows of a client that the source reports, in order."""
        return sorted(n for n, story in self.memory.facts.items() if n[0] == client and story[-1][1] is not None)

    def active(self, client: str) -> list[int]:
        """The numbers of the corrections that stand."""
        return [one.number for one in self.memory.set if one.client == client and one.until is None]


def opened(
    store: Store, start: datetime, clients: Sequence[Client], accounts: Sequence[Account], exchanges: list[Exchange]
) -> Scene:
    """The accounts registered and nothing known yet."""
    catalog.register(store, clients, accounts, start - timedelta(days=1))
    slugs = {client.slug for client in clients}
    found = tuple(a for a in catalog.accounts(store, OPERATOR) if a.client in slugs)
    scene = Scene(store, Clock(start.astimezone(UTC)), exchanges, found, tuple(clients))
    for a in found:
        scene.memory.owners[a.label] = Owner(
            a.client, a.number, a.label, a.external_id, a.currency, a.time_zone, a.settlement_days, a.refuse_at_most
        )
    return scene


def random_wanted(scene: Scene, rng: random.Random, client: str, most: int = 4) -> list[WantedValue]:
    """Values of one to `most` rows that the source reports."""
    rows = scene.reported_now(client)
    some = rng.sample(rows, min(len(rows), rng.choice((1, 1, 2, most))))
    found = []
    for named in some:
        name = rng.choice(FIELDS)
        found.append(
            WantedValue(scene.target(named), name, rng.choice((0, rng.randrange(10**4), rng.randrange(10**8))))
        )
        if name in ("cost", "cpm") and rng.random() < 0.5:
            found.append(WantedValue(scene.target(named), "impressions", rng.randrange(10**6)))
    return found


def values_of(result: RunResult, judged: Judged) -> tuple[str, Mapping[str, int]]:
    """How perfdash says a run ended, in the words of the rebuilding."""
    names = judged.counts
    return result.state, {name: getattr(result.counts, name) for name in names}
