"""A whole answer speaks of one moment, and every number in it names its source."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from perfdash import exports
from perfdash.domain.access import OPERATOR
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.store.query import campaigns as campaign_query
from perfdash.store.query import catalog, overview
from tests.store.ledger_kit import ACME, GLOBEX, OTHER, WEEK, Ledger, batch, fact, key, open_ledger


@pytest.fixture
def led(sqlite_url: str) -> Iterator[Ledger]:
    opened = open_ledger(sqlite_url)
    yield opened
    opened.store.close()


def test_rows_totals_and_revisions_agree_though_a_sync_commits_in_between(
    led: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    led.sync(batch({key(): fact(1000)}))
    ask, to_come = overview.breakdown, [batch({key(): fact(2000)})]

    def then_a_sync(*asked: Any) -> Any:
        found = ask(*asked)
        if to_come:
            led.sync(to_come.pop())
        return found

    monkeypatch.setattr(overview, "breakdown", then_a_sync)
    found = exports.answer(led.store, Question(OPERATOR, Filters(WEEK, ("acme",))), "campaigns", led.clock())
    assert found.revisions == (("acme", 2),)
    assert found.campaigns[0].sums.impressions == found.totals[0].sums.impressions == 2000


def test_numbers_of_an_account_that_is_no_longer_configured_still_name_their_source(led: Ledger) -> None:
    run = led.sync(batch({key(): fact(1000)}))
    catalog.register(led.store, (ACME, GLOBEX), (OTHER,), led.clock())
    found = exports.answer(led.store, Question(OPERATOR, Filters(WEEK, ("acme",))), "campaigns", led.clock())
    row = dict(zip(found.table.names, found.table.rows[0], strict=True))
    assert (row["impressions"], row["account"], row["source"]) == (1000, "agency/acme-eu", "agency/acme-eu")
    assert run.fetched_at is not None
    assert row["fetched_at"] == f"{run.fetched_at:%Y-%m-%dT%H:%M:%SZ}"
    assert (
        campaign_query.campaign_rows(led.store, Question(OPERATOR, Filters(WEEK, ("acme",))))[0].flight_cost
        == 5_000_000
    )
    led.clock.move(days=1)
    assert exports.origins(led.store, Question(OPERATOR, Filters(WEEK, ("globex",))), led.clock() + timedelta(1)) != {}
