"""Clients: a row for each, never adding currencies, and the same change as on the client's own Overview."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from perfdash.domain.accounts import Days
from perfdash.domain.comparison import Kind
from perfdash.domain.filters import Filters
from perfdash.domain.metrics import Sums
from perfdash.domain.periods import compared, resolve
from perfdash.domain.question import Question
from perfdash.store.engine import Store
from perfdash.store.schema import runs
from perfdash.ui.campaigns import headline
from perfdash.ui.clients import changes
from perfdash.ui.filters.sidebar import Selection
from tests.pages.conftest import BEFORE, NOON, OVERVIEW, PAGES, VIEW, YESTERDAY, fact, fetched, said, shown, tile
from tests.store.builders import ADMIN, Runs, given_campaign, given_client, given_facts, given_history, given_revisions
from tests.ui.conftest import given_user

CLIENTS = f"{PAGES}/performance/clients.py"
MICRO = 1_000_000


@pytest.fixture
def agency(acme: Store) -> Store:
    """acme and globex in euros, hoshi in yen: each with one fact in view and one in the days before."""
    for name, currency, cost in (("globex", "EUR", 40), ("hoshi", "JPY", 9_000)):
        given_client(acme, name, currency=currency, settlement_days=3, history_days=400)
        fetched(acme, name)
        _spend(acme, name, currency, cost)
    _spend(acme, "acme", "EUR", 10)
    return acme


def _spend(store: Store, client: str, currency: str, cost: int) -> None:
    fact(store, client_id=client, currency=currency, cost=cost * MICRO)
    before = VIEW.start - timedelta(days=1)
    fact(store, client_id=client, currency=currency, cost=cost * MICRO // 2, day=before)


def test_each_currency_has_a_table_of_its_own_the_costliest_client_first(agency: Store) -> None:
    app = shown(CLIENTS)
    assert [one.value for one in app.header] == ["EUR", "JPY"]
    euros, yen = (table.value for table in app.dataframe)
    assert list(euros["cost"]) == [40.0, 10.0]
    assert list(yen["cost"]) == [9_000.0]
    assert "2 clients, together 50.00 EUR" in said(app)
    assert "together 9,000 JPY" not in said(app), "one client's is told by its row"


def test_the_name_opens_that_clients_overview_with_the_filters_in_view(agency: Store) -> None:
    address = shown(CLIENTS, range="Last 7 days").dataframe[0].value["client_name"][0]
    assert "client=globex" in address
    assert "range=Last" in address


def test_the_change_is_the_one_that_the_clients_own_overview_shows(agency: Store) -> None:
    change = shown(CLIENTS).dataframe[0].value["change"][0]
    assert change == pytest.approx(100)
    assert tile(shown(OVERVIEW, client="globex"), "Cost (EUR)").delta == "+100.0%"


def test_pace_is_that_of_the_running_campaigns_together(agency: Store) -> None:
    flight = {"flight_start": YESTERDAY - timedelta(days=4), "flight_end": YESTERDAY + timedelta(days=5)}
    given_campaign(agency, "spring", client="globex", budget=40 * MICRO, **flight)
    given_campaign(agency, "never", client="globex", budget=40 * MICRO, **flight)
    row = shown(CLIENTS).dataframe[0].value.iloc[0]
    assert row["pace"] == pytest.approx(100), "40 of 20 + 20 planned"
    assert row["state"] == "2 of 2 off pace", "one is twice too fast, the other never began"


def test_a_client_without_a_row_in_view_is_named_below(agency: Store) -> None:
    given_client(agency, "quiet", settlement_days=3)
    fetched(agency, "quiet")
    assert "Nothing in these days: Quiet" in said(shown(CLIENTS))


def test_who_may_not_see_money_gets_counts_and_no_amount(agency: Store) -> None:
    given_user(agency, "desk", "analyst", "acme", "hoshi", money=False)
    app = shown(CLIENTS, "desk")
    (table,) = (one.value for one in app.dataframe)
    assert list(table["impressions"]) == [1_000, 1_000]
    assert not {"cost", "pace", "roas", "restated"} & set(table.columns)
    assert "EUR" not in said(app)


def test_an_analyst_sees_the_granted_clients_alone(agency: Store) -> None:
    given_user(agency, "ann", "analyst", "acme", "globex")
    app = shown(CLIENTS, "ann", client="hoshi")
    assert "hoshi" not in str([table.value.to_csv() for table in app.dataframe])
    assert "JPY" not in said(app)


def test_a_client_whose_last_fetch_lies_behind_shows_it(agency: Store) -> None:
    row = shown(CLIENTS).dataframe[0].value.iloc[0]
    assert row["complete_to"] == YESTERDAY
    assert row["fetched_at"] is not None


def test_restated_is_what_changed_of_days_that_were_complete_on_last_monday_as_on_the_overview(agency: Store) -> None:
    monday, since = datetime(2026, 3, 2, 3, tzinfo=UTC), datetime(2026, 3, 10, 3, tzinfo=UTC)
    Runs(agency, "globex", 9).add(VIEW.start, monday.date(), at=monday)
    given_revisions(agency, "globex", monday, since)
    for day, cost in ((monday.date() - timedelta(days=2), 7), (monday.date(), 3)):
        key = {"client_id": "globex", "day": day, "campaign_id": "changed"}
        given_history(agency, key | {"cost": MICRO, "from_rev": 1, "to_rev": 2})
        given_facts(agency, key | {"cost": cost * MICRO}, revision=2)
    row = shown(CLIENTS).dataframe[0].value.iloc[0]
    assert row["restated"] == 6.0, "28 February was complete then; 2 March was still running"
    assert "restated +6.00" in said(shown(OVERVIEW))


@pytest.mark.parametrize("kind", ["fair", "same_age", "before", "weekday"])
def test_each_client_is_compared_as_on_its_own_whatever_the_others_ledgers_know(agency: Store, kind: Kind) -> None:
    """acme's ledger knows its days at every age, globex' begins late, of hoshi days were never fetched."""
    for day in Days(BEFORE.start, YESTERDAY).each():
        Runs(agency, "acme", 100 + day.toordinal()).add(
            day, day, at=datetime(day.year, day.month, day.day, 23, 30, tzinfo=UTC)
        )
    given_revisions(agency, "acme", datetime(2026, 1, 2, tzinfo=UTC))
    given_revisions(agency, "globex", NOON)
    with agency.writing() as connection:
        connection.execute(update(runs).where(runs.c.client_id == "hoshi").values(day_from=VIEW.start))
    complete = dict.fromkeys(("acme", "globex", "hoshi"), YESTERDAY)
    period = compared(resolve("last_30", complete, dict.fromkeys(complete, NOON.date())), kind)
    asked = Selection(Question(ADMIN, Filters(period.days, ranges=period.ranges)), period)
    found = changes.sides(asked, tuple(complete))
    for client, currency in (("acme", "EUR"), ("globex", "EUR"), ("hoshi", "JPY")):
        own = Question(ADMIN, asked.question.filters.among((client,)))
        alone = headline.headline(Selection(own, period.of(client)))
        told = [side.of(currency).sums.cost if side else None for side in (alone.before, alone.current)]
        assert [one.cost for one in found.get((client, currency), (Sums(), Sums()))] == told, client
    assert ("hoshi", "JPY") not in found
    assert (("globex", "EUR") in found) == (kind in ("fair", "before")), "same weekdays reach before its first fetch"
