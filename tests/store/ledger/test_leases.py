"""Taking turns on an account: pauses, leases that ran out, clients that were deleted, and what is forgotten in time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Account, Days
from perfdash.domain.errors import RateLimited, StoreError
from perfdash.domain.facts import Fetched, Quarantined
from perfdash.store import schema
from perfdash.store.ledger import leases
from perfdash.store.maintenance import erase
from perfdash.store.query import sync_health
from perfdash.sync import run as sync_run
from perfdash.sync.run import COOLDOWN, sync_one
from tests.store.ledger_kit import DAY, WEEK, Ledger, batch, fact, key, open_ledger


@pytest.fixture
def led(migrated_url: str) -> Iterator[Ledger]:
    opened = open_ledger(migrated_url)
    yield opened
    opened.store.close()


def test_a_pause_holds_for_all_days_of_the_account_but_not_for_what_is_stored(led: Ledger) -> None:
    led.sync(batch({key(): fact(1)}), trigger="page", fresh=COOLDOWN)
    resume = led.clock() + timedelta(minutes=30)
    led.sync(RateLimited("busy", resume), Days(DAY + timedelta(7), DAY + timedelta(9)), trigger="watch")
    assert led.sync(batch({key(): fact(2)}), trigger="page", fresh=COOLDOWN).state == "reused"
    led.clock.move(minutes=2)
    refused = led.sync(batch({key(): fact(2)}), trigger="page", fresh=COOLDOWN)
    assert (refused.state, refused.days, refused.resume_at) == ("failed", WEEK, resume)
    assert len(led.api.asked) == 2
    assert led.sync(batch({key(): fact(2)})).state == "committed", "a person at the command line decides alone"


def test_a_lease_that_ran_out_but_that_nobody_took_is_still_held(led: Ledger) -> None:
    def slow(account: Account, days: Days) -> Fetched:
        led.clock.move(minutes=10)  # a laptop that slept
        return led.api(account, days)

    led.api.answer = batch({key(): fact(1)})
    assert sync_one(replace(led.desk(), fetch=slow), led.order(), led.account, WEEK).state == "committed"


def test_a_busy_database_does_not_end_the_renewing_of_a_lease(led: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed, busy = threading.Event(), [StoreError("locked")]

    def renew(*_: object) -> None:
        if busy:
            raise busy.pop()
        renewed.set()

    monkeypatch.setattr(leases, "LEASE", timedelta(seconds=0.01))
    monkeypatch.setattr(leases, "renew", renew)
    run = leases.OpenRun(led.account, 1, "t", WEEK)
    with sync_run.renewing(led.store, run, led.clock):
        assert renewed.wait(120)


def test_a_client_that_is_deleted_while_it_is_fetched_fails_in_one_sentence(led: Ledger) -> None:
    def purged(account: Account, days: Days) -> Fetched:
        erase.purge_client(led.store, OPERATOR, "acme", led.clock())
        return led.api(account, days)

    led.api.answer = batch({key(): fact(1)})
    result = sync_one(replace(led.desk(), fetch=purged), led.order(), led.account, WEEK)
    again = led.sync(batch({key(): fact(1)}))
    assert [r.state for r in (result, again)] == ["failed", "failed"]
    assert "was deleted" in result.message and "was deleted" in again.message
    assert led.sync(batch({key(): fact(1, currency="USD")}), account=led.other).state == "committed"


def test_refused_rows_are_forgotten_after_ninety_days_and_their_counts_stay(led: Ledger) -> None:
    led.sync(batch({key(): fact(1)}, Quarantined("bad", None, "{}")))
    led.clock.move(days=89)
    led.sync(batch({key(): fact(1)}, Quarantined("bad", None, "{}")))
    assert led.count(schema.quarantine) == 2
    led.clock.move(days=2)
    led.sync(batch({key(): fact(1)}))
    assert led.count(schema.quarantine) == 1
    assert [run.quarantined for run in sync_health.runs(led.store, OPERATOR)] == [0, 1, 1]
