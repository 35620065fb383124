"""The demo's past: daily syncs replayed against the API's test clock, so that history is real on first sight."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from perfdash.demo import story
from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Account, Days
from perfdash.domain.errors import RunFailed
from perfdash.domain.facts import Fetched
from perfdash.domain.schedule import default_days
from perfdash.store import key_values
from perfdash.store.engine import Store
from perfdash.store.ledger import attempts
from perfdash.store.query import catalog
from perfdash.sync.run import Order, SyncContext, sync_one

DAYS = 32
"""So that the default comparison, of thirty days with the thirty before at the same age, finds what was known then."""
KEY = "demo_history"

FetchAt = Callable[[Account, Days, datetime], Fetched]
"""Fetches as of a moment: the API's clock and the client's both stand there."""


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """How far a replay is: `done` of `DAYS` days, the last of them at `anchor`."""

    anchor: datetime
    done: int

    @property
    def complete(self) -> bool:
        return self.done >= DAYS


def progress(store: Store, now: datetime) -> ReplayProgress:
    """Where the replay of this store stands; a fresh one would end at `now`."""
    kept = key_values.get(store, KEY)
    if kept is None:
        return ReplayProgress(now, 0)
    found = json.loads(kept)
    return ReplayProgress(datetime.fromisoformat(found["anchor"]), found["done"])


def replay(
    store: Store, fetch: FetchAt, clock: Callable[[], datetime], told: Callable[[ReplayProgress], None]
) -> ReplayProgress:
    """Replay what is missing, day by day, each with the sync that would have run then and what people did after it.

    An interrupted one goes on.
    """
    state = progress(store, clock())
    accounts = catalog.accounts(store, OPERATOR)
    while not state.complete:
        back = timedelta(days=DAYS - 1 - state.done)
        began = clock()

        def then(back: timedelta = back, anchor: datetime = state.anchor, began: datetime = began) -> datetime:
            return anchor - back + (clock() - began)

        for account in accounts:
            _sync_as_of(store, fetch, then, account)
        story.go_on(store, then, state.anchor)
        state = ReplayProgress(state.anchor, state.done + 1)
        key_values.put(store, KEY, json.dumps({"anchor": state.anchor.astimezone(UTC).isoformat(), "done": state.done}))
        told(state)
    store.checkpoint()
    return state


def _sync_as_of(store: Store, fetch: FetchAt, then: Callable[[], datetime], account: Account) -> None:
    context = SyncContext(store, lambda who, days: fetch(who, days, then()), clock=then)
    covered = attempts.committed(store, OPERATOR, account)
    for days in default_days(account, covered, then()):
        result = sync_one(context, Order(OPERATOR, "demo"), account, days)
        if not result.ok and not _is_newer_there(store, account, then()):
            raise RunFailed(f"The demo's history could not be replayed: {result.message}")


def _is_newer_there(store: Store, account: Account, then: datetime) -> bool:
    """True when somebody synced the present meanwhile: it is not overwritten with the past."""
    return any(run.fetched_at > then for run in attempts.committed(store, OPERATOR, account))
