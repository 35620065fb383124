"""One account of several fails: its numbers stay in view with their age, and the others' are shown as they are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from perfdash.domain.errors import SourceUnreachable
from perfdash.domain.facts import Fetched
from tests.pages.conftest import BEFORE, CAMPAIGNS, HEALTH, OVERVIEW, YESTERDAY, fact, fetched, said, shown, tiles
from tests.store.builders import NOON, Runs, given_client
from tests.store.ledger_kit import batch, key
from tests.store.ledger_kit import fact as values
from tests.ui.conftest import given_user, press

FAILED = (
    "bolt, agency/bolt-1: The key was refused. Stored numbers stay as they are; it last worked today 09:00 UTC, "
    "3 hours ago."
)


@pytest.fixture
def three(store, source):
    """acme, bolt and crux, each with a fact; the last attempt at bolt failed a while ago, without lacking a day."""
    for client in ("acme", "bolt", "crux"):
        given_client(store, client, settlement_days=3, history_days=400, zone="UTC")
        if client != "bolt":
            fetched(store, client)
        fact(store, client_id=client, cost=5_000_000)
    runs = Runs(store, "bolt")
    runs.add(BEFORE.start, NOON.date(), at=NOON - timedelta(hours=3))
    runs.add(YESTERDAY, NOON.date(), at=NOON - timedelta(hours=1), state="failed", message="The key was refused.")
    given_user(store, "boss", "admin")
    return store


@pytest.mark.parametrize("page", [OVERVIEW, CAMPAIGNS, HEALTH])
def test_its_numbers_are_shown_with_their_age_and_the_others_as_they_are(three, source, page):
    app = shown(page)
    assert FAILED in said(app)
    assert len(app.warning) == 1
    assert source.asked == [], "no day is missing, so nothing is asked"
    if page == OVERVIEW:
        assert tiles(app)["Cost (EUR)"] == "15.00"
        assert "data fetched today 09:00 UTC" in said(app), "the oldest of what is in view"


def test_it_is_not_told_to_who_may_not_see_the_client(three):
    given_user(three, "ann", "client", "acme")
    for page in (OVERVIEW, HEALTH):
        assert "bolt" not in said(shown(page, "ann"))


def test_of_days_that_are_final_nothing_is_stale(three):
    settled = NOON.date() - timedelta(days=20)
    fact(three, client_id="bolt", day=settled)
    app = shown(range="Custom", dates=[str(settled), str(settled)])
    assert not app.warning


def test_a_refresh_stores_what_it_got_and_tells_of_each_account_that_failed(three, source):
    def answer(account, days):
        if account.client == "bolt":
            raise SourceUnreachable("agency/bolt-1: the source cannot be reached.")
        return Fetched(batch({key("spring", YESTERDAY): values(2_000)}), NOON, NOON)

    source.answer = answer
    app = press(shown(HEALTH), "Refresh now")
    assert {client for client, _ in source.asked} == {"acme", "bolt", "crux"}
    assert "2 runs: 2 restated." in said(app)
    assert "the source cannot be reached. Stored numbers stay as they are; it last worked today 09:00 UTC" in said(app)


def test_a_source_that_is_down_does_not_fill_the_page(store, source):
    given_user(store, "boss", "admin")
    for n in range(7):
        given_client(store, f"c{n}", history_days=400, zone="UTC")
        fact(store, client_id=f"c{n}")
        runs = Runs(store, f"c{n}")
        runs.add(BEFORE.start, NOON.date(), at=NOON - timedelta(hours=2))
        runs.add(YESTERDAY, NOON.date(), state="failed", message="The source is down.")
    app = shown()
    assert len(app.warning) == 5
    assert "3 more accounts could not be synced either; Sync health lists them all." in said(app)
    assert len(shown(HEALTH).warning) == 7
