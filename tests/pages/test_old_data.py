"""Data that a sync could make newer is offered one, which then helps; data that is settled is not called old."""

from __future__ import annotations

from datetime import timedelta

from perfdash.domain.accounts import Account, Client
from perfdash.domain.facts import Fetched
from perfdash.store.query import catalog
from tests.pages.conftest import BEFORE, fact, said, shown
from tests.store.builders import NOON, Runs, given_client
from tests.store.ledger_kit import batch
from tests.store.ledger_kit import fact as reported
from tests.store.ledger_kit import key as named
from tests.ui.conftest import given_user, press

OPEN_DAY, SETTLED_DAY = NOON.date() - timedelta(days=5), NOON.date() - timedelta(days=20)


def fetched_long_ago(store):
    """Everything was fetched 8 hours ago, after this day's settlement window was."""
    given_client(store, "acme", settlement_days=7, history_days=400)
    Runs(store).add(BEFORE.start, NOON.date(), at=NOON - timedelta(hours=8))
    given_user(store, "boss", "admin")
    fact(store, day=OPEN_DAY)
    fact(store, day=SETTLED_DAY)


def test_open_days_fetched_long_ago_offer_a_sync_that_fetches_just_these_too(store, source):
    fetched_long_ago(store)
    source.answer = lambda _account, days: Fetched(
        batch({named("spring", day): reported() for day in days.each() if day in (OPEN_DAY, SETTLED_DAY)}), NOON, NOON
    )
    app = shown(range="Custom", dates=[str(OPEN_DAY), str(OPEN_DAY)])
    assert "older than 6 hours" in said(app)
    app = press(app, "Sync now")
    assert any(OPEN_DAY in days for _, days in source.asked)
    assert "older than 6 hours" not in said(app)


def test_final_days_are_never_called_old(store, source):
    fetched_long_ago(store)
    app = shown(range="Custom", dates=[str(SETTLED_DAY), str(SETTLED_DAY)])
    assert "final to" in said(app)
    assert "older than 6 hours" not in said(app)
    assert source.asked == []


def test_a_link_to_the_currency_of_an_account_that_is_no_longer_configured_is_followed(store, source):
    given_client(store, "acme", history_days=1)
    catalog.register(
        store,
        [Client("acme", "Acme", "EUR", "Europe/Berlin")],
        [
            Account("acme", "agency", "acme-1", "EUR", "Europe/Berlin"),
            Account("acme", "old", "1", "USD", "Europe/Berlin"),
        ],
        NOON,
    )
    catalog.register(store, [], [Account("acme", "agency", "acme-1", "EUR", "Europe/Berlin")], NOON)
    Runs(store).add(BEFORE.start, NOON.date(), at=NOON)
    given_user(store, "boss", "admin")
    fact(store)
    fact(store, account_id=2, campaign_id="before", currency="USD")
    app = shown(currency="USD")
    assert "Not applied" not in said(app)
    assert next(metric.label for metric in app.metric) == "Cost (USD)"


def test_all_days_hold_today_of_the_client_that_is_furthest_ahead(store, source):
    given_client(store, "acme", zone="Pacific/Kiritimati", history_days=1)  # 02:00 of the next day
    given_client(store, "bolt", zone="America/Los_Angeles", history_days=1)
    tomorrow = NOON.date() + timedelta(days=1)
    for client in ("acme", "bolt"):
        Runs(store, client).add(BEFORE.start, tomorrow, at=NOON)
    given_user(store, "boss", "admin")
    fact(store, day=tomorrow, impressions=7_777)
    assert "7,777" in [metric.value for metric in shown(range="All days").metric]
